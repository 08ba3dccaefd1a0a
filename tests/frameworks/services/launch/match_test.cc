// The funnel in its order, ports, resources, and every part of the task that is built.
#include "frameworks/services/launch/match.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "frameworks/services/launch/offer_left.h"
#include "frameworks/services/launch/task_builder.h"
#include "tests/frameworks/services/launch/builders.h"

namespace meseta::services {
namespace {

using testing::AConstraint;
using testing::AnApp;
using testing::AnOffer;
using ::testing::ElementsAre;
using Op = internal::AppConstraint;

constexpr int64_t kNowMs = 1'700'000'000'000;

MatchOutcome Try(const AppSpec& app, const v1::Offer& offer, MatchOptions options = {},
                 const std::vector<InstancePtr>& others = {}) {
  Rng rng(7);
  const model::Resources left = model::Resources::FromProto(offer.resources()).value();
  return Match(app, offer, left, others, options, kNowMs, rng);
}

MatchedInstance Matched(const AppSpec& app, const v1::Offer& offer,
                        const MatchOptions& options = {}) {
  MatchOutcome outcome = Try(app, offer, options);
  if (const auto* refusal = std::get_if<MatchRefusal>(&outcome)) {
    ADD_FAILURE() << "refused: " << RejectReasonName(refusal->reason);
    return {};
  }
  return std::get<MatchedInstance>(std::move(outcome));
}

std::string Refused(const MatchOutcome& outcome) {
  const auto* refusal = std::get_if<MatchRefusal>(&outcome);
  return refusal == nullptr ? "" : std::string(RejectReasonName(refusal->reason));
}

void AddPort(AppSpec* app, uint32_t port, const std::string& name = "") {
  internal::AppPort* added = app->add_port_definitions();
  added->set_port(port);
  added->set_protocol("tcp");
  if (!name.empty()) added->set_name(name);
}

std::map<std::string, std::string> EnvironmentOf(const v1::TaskInfo& task) {
  std::map<std::string, std::string> variables;
  for (const auto& variable : task.command().environment().variables()) {
    variables[variable.name()] = variable.value();
  }
  return variables;
}

// An app that falls at every step, mended step by step.
TEST(MatchTest, FunnelInOrder) {
  AppSpec app = AnApp("/web", 1, 4, 4096);
  app.mutable_resources()->set_disk(1000);
  app.mutable_resources()->set_gpus(2);
  app.set_role("other");
  app.add_accepted_resource_roles("*");
  *app.add_constraints() = AConstraint("hostname", Op::IS, "b");
  AddPort(&app, 0);
  AddPort(&app, 0);
  v1::Offer offer = AnOffer("a", "cpus:1;mem:100;disk:10;gpus:1;ports:[31000-31000]");
  offer.mutable_unavailability()->mutable_start()->set_nanoseconds((kNowMs - 1000) * 1'000'000);
  MatchOptions options;
  options.enable_gpus = true;
  EXPECT_EQ(Refused(Try(app, offer, options)), "UnfulfilledRole");
  app.set_role("web");
  EXPECT_EQ(Refused(Try(app, offer, options)), "UnfulfilledConstraint");
  app.clear_constraints();
  EXPECT_EQ(Refused(Try(app, offer, options)), "AgentMaintenance");
  offer.clear_unavailability();
  EXPECT_EQ(Refused(Try(app, offer, options)), "InsufficientCpus");
  app.mutable_resources()->set_cpus(1);
  EXPECT_EQ(Refused(Try(app, offer, options)), "InsufficientMemory");
  app.mutable_resources()->set_mem(100);
  EXPECT_EQ(Refused(Try(app, offer, options)), "InsufficientDisk");
  app.mutable_resources()->set_disk(10);
  EXPECT_EQ(Refused(Try(app, offer, options)), "InsufficientGpus");
  app.mutable_resources()->set_gpus(0);
  EXPECT_EQ(Refused(Try(app, offer, options)), "InsufficientPorts");
  app.mutable_port_definitions()->RemoveLast();
  EXPECT_EQ(Refused(Try(app, offer, options)), "DeclinedScarceResources");
  (*app.mutable_labels())["GPU_SCHEDULING_BEHAVIOR"] = "unrestricted";
  EXPECT_EQ(Refused(Try(app, offer, options)), "");
}

TEST(MatchTest, RefusalsHaveNumbers) {
  const MatchOutcome memory = Try(AnApp("/web", 1, 1, 8192), AnOffer("a", "cpus:1;mem:6348"));
  const auto& refusal = std::get<MatchRefusal>(memory);
  EXPECT_EQ(refusal.needed, 8192);
  EXPECT_EQ(refusal.offered, 6348);
  AppSpec unique = AnApp("/web");
  *unique.add_constraints() = AConstraint("hostname", Op::UNIQUE);
  const MatchOutcome placed =
      Try(unique, AnOffer("a", "cpus:1;mem:128"), {}, {testing::InstanceOn("a")});
  EXPECT_EQ(std::get<MatchRefusal>(placed).constraint, "hostname UNIQUE");
}

TEST(MatchTest, MaintenanceWindows) {
  struct Row {
    int64_t start_ms;
    int64_t duration_ms;  // 0: without end.
    bool refused;
  };
  for (const Row& row : std::vector<Row>{{kNowMs + 1, 0, false},
                                         {kNowMs + 1, 5000, false},
                                         {kNowMs - 1, 0, true},
                                         {kNowMs - 1000, 5000, true},
                                         {kNowMs - 6000, 5000, false}}) {
    v1::Offer offer = AnOffer("a", "cpus:1;mem:128");
    offer.mutable_unavailability()->mutable_start()->set_nanoseconds(row.start_ms * 1'000'000);
    if (row.duration_ms > 0) {
      offer.mutable_unavailability()->mutable_duration()->set_nanoseconds(row.duration_ms *
                                                                          1'000'000);
    }
    EXPECT_EQ(Refused(Try(AnApp("/web"), offer)) == "AgentMaintenance", row.refused)
        << row.start_ms;
  }
}

TEST(MatchTest, AcceptedRoles) {
  const v1::Offer reserved = AnOffer("a", "cpus(web):1;mem(web):128");
  const v1::Offer unreserved = AnOffer("a", "cpus:1;mem:128");
  const v1::Offer both = AnOffer("a", "cpus(web):0.5;mem(web):64;cpus:0.5;mem:64");
  struct Row {
    std::vector<std::string> roles;
    std::string of_reserved, of_unreserved, of_both;
  };
  for (const Row& row : std::vector<Row>{{{}, "", "", ""},
                                         {{"*", "web"}, "", "", ""},
                                         {{"*"}, "UnfulfilledRole", "", "InsufficientCpus"},
                                         {{"web"}, "", "UnfulfilledRole", "InsufficientCpus"}}) {
    AppSpec app = AnApp("/web");
    for (const std::string& role : row.roles) app.add_accepted_resource_roles(role);
    EXPECT_EQ(Refused(Try(app, reserved)), row.of_reserved);
    EXPECT_EQ(Refused(Try(app, unreserved)), row.of_unreserved);
    EXPECT_EQ(Refused(Try(app, both)), row.of_both);
  }
}

TEST(MatchTest, ReservedResourcesGoFirst) {
  const v1::Offer offer = AnOffer("a", "cpus:4;mem:512;cpus(web):0.4;mem(web):512");
  const MatchedInstance matched = Matched(AnApp("/web"), offer);
  const model::Resources expected =
      model::Resources::Parse("cpus(web):0.4;mem(web):128;cpus:0.6").value().AllocatedTo("web");
  EXPECT_EQ(matched.used, expected);
  EXPECT_EQ(model::Resources::FromProto(matched.task.resources()).value(), expected);
}

TEST(MatchTest, VolumesAndRevocableResourcesAreNotTaken) {
  v1::Offer offer = AnOffer("a", "cpus:1;mem:128;disk:1000");
  for (v1::Resource& resource : *offer.mutable_resources()) {
    if (resource.name() == "disk") {
      resource.mutable_disk()->mutable_source()->set_type(v1::Resource::DiskInfo::Source::MOUNT);
      resource.mutable_disk()->mutable_source()->mutable_mount()->set_root("/mnt/data");
    }
  }
  AppSpec app = AnApp("/web");
  app.mutable_resources()->set_disk(10);
  EXPECT_EQ(Refused(Try(app, offer)), "InsufficientDisk");
  v1::Offer revocable = AnOffer("a", "cpus:1;mem:128");
  for (v1::Resource& resource : *revocable.mutable_resources()) resource.mutable_revocable();
  EXPECT_EQ(Refused(Try(AnApp("/web"), revocable)), "InsufficientCpus");
}

TEST(MatchTest, RequiredPortsAreTheGivenOnes) {
  AppSpec app = AnApp("/web");
  app.set_require_ports(true);
  AddPort(&app, 31005);
  AddPort(&app, 31001);
  const MatchedInstance matched = Matched(app, AnOffer("a", "cpus:1;mem:128;ports:[31000-31009]"));
  EXPECT_THAT(matched.record.host_ports(), ElementsAre(31005, 31001));
  const MatchOutcome outcome = Try(app, AnOffer("a", "cpus:1;mem:128;ports:[31002-31009]"));
  EXPECT_EQ(Refused(outcome), "InsufficientPorts");
}

TEST(MatchTest, OtherPortsAreDrawn) {
  AppSpec app = AnApp("/web");
  for (int i = 0; i < 4; ++i) AddPort(&app, 8080 + static_cast<uint32_t>(i));
  const v1::Offer offer = AnOffer("a", "cpus:1;mem:128;ports:[31000-31001,31005-31007]");
  std::set<uint32_t> first;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    Rng rng(seed);
    const auto left = model::Resources::FromProto(offer.resources()).value();
    const MatchOutcome outcome = Match(app, offer, left, {}, {}, kNowMs, rng);
    const auto& matched = std::get<MatchedInstance>(outcome);
    const std::set<uint32_t> ports(matched.record.host_ports().begin(),
                                   matched.record.host_ports().end());
    EXPECT_EQ(ports.size(), 4U);
    EXPECT_TRUE(left.Contains(matched.used));
    first.insert(matched.record.host_ports(0));
  }
  EXPECT_GT(first.size(), 2U);  // Not always the same.
  AddPort(&app, 0);
  AddPort(&app, 0);
  EXPECT_EQ(Refused(Try(app, offer)), "InsufficientPorts");
}

TEST(MatchTest, TheRecord) {
  v1::Offer offer = AnOffer("node-1", "cpus:1;mem:128;ports:[31000-31000]");
  offer.mutable_domain()->mutable_fault_domain()->mutable_region()->set_name("eu");
  offer.mutable_domain()->mutable_fault_domain()->mutable_zone()->set_name("eu-1");
  testing::AddText(&offer, "rack", "r1");
  AppSpec app = AnApp("/shop/web");
  app.set_version(2'000);
  AddPort(&app, 0);
  const MatchedInstance matched = Matched(app, offer);
  const Instance& record = matched.record;
  EXPECT_EQ(record.id().substr(0, 18), "shop_web.instance-");
  EXPECT_EQ(record.task_id(), record.id() + "._app.1");
  EXPECT_EQ(record.app(), "/shop/web");
  EXPECT_EQ(record.app_version(), 2'000);
  EXPECT_EQ(record.config_version(), 1'000);
  EXPECT_EQ(record.condition(), Instance::PROVISIONED);
  EXPECT_EQ(record.agent_id(), "id-node-1");
  EXPECT_EQ(record.host(), "node-1");
  EXPECT_EQ(record.region(), "eu");
  EXPECT_EQ(record.zone(), "eu-1");
  EXPECT_EQ(record.attributes().at("rack"), "r1");
  EXPECT_THAT(record.host_ports(), ElementsAre(31000));
  EXPECT_EQ(record.role(), "web");
  EXPECT_EQ(record.staged_at(), kNowMs);
  EXPECT_EQ(matched.task.name(), "web.shop");
  EXPECT_EQ(matched.task.task_id().value(), record.task_id());
  EXPECT_EQ(matched.task.agent_id().value(), "id-node-1");
}

TEST(MatchTest, Commands) {
  AppSpec app = AnApp("/web");
  v1::CommandInfo command = Matched(app, AnOffer("a", "cpus:1;mem:128")).task.command();
  EXPECT_TRUE(command.shell());
  EXPECT_EQ(command.value(), "sleep 1000");
  EXPECT_FALSE(command.has_user());
  app.clear_cmd();
  app.add_args("/bin/echo");
  app.add_args("a b");
  app.set_user("nobody");
  internal::AppFetch* fetch = app.add_fetch();
  fetch->set_uri("http://host/x.tgz");
  fetch->set_executable(true);
  fetch->set_cache(true);
  fetch->set_dest_path("y.tgz");
  command = Matched(app, AnOffer("a", "cpus:1;mem:128")).task.command();
  EXPECT_FALSE(command.shell());
  EXPECT_EQ(command.value(), "/bin/echo");
  EXPECT_THAT(command.arguments(), ElementsAre("/bin/echo", "a b"));
  EXPECT_EQ(command.user(), "nobody");
  ASSERT_EQ(command.uris_size(), 1);
  EXPECT_EQ(command.uris(0).value(), "http://host/x.tgz");
  EXPECT_TRUE(command.uris(0).extract());
  EXPECT_TRUE(command.uris(0).executable());
  EXPECT_TRUE(command.uris(0).cache());
  EXPECT_EQ(command.uris(0).output_file(), "y.tgz");
  app.clear_user();
  MatchOptions options;
  options.default_user = "service";
  EXPECT_EQ(Matched(app, AnOffer("a", "cpus:1;mem:128"), options).task.command().user(), "service");
}

TEST(MatchTest, EnvironmentVariables) {
  AppSpec app = AnApp("/shop/web", 1, 0.5, 128);
  app.set_require_ports(true);
  AddPort(&app, 31001, "http");
  AddPort(&app, 31002, "admin-api");
  (*app.mutable_labels())["tier"] = "front";
  (*app.mutable_labels())["a.b-c"] = "x";
  (*app.mutable_labels())["long"] = std::string(512, 'x');
  (*app.mutable_env())["OWN"] = "1";
  (*app.mutable_env())["PORT1"] = "mine";
  const v1::Offer offer = AnOffer("node-1", "cpus:1;mem:128;ports:[31000-31009]");
  const MatchedInstance matched = Matched(app, offer);
  const std::map<std::string, std::string> expected = {
      {"MESOS_TASK_ID", matched.record.task_id()},
      {"MARATHON_APP_ID", "/shop/web"},
      {"MARATHON_APP_VERSION", "1970-01-01T00:00:01.000Z"},
      {"MARATHON_APP_RESOURCE_CPUS", "0.5"},
      {"MARATHON_APP_RESOURCE_MEM", "128.0"},
      {"MARATHON_APP_RESOURCE_DISK", "0.0"},
      {"MARATHON_APP_RESOURCE_GPUS", "0"},
      {"MARATHON_APP_ENFORCE_GROUP_ROLE", "FALSE"},
      {"MARATHON_APP_LABELS", "A_B_C TIER"},
      {"MARATHON_APP_LABEL_A_B_C", "x"},
      {"MARATHON_APP_LABEL_TIER", "front"},
      {"HOST", "node-1"},
      {"PORT", "31001"},
      {"PORT0", "31001"},
      {"PORT1", "mine"},  // The user's own wins.
      {"PORTS", "31001,31002"},
      {"PORT_31001", "31001"},
      {"PORT_31002", "31002"},
      {"PORT_HTTP", "31001"},
      {"PORT_ADMIN-API", "31002"},
      {"OWN", "1"},
  };
  EXPECT_EQ(EnvironmentOf(matched.task), expected);
}

TEST(MatchTest, EnvironmentWithPrefixAndRequestedPorts) {
  AppSpec app = AnApp("/web");
  AddPort(&app, 8080);
  AddPort(&app, 0);
  MatchOptions options;
  options.env_vars_prefix = "MY_";
  options.enforces_role = [](const Path& path) { return path == "/web"; };
  const MatchedInstance matched =
      Matched(app, AnOffer("a", "cpus:1;mem:128;ports:[31000-31009]"), options);
  const auto variables = EnvironmentOf(matched.task);
  const std::string first = std::to_string(matched.record.host_ports(0));
  const std::string second = std::to_string(matched.record.host_ports(1));
  EXPECT_EQ(variables.at("MY_PORT"), first);
  EXPECT_EQ(variables.at("MY_PORT0"), first);
  EXPECT_EQ(variables.at("MY_PORT1"), second);
  EXPECT_EQ(variables.at("MY_PORT_8080"), first);
  EXPECT_EQ(variables.at("MY_PORT_" + second), second);
  EXPECT_EQ(variables.at("MY_HOST"), "a");
  EXPECT_EQ(variables.count("PORT0"), 0U);
  EXPECT_EQ(variables.at("MARATHON_APP_ID"), "/web");
  EXPECT_EQ(variables.at("MARATHON_APP_ENFORCE_GROUP_ROLE"), "TRUE");
}

TEST(MatchTest, NoPortsNoPortVariables) {
  const auto variables = EnvironmentOf(Matched(AnApp("/web"), AnOffer("a", "cpus:1;mem:128")).task);
  EXPECT_EQ(variables.count("PORT"), 0U);
  EXPECT_EQ(variables.count("PORTS"), 0U);
  EXPECT_EQ(variables.at("HOST"), "a");
}

TEST(MatchTest, Doubles) {
  const std::vector<std::pair<double, std::string>> rows = {
      {1, "1.0"}, {0.1, "0.1"}, {128, "128.0"}, {0, "0.0"}, {2.25, "2.25"}};
  for (const auto& [value, text] : rows) EXPECT_EQ(ShowDouble(value), text);
}

TEST(MatchTest, LabelsDiscoveryAndKillPolicy) {
  AppSpec app = AnApp("/shop/web");
  app.set_require_ports(true);
  AddPort(&app, 31001, "http");
  app.mutable_port_definitions(0)->set_protocol("udp,tcp");
  (*app.mutable_port_definitions(0)->mutable_labels())["VIP_0"] = "/web:80";
  (*app.mutable_labels())["b"] = "2";
  (*app.mutable_labels())["a"] = "1";
  (*app.mutable_resource_limits())["cpus"] = 2;
  app.set_task_kill_grace_period_seconds(7.5);
  const v1::TaskInfo task = Matched(app, AnOffer("a", "cpus:1;mem:128;ports:[31000-31009]")).task;
  ASSERT_EQ(task.labels().labels_size(), 2);
  EXPECT_EQ(task.labels().labels(0).key(), "a");
  EXPECT_EQ(task.labels().labels(1).value(), "2");
  EXPECT_EQ(task.discovery().name(), "web.shop");
  EXPECT_EQ(task.discovery().visibility(), v1::DiscoveryInfo::FRAMEWORK);
  ASSERT_EQ(task.discovery().ports().ports_size(), 2);
  EXPECT_EQ(task.discovery().ports().ports(0).protocol(), "udp");
  const v1::Port& port = task.discovery().ports().ports(1);
  EXPECT_EQ(port.number(), 31001U);
  EXPECT_EQ(port.name(), "http");
  EXPECT_EQ(port.protocol(), "tcp");
  ASSERT_EQ(port.labels().labels_size(), 1);
  EXPECT_EQ(port.labels().labels(0).key(), "VIP_0");
  EXPECT_EQ(task.kill_policy().grace_period().nanoseconds(), 7'500'000'000);
  EXPECT_EQ(task.limits().at("cpus").value(), 2);
  EXPECT_FALSE(task.has_container());
  EXPECT_FALSE(task.has_health_check());
}

TEST(MatchTest, HealthChecksOfTheAgent) {
  AppSpec app = AnApp("/web");
  app.set_require_ports(true);
  AddPort(&app, 31001);
  AddPort(&app, 31002);
  internal::AppHealthCheck* ours = app.add_health_checks();
  ours->set_protocol(internal::AppHealthCheck::HTTP);
  internal::AppHealthCheck* check = app.add_health_checks();
  check->set_protocol(internal::AppHealthCheck::MESOS_HTTPS);
  check->set_port_index(1);
  check->set_path("/health");
  check->set_interval_seconds(5);
  check->set_timeout_seconds(2);
  check->set_grace_period_seconds(30);
  check->set_delay_seconds(1);
  check->set_max_consecutive_failures(4);
  const v1::Offer offer = AnOffer("a", "cpus:1;mem:128;ports:[31000-31009]");
  v1::HealthCheck built = Matched(app, offer).task.health_check();
  EXPECT_EQ(built.type(), v1::HealthCheck::HTTP);
  EXPECT_EQ(built.http().scheme(), "https");
  EXPECT_EQ(built.http().port(), 31002U);
  EXPECT_EQ(built.http().path(), "/health");
  EXPECT_EQ(built.interval_seconds(), 5);
  EXPECT_EQ(built.timeout_seconds(), 2);
  EXPECT_EQ(built.grace_period_seconds(), 30);
  EXPECT_EQ(built.delay_seconds(), 1);
  EXPECT_EQ(built.consecutive_failures(), 4U);
  check->set_protocol(internal::AppHealthCheck::MESOS_TCP);
  check->set_port(99);
  check->set_ipv6(true);
  built = Matched(app, offer).task.health_check();
  EXPECT_EQ(built.type(), v1::HealthCheck::TCP);
  EXPECT_EQ(built.tcp().port(), 99U);
  EXPECT_EQ(built.tcp().protocol(), v1::NetworkInfo::IPv6);
  check->set_protocol(internal::AppHealthCheck::COMMAND);
  check->set_command("true");
  built = Matched(app, offer).task.health_check();
  EXPECT_EQ(built.type(), v1::HealthCheck::COMMAND);
  EXPECT_EQ(built.command().value(), "true");
}

TEST(MatchTest, Checks) {
  AppSpec app = AnApp("/web");
  app.set_require_ports(true);
  AddPort(&app, 31001);
  const v1::Offer offer = AnOffer("a", "cpus:1;mem:128;ports:[31000-31009]");
  app.mutable_check()->set_exec_command("test -f up");
  app.mutable_check()->set_interval_seconds(3);
  v1::CheckInfo check = Matched(app, offer).task.check();
  EXPECT_EQ(check.type(), v1::CheckInfo::COMMAND);
  EXPECT_EQ(check.command().command().value(), "test -f up");
  EXPECT_EQ(check.interval_seconds(), 3);
  app.mutable_check()->clear_exec_command();
  app.mutable_check()->set_tcp(true);
  check = Matched(app, offer).task.check();
  EXPECT_EQ(check.type(), v1::CheckInfo::TCP);
  EXPECT_EQ(check.tcp().port(), 31001U);
  app.mutable_check()->clear_tcp();
  app.mutable_check()->set_http_path("/up");
  check = Matched(app, offer).task.check();
  EXPECT_EQ(check.type(), v1::CheckInfo::HTTP);
  EXPECT_EQ(check.http().port(), 31001U);
  EXPECT_EQ(check.http().path(), "/up");
}

TEST(MatchTest, ContainersWithMappedPorts) {
  AppSpec app = AnApp("/web");
  app.mutable_container()->set_type(internal::AppContainer::MESOS);
  app.mutable_container()->set_image("nginx");
  internal::AppNetwork* network = app.add_networks();
  network->set_mode(internal::AppNetwork::CONTAINER);
  network->set_name("net");
  internal::AppPort* mapping = app.mutable_container()->add_port_mappings();
  mapping->set_container_port(80);
  mapping->set_host_port(0);
  mapping->set_protocol("tcp");
  mapping->set_name("http");
  app.mutable_container()->add_port_mappings()->set_container_port(9000);  // Without a host port.
  internal::AppVolume* volume = app.mutable_container()->add_volumes();
  volume->set_container_path("/data");
  volume->set_host_path("/srv");
  volume->set_mode("RO");
  const MatchedInstance matched = Matched(app, AnOffer("a", "cpus:1;mem:128;ports:[31000-31000]"));
  EXPECT_THAT(matched.record.host_ports(), ElementsAre(31000));
  const v1::ContainerInfo& container = matched.task.container();
  EXPECT_EQ(container.type(), v1::ContainerInfo::MESOS);
  EXPECT_EQ(container.mesos().image().docker().name(), "nginx");
  ASSERT_EQ(container.network_infos_size(), 1);
  ASSERT_EQ(container.network_infos(0).port_mappings_size(), 1);
  EXPECT_EQ(container.network_infos(0).port_mappings(0).host_port(), 31000U);
  EXPECT_EQ(container.network_infos(0).port_mappings(0).container_port(), 80U);
  ASSERT_EQ(container.volumes_size(), 1);
  EXPECT_EQ(container.volumes(0).mode(), v1::Volume::RO);
  const auto variables = EnvironmentOf(matched.task);
  EXPECT_EQ(variables.at("PORT0"), "31000");
  EXPECT_EQ(variables.at("PORT_80"), "31000");
  EXPECT_EQ(variables.at("PORT_HTTP"), "31000");
  EXPECT_EQ(variables.at("PORT1"), "9000");
  EXPECT_EQ(variables.at("PORTS"), "31000");
  ASSERT_EQ(matched.task.discovery().ports().ports_size(), 2);
  EXPECT_EQ(matched.task.discovery().ports().ports(1).number(), 9000U);
}

}  // namespace
}  // namespace meseta::services
