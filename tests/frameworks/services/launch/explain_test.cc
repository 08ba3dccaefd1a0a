// The sentence for each way to wait, with its numbers.
#include "frameworks/services/launch/explain.h"

#include <gtest/gtest.h>

#include "frameworks/services/launch/explain_text.h"
#include "tests/frameworks/services/launch/builders.h"

namespace meseta::services {
namespace {

using testing::AConstraint;
using testing::AnApp;
using testing::AnOffer;
using testing::Shared;
using Op = internal::AppConstraint;

constexpr int64_t kT0 = 1'000'000;

class ExplainTest : public ::testing::Test {
 protected:
  ExplainTest() : queue_({}, Rng(1)) {}

  // What `app` says when `waiting` of its instances have seen `offers`.
  Explanation After(const AppSpec& app, uint32_t waiting, const std::vector<v1::Offer>& offers,
                    const std::vector<InstancePtr>& instances = {}) {
    input_.app = Shared(app);
    queue_.SetWanted(input_.app, waiting, kT0);
    (void)queue_.UseOffers(
        offers, [&](const Path&) { return instances; }, kT0);
    return Now();
  }
  Explanation Now() {
    input_.waiting = queue_.Find(input_.app->id());
    input_.now_ms = kT0 + 12'000;
    return Explain(input_);
  }
  static double Number(const Explanation& explanation, const std::string& what) {
    for (const auto& number : explanation.numbers) {
      if (number.what == what) return number.value;
    }
    return -1;
  }
  void AddInstance(Condition condition, std::optional<bool> healthy = std::nullopt,
                   bool ready = false) {
    auto instance = std::make_shared<Instance>();
    instance->set_condition(condition);
    if (healthy) instance->set_healthy(*healthy);
    instance->set_ready(ready);
    if (condition == Instance::UNREACHABLE) instance->set_unreachable_since(kT0);
    input_.instances.push_back(std::move(instance));
  }

  LaunchQueue queue_;
  ExplainInput input_;
};

TEST_F(ExplainTest, NothingWaits) {
  input_.app = Shared(AnApp("/a", 1));
  AddInstance(Instance::RUNNING);
  EXPECT_EQ(Now().sentence, "");
}

TEST_F(ExplainTest, MemoryAndConstraint) {
  AppSpec app = AnApp("/a", 5, 1, 8192);
  *app.add_constraints() = AConstraint("hostname", Op::UNIQUE);
  const std::vector<v1::Offer> offers = {
      AnOffer("agent-1", "cpus:8;mem:16384"), AnOffer("agent-2", "cpus:8;mem:16384"),
      AnOffer("agent-7", "cpus:8;mem:6350"), AnOffer("agent-8", "cpus:8;mem:512")};
  const Explanation why =
      After(app, 3, offers, {testing::InstanceOn("agent-1"), testing::InstanceOn("agent-2")});
  EXPECT_EQ(why.sentence,
            "3 of 5 instances wait: no agent has 8 GB free, largest is 6.2 GB on agent-7; 2 agents "
            "excluded "
            "by hostname UNIQUE");
  EXPECT_EQ(Number(why, "instances_waiting"), 3);
  EXPECT_EQ(Number(why, "instances_wanted"), 5);
  EXPECT_EQ(Number(why, "needed_mem_mb"), 8192);
  EXPECT_EQ(Number(why, "largest_mem_mb"), 6350);
  EXPECT_EQ(Number(why, "agents_seen"), 4);
  EXPECT_EQ(Number(why, "agents_UnfulfilledConstraint"), 2);
}

TEST_F(ExplainTest, Cpus) {
  EXPECT_EQ(After(AnApp("/a", 1, 4), 1,
                  {AnOffer("n1", "cpus:2;mem:512"), AnOffer("n2", "cpus:0.5;mem:512")})
                .sentence,
            "1 of 1 instance waits: no agent has 4 cpus free, largest is 2 on n1");
}

TEST_F(ExplainTest, SeveralShortages) {
  const std::vector<v1::Offer> offers = {AnOffer("n1", "cpus:2;mem:8192"),
                                         AnOffer("n2", "cpus:8;mem:512"),
                                         AnOffer("n3", "cpus:8;mem:1024")};
  EXPECT_EQ(After(AnApp("/a", 2, 4, 2048), 2, offers).sentence,
            "2 of 2 instances wait: 1 agent has less than 4 cpus free (largest is 2 on n1); 2 "
            "agents have "
            "less than 2 GB free (largest is 1 GB on n3)");
}

TEST_F(ExplainTest, Ports) {
  AppSpec app = AnApp("/a");
  app.add_port_definitions()->set_port(0);
  app.add_port_definitions()->set_port(0);
  EXPECT_EQ(After(app, 1, {AnOffer("n1", "cpus:2;mem:512;ports:[31000-31000]")}).sentence,
            "1 of 1 instance waits: no agent has 2 ports free, largest is 1 on n1");
}

TEST_F(ExplainTest, RequiredPorts) {
  AppSpec app = AnApp("/a");
  app.set_require_ports(true);
  app.add_port_definitions()->set_port(8080);
  EXPECT_EQ(After(app, 1, {AnOffer("n1", "cpus:2;mem:512;ports:[31000-31009]")}).sentence,
            "1 of 1 instance waits: no agent has port 8080 free");
}

TEST_F(ExplainTest, DiskAndGpus) {
  AppSpec app = AnApp("/a");
  app.mutable_resources()->set_disk(100);
  EXPECT_EQ(After(app, 1, {AnOffer("n1", "cpus:2;mem:512;disk:10")}).sentence,
            "1 of 1 instance waits: no agent has 100 MB of disk free, largest is 10 MB on n1");
  AppSpec gpus = AnApp("/g");
  gpus.mutable_resources()->set_gpus(1);
  EXPECT_EQ(After(gpus, 1, {AnOffer("n1", "cpus:2;mem:512")}).sentence,
            "1 of 1 instance waits: no agent has 1 gpu free, largest is 0 on n1");
  EXPECT_EQ(After(AnApp("/c"), 1, {AnOffer("n1", "cpus:2;mem:512;gpus:1")}).sentence,
            "1 of 1 instance waits: 1 agent is kept for apps that need gpus");
}

TEST_F(ExplainTest, RoleAndMaintenance) {
  AppSpec app = AnApp("/a");
  app.add_accepted_resource_roles("web");
  v1::Offer maintenance = AnOffer("n2", "cpus(web):2;mem(web):512");
  maintenance.mutable_unavailability()->mutable_start()->set_nanoseconds(1);
  EXPECT_EQ(After(app, 1, {AnOffer("n1", "cpus:2;mem:512"), maintenance}).sentence,
            "1 of 1 instance waits: 1 agent offered nothing that role 'web' accepts; 1 agent is in "
            "maintenance");
}

TEST_F(ExplainTest, BackOff) {
  AppSpec app = AnApp("/a", 2);
  app.set_backoff_seconds(24);
  app.set_backoff_factor(1);
  for (int i = 0; i < 5; ++i) (void)queue_.Failed(app, kT0);
  auto failure = std::make_shared<internal::AppFailure>();
  failure->set_state("TASK_FAILED");
  failure->set_message("Command exited with status 1");
  input_.failure = failure;
  const Explanation why = After(app, 2, {});
  EXPECT_EQ(why.sentence,
            "2 of 2 instances wait: the app waits 12 s more after 5 failures (last: TASK_FAILED, "
            "Command exited "
            "with status 1)");
  EXPECT_EQ(Number(why, "delay_seconds_left"), 12);
  EXPECT_EQ(Number(why, "failures"), 5);
}

TEST_F(ExplainTest, NotConnected) {
  input_.connected = false;
  EXPECT_EQ(After(AnApp("/a"), 1, {}).sentence,
            "1 of 1 instance waits: the framework is not connected to a master");
}

TEST_F(ExplainTest, NoOffersAtAll) {
  EXPECT_EQ(After(AnApp("/a"), 1, {}).sentence,
            "1 of 1 instance waits: no agent has offered anything to role 'web' for 12 s");
}

TEST_F(ExplainTest, LockedByADeployment) {
  AppSpec app = AnApp("/a", 3);
  app.add_readiness_checks()->set_name("ready");
  input_.app = Shared(app);
  auto deployment = std::make_shared<internal::DeploymentRecord>();
  deployment->set_id("d-1");
  deployment->add_steps();
  deployment->add_steps();
  deployment->set_current_step(1);
  input_.deployment = deployment;
  AddInstance(Instance::RUNNING, std::nullopt, true);
  AddInstance(Instance::RUNNING, std::nullopt, true);
  EXPECT_EQ(Now().sentence, "the app is locked by deployment d-1 in step 2 of 2");
  AddInstance(Instance::RUNNING);
  EXPECT_EQ(Now().sentence,
            "the app is locked by deployment d-1 in step 2 of 2: 1 of 3 instances has not passed "
            "the readiness "
            "check yet");
}

TEST_F(ExplainTest, HealthOfInstances) {
  AppSpec app = AnApp("/a", 3);
  app.add_health_checks();
  input_.app = Shared(app);
  AddInstance(Instance::RUNNING, true);
  AddInstance(Instance::RUNNING);
  EXPECT_EQ(Now().sentence, "1 of 3 instances has not passed the health checks yet");
  AddInstance(Instance::RUNNING, false);
  EXPECT_EQ(Now().sentence, "1 of 3 instances is unhealthy");
  AddInstance(Instance::STAGING);
  EXPECT_EQ(Now().sentence, "1 of 4 instances is not running yet");
  AddInstance(Instance::UNREACHABLE);
  EXPECT_EQ(Now().sentence, "1 of 5 instances is unreachable for 12 s");
}

TEST(ExplainTextTest, Amounts) {
  EXPECT_EQ(ShowMegabytes(512), "512 MB");
  EXPECT_EQ(ShowMegabytes(8191), "7.9 GB");  // Never looks like more than it is.
  EXPECT_EQ(ShowMegabytes(8192), "8 GB");
  EXPECT_EQ(ShowMillis(0), "0 s");
  EXPECT_EQ(ShowMillis(1), "1 s");
  EXPECT_EQ(ShowMillis(200'000), "3 min 20 s");
  EXPECT_EQ(ShowMillis(7'500'000), "2 h 5 min");
  EXPECT_EQ(Counted(1, "agent"), "1 agent");
  EXPECT_EQ(Counted(0, "agent"), "0 agents");
}

}  // namespace
}  // namespace meseta::services
