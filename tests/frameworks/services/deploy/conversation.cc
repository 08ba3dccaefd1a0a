#include "tests/frameworks/services/deploy/conversation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <optional>
#include <sstream>

namespace meseta::services {
namespace {

std::string PathOf(const std::string& folder, const std::string& name) {
  return std::string(MESETA_SOURCE_DIR) + "/" + folder + "/" + name + ".txt";
}

std::string Rest(std::istringstream& words) {
  std::string rest;
  std::getline(words >> std::ws, rest);
  return rest;
}

std::string Word(std::istringstream& words) {
  std::string word;
  words >> word;
  return word;
}

boost::json::value Json(const std::string& text) {
  try {
    return boost::json::parse(text);
  } catch (const std::exception& error) {
    ADD_FAILURE() << error.what() << " in " << text;
    return boost::json::object();
  }
}

JsonObjectPtr Object(const std::string& text) {
  return std::make_shared<const boost::json::object>(Json(text).as_object());
}

PutApps Put(const std::string& text, bool partial, bool create) {
  PutApps put;
  put.partial = partial;
  put.create = create;
  const boost::json::value json = Json(text);
  if (json.is_array()) {
    for (const auto& one : json.get_array()) {
      put.apps.push_back(
          {std::nullopt, std::make_shared<const boost::json::object>(one.as_object())});
    }
  } else {
    put.apps.push_back({std::nullopt, Object(text)});
  }
  return put;
}

std::optional<Change> AppChange(const std::string& verb, std::istringstream& words) {
  if (verb == "create") return CreateApp{Object(Rest(words))};
  if (verb == "put") return Put(Rest(words), false, true);
  if (verb == "patch") return Put(Rest(words), true, false);
  if (verb == "put-one") {
    const Path path = Word(words);
    PutApps put;
    put.apps.push_back({path, Object(Rest(words))});
    return put;
  }
  if (verb == "restart") return RestartApp{Word(words)};
  if (verb == "delete") return DeleteApp{Word(words)};
  if (verb == "rollback") {
    const Path path = Word(words);
    return RollBackApp{path, std::stoll(Word(words))};
  }
  if (verb == "scale-down") {
    ScaleDown down;
    auto& ids = down.instances[Word(words)];
    for (std::string id; words >> id;) ids.push_back(id);
    return down;
  }
  return std::nullopt;
}

std::optional<Change> GroupChange(const std::string& verb, std::istringstream& words) {
  const Path path = Word(words);
  if (verb == "create-group") return CreateGroup{path, Object(Rest(words))};
  if (verb == "put-group") return PutGroup{path, Object(Rest(words))};
  if (verb == "scale-group") return ScaleGroup{path, std::stod(Word(words))};
  if (verb == "rollback-group") return RollBackGroup{path, std::stoll(Word(words))};
  if (verb == "enforce") return EnforceRole{path, Word(words) == "true"};
  if (verb == "delete-group") return DeleteGroup{path};
  return std::nullopt;
}

std::optional<Change> ReadChange(const std::string& line) {
  std::istringstream words(line);
  std::string verb = Word(words);
  if (verb == "force" || verb == "dry") verb = Word(words);
  if (auto change = AppChange(verb, words)) return change;
  return GroupChange(verb, words);
}

using OfInstance = std::function<void(World&, const std::string&)>;

OfInstance Status(v1::TaskState state) {
  return [state](World& world, const std::string& id) { world.Said(id, state); };
}

const std::map<std::string, OfInstance>& InstanceVerbs() {
  static const std::map<std::string, OfInstance> verbs = {
      {"staging", Status(v1::TASK_STAGING)},
      {"starting", Status(v1::TASK_STARTING)},
      {"running", Status(v1::TASK_RUNNING)},
      {"finish", Status(v1::TASK_FINISHED)},
      {"fail", Status(v1::TASK_FAILED)},
      {"unreachable", Status(v1::TASK_UNREACHABLE)},
      {"gone", Status(v1::TASK_GONE)},
      {"healthy", [](World& world, const std::string& id) { world.Health(id, true); }},
      {"unhealthy", [](World& world, const std::string& id) { world.Health(id, false); }},
      {"ready", [](World& world, const std::string& id) { world.Ready(id); }},
      {"kill", [](World& world, const std::string& id) { world.Kill(id); }},
  };
  return verbs;
}

void Bury(World& world) {
  std::vector<std::string> dying;
  world.instances().ForEach([&](const InstancePtr& one) {
    if (one->kill_wanted()) dying.push_back(one->id());
  });
  for (const std::string& id : dying) world.Said(id, v1::TASK_KILLED);
}

void Up(World& world, const Path& app) {
  for (const std::string& id : world.Launch(app, std::numeric_limits<uint32_t>::max())) {
    world.Said(id, v1::TASK_RUNNING);
    const AppPtr spec = world.catalog().FindApp(app);
    if (spec && spec->health_checks_size() > 0) world.Health(id, true);
    if (spec && spec->readiness_checks_size() > 0) world.Ready(id);
  }
}

std::string LaunchSome(World& world, std::istringstream& words) {
  const Path app = Word(words);
  const std::string count = Word(words);
  const uint32_t most = count.empty() ? std::numeric_limits<uint32_t>::max()
                                      : static_cast<uint32_t>(std::stoul(count));
  std::string said = "launched";
  for (const std::string& id : world.Launch(app, most, Word(words))) said += " " + id;
  return said + "\n" + world.TakeLog();
}

// What the command came to.
std::string Ask(World& world, const std::string& line) {
  std::istringstream words(line);
  const std::string verb = Word(words);
  const auto of_instance = InstanceVerbs().find(verb);
  if (of_instance != InstanceVerbs().end()) {
    for (std::string id; words >> id;) of_instance->second(world, id);
  } else if (verb == "launch") {
    return LaunchSome(world, words);
  } else if (verb == "up") {
    Up(world, Word(words));
  } else if (verb == "buried") {
    Bury(world);
  } else if (verb == "tick") {
    world.Pass(static_cast<int64_t>(std::stod(Word(words)) * 1'000));
  } else if (verb == "failover") {
    world.Failover();
  } else if (verb == "cancel") {
    world.Cancel(Word(words));
  } else if (verb == "undo") {
    const std::string id = Word(words);
    world.Do(UndoDeployment{world.Deployment(id)}, true, id);
  } else if (verb == "instances") {
    return world.ShowInstances(Word(words));
  } else if (verb == "catalog") {
    return world.ShowCatalog();
  } else if (verb == "deployments") {
    return world.ShowDeployments();
  } else if (const auto change = ReadChange(line)) {
    if (verb == "dry") world.DryRun(*change);
    else world.Do(*change, verb == "force");
  } else {
    ADD_FAILURE() << "no such command: " << line;
  }
  return world.TakeLog();
}

}  // namespace

std::vector<std::string> ConversationsIn(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& file :
       std::filesystem::directory_iterator(std::string(MESETA_SOURCE_DIR) + "/" + folder)) {
    if (file.path().extension() == ".txt") names.push_back(file.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

void ExpectConversation(const std::string& folder, const std::string& name) {
  std::stringstream expected;
  expected << std::ifstream(PathOf(folder, name)).rdbuf();
  World world;
  std::string actual;
  for (std::string line; std::getline(expected, line);) {
    if (line.empty() || line[0] == '#') actual += line + "\n";
    if (line.compare(0, 2, "> ") == 0) actual += line + "\n" + Ask(world, line.substr(2));
  }
  for (const std::string& problem : world.problems()) ADD_FAILURE() << problem;
  if (std::getenv("MESETA_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(PathOf(folder, name)) << actual;
    return;
  }
  EXPECT_EQ(actual, expected.str());
}

}  // namespace meseta::services
