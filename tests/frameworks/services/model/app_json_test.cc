// Documents as Marathon writes them, its deprecated forms, changes of some members, and groups.
#include "frameworks/services/model/app_json.h"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include "frameworks/services/model/json_fields.h"
#include "tests/frameworks/services/model/app_documents.h"

namespace meseta::services {
namespace {

AppSpec Read(const std::string& text, const Defaults& defaults = Everything(),
             const Path& base = "/") {
  const Answer<AppSpec> app = ReadApp(Json(text), base, defaults);
  EXPECT_TRUE(app.ok()) << text << "\n" << (app.ok() ? "" : ShowErrors(app.error()));
  return app.ok() ? *app : AppSpec();
}

// One member of what is written for an app with those members.
std::string Member(const std::string& members, const std::string& name) {
  const boost::json::object json = Json(Written(Read(AppWith(members))));
  const boost::json::value* value = json.if_contains(name);
  if (value == nullptr) return "none";
  return ShowValue(*value);
}

TEST(AppJsonTest, ASmallAppIsWrittenWithAllThatClientsReadUnguarded) {
  AppSpec app = Read(R"({"id":"/web","cmd":"sleep 1","mem":32})", Defaults());
  EXPECT_EQ(
      Written(app),
      R"({"id":"/web","acceptedResourceRoles":["*"],"backoffFactor":1.15,"backoffSeconds":1,)"
      R"("cmd":"sleep 1","cpus":1,"disk":0,"executor":"","instances":1,"labels":{},)"
      R"("maxLaunchDelaySeconds":300,"mem":32,"gpus":0,"networks":[{"mode":"host"}],)"
      R"("portDefinitions":[{"port":0,"name":"default","protocol":"tcp"}],"requirePorts":false,)"
      R"("upgradeStrategy":{"maximumOverCapacity":1,"minimumHealthCapacity":1},)"
      R"("killSelection":"YOUNGEST_FIRST",)"
      R"("unreachableStrategy":{"inactiveAfterSeconds":0,"expungeAfterSeconds":0},"role":"*"})");
  app.set_version(1'795'356'000'123);
  app.set_last_scaling_at(1'795'356'000'123);
  app.set_last_config_change_at(1'795'356'000'000);
  EXPECT_NE(Written(app).find(R"("role":"*","version":"2026-11-22T14:00:00.123Z","versionInfo":)"
                              R"({"lastScalingAt":"2026-11-22T14:00:00.123Z",)"
                              R"("lastConfigChangeAt":"2026-11-22T14:00:00.000Z"})"),
            std::string::npos)
      << Written(app);
}

// The larger example of Marathon's documentation of POST /v2/apps.
TEST(AppJsonTest, AnAppWithEverythingIsWrittenAsMarathonDoes) {
  const AppSpec app = Read(R"({
    "id": "/product/us-east/service/myapp", "cmd": "env && sleep 300", "cpus": 1.5, "mem": 256.0,
    "instances": 3, "executor": "", "env": {"LD_LIBRARY_PATH": "/usr/local/lib/myLib"},
    "constraints": [["attribute", "UNIQUE"], ["rack", "GROUP_BY", "3"]],
    "acceptedResourceRoles": ["*"], "labels": {"environment": "staging"},
    "container": {"type": "DOCKER", "docker": {"image": "group/image", "network": "BRIDGE",
      "portMappings": [{"containerPort": 8080, "hostPort": 0, "servicePort": 9000, "protocol": "tcp"}],
      "privileged": false, "parameters": [{"key": "a-docker-option", "value": "xxx"}]},
      "volumes": [{"containerPath": "/etc/a", "hostPath": "/var/data/a", "mode": "RO"}]},
    "uris": ["https://example.com/setup.py", "https://example.com/setup.tgz"],
    "dependencies": ["/product/us-east/db/mongo"],
    "healthChecks": [{"protocol": "HTTP", "path": "/health", "gracePeriodSeconds": 3,
      "intervalSeconds": 10, "portIndex": 0, "timeoutSeconds": 10, "maxConsecutiveFailures": 3},
      {"protocol": "COMMAND", "command": {"value": "curl -f http://$HOST:$PORT0/health"}}],
    "backoffSeconds": 1, "backoffFactor": 1.15, "maxLaunchDelaySeconds": 3600,
    "upgradeStrategy": {"minimumHealthCapacity": 0.5, "maximumOverCapacity": 0.2}})");
  EXPECT_EQ(
      Written(app),
      R"({"id":"/product/us-east/service/myapp","acceptedResourceRoles":["*"],"backoffFactor":1.15,)"
      R"("backoffSeconds":1,"cmd":"env && sleep 300",)"
      R"("constraints":[["attribute","UNIQUE"],["rack","GROUP_BY","3"]],"container":{"type":"DOCKER",)"
      R"("docker":{"forcePullImage":false,"image":"group/image",)"
      R"("parameters":[{"key":"a-docker-option","value":"xxx"}],"privileged":false},)"
      R"("volumes":[{"containerPath":"/etc/a","hostPath":"/var/data/a","mode":"RO"}],)"
      R"("portMappings":[{"containerPort":8080,"hostPort":0,"labels":{},"protocol":"tcp","servicePort":9000}]},)"
      R"("cpus":1.5,"dependencies":["/product/us-east/db/mongo"],"disk":0,)"
      R"("env":{"LD_LIBRARY_PATH":"/usr/local/lib/myLib"},"executor":"",)"
      R"("fetch":[{"uri":"https://example.com/setup.py","extract":false,"executable":false,"cache":false},)"
      R"({"uri":"https://example.com/setup.tgz","extract":true,"executable":false,"cache":false}],)"
      R"("healthChecks":[{"gracePeriodSeconds":3,"ignoreHttp1xx":false,"intervalSeconds":10,)"
      R"("maxConsecutiveFailures":3,"path":"/health","portIndex":0,"protocol":"HTTP","ipProtocol":"IPv4",)"
      R"("timeoutSeconds":10,"delaySeconds":15},{"command":{"value":"curl -f http://$HOST:$PORT0/health"},)"
      R"("gracePeriodSeconds":300,"intervalSeconds":60,"maxConsecutiveFailures":3,"protocol":"COMMAND",)"
      R"("ipProtocol":"IPv4","timeoutSeconds":20,"delaySeconds":15}],"instances":3,)"
      R"("labels":{"environment":"staging"},"maxLaunchDelaySeconds":3600,"mem":256,"gpus":0,)"
      R"("networks":[{"mode":"container/bridge"}],"requirePorts":false,)"
      R"("upgradeStrategy":{"maximumOverCapacity":0.2,"minimumHealthCapacity":0.5},)"
      R"("killSelection":"YOUNGEST_FIRST",)"
      R"("unreachableStrategy":{"inactiveAfterSeconds":0,"expungeAfterSeconds":0},"role":"*"})");
}

TEST(AppJsonTest, DeprecatedFormsBecomePresentOnes) {
  EXPECT_EQ(Member(R"("ports":[0,8080])", "portDefinitions"),
            R"([{"port":0,"protocol":"tcp"},{"port":8080,"protocol":"tcp"}])");
  EXPECT_EQ(Member(R"("ports":[])", "portDefinitions"), "[]");
  EXPECT_EQ(Member(R"("ports":[1])", "ports"), "none");
  EXPECT_EQ(Member(R"("ipAddress":{"networkName":"n","labels":{"a":"b"}})", "networks"),
            R"([{"name":"n","mode":"container","labels":{"a":"b"}}])");
  EXPECT_EQ(Member(R"("ipAddress":{"networkName":"mesos-bridge"})", "networks"),
            R"([{"mode":"container/bridge"}])");
  EXPECT_EQ(
      Member(
          R"("ipAddress":{"networkName":"n","discovery":{"ports":[{"number":80,"name":"http"}]}})",
          "container"),
      R"({"type":"MESOS","volumes":[],"portMappings":[{"containerPort":80,"labels":{},"name":"http",)"
      R"("protocol":"tcp","servicePort":0}]})");
  EXPECT_EQ(Member(R"("container":{"docker":{"image":"i","network":"HOST"}})", "networks"),
            R"([{"mode":"host"}])");
  EXPECT_EQ(
      Member(
          R"("ipAddress":{"networkName":"n"},"container":{"docker":{"image":"i","network":"USER"}})",
          "networks"),
      R"([{"name":"n","mode":"container"}])");
  EXPECT_EQ(Member(R"("residency":{"taskLostBehavior":"WAIT_FOREVER"})", "residency"), "none");
}

TEST(AppJsonTest, PortsFollowTheNetwork) {
  EXPECT_EQ(
      Member(R"("networks":[{"mode":"container/bridge"}])", "container"),
      R"({"type":"MESOS","volumes":[],"portMappings":[{"containerPort":0,"hostPort":0,"labels":{},)"
      R"("name":"default","protocol":"tcp","servicePort":0}]})");
  EXPECT_EQ(Member(R"("networks":[{"name":"n"}],"container":{"type":"MESOS","portMappings":[]})",
                   "container"),
            R"({"type":"MESOS","volumes":[],"portMappings":[]})");
  EXPECT_EQ(Member(R"("networks":[{"name":"n"}])", "portDefinitions"), "none");
  EXPECT_EQ(
      Member(R"("container":{"type":"MESOS","portMappings":[{"containerPort":80}]})", "container"),
      R"({"type":"MESOS","volumes":[]})");
  EXPECT_EQ(
      Member(R"("networks":[{"mode":"container/bridge"}],"requirePorts":true)", "requirePorts"),
      "false");
}

TEST(AppJsonTest, DefaultsOfTheOperator) {
  Defaults defaults = Everything();
  defaults.role = "prod";
  defaults.accepted_resource_roles = {"prod", "*"};
  defaults.default_network_name = "net";
  defaults.task_kill_grace_seconds = 7;
  const AppSpec app =
      Read(R"({"id":"a","cmd":"x","networks":[{"mode":"container"}]})", defaults, "/dev");
  EXPECT_EQ(app.id(), "/dev/a");
  EXPECT_EQ(app.role(), "prod");
  EXPECT_EQ(app.accepted_resource_roles_size(), 2);
  EXPECT_EQ(app.networks(0).name(), "net");
  EXPECT_EQ(app.task_kill_grace_period_seconds(), 7);
  const AppSpec dev = Read(R"({"id":"a","cmd":"x","role":"dev"})", defaults, "/dev");
  ASSERT_EQ(dev.accepted_resource_roles_size(), 1);
  EXPECT_EQ(dev.accepted_resource_roles(0), "*");
}

TEST(AppJsonTest, ResidentAndSingleInstanceAppsHaveTheirOwnStrategies) {
  EXPECT_EQ(Member(R"("labels":{"MARATHON_SINGLE_INSTANCE_APP":"true"})", "upgradeStrategy"),
            R"({"maximumOverCapacity":0,"minimumHealthCapacity":0})");
  const std::string volume =
      R"("container":{"type":"MESOS","volumes":[{"containerPath":"a","mode":"RW","persistent":{"size":1}}]})";
  EXPECT_EQ(Member(volume, "upgradeStrategy"),
            R"({"maximumOverCapacity":0,"minimumHealthCapacity":0.5})");
  EXPECT_EQ(Member(volume, "unreachableStrategy"), R"("disabled")");
}

TEST(AppJsonTest, OwnMembersAppearOnlyForThoseWhoUsedThem) {
  EXPECT_EQ(Member("", "x-meseta"), "none");
  EXPECT_EQ(Member(R"("x-meseta":{"progressDeadlineSeconds":60})", "x-meseta"),
            R"({"progressDeadlineSeconds":60,"rollbackOnDeadline":false})");
}

// ---- changes of some members

std::string Patched(const std::string& members, const std::string& patch, const std::string& name) {
  const AppSpec app = Read(AppWith(members));
  const Answer<AppSpec> patched = PatchApp(app, Json(patch), "/", Everything());
  if (!patched.ok()) return ShowErrors(patched.error());
  const boost::json::object json = Json(Written(*patched));
  const boost::json::value* value = json.if_contains(name);
  return value == nullptr ? "none" : ShowValue(*value);
}

TEST(PatchAppTest, MembersThatAreNotGivenStay) {
  EXPECT_EQ(Patched(R"("instances":3,"labels":{"a":"b"})", R"({"cpus":2})", "instances"), "3");
  EXPECT_EQ(Patched(R"("labels":{"a":"b"})", R"({"labels":{"c":"d"}})", "labels"), R"({"c":"d"})");
  EXPECT_EQ(Patched(R"("labels":{"a":"b"})", R"({"labels":null})", "labels"), R"({"a":"b"})");
  EXPECT_EQ(Patched("", R"({"id":"/other"})", "id"), R"("/a")");
  EXPECT_EQ(Patched("", R"({"args":["x"]})", "cmd"), "none");
  EXPECT_EQ(Patched(R"("cmd":null,"args":["x"])", R"({"cmd":"y"})", "args"), "none");
  EXPECT_EQ(Patched(R"("env":{"A":"1"})", R"({"env":{}})", "env"), "none");
}

TEST(PatchAppTest, DeprecatedMembersReplaceWhatTheyMean) {
  EXPECT_EQ(Patched(R"("portDefinitions":[{"port":1}])", R"({"ports":[2]})", "portDefinitions"),
            R"([{"port":2,"protocol":"tcp"}])");
  EXPECT_EQ(Patched(R"("fetch":[{"uri":"a"}])", R"({"uris":["b"]})", "fetch"),
            R"([{"uri":"b","extract":false,"executable":false,"cache":false}])");
  EXPECT_EQ(Patched("", R"({"ipAddress":{"networkName":"n"}})", "networks"),
            R"([{"name":"n","mode":"container"}])");
  EXPECT_EQ(Patched(R"("networks":[{"mode":"container/bridge"}])",
                    R"({"networks":[{"mode":"host"}]})", "portDefinitions"),
            R"([{"port":0,"name":"default","protocol":"tcp"}])");
}

TEST(PatchAppTest, BrokenRulesAreFoundInTheWhole) {
  EXPECT_EQ(Patched("", R"({"cpus":"x"})", ""),
            "422 Invalid JSON\n/cpus | error.expected.jsnumber\n");
  EXPECT_EQ(Patched(R"("healthChecks":[{}])", R"({"portDefinitions":[]})", ""),
            "422 Object is not valid\n/healthChecks(0) | Health check port indices must address an "
            "element of "
            "the ports array or container port mappings.\n");
}

TEST(PatchAppTest, ARoleThatTheAppHasStays) {
  Defaults old;
  old.role = "old";
  const AppSpec app = Read(R"({"id":"/a","cmd":"x"})", old);
  Defaults now;
  now.role = "new";
  const Answer<AppSpec> patched = PatchApp(app, Json(R"({"cpus":2})"), "/", now);
  ASSERT_TRUE(patched.ok()) << ShowErrors(patched.error());
  EXPECT_EQ(patched->role(), "old");
}

// ---- comparisons

TEST(CompareTest, WhatRestartsAnApp) {
  const AppSpec app = Read(AppWith(R"("labels":{"a":"b","c":"d"},"env":{"x":"1","y":"2"})"));
  AppSpec other = app;
  other.set_version(5);
  other.set_last_scaling_at(5);
  EXPECT_TRUE(SameDefinition(app, other));
  EXPECT_FALSE(NeedsRestart(app, other));
  other.set_instances(9);
  EXPECT_FALSE(SameDefinition(app, other));
  EXPECT_FALSE(NeedsRestart(app, other));
  other.set_progress_deadline_seconds(9);
  EXPECT_FALSE(NeedsRestart(app, other));
  (*other.mutable_labels())["a"] = "c";
  EXPECT_TRUE(NeedsRestart(app, other));
}

// ---- groups

TEST(ReadGroupTest, NestsAppsAndGroups) {
  const Answer<GroupDraft> draft = ReadGroup(
      Json(
          R"({"id":"shop","dependencies":["../db"],"apps":[{"id":"web","cmd":"x","dependencies":["../db","cache"]}],
               "groups":[{"id":"/shop/sub","apps":[{"id":"a","cmd":"y"}]}]})"),
      "/", Defaults());
  ASSERT_TRUE(draft.ok()) << ShowErrors(draft.error());
  EXPECT_EQ(draft->group.id(), "/shop");
  EXPECT_EQ(draft->group.dependencies(0), "/db");
  EXPECT_EQ(draft->apps[0].id(), "/shop/web");
  EXPECT_EQ(draft->apps[0].dependencies(0), "/db");
  EXPECT_EQ(draft->apps[0].dependencies(1), "/shop/cache");
  EXPECT_EQ(draft->groups[0].group.id(), "/shop/sub");
  EXPECT_EQ(draft->groups[0].apps[0].id(), "/shop/sub/a");
  EXPECT_FALSE(draft->enforce_role_given);
}

TEST(ReadGroupTest, AnEnforcedRoleIsTheDefaultOfItsApps) {
  const Answer<GroupDraft> draft = ReadGroup(
      Json(R"({"id":"/dev","enforceRole":true,"apps":[{"id":"a","cmd":"x"}]})"), "/", Defaults());
  ASSERT_TRUE(draft.ok()) << ShowErrors(draft.error());
  EXPECT_TRUE(draft->enforce_role_given);
  EXPECT_EQ(draft->apps[0].role(), "dev");
}

TEST(ReadGroupTest, ErrorsSayWhichAppOrGroup) {
  struct Row {
    const char* json;
    const char* error;
  };
  for (const Row& row :
       {Row{R"({"id":"/g","apps":[{"id":"a","cmd":"x"},{"id":"b","cmd":1}]})",
            "/apps(1)/cmd | error.expected.jsstring"},
        Row{R"({"id":"/g","apps":[{"id":"a"}]})", "/apps(0) | AppDefinition must either"},
        Row{R"({"id":"/g","groups":[{"id":"h","apps":[{"id":"a","cmd":"x","cpus":-1}]}]})",
            "/groups(0)/apps(0)/cpus | got -1"},
        Row{R"({"id":"/g","groups":[{}]})", "/groups(0)/id | error.path.missing"},
        Row{R"({"id":"/g","apps":[{"id":"/other/a","cmd":"x"}]})",
            "/apps(0)/id | Identifier is not child of '/g'"},
        Row{R"({"id":"/g","groups":[{"id":"/other"}]})",
            "/groups(0)/id | Identifier is not child of '/g'"},
        Row{R"({"id":"/g","apps":[{"id":"a","cmd":"x"},{"id":"a","cmd":"x"}]})",
            "/apps | Applications may not have the same identifier."},
        Row{R"({"id":"/g","apps":[{"id":"a","cmd":"x"}],"groups":[{"id":"a"}]})",
            "/groups | Groups and Applications may not have the same identifier."},
        Row{R"({"id":"/g/h","enforceRole":true})",
            "/enforceRole | enforceRole can only be set for top-level groups, and"},
        Row{R"({"id":"/g","pods":[{}]})", "/pods | pods are not supported"},
        Row{R"({"id":"/G"})", "/id | must fully match"},
        Row{R"({"apps":{}})", "/apps | error.expected.jsarray"}}) {
    const Answer<GroupDraft> draft = ReadGroup(Json(row.json), "/", Defaults());
    ASSERT_FALSE(draft.ok()) << row.json;
    EXPECT_NE(ShowErrors(draft.error()).find("\n" + std::string(row.error)), std::string::npos)
        << row.json << "\n"
        << ShowErrors(draft.error());
  }
}

// ---- any mixture of members

RC_GTEST_PROP(AppJsonTest, AnyMixtureOfMembersComesBackTheSame,
              (const std::vector<uint8_t>& picks)) {
  static const std::vector<std::string> kMembers = {
      R"("instances":7)",
      R"("cpus":0.25)",
      R"("mem":33.5)",
      R"("args":["x","\u00e4"],"cmd":null)",
      R"("env":{"A":"1","B":{"secret":"s"}},"secrets":{"s":{"source":"x"}})",
      R"("labels":{"b":"1","a":"2"})",
      R"("constraints":[["hostname","UNIQUE"],["hostname","UNIQUE"],["r","GROUP_BY"]])",
      R"("portDefinitions":[{"name":"http-api"},{"port":9,"protocol":"udp"}])",
      R"("ports":[0,0,1])",
      R"("networks":[{"mode":"container/bridge"}])",
      R"("networks":[{"name":"n"}])",
      R"("container":{"type":"MESOS","portMappings":[{"containerPort":1,"hostPort":2,"name":"http-api"}]})",
      R"("container":{"docker":{"image":"i","parameters":[{"key":"k","value":"v"}],"pullConfig":{"secret":"s"}}})",
      R"("healthChecks":[{"path":"/h"},{"protocol":"TCP","port":5},{"protocol":"MESOS_TCP"}])",
      R"("readinessChecks":[{}])",
      R"("check":{"http":{"portIndex":0}})",
      R"("unreachableStrategy":"disabled")",
      R"("upgradeStrategy":{"maximumOverCapacity":0.3})",
      R"("x-meseta":{"progressDeadlineSeconds":1.5})",
      R"("fetch":[{"uri":"u","extract":false}])",
      R"("dependencies":["../x","/y","y"])",
      R"("tty":true)",
      R"("resourceLimits":{"cpus":"unlimited"})",
      R"("taskKillGracePeriodSeconds":3)"};
  std::string members;
  for (const uint8_t pick : picks) {
    members += (members.empty() ? "" : ",") + kMembers[pick % kMembers.size()];
  }
  const Answer<AppSpec> app = ReadApp(Json(AppWith(members)), "/g", Everything());
  RC_CLASSIFY(app.ok());
  if (!app.ok()) {
    RC_ASSERT(!app.error().details.empty());  // Some members exclude each other.
    return;
  }
  const Answer<AppSpec> again = ReadApp(Json(Written(*app)), "/", Everything());
  RC_ASSERT(again.ok());
  RC_ASSERT(SameDefinition(*app, *again));
  const Answer<AppSpec> patched = PatchApp(*app, Json(Written(*app)), "/", Everything());
  RC_ASSERT(patched.ok());
  RC_ASSERT(SameDefinition(*app, *patched));
}

}  // namespace
}  // namespace meseta::services
