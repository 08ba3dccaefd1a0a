#include "tests/state/log/script.h"

#include <google/protobuf/text_format.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "actors/base/check.h"

namespace meseta::log {
namespace {

Duration ParseTime(const std::string& text) {
  Result<Duration> parsed = Duration::Parse(text);
  CHECK(parsed.ok()) << parsed.status();
  return *parsed;
}

MemberId Id(const std::string& text) { return std::strtoull(text.c_str(), nullptr, 10); }

std::string RoleName(Role role) {
  switch (role) {
    case Role::kFollower:
      return "follower";
    case Role::kPreCandidate:
      return "pre-candidate";
    case Role::kCandidate:
      return "candidate";
    case Role::kLeader:
      return "leader";
  }
  return "?";
}

}  // namespace

Script::Script(const Rules* rules) : rules_(rules) {
  AddTimeAndNetwork();
  AddMembersAndDisks();
  AddRequests();
}

void Script::AddTimeAndNetwork() {
  commands_["tick"] = [this](const Words& w) {
    if (w.size() > 2) group().Advance(ParseTime(w[2]));
    group().Tick(Id(w[1]));
  };
  commands_["timeout"] = [this](const Words& w) { group().TimeOut(Id(w[1])); };
  commands_["wait"] = [this](const Words& w) { group().Advance(ParseTime(w[1])); };
  commands_["run"] = [this](const Words& w) { group().Run(ParseTime(w[1])); };
  commands_["settle"] = [this](const Words&) { group().Settle(); };
  commands_["deliver"] = [this](const Words& w) { Links(w, &CoreGroup::DeliverLink); };
  commands_["drop"] = [this](const Words& w) { Links(w, &CoreGroup::DropLink); };
  commands_["cut"] = [this](const Words& w) { Cut(w); };
  commands_["heal"] = [this](const Words&) { group().cut.clear(); };
  commands_["lost"] = [this](const Words& w) {
    core(w).PeerLost(Id(w[2]), group().now);
    group().Carry(Id(w[1]));
  };
  commands_["elect"] = [this](const Words& w) { group().Elect(Id(w[1])); };
}

void Script::AddMembersAndDisks() {
  commands_["options"] = [this](const Words& w) { Options(w); };
  commands_["found"] = [this](const Words& w) { Found(w); };
  commands_["empty"] = [this](const Words& w) { group().AddEmpty(Id(w[1])); };
  commands_["crash"] = [this](const Words& w) { group().Crash(Id(w[1])); };
  commands_["start"] = [this](const Words& w) { group().Start(Id(w[1])); };
  commands_["slow"] = [this](const Words& w) { group().nodes.at(Id(w[1])).syncs = false; };
  commands_["fast"] = [this](const Words& w) {
    group().nodes.at(Id(w[1])).syncs = true;
    group().Carry(Id(w[1]));
  };
  commands_["persist"] = [this](const Words& w) {
    group().Persist(Id(w[1]), w.size() > 2 ? Id(w[2]) : 1000);
  };
  commands_["pieces"] = [this](const Words& w) {
    group().nodes.at(Id(w[1])).reads_pieces = w[2] == "ok";
  };
  commands_["fail"] = [this](const Words& w) {
    core(w).PersistFailed(Unavailable("no space left on device"));
    group().Carry(Id(w[1]));
  };
  commands_["snapshot"] = [this](const Words& w) {
    const Index applied = group().nodes.at(Id(w[1])).applied;
    const Index keep = w.size() > 3 ? Id(w[3]) : 0;
    group().Snapshot(Id(w[1]), applied - keep);
  };
}

void Script::AddRequests() {
  commands_["propose"] = [this](const Words& w) { Propose(w); };
  commands_["read"] = [this](const Words& w) {
    core(w).Read(Id(w[2]), group().now);
    group().Carry(Id(w[1]));
  };
  commands_["change"] = [this](const Words& w) { Change(w); };
  commands_["transfer"] = [this](const Words& w) {
    std::optional<MemberId> to;
    if (w.size() > 2) to = Id(w[2]);
    Tell(core(w).Transfer(to, group().now));
    group().Carry(Id(w[1]));
  };
  commands_["step"] = [this](const Words& w) { Step(w); };
  commands_["status"] = [this](const Words& w) { Status(w); };
  commands_["state"] = [this](const Words&) { State(); };
}

std::vector<std::string> Script::Do(const std::string& line) {
  std::istringstream in(line);
  Words words;
  for (std::string word; in >> word;) words.push_back(word);
  const bool quietly = words[0] == "quietly";
  if (quietly) words.erase(words.begin());
  CHECK(commands_.count(words[0]) > 0) << "no such command: " << line;
  lines_.clear();
  commands_[words[0]](words);
  if (group_ != nullptr) {
    lines_.insert(lines_.end(), group_->trace.begin(), group_->trace.end());
    group_->trace.clear();
    for (const std::string& violation : group_->violations) {
      lines_.push_back("VIOLATION: " + violation);
    }
  }
  if (quietly) lines_.clear();
  return lines_;
}

CoreGroup& Script::group() {
  if (group_ == nullptr) group_ = std::make_unique<CoreGroup>(options_, rules_);
  return *group_;
}

RaftCore& Script::core(const Words& words) { return group().core(Id(words[1])); }

void Script::Tell(const meseta::Status& status) {
  if (!status.ok()) lines_.push_back(status.ToString());
}

void Script::Options(const Words& words) {
  for (size_t i = 1; i < words.size(); ++i) {
    const size_t equals = words[i].find('=');
    const std::string name = words[i].substr(0, equals);
    const uint64_t value = Id(words[i].substr(equals + 1));
    if (name == "max_append_entries")
      options_.max_append_entries = value;
    else if (name == "max_inflight_appends")
      options_.max_inflight_appends = value;
    else if (name == "max_inflight_bytes")
      options_.max_inflight_bytes = value;
    else if (name == "max_inflight_pieces")
      options_.max_inflight_pieces = value;
    else if (name == "max_uncommitted_entries")
      options_.max_uncommitted_entries = value;
    else
      CHECK(false) << "no such option: " << name;
  }
}

void Script::Found(const Words& words) {
  std::vector<MemberId> voters;
  std::vector<MemberId> learners;
  bool learning = false;
  for (size_t i = 1; i < words.size(); ++i) {
    if (words[i] == "learners") {
      learning = true;
    } else {
      (learning ? learners : voters).push_back(Id(words[i]));
    }
  }
  group().Found(voters, learners);
}

// "1>2 2>3", or nothing for all.
void Script::Links(const Words& words,
                   void (CoreGroup::*action)(std::optional<MemberId>, std::optional<MemberId>)) {
  if (words.size() == 1) (group().*action)(std::nullopt, std::nullopt);
  for (size_t i = 1; i < words.size(); ++i) {
    const size_t arrow = words[i].find('>');
    (group().*action)(Id(words[i].substr(0, arrow)), Id(words[i].substr(arrow + 1)));
  }
}

// "1>2" one way, "1-2" both, "1" from all.
void Script::Cut(const Words& words) {
  for (size_t i = 1; i < words.size(); ++i) {
    const MemberId from = Id(words[i]);
    const size_t sign = words[i].find_first_of(">-");
    for (auto& [id, node] : group().nodes) {
      if (sign != std::string::npos && id != Id(words[i].substr(sign + 1))) continue;
      group().cut.insert({from, id});
      if (sign == std::string::npos || words[i][sign] == '-') group().cut.insert({id, from});
    }
  }
}

// propose 1 x y: both between two takings of effects.
void Script::Propose(const Words& words) {
  for (size_t i = 2; i < words.size(); ++i) {
    Tell(core(words).Propose(words[i], std::nullopt, group().now).status());
  }
  group().Carry(Id(words[1]));
}

void Script::Change(const Words& words) {
  MemberChange change;
  if (words[2] == "invite") {
    change = InviteMember{words[3]};
  } else if (words[2] == "uninvite") {
    change = UninviteMember{words[3]};
  } else if (words[2] == "add") {
    change = AddMember{Id(words[3]), words[4], words.size() <= 5};
  } else if (words[2] == "promote") {
    change = PromoteMember{Id(words[3])};
  } else if (words[2] == "remove") {
    change = RemoveMember{Id(words[3])};
  } else if (words[2] == "move") {
    change = MoveMember{Id(words[3]), words[4]};
  } else {
    CHECK(false) << "no such change: " << words[2];
  }
  Tell(core(words).ProposeChange(change, group().now).status());
  group().Carry(Id(words[1]));
}

// step 2 <message as text>
void Script::Step(const Words& words) {
  std::string text;
  for (size_t i = 2; i < words.size(); ++i) text += words[i] + " ";
  Message message;
  CHECK(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  core(words).Step(message, group().now);
  group().Carry(Id(words[1]));
}

void Script::Status(const Words& words) {
  for (auto& [id, node] : group().nodes) {
    if (words.size() > 1 && id != Id(words[1])) continue;
    if (node.core == nullptr) {
      lines_.push_back(std::to_string(id) + " is down");
      continue;
    }
    lines_.push_back(StatusLine(*node.core));
    for (const FollowerStatus& follower : node.core->status().followers) {
      lines_.push_back(
          "  " + std::to_string(follower.member.id()) + " has up to " +
          std::to_string(follower.match) +
          (follower.snapshotting
               ? ", gets piece " + std::to_string(follower.snapshot_piece) + " of the snapshot"
               : ""));
    }
  }
}

std::string Script::StatusLine(const RaftCore& core) {
  const RaftStatus status = core.status();
  std::string line = std::to_string(status.self) + " " + RoleName(status.role) + " of term " +
                     std::to_string(status.term);
  if (status.leader && status.leader != status.self) {
    line += " behind " + std::to_string(*status.leader);
  }
  line += ", log " + std::to_string(status.first) + ".." + std::to_string(status.last) +
          ", committed " + std::to_string(status.commit);
  if (status.role == Role::kLeader) {
    line += core.serving() ? ", serving" : ", not serving yet";
    const Time until = core.lease_until();
    line += until == Time::Max() ? ", lease without end"
            : until > group().now
                ? ", lease for " + std::to_string((until - group().now).millis()) + "ms"
                : ", no lease";
  }
  line += ", members " + Describe(status.configuration);
  if (status.dropped_messages > 0) {
    line += ", dropped " + std::to_string(status.dropped_messages);
  }
  return line;
}

void Script::State() {
  for (auto& [id, node] : group().nodes) {
    std::string line = std::to_string(id) + " applied " + std::to_string(node.applied) + ":";
    for (const std::string& command : node.state) line += " " + command;
    lines_.push_back(std::move(line));
  }
}

std::string ConversationPath(const std::string& name) {
  return std::string(MESETA_SOURCE_DIR) + "/tests/state/log/testdata/conversations/" + name +
         ".txt";
}

std::string RunConversation(const std::string& name, Script* script) {
  std::ifstream in(ConversationPath(name));
  std::string actual;
  for (std::string line; std::getline(in, line);) {
    if (!line.empty() && line[0] == ' ') continue;
    actual += line + "\n";
    if (line.empty() || line[0] == '#') continue;
    for (const std::string& said : script->Do(line)) actual += "  " + said + "\n";
  }
  return actual;
}

}  // namespace meseta::log
