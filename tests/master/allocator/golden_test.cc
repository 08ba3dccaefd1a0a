// Golden conversations: testdata/*.txt are commands, "----" and what the allocator answers.
// MESETA_REWRITE=1 rewrites the answers; a changed answer must be understood before it is committed.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "state/model/attributes.h"
#include "tests/master/allocator/conversation.h"

namespace meseta::master {
namespace {

std::vector<std::string> Words(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

class Conversation {
 public:
  std::string Run(const std::string& line) {
    std::vector<std::string> words = Words(line);
    std::map<std::string, std::string> named;
    std::vector<std::string> plain;
    for (const std::string& word : words) {
      const size_t equals = word.find('=');
      if (equals == std::string::npos) {
        plain.push_back(word);
      } else {
        named[word.substr(0, equals)] = word.substr(equals + 1);
      }
    }
    return Do(plain, named);
  }

 private:
  using Named = std::map<std::string, std::string>;

  static std::set<std::string> List(const std::string& text) {
    const std::vector<std::string> items = model::Tokenize(text, ",");
    return {items.begin(), items.end()};
  }

  std::string Do(const std::vector<std::string>& args, const Named& named) {
    const std::string& command = args.at(0);
    if (command == "options") return Options(named);
    if (command == "agent") return Agent(args, named);
    if (command == "framework") return Framework(args, named);
    if (command == "allocate") return Allocate();
    if (command == "advance") {
      master_.Advance(Duration::Parse(args.at(1)).value());
      return "";
    }
    if (command == "wake") return Wake();
    if (command == "agent-removed") {
      master_.Apply(AgentRemoved{AgentId(args.at(1))});
      return "";
    }
    const FrameworkId framework(args.at(1));
    if (command == "framework-removed") {
      master_.Apply(FrameworkRemoved{framework});
      return "";
    }
    const std::set<std::string> roles(args.begin() + 2, args.end());
    if (command == "revive") {
      master_.Apply(Revived{framework, roles});
      return "";
    }
    if (command == "suppress") {
      master_.Apply(Suppressed{framework, roles});
      return "";
    }
    if (command == "explain") return master_.core.Explain(framework, args.at(2)) + "\n";
    return Answer(args, named);
  }

  std::string Answer(const std::vector<std::string>& args, const Named& named) {
    const std::string& command = args.at(0);
    const FrameworkId framework(args.at(1));
    const AgentId agent(args.at(2));
    if (command == "refuse") {
      master_.open.erase({framework, agent});
      master_.Apply(ProposalAnswered{framework, agent});
      return "";
    }
    if (command == "release") {
      master_.Release(framework, agent,
                      model::Resources::Parse(args.at(3)).value().AllocatedTo(named.at("role")));
      return "";
    }
    const auto offer = master_.Offer(framework, agent);
    if (!offer) return "no such offer\n";
    std::optional<double> seconds;
    if (named.contains("refuse")) seconds = std::stod(named.at("refuse"));
    if (command == "decline") {
      master_.Release(framework, agent, *offer, seconds.value_or(5));
    } else if (command == "accept" && args.size() > 3) {
      const std::string role = offer->ByAllocationRole().begin()->first;
      const auto used = model::Resources::Parse(args.at(3)).value().AllocatedTo(role);
      if (!offer->Contains(used)) return "not in the offer\n";
      master_.Release(framework, agent, *offer - used, seconds.value_or(5));
    } else if (command != "accept") {
      return "unknown command " + command + "\n";
    }
    return "";
  }

  std::string Options(const Named& named) {
    AllocatorOptions options;
    if (named.contains("region")) options.region = named.at("region");
    if (named.contains("weights")) {
      for (const std::string& item : List(named.at("weights"))) {
        const auto pair = model::Tokenize(item, ":");
        options.weights[pair.at(0)] = std::stod(pair.at(1));
      }
    }
    if (named.contains("min")) {
      options.min_allocatable_resources = {
          model::Resources::Parse(named.at("min")).value().ToQuantities()};
    }
    std::destroy_at(&master_);
    std::construct_at(&master_, options);
    return "";
  }

  std::string Agent(const std::vector<std::string>& args, const Named& named) {
    v1::AgentInfo info;
    if (named.contains("attributes")) {
      *info.mutable_attributes() = model::ParseAttributes(named.at("attributes")).value();
    }
    if (named.contains("region")) {
      info.mutable_domain()->mutable_fault_domain()->mutable_region()->set_name(named.at("region"));
      info.mutable_domain()->mutable_fault_domain()->mutable_zone()->set_name("z");
    }
    const std::set<std::string> flags(args.begin() + 3, args.end());
    master_.SetAgent(args.at(1), args.at(2), !flags.contains("inactive"), info,
                     !flags.contains("old"));
    return "";
  }

  std::string Framework(const std::vector<std::string>& args, const Named& named) {
    FrameworkChanged change;
    change.framework = FrameworkId(args.at(1));
    change.active = std::find(args.begin(), args.end(), "inactive") == args.end();
    change.info.add_capabilities()->set_type(v1::FrameworkInfo::Capability::MULTI_ROLE);
    for (const std::string& role : List(named.at("roles"))) change.info.add_roles(role);
    if (named.contains("caps")) {
      for (const std::string& name : List(named.at("caps"))) {
        v1::FrameworkInfo::Capability::Type type;
        CHECK(v1::FrameworkInfo::Capability::Type_Parse(name, &type)) << name;
        change.info.add_capabilities()->set_type(type);
      }
    }
    if (named.contains("suppressed")) change.suppressed_roles = List(named.at("suppressed"));
    if (named.contains("min")) {
      for (const std::string& role : List(named.at("roles"))) {
        auto& filters = (*change.info.mutable_offer_filters())[role];
        auto& set = *filters.mutable_min_allocatable_resources()->add_quantities();
        for (const auto& [name, amount] :
             model::Resources::Parse(named.at("min")).value().ToQuantities()) {
          (*set.mutable_quantities())[name].set_value(amount.value());
        }
      }
    }
    master_.Apply(std::move(change));
    return "";
  }

  std::string Allocate() {
    std::vector<std::string> lines;
    for (const Proposal& p : master_.Allocate()) {
      lines.push_back(p.framework.value() + " " + p.agent.value() + " " + p.resources.ToString());
    }
    std::sort(lines.begin(), lines.end());  // The shuffle is of no interest here.
    master_.core.CheckInvariants();
    std::string text;
    for (const std::string& line : lines) text += line + "\n";
    return text.empty() ? "nothing\n" : text;
  }

  std::string Wake() {
    const auto wake = master_.core.NextWake();
    if (!wake) return "never\n";
    if (*wake <= master_.now.mono) return "now\n";
    return "in " + (*wake - master_.now.mono).ToString() + "\n";
  }

  FakeMaster master_;
};

std::string RunFile(const std::string& path) {
  std::ifstream in(path);
  Conversation conversation;
  std::string result;
  bool in_answer = false;  // Old answers are left out up to the next empty line.
  std::string answer;
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  lines.push_back("");
  for (const std::string& line : lines) {
    if (line == "----") {
      in_answer = true;
      result += "----\n" + answer;
      answer.clear();
    } else if (line.empty()) {
      in_answer = false;
      result += "\n";
    } else if (!in_answer) {
      result += line + "\n";
      if (line[0] != '#') answer += conversation.Run(line);
    }
  }
  while (result.ends_with("\n\n")) result.pop_back();
  return result;
}

TEST(AllocatorGolden, Conversations) {
  const std::filesystem::path folder =
      std::filesystem::path(MESETA_SOURCE_DIR) / "tests/master/allocator/testdata";
  int files = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    if (file.path().extension() != ".txt") continue;
    ++files;
    const std::string actual = RunFile(file.path());
    if (std::getenv("MESETA_REWRITE") != nullptr) {
      std::ofstream(file.path()) << actual;
      continue;
    }
    std::ifstream in(file.path());
    std::ostringstream expected;
    expected << in.rdbuf();
    EXPECT_EQ(actual, expected.str()) << file.path();
  }
  EXPECT_GT(files, 0);
}

}  // namespace
}  // namespace meseta::master
