// Goal: every operation of the registry, what it changes and what it refuses, with the sentences that
// clients see. Method: operations on states made by operations.
#include <gtest/gtest.h>

#include "state/registry/registry.h"

namespace meseta::registry {
namespace {

const WallTime kNow = WallTime::FromNanos(42);

v1::AgentInfo Agent(const std::string& id, const std::string& hostname = "host") {
  v1::AgentInfo info;
  info.mutable_id()->set_value(id);
  info.set_hostname(hostname);
  return info;
}

v1::FrameworkInfo Framework(const std::string& id, double timeout = 60) {
  v1::FrameworkInfo info;
  info.set_user("alice");
  info.set_name("test");
  info.mutable_id()->set_value(id);
  info.set_failover_timeout(timeout);
  return info;
}

v1::MachineID Machine(const std::string& hostname, const std::string& ip = "") {
  v1::MachineID id;
  if (!hostname.empty()) id.set_hostname(hostname);
  if (!ip.empty()) id.set_ip(ip);
  return id;
}

v1::maintenance::Schedule Schedule(const std::vector<std::vector<v1::MachineID>>& windows) {
  v1::maintenance::Schedule schedule;
  for (const auto& machines : windows) {
    v1::maintenance::Window* window = schedule.add_windows();
    window->mutable_unavailability()->mutable_start()->set_nanoseconds(1000);
    window->mutable_unavailability()->mutable_duration()->set_nanoseconds(10);
    for (const v1::MachineID& id : machines) *window->add_machine_ids() = id;
  }
  return schedule;
}

v1::quota::QuotaConfig Quota(const std::string& role, double guarantee, double limit) {
  v1::quota::QuotaConfig config;
  config.set_role(role);
  if (guarantee != 0) (*config.mutable_guarantees())["cpus"].set_value(guarantee);
  if (limit != 0) (*config.mutable_limits())["cpus"].set_value(limit);
  return config;
}

v1::WeightInfo Weight(const std::string& role, double weight) {
  v1::WeightInfo info;
  info.set_role(role);
  info.set_weight(weight);
  return info;
}

class OperationsTest : public ::testing::Test {
 protected:
  // Performs the operation; its refusal otherwise.
  std::string Do(const RegistryOp& op) {
    const Result<RegistryDelta> delta = Evaluate(state, op);
    if (!delta.ok()) return delta.status().message();
    changes = delta->size();
    const Status applied = Apply(*delta, &state);
    return applied.ok() ? "" : applied.message();
  }
  bool Needs(const std::string& capability) const {
    return state.minimum_capabilities.count(capability) > 0;
  }

  RegistryState state;
  size_t changes = 0;  // Of the last operation.
};

TEST_F(OperationsTest, DrainGoesAlongWithTheAgent) {
  v1::DrainConfig config;
  config.set_mark_gone(true);
  const AgentId a("a");
  EXPECT_EQ(Do(DrainAgent{a, config, kNow}), "Unknown agent");
  ASSERT_EQ(Do(AdmitAgent{Agent("a"), "r", kNow}), "");
  EXPECT_EQ(Do(MarkAgentDrained{a}), "Agent a is not DRAINING");
  EXPECT_EQ(Do(DrainAgent{a, config, kNow}), "");
  EXPECT_EQ(changes, 2u);
  EXPECT_TRUE(state.admitted.at(a).deactivated());
  EXPECT_TRUE(Needs("AGENT_DRAINING"));
  EXPECT_EQ(Do(UpdateAgent{Agent("a", "new")}), "");
  EXPECT_EQ(Do(MarkAgentUnreachable{a, kNow}), "");
  EXPECT_TRUE(state.unreachable.at(a).drain_info().config().mark_gone());
  EXPECT_EQ(state.unreachable.at(a).drain_started_ns(), 42);
  EXPECT_EQ(Do(ReactivateAgent{a}), "Agent is still in the DRAINING state");
  EXPECT_EQ(Do(MarkAgentDrained{a}), "");
  EXPECT_EQ(Do(MarkAgentReachable{Agent("a"), "r", kNow}), "");
  EXPECT_TRUE(state.admitted.at(a).deactivated());
  EXPECT_EQ(state.admitted.at(a).drain_info().state(), v1::DRAINED);
  EXPECT_EQ(Do(ReactivateAgent{a}), "");
  EXPECT_FALSE(state.admitted.at(a).has_drain_info());
  EXPECT_FALSE(state.admitted.at(a).deactivated());
  EXPECT_FALSE(Needs("AGENT_DRAINING"));
  EXPECT_EQ(Do(ReactivateAgent{a}), "Agent is not deactivated");
}

TEST_F(OperationsTest, CapabilityStaysWhileAnyAgentIsDeactivated) {
  ASSERT_EQ(Do(AdmitAgent{Agent("a"), "r1", kNow}), "");
  ASSERT_EQ(Do(AdmitAgent{Agent("b"), "r2", kNow}), "");
  ASSERT_EQ(Do(DeactivateAgent{AgentId("a")}), "");
  ASSERT_EQ(Do(DeactivateAgent{AgentId("b")}), "");
  EXPECT_EQ(changes, 1u);  // The capability is there already.
  ASSERT_EQ(Do(ReactivateAgent{AgentId("a")}), "");
  EXPECT_TRUE(Needs("AGENT_DRAINING"));
  ASSERT_EQ(Do(ReactivateAgent{AgentId("b")}), "");
  EXPECT_FALSE(Needs("AGENT_DRAINING"));
}

TEST_F(OperationsTest, MasterThatLacksACapabilityDoesNotLead) {
  ASSERT_TRUE(ApplyRecord("capability/QUOTA_V2", "\n\x08QUOTA_V2", &state).ok());
  EXPECT_EQ(Do(StartTerm{1, "c"}), "");
  ASSERT_TRUE(ApplyRecord("capability/TIME_TRAVEL", "\n\x0bTIME_TRAVEL", &state).ok());
  EXPECT_EQ(Do(StartTerm{2, "c"}),
            "The registry needs a master with the capabilities TIME_TRAVEL, which this version does "
            "not have; start a newer version");
}

TEST_F(OperationsTest, LifeOfAFramework) {
  const FrameworkId f("f");
  EXPECT_EQ(Do(AddFramework{v1::FrameworkInfo(), kNow}), "A framework without id cannot be added");
  EXPECT_EQ(Do(UpdateFramework{Framework("f")}), "Framework f is not in the registry");
  EXPECT_EQ(Do(RemoveFramework{f, kNow}), "Framework f is not in the registry");
  EXPECT_EQ(Do(AddFramework{Framework("f"), kNow}), "");
  EXPECT_EQ(state.frameworks.at(f).registered_ns(), 42);
  EXPECT_EQ(Do(AddFramework{Framework("f"), kNow}), "Framework f is in the registry already");
  EXPECT_EQ(Do(UpdateFramework{Framework("f")}), "");
  EXPECT_EQ(changes, 0u);  // The same again.
  EXPECT_EQ(Do(UpdateFramework{Framework("f", 7)}), "");
  EXPECT_EQ(state.frameworks.at(f).info().failover_timeout(), 7);
  EXPECT_EQ(state.frameworks.at(f).registered_ns(), 42);
  EXPECT_FALSE(state.frameworks.at(f).has_term());
  EXPECT_EQ(Do(UpdateFramework{Framework("f", 7), 3}), "");
  EXPECT_EQ(state.frameworks.at(f).term(), 3u);
  EXPECT_EQ(Do(UpdateFramework{Framework("f", 7), 2}), "");
  EXPECT_EQ(changes, 0u);
  EXPECT_EQ(Do(UpdateFramework{Framework("f", 8), 2}), "");
  EXPECT_EQ(state.frameworks.at(f).term(), 3u);
  EXPECT_EQ(Do(RemoveFramework{f, WallTime::FromNanos(50)}), "");
  EXPECT_TRUE(state.frameworks.empty());
  EXPECT_EQ(state.removed.at(f).since_ns(), 50);
  EXPECT_EQ(Do(AddFramework{Framework("f"), kNow}), "Framework has been removed");
  EXPECT_EQ(Do(Prune{{}, {f, FrameworkId("x")}}), "");
  EXPECT_TRUE(state.removed.empty());
}

TEST_F(OperationsTest, MachinesFollowTheSchedule) {
  ASSERT_EQ(Do(UpdateSchedule{Schedule({{Machine("a"), Machine("b")}, {Machine("c")}})}), "");
  EXPECT_EQ(changes, 5u);
  EXPECT_EQ(state.machines.at("a/").info().mode(), v1::MachineInfo::DRAINING);
  EXPECT_EQ(Do(StartMaintenance{{Machine("A")}}), "");
  EXPECT_EQ(changes, 1u);
  EXPECT_EQ(state.machines.at("a/").info().mode(), v1::MachineInfo::DOWN);
  // Only what differs is written.
  EXPECT_EQ(Do(UpdateSchedule{Schedule({{Machine("a"), Machine("b")}, {Machine("d")}})}), "");
  EXPECT_EQ(changes, 3u);
  EXPECT_EQ(state.machines.at("a/").info().mode(), v1::MachineInfo::DOWN);
  EXPECT_FALSE(state.machines.count("c/"));
  EXPECT_EQ(Do(UpdateSchedule{Schedule({{Machine("b")}})}),
            "Machine '{\"hostname\":\"a\"}' is deactivated and cannot be removed from the schedule");
  EXPECT_EQ(Do(StopMaintenance{{Machine("b")}}),
            "Machine '{\"hostname\":\"b\"}' is not in DOWN mode and cannot be brought up");
  EXPECT_EQ(Do(StopMaintenance{{Machine("a")}}), "");
  EXPECT_FALSE(state.machines.count("a/"));
  ASSERT_TRUE(ScheduleOf(state).has_value());
  EXPECT_EQ(ScheduleOf(state)->windows(0).machine_ids_size(), 1);
  // A window that loses its last machine goes.
  ASSERT_EQ(Do(StartMaintenance{{Machine("b")}}), "");
  ASSERT_EQ(Do(StopMaintenance{{Machine("b")}}), "");
  EXPECT_EQ(ScheduleOf(state)->windows_size(), 1);
  EXPECT_EQ(Do(UpdateSchedule{Schedule({})}), "");
  EXPECT_TRUE(state.machines.empty());
  EXPECT_FALSE(ScheduleOf(state).has_value());
}

TEST_F(OperationsTest, SchedulesAreValidated) {
  const auto refusal = [&](const std::vector<std::vector<v1::MachineID>>& windows) {
    return Do(UpdateSchedule{Schedule(windows)});
  };
  EXPECT_EQ(refusal({{}}), "List of machines in the maintenance window is empty");
  EXPECT_EQ(refusal({{Machine("")}}), "Both 'hostname' and 'ip' for a machine are empty");
  EXPECT_EQ(refusal({{Machine("a", "1.2.3")}}), "Failed to parse IPv4: 1.2.3");
  EXPECT_EQ(refusal({{Machine("a")}, {Machine("A")}}),
            "Machine '{\"hostname\":\"A\"}' appears more than once in the schedule");
  v1::maintenance::Schedule negative = Schedule({{Machine("a")}});
  negative.mutable_windows(0)->mutable_unavailability()->mutable_duration()->set_nanoseconds(-1);
  EXPECT_EQ(Do(UpdateSchedule{negative}), "Unavailability 'duration' is negative");
  EXPECT_EQ(Do(StartMaintenance{{}}), "List of machines is empty");
  EXPECT_EQ(Do(StartMaintenance{{Machine("x")}}),
            "Machine '{\"hostname\":\"x\"}' is not part of a maintenance schedule");
  ASSERT_EQ(refusal({{Machine("a")}}), "");
  ASSERT_EQ(Do(StartMaintenance{{Machine("a")}}), "");
  EXPECT_EQ(Do(StartMaintenance{{Machine("a")}}),
            "Machine '{\"hostname\":\"a\"}' is not in DRAINING mode and cannot be brought down");
}

TEST_F(OperationsTest, QuotaComesAndGoesWithItsCapability) {
  EXPECT_EQ(Do(UpdateQuota{{Quota("a", 1, 2), Quota("b", 0, 3)}}), "");
  EXPECT_EQ(changes, 3u);
  EXPECT_TRUE(Needs("QUOTA_V2"));
  EXPECT_EQ(Do(UpdateQuota{{Quota("a", 1, 2)}}), "");
  EXPECT_EQ(changes, 0u);
  EXPECT_EQ(Do(UpdateQuota{{Quota("a", 0, 0)}}), "");
  EXPECT_EQ(state.quotas.size(), 1u);
  EXPECT_TRUE(Needs("QUOTA_V2"));
  EXPECT_EQ(Do(UpdateQuota{{Quota("b", 0, 0)}}), "");
  EXPECT_TRUE(state.quotas.empty());
  EXPECT_FALSE(Needs("QUOTA_V2"));
}

TEST_F(OperationsTest, QuotaIsValidatedAllOrNothing) {
  const std::string bad = Do(UpdateQuota{{Quota("a", 1, 2), Quota("b", 3, 2)}});
  EXPECT_TRUE(bad.ends_with("'QuotaConfig.guarantees' {'cpus': 3} is not contained within the "
                            "'QuotaConfig.limits' {'cpus': 2}"))
      << bad;
  EXPECT_TRUE(state.quotas.empty());
  const auto ends = [&](const v1::quota::QuotaConfig& config, const std::string& end) {
    const std::string text = Do(UpdateQuota{{config}});
    EXPECT_TRUE(text.starts_with("Invalid quota config '") && text.ends_with(end)) << text;
  };
  ends(v1::quota::QuotaConfig(), "'QuotaConfig.role' must be set");
  ends(Quota("/x", 1, 1), "Invalid 'QuotaConfig.role': Role '/x' cannot start with a slash");
  ends(Quota("a", -1, 1),
       "Invalid guarantee configuration {'cpus': -1}: Negative values not supported");
  ends(Quota("a", 1, 1e300), "values greater than 1 trillion (1000000000000) are not supported");
  ends(Quota("a", 0, std::numeric_limits<double>::infinity()), "Infinite values not supported");
}

TEST_F(OperationsTest, WeightsArePositive) {
  EXPECT_EQ(Do(UpdateWeights{{Weight("a", 2), Weight("b", 1)}}), "");
  EXPECT_EQ(Do(UpdateWeights{{Weight("a", 2), Weight("b", 3)}}), "");
  EXPECT_EQ(changes, 1u);
  EXPECT_EQ(state.weights.at("b").info().weight(), 3);
  EXPECT_EQ(Do(UpdateWeights{{Weight("a", 5), Weight("b", 0)}}),
            "Invalid weight '0' for role 'b': Weights must be positive");
  EXPECT_EQ(state.weights.at("a").info().weight(), 2);
  EXPECT_EQ(Do(UpdateWeights{{Weight("..", 1)}}),
            "Invalid role '..': Role '..' cannot include '..' as a component");
  EXPECT_EQ(Do(UpdateWeights{{Weight(std::string(5000, 'x'), 1)}}),
            "The name in 'weight/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...' is longer than 4096 bytes");
}

}  // namespace
}  // namespace meseta::registry
