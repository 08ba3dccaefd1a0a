// What ReadApp takes and what it refuses, as tables: one row a rule. All that is taken must come
// back the same from its own document.
#include <gtest/gtest.h>

#include "tests/frameworks/services/model/app_documents.h"

namespace meseta::services {
namespace {

constexpr char kTypes[] = "Invalid JSON";
constexpr char kRules[] = "Object is not valid";

struct Refused {
  const char* members;  // Beside id and cmd.
  const char* message;
  const char* path;
  const char* error;  // Part of it.
};

const Refused kRefused[] = {
    // Types, named as play-json does.
    {R"("id":1)", kTypes, "/id", "error.expected.jsstring"},
    {R"("id":null)", kTypes, "/id", "error.expected.jsstring"},
    {R"("cmd":5)", kTypes, "/cmd", "error.expected.jsstring"},
    {R"("args":"x")", kTypes, "/args", "error.expected.jsarray"},
    {R"("args":["x",1])", kTypes, "/args(1)", "error.expected.jsstring"},
    {R"("instances":"1")", kTypes, "/instances", "error.expected.jsnumber"},
    {R"("instances":1.5)", kTypes, "/instances", "error.expected.int"},
    {R"("instances":18446744073709551615)", kTypes, "/instances", "error.expected.int"},
    {R"("cpus":"1")", kTypes, "/cpus", "error.expected.jsnumber"},
    {R"("mem":true)", kTypes, "/mem", "error.expected.jsnumber"},
    {R"("gpus":0.5)", kTypes, "/gpus", "error.expected.int"},
    {R"("env":[])", kTypes, "/env", "error.expected.jsobject"},
    {R"("env":{"A":1})", kTypes, "/env/A", "error.expected.jsstring"},
    {R"("env":{"A":null})", kTypes, "/env/A", "error.expected.jsstring"},
    {R"("env":{"A":{"secret":1}})", kTypes, "/env/A/secret", "error.expected.jsstring"},
    {R"("env":{"A":{}})", kTypes, "/env/A/secret", "error.path.missing"},
    {R"("labels":{"a":1})", kTypes, "/labels/a", "error.expected.jsstring"},
    {R"("labels":"a")", kTypes, "/labels", "error.expected.jsobject"},
    {R"("requirePorts":"true")", kTypes, "/requirePorts", "error.expected.jsboolean"},
    {R"("constraints":{})", kTypes, "/constraints", "error.expected.jsarray"},
    {R"("constraints":["hostname"])", kTypes, "/constraints(0)", "error.expected.jsarray"},
    {R"("constraints":[["hostname",1]])", kTypes, "/constraints(0)(1)", "error.expected.jsstring"},
    {R"("fetch":["x"])", kTypes, "/fetch(0)", "error.expected.jsobject"},
    {R"("fetch":[{}])", kTypes, "/fetch(0)/uri", "error.path.missing"},
    {R"("fetch":[{"uri":"u","extract":1}])", kTypes, "/fetch(0)/extract",
     "error.expected.jsboolean"},
    {R"("uris":[1])", kTypes, "/uris(0)", "error.expected.jsstring"},
    {R"("portDefinitions":[80])", kTypes, "/portDefinitions(0)", "error.expected.jsobject"},
    {R"("portDefinitions":[{"port":"80"}])", kTypes, "/portDefinitions(0)/port",
     "error.expected.jsnumber"},
    {R"("portDefinitions":[{"protocol":"icmp"}])", kTypes, "/portDefinitions(0)/protocol",
     "error.unknown.enum.literal"},
    {R"("ports":["80"])", kTypes, "/ports(0)", "error.expected.jsnumber"},
    {R"("ports":[1.5])", kTypes, "/ports(0)", "error.expected.int"},
    {R"("healthChecks":[{"protocol":"UDP"}])", kTypes, "/healthChecks(0)/protocol",
     "error.unknown.enum.literal"},
    {R"("healthChecks":[{"intervalSeconds":"5"}])", kTypes, "/healthChecks(0)/intervalSeconds",
     "error.expected.jsnumber"},
    {R"("healthChecks":[{"protocol":"COMMAND","command":{}}])", kTypes,
     "/healthChecks(0)/command/value", "error.path.missing"},
    {R"("upgradeStrategy":1)", kTypes, "/upgradeStrategy", "error.expected.jsobject"},
    {R"("upgradeStrategy":{"minimumHealthCapacity":"1"})", kTypes,
     "/upgradeStrategy/minimumHealthCapacity", "error.expected.jsnumber"},
    {R"("killSelection":"RANDOM")", kTypes, "/killSelection", "error.unknown.enum.literal"},
    {R"("unreachableStrategy":"off")", kTypes, "/unreachableStrategy",
     "error.unknown.enum.literal"},
    {R"("unreachableStrategy":5)", kTypes, "/unreachableStrategy", "error.expected.jsobject"},
    {R"("networks":[{"mode":"overlay"}])", kTypes, "/networks(0)/mode",
     "error.unknown.enum.literal"},
    {R"("networks":{"mode":"host"})", kTypes, "/networks", "error.expected.jsarray"},
    {R"("container":[])", kTypes, "/container", "error.expected.jsobject"},
    {R"("container":{"type":"RKT"})", kTypes, "/container/type", "error.unknown.enum.literal"},
    {R"("container":{"type":"DOCKER","docker":{}})", kTypes, "/container/docker/image",
     "error.path.missing"},
    {R"("container":{"type":"MESOS","volumes":[{"containerPath":"a","hostPath":"/a"}]})", kTypes,
     "/container/volumes(0)/mode", "error.path.missing"},
    {R"("container":{"type":"MESOS","volumes":[{"containerPath":"a","mode":"RW"}]})", kTypes,
     "/container/volumes(0)/hostPath", "error.path.missing"},
    {R"("dependencies":"/b")", kTypes, "/dependencies", "error.expected.jsarray"},
    {R"("acceptedResourceRoles":"*")", kTypes, "/acceptedResourceRoles", "error.expected.jsarray"},
    {R"("check":{"http":5})", kTypes, "/check/http", "error.expected.jsobject"},
    {R"("check":{"exec":{}})", kTypes, "/check/exec/command", "error.path.missing"},
    {R"("readinessChecks":[{"httpStatusCodesForReady":["200"]}])", kTypes,
     "/readinessChecks(0)/httpStatusCodesForReady(0)", "error.expected.jsnumber"},
    {R"("x-meseta":1)", kTypes, "/x-meseta", "error.expected.jsobject"},
    {R"("x-meseta":{"rollbackOnDeadline":1})", kTypes, "/x-meseta/rollbackOnDeadline",
     "error.expected.jsboolean"},
    // Ids.
    {R"("id":"/")", kRules, "/id", "at least one path element"},
    {R"("id":"/Web")", kRules, "/id", "must fully match regular expression"},
    {R"("id":"/a_b")", kRules, "/id", "must fully match regular expression"},
    {R"("id":"/-a")", kRules, "/id", "must fully match regular expression"},
    {R"("id":"")", kRules, "/id", ""},
    {R"("id":"/a/restart")", kRules, "/id", "reserved keywords"},
    {R"("id":"/tasks")", kRules, "/id", "reserved keywords"},
    {R"("id":"versions")", kRules, "/id", "reserved keywords"},
    {R"("dependencies":["/B"])", kRules, "/dependencies(0)", "must fully match"},
    // Commands.
    {R"("cmd":"")", kRules, "/cmd", "must not be an empty string"},
    {R"("cmd":null)", kRules, "/", "AppDefinition must either contain one of 'cmd' or 'args'"},
    {R"("args":["a"])", kRules, "/", "AppDefinition must either contain one of 'cmd' or 'args'"},
    {R"("cmd":null,"container":{"type":"DOCKER"})", kRules, "/", "AppDefinition must either"},
    // Amounts.
    {R"("instances":-1)", kRules, "/instances", "got -1"},
    {R"("instances":2147483648)", kRules, "/instances", "got 2147483648"},
    {R"("cpus":0)", kRules, "/cpus", "expected between 0.001"},
    {R"("cpus":-0.5)", kRules, "/cpus", "got -0.5"},
    {R"("mem":-1)", kRules, "/mem", "got -1"},
    {R"("disk":1e300)", kRules, "/disk", "got"},
    {R"("gpus":-1)", kRules, "/gpus", "got -1"},
    {R"("resourceLimits":{"cpus":0.5},"cpus":1)", kRules, "/resourceLimits/cpus",
     "must be greater than or equal to requested resource (1)"},
    {R"("resourceLimits":{"mem":"all"})", kRules, "/resourceLimits/mem", "invalid resource limit"},
    {R"("executorResources":{"mem":1})", kRules, "/executorResources/mem", "got 1"},
    {R"("backoffFactor":0.5)", kRules, "/backoffFactor", "got 0.5"},
    {R"("backoffSeconds":-1)", kRules, "/backoffSeconds", "got -1"},
    {R"("maxLaunchDelaySeconds":-1)", kRules, "/maxLaunchDelaySeconds", "got -1"},
    {R"("taskKillGracePeriodSeconds":-1)", kRules, "/taskKillGracePeriodSeconds", "got -1"},
    // Roles.
    {R"("acceptedResourceRoles":[])", kRules, "/acceptedResourceRoles", "must not be empty"},
    {R"("acceptedResourceRoles":["dev"])", kRules, "/acceptedResourceRoles", "can only contain *"},
    {R"("acceptedResourceRoles":["a b"])", kRules, "/acceptedResourceRoles",
     "A role name must not"},
    {R"("acceptedResourceRoles":["-a"])", kRules, "/acceptedResourceRoles", "start with a '-'"},
    // Constraints.
    {R"("constraints":[["hostname"]])", kRules, "/constraints(0)", "either 2 or 3 fields"},
    {R"("constraints":[["a","LIKE","b","c"]])", kRules, "/constraints(0)", "either 2 or 3 fields"},
    {R"("constraints":[["hostname","NEAR"]])", kRules, "/constraints(0)",
     "operator must be one of the following UNIQUE, CLUSTER, GROUP_BY, LIKE, MAX_PER, UNLIKE or "
     "IS"},
    {R"("constraints":[["hostname","UNIQUE","x"]])", kRules, "/constraints(0)",
     "does not accept a value"},
    {R"("constraints":[["hostname","UNIQUE"],["a","GROUP_BY","x"]])", kRules, "/constraints(1)",
     "GROUP BY must define an integer value"},
    {R"("constraints":[["a","MAX_PER"]])", kRules, "/constraints(0)",
     "MAX_PER requires an integer"},
    {R"("constraints":[["a","MAX_PER","two"]])", kRules, "/constraints(0)",
     "MAX_PER requires an integer"},
    {R"("constraints":[["a","LIKE"]])", kRules, "/constraints(0)", "LIKE and UNLIKE require"},
    {R"("constraints":[["a","UNLIKE","("]])", kRules, "/constraints(0)",
     "not a valid regular expression"},
    {R"("constraints":[["a","IS","[1-2]"]])", kRules, "/constraints(0)", "IS only supports"},
    {R"("constraints":[["","UNIQUE"]])", kRules, "/constraints(0)", "missing field"},
    // Artifacts.
    {R"("fetch":[{"uri":"http://a b"}])", kRules, "/fetch(0)/uri", "URI has invalid syntax."},
    {R"("fetch":[{"uri":""}])", kRules, "/fetch(0)/uri", "URI has invalid syntax."},
    {R"("fetch":[{"uri":"u"},{"uri":"a%zz"}])", kRules, "/fetch(1)/uri", "URI has invalid syntax."},
    {R"("fetch":[{"uri":"u"}],"uris":["v"])", kRules, "/uris", "in conjunction with fetch"},
    // Ports and networks.
    {R"("portDefinitions":[{"port":70000}])", kRules, "/portDefinitions(0)/port", "got 70000"},
    {R"("portDefinitions":[{"port":80},{"port":80}])", kRules, "/portDefinitions",
     "Ports must be unique."},
    {R"("portDefinitions":[{"name":"a"},{"name":"a"}])", kRules, "/portDefinitions",
     "Port names must be unique."},
    {R"("portDefinitions":[{"name":"Web"}])", kRules, "/portDefinitions(0)/name",
     "must fully match"},
    {R"("ports":[80,80])", kRules, "/ports", "ports must be unique"},
    {R"("ports":[-1])", kRules, "/ports(0)", "got -1"},
    {R"("ports":[80],"portDefinitions":[{"port":81}])", kRules, "/",
     "cannot specify both ports and port definitions"},
    {R"("ipAddress":{},"ports":[80])", kRules, "/", "cannot specify both an IP address and port"},
    {R"("ipAddress":{},"networks":[{"mode":"host"}])", kRules, "/",
     "must not specify both networks and ipAddress"},
    {R"("networks":[{"mode":"host"},{"mode":"host"}])", kRules, "/networks", "single host network"},
    {R"("networks":[{"mode":"host"},{"mode":"container","name":"a"}])", kRules, "/networks",
     "single host network"},
    {R"("networks":[{"mode":"host","name":"a"}])", kRules, "/networks",
     "may not have names or labels"},
    {R"("networks":[{"mode":"container/bridge","name":"a"}])", kRules, "/networks",
     "Bridge networks may not have names"},
    {R"("networks":[{"mode":"container"}])", kRules, "/networks", "Network name must be specified"},
    {R"("networks":[{"name":"a"},{"name":"a"}])", kRules, "/networks", "Duplicate networks"},
    {R"("networks":[{"name":"A"}])", kRules, "/networks(0)/name", "must fully match"},
    {R"("networks":[{"name":"a"}],"container":{"type":"MESOS","portMappings":[{"networkNames":["b"]}]})",
     kRules, "/container/portMappings(0)/networkNames(0)", "is not one of"},
    {R"("networks":[{"name":"a"},{"name":"b"}],"container":{"type":"MESOS","portMappings":[{"hostPort":1}]})",
     kRules, "/container/portMappings(0)", "networkNames must be a single item list"},
    {R"("networks":[{"name":"a"}],"container":{"type":"MESOS","portMappings":[{"name":"x"},{"name":"x"}]})",
     kRules, "/container/portMappings", "Port names must be unique."},
    {R"("networks":[{"name":"a"},{"name":"b"}],"container":{"type":"DOCKER","docker":{"image":"i"}})",
     kRules, "/", "may only specify a single container network"},
    // Containers.
    {R"("container":{"type":"DOCKER"})", kRules, "/container/docker", "not defined"},
    {R"("container":{"docker":{"image":""}})", kRules, "/container/docker/image",
     "must not be empty"},
    {R"("container":{"docker":{"image":"i","network":"HOST"}},"networks":[{"mode":"host"}])",
     kRules, "/", "must not specify both container.docker.network and networks"},
    {R"("container":{"docker":{"image":"i","network":"NONE"}})", kRules,
     "/container/docker/network", "unsupported docker network type NONE"},
    {R"("container":{"docker":{"image":"i","portMappings":[{}]},"portMappings":[{}]})", kRules,
     "/container/docker/portMappings", "cannot specify both portMappings"},
    {R"("container":{"docker":{"image":"i","credential":{"principal":"p"}}})", kRules,
     "/container/docker/credential", "must be empty"},
    {R"("gpus":1,"container":{"docker":{"image":"i"}})", kRules, "/",
     "only work with the Mesos containerizer"},
    {R"("container":{"type":"MESOS","volumes":[{"containerPath":"a/b","mode":"RW","persistent":{"size":1}}]})",
     kRules, "/container/volumes(0)/containerPath", "must not contain"},
    {R"("container":{"type":"MESOS","volumes":[{"containerPath":"a","mode":"RO","persistent":{"size":1}}]})",
     kRules, "/container/volumes(0)/mode", "must be RW"},
    {R"("container":{"type":"MESOS","volumes":[{"containerPath":"a","mode":"RW","persistent":{"size":0}}]})",
     kRules, "/container/volumes(0)/persistent/size", "got 0"},
    {R"("container":{"type":"MESOS","volumes":[{"containerPath":"","hostPath":"/a","mode":"RW"}]})",
     kRules, "/container/volumes(0)/containerPath", "must not be empty"},
    {R"("container":{"type":"MESOS","volumes":[{"containerPath":"a","secret":"s"}]})", kRules,
     "/container/volumes(0)", "must refer to an existing secret"},
    // Checks.
    {R"("healthChecks":[{"portIndex":1}])", kRules, "/healthChecks(0)",
     "port indices must address"},
    {R"("healthChecks":[{}],"portDefinitions":[])", kRules, "/healthChecks(0)",
     "port indices must address"},
    {R"("healthChecks":[{"protocol":"COMMAND"}])", kRules, "/healthChecks(0)/command",
     "not defined"},
    {R"("healthChecks":[{"gracePeriodSeconds":-1}])", kRules, "/healthChecks(0)/gracePeriodSeconds",
     "got -1"},
    {R"("healthChecks":[{"protocol":"MESOS_TCP"},{"protocol":"MESOS_HTTP"}])", kRules, "/",
     "at most one Mesos health check"},
    {R"("healthChecks":[{"ipProtocol":"IPv6"}])", kRules, "/healthChecks(0)",
     "IPv6 can only be used"},
    {R"("check":{})", kRules, "/check", "exactly one of"},
    {R"("check":{"tcp":{},"http":{}})", kRules, "/check", "exactly one of"},
    {R"("check":{"tcp":{"portIndex":3}})", kRules, "/check", "portIndex must address"},
    {R"("check":{"exec":{"command":{"shell":"a","argv":["b"]}}})", kRules, "/check/exec/command",
     "never both"},
    {R"("readinessChecks":[{}])", kRules, "/readinessChecks(0)/portName",
     "No port definition reference for portName http-api"},
    {R"("readinessChecks":[{"portName":"default","timeoutSeconds":30}])", kRules,
     "/readinessChecks(0)/timeoutSeconds", "expected less than 30"},
    {R"("readinessChecks":[{"portName":"default"},{"portName":"default"}])", kRules,
     "/readinessChecks", "expected 1 or less"},
    {R"("readinessChecks":[{"portName":"default","httpStatusCodesForReady":[99]}])", kRules,
     "/readinessChecks(0)/httpStatusCodesForReady(0)", "got 99"},
    // Strategies.
    {R"("upgradeStrategy":{"minimumHealthCapacity":1.5})", kRules,
     "/upgradeStrategy/minimumHealthCapacity", "expected between 0 and 1"},
    {R"("upgradeStrategy":{"maximumOverCapacity":-1})", kRules,
     "/upgradeStrategy/maximumOverCapacity", "expected between 0 and 1"},
    {R"("labels":{"MARATHON_SINGLE_INSTANCE_APP":"true"},"instances":2)", kRules, "/",
     "Single instance app may only have one instance"},
    {R"("labels":{"MARATHON_SINGLE_INSTANCE_APP":"true"},"upgradeStrategy":{"minimumHealthCapacity":1})",
     kRules, "/upgradeStrategy/minimumHealthCapacity", "expected 0"},
    {R"("labels":{"DCOS_MIGRATION_API_VERSION":"v1"})", kRules, "/", "DCOS_PACKAGE_FRAMEWORK_NAME"},
    {R"("unreachableStrategy":{"inactiveAfterSeconds":300})", kRules, "/unreachableStrategy",
     "inactiveAfterSeconds (300) must be less or equal to expungeAfterSeconds, which is 0"},
    {R"("unreachableStrategy":{"inactiveAfterSeconds":-1})", kRules,
     "/unreachableStrategy/inactiveAfterSeconds", "got -1"},
    // Secrets and our own.
    {R"("env":{"A":{"secret":"s"}})", kRules, "/env/A/secret", "references an undefined secret"},
    {R"("secrets":{"s":{"source":""}})", kRules, "/secrets/s/source", "must not be empty"},
    {R"("env":{"":"x"})", kRules, "/env", "names must not be empty"},
    {R"("x-meseta":{"rollbackOnDeadline":true})", kRules, "/x-meseta/rollbackOnDeadline",
     "needs progressDeadlineSeconds"},
    {R"("x-meseta":{"deadline":1})", kRules, "/x-meseta/deadline", "is unknown"},
    {R"("x-meseta":{"progressDeadlineSeconds":-1})", kRules, "/x-meseta/progressDeadlineSeconds",
     "got -1"},
};

TEST(AppRulesTest, WhatIsRefusedAndWhere) {
  for (const Refused& row : kRefused) {
    const Answer<AppSpec> app = ReadApp(Json(AppWith(row.members)), "/", Everything());
    ASSERT_FALSE(app.ok()) << row.members;
    EXPECT_EQ(app.error().status, 422) << row.members;
    EXPECT_EQ(app.error().message, row.message) << row.members;
    bool found = false;
    for (const ApiError::Detail& detail : app.error().details) {
      if (detail.path != row.path) continue;
      for (const std::string& error : detail.errors) {
        found = found || error.find(row.error) != std::string::npos;
      }
    }
    EXPECT_TRUE(found) << row.members << "\n" << ShowErrors(app.error());
    EXPECT_LE(app.error().details.size(), 2u) << row.members << "\n" << ShowErrors(app.error());
  }
}

struct Missing {
  const char* members;
  const char* path;
  const char* error;
};

// Of a release whose agents only run commands on their host.
TEST(AppRulesTest, WhatAgentsCannotDoIsSaid) {
  const Missing rows[] = {
      {R"("container":{"docker":{"image":"nginx"}})", "/container/docker",
       "container images are not supported"},
      {R"("networks":[{"mode":"container/bridge"}])", "/networks(0)",
       "networks other than the host's"},
      {R"("networks":[{"mode":"container","name":"a"}])", "/networks(0)",
       "networks other than the host's"},
      {R"("container":{"type":"MESOS","volumes":[{"containerPath":"a","hostPath":"/a","mode":"RO"}]})",
       "/container/volumes(0)", "host volumes are not supported"},
      {R"("container":{"type":"MESOS","volumes":[{"containerPath":"a","hostPath":"data","mode":"RW"}]})",
       "/container/volumes(0)", "host volumes are not supported"},
      {R"("container":{"type":"MESOS","volumes":[{"containerPath":"a","mode":"RW","persistent":{"size":1}}]})",
       "/container/volumes(0)", "persistent volumes are not supported"},
      {R"("container":{"type":"MESOS","volumes":[{"containerPath":"a","mode":"RW","external":{"name":"n"}}]})",
       "/container/volumes(0)", "external volumes are not supported"},
      {R"("container":{"type":"MESOS","volumes":[{"containerPath":"a","secret":"s"}]})",
       "/container/volumes(0)", "secret volumes are not supported"},
      {R"("container":{"type":"MESOS","linuxInfo":{"ipcInfo":{}}})", "/container/linuxInfo",
       "not supported"},
      {R"("gpus":1)", "/", "Feature gpu_resources is not enabled"},
      {R"("secrets":{"s":{"source":"x"}})", "/secrets", "Feature secrets is not enabled"},
      {R"("env":{"A":{"secret":"s"}})", "/env", "requires the secrets feature"},
      {R"("executor":"/opt/executor")", "/executor", "executors other than //cmd"},
      {R"("resourceLimits":{"cpus":"unlimited"})", "/resourceLimits",
       "resource limits are not supported"},
      {R"("tty":true)", "/tty", "terminals are not supported"},
  };
  for (const Missing& row : rows) {
    const Answer<AppSpec> app = ReadApp(Json(AppWith(row.members)), "/", Defaults());
    ASSERT_FALSE(app.ok()) << row.members;
    const std::string errors = ShowErrors(app.error());
    EXPECT_NE(errors.find("\n" + std::string(row.path) + " | "), std::string::npos) << errors;
    EXPECT_NE(errors.find(row.error), std::string::npos) << errors;
  }
}

const char* const kTaken[] = {
    "",
    R"("instances":0)",
    R"("instances":3.0)",
    R"("cpus":0.001,"mem":0,"disk":0.5)",
    R"("cmd":null,"args":["a","b c"])",
    R"("cmd":null,"container":{"type":"MESOS"})",
    R"("cmd":null,"container":{"docker":{"image":"nginx"}})",
    R"("args":null,"labels":null,"env":null,"container":null,"upgradeStrategy":null)",
    R"("executor":"//cmd")",
    R"("executor":"/opt/executor","executorResources":{"cpus":0.5})",
    R"("resourceLimits":{"cpus":2,"mem":"unlimited"})",
    R"("env":{"A":"1","B":""})",
    R"("env":{"A":{"secret":"s"}},"secrets":{"s":{"source":"/x"}})",
    R"("labels":{"HAPROXY_GROUP":"external"},"user":"nobody","tty":false)",
    R"("fetch":[{"uri":"http://a/b.tgz","cache":true,"destPath":"x"}])",
    R"("uris":["http://a/b.tgz","http://a/b.txt"])",
    R"("constraints":[["hostname","unique"],["a","CLUSTER"],["a","CLUSTER","x"],["r","GROUP_BY"],)"
    R"(["r","GROUP_BY","3"],["a","LIKE","x.*"],["a","UNLIKE","[0-9]+"],["a","MAX_PER","2"],["a","IS","x/1.5"]])",
    R"("constraints":[["a","MAX_PER",2]])",
    R"("acceptedResourceRoles":["*"])",
    R"("id":"/dev/a","role":"dev","acceptedResourceRoles":["dev","*"])",
    R"("backoffSeconds":0,"backoffFactor":1,"maxLaunchDelaySeconds":3600)",
    R"("portDefinitions":[])",
    R"("portDefinitions":[{"port":0},{"port":8080,"name":"http","protocol":"udp,tcp","labels":{"VIP":"a"}}])",
    R"("ports":[0,8080],"requirePorts":true)",
    R"("ports":[8080],"portDefinitions":[{"port":8080,"name":"web"}])",
    R"("networks":[{"mode":"host"}])",
    R"("networks":[{"mode":"container/bridge"}])",
    R"("networks":[{"mode":"container","name":"a","labels":{"x":"y"}},{"name":"b"}],"container":{"type":"MESOS",)"
    R"("portMappings":[{"containerPort":80,"hostPort":0,"networkNames":["b"],"name":"http","labels":{"a":"b"}}]})",
    R"("networks":[{"name":"a"}],"container":{"type":"MESOS","portMappings":[]})",
    R"("ipAddress":{"networkName":"a","labels":{"x":"y"}})",
    R"("container":{"docker":{"image":"i","network":"BRIDGE","portMappings":[{"containerPort":80}]}})",
    R"("container":{"docker":{"image":"i","network":"HOST","parameters":[{"key":"a","value":"b"}],)"
    R"("forcePullImage":true,"privileged":true}})",
    R"("container":{"type":"MESOS","volumes":[{"containerPath":"a","hostPath":"/a","mode":"RO"}]})",
    R"("container":{"type":"MESOS","volumes":[{"containerPath":"a","mode":"RW","persistent":{"size":10}}]})",
    R"("container":{"type":"MESOS","linuxInfo":{"seccomp":{"unconfined":true}}})",
    R"("healthChecks":[{}])",
    R"("healthChecks":[{"protocol":"HTTPS","path":"/health","port":8443,"ignoreHttp1xx":true}])",
    R"("healthChecks":[{"protocol":"COMMAND","command":{"value":"true"},"maxConsecutiveFailures":0}])",
    R"("healthChecks":[{"protocol":"TCP"},{"protocol":"MESOS_HTTP","path":"/x","portIndex":0}])",
    R"("check":{"http":{"path":"/x","scheme":"HTTPS"},"intervalSeconds":5})",
    R"("check":{"tcp":{"port":80}})",
    R"("check":{"exec":{"command":{"shell":"true"}}})",
    R"("check":{"exec":{"command":{"argv":["echo","it's"]}}})",
    R"("readinessChecks":[{"portName":"default"}])",
    R"("portDefinitions":[{"name":"http-api"}],"readinessChecks":[{"protocol":"HTTPS","path":"/v1/plan",)"
    R"("httpStatusCodesForReady":[200,302],"preserveLastResponse":true,"name":"plan"}])",
    R"("upgradeStrategy":{"minimumHealthCapacity":0.5,"maximumOverCapacity":0.2})",
    R"("upgradeStrategy":{"minimumHealthCapacity":0})",
    R"("labels":{"MARATHON_SINGLE_INSTANCE_APP":"true"})",
    R"("killSelection":"OLDEST_FIRST","unreachableStrategy":"disabled")",
    R"("unreachableStrategy":{"inactiveAfterSeconds":60,"expungeAfterSeconds":120})",
    R"("taskKillGracePeriodSeconds":30)",
    R"("dependencies":["/b","b","../c"])",
    R"("x-meseta":{"progressDeadlineSeconds":600,"rollbackOnDeadline":true})",
    R"("x-meseta":{"progressDeadlineSeconds":0.5})",
    R"("x-meseta":{})",
    R"("residency":{"relaunchEscalationTimeoutSeconds":10})",
    // What the server says itself, sent back.
    R"("version":"2026-11-22T14:00:00.000Z","versionInfo":{},"tasksRunning":1,"tasks":[],"deployments":[])",
};

TEST(AppRulesTest, WhatIsTakenComesBackTheSame) {
  for (const char* members : kTaken) {
    const Answer<AppSpec> app = ReadApp(Json(AppWith(members)), "/", Everything());
    ASSERT_TRUE(app.ok()) << members << "\n" << ShowErrors(app.error());
    const std::string written = Written(*app);
    const Answer<AppSpec> again = ReadApp(Json(written), "/", Everything());
    ASSERT_TRUE(again.ok()) << written << "\n" << ShowErrors(again.error());
    EXPECT_TRUE(SameDefinition(*app, *again)) << app->DebugString() << again->DebugString();
    EXPECT_EQ(Written(*again), written);
    const Answer<AppSpec> same = PatchApp(*app, boost::json::object{}, "/", Everything());
    ASSERT_TRUE(same.ok()) << written << "\n" << ShowErrors(same.error());
    EXPECT_TRUE(SameDefinition(*app, *same)) << written;
    EXPECT_TRUE(ValidateApp(*app, Everything()).empty());
  }
}

TEST(AppRulesTest, AllErrorsAreToldAtOnce) {
  const Answer<AppSpec> app = ReadApp(
      Json(
          R"({"id":"/a","cpus":-1,"mem":-1,"constraints":[["a","UNIQUE","x"]],"portDefinitions":[{"port":1},{"port":1}]})"),
      "/", Defaults());
  ASSERT_FALSE(app.ok());
  EXPECT_EQ(ShowErrors(app.error()),
            "422 Object is not valid\n"
            "/cpus | got -1, expected between 0.001 and 1000000000\n"
            "/mem | got -1, expected between 0 and 1000000000\n"
            "/ | AppDefinition must either contain one of 'cmd' or 'args', and/or a 'container'.\n"
            "/constraints(0) | UNIQUE does not accept a value\n"
            "/portDefinitions | Ports must be unique.\n");
}

TEST(AppRulesTest, AnEmptyDocumentLacksAnId) {
  const Answer<AppSpec> app = ReadApp(Json("{}"), "/", Defaults());
  ASSERT_FALSE(app.ok());
  EXPECT_EQ(ShowErrors(app.error()), "422 Invalid JSON\n/id | error.path.missing\n");
}

}  // namespace
}  // namespace meseta::services
