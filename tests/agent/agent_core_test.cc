// AgentCore, by conversation: a scripted master and containers (core_world.h).
#include "agent/agent_core.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "tests/agent/core_world.h"

namespace meseta::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int kExit7 = 7 << 8;

TEST(AgentCore, RegistersOnlyAfterItsRegistrationIdIsDurable) {
  CoreWorld world;
  world.link = 1;
  world.Perform(world.core->LinkUp(1, world.now));
  EXPECT_THAT(world.sent, IsEmpty());
  world.Settle();
  ASSERT_EQ(world.sent.size(), 1u);
  EXPECT_TRUE(world.sent[0].has_register_agent());
  EXPECT_FALSE(world.sent[0].register_agent().info().has_id());
  EXPECT_EQ(world.sent[0].register_agent().registration_id(), world.RegistrationId());
}

TEST(AgentCore, AsksAgainUntilAnswered) {
  CoreWorld world;
  world.Settle();
  world.link = 1;
  world.Perform(world.core->LinkUp(1, world.now));
  ASSERT_TRUE(world.wake_at);
  world.now.mono = *world.wake_at;
  world.Perform(world.core->Tick(world.now));
  EXPECT_EQ(world.sent.size(), 2u);
  EXPECT_EQ(world.sent[0].register_agent().registration_id(),
            world.sent[1].register_agent().registration_id());
}

TEST(AgentCore, KeepsItsIdOverARestart) {
  CoreWorld world;
  world.Connect();
  const std::string id = world.RegistrationId();
  world.Crash();
  world.sent.clear();
  world.Connect();
  ASSERT_TRUE(world.sent.at(0).has_reregister_agent());
  EXPECT_EQ(world.sent[0].reregister_agent().info().id().value(), "S0");
  EXPECT_EQ(world.sent[0].reregister_agent().registration_id(), id);
}

TEST(AgentCore, DropsMessagesOfDeposedMasters) {
  CoreWorld world;
  world.term = 5;
  world.Connect();
  world.term = 4;
  world.Run("t");
  world.Settle();
  EXPECT_EQ(world.core->task_count(), 0u);
  EXPECT_EQ(world.core->stats().stale_terms_dropped, 1u);
  // Also after a restart.
  world.Crash();
  world.link = ++world.links;
  world.Perform(world.core->LinkUp(world.link, world.now));
  internal::ToAgent old;
  old.set_term(4);
  old.mutable_registered()->set_registration_id(world.RegistrationId());
  old.mutable_registered()->mutable_agent_id()->set_value("S0");
  world.FromMaster(old);
  EXPECT_FALSE(world.core->stats().registered);
}

// A master on `link` says that it leads `term`, and accepts the registration that follows.
void Elect(CoreWorld& world, MasterLink link, uint64_t term) {
  internal::ToAgent leading;
  leading.set_term(term);
  leading.mutable_leading();
  world.link = link;
  world.Perform(world.core->FromMaster(link, leading, world.now));
  world.Settle();
  world.now.mono = world.now.mono + LeaderCore::kSpread;
  world.Perform(world.core->Tick(world.now));
  world.term = term;
  internal::ToAgent answer;
  auto& registered = *answer.mutable_registered();
  registered.mutable_agent_id()->set_value("S0");
  registered.set_registration_id(world.RegistrationId());
  world.FromMaster(answer);
  world.Settle();
}

TEST(AgentCore, GoesToANewLeaderAndIsDeafToTheOldOne) {
  CoreWorld world(1, {"a:1", "b:1"});
  EXPECT_THAT(world.dialed, ElementsAre("a:1", "b:1"));
  world.Perform(world.core->LinkUp(1, world.now, "a:1"));
  world.Perform(world.core->LinkUp(2, world.now, "b:1"));
  EXPECT_THAT(world.sent, IsEmpty());
  Elect(world, 1, 3);
  ASSERT_TRUE(world.core->stats().registered);
  world.Run("t");
  world.Settle();
  world.Start(world.Find("t"));
  world.Settle();
  world.sent.clear();
  // The old one hangs; its link is still up.
  Elect(world, 2, 4);
  ASSERT_TRUE(world.core->stats().registered);
  ASSERT_TRUE(world.sent.at(0).has_reregister_agent());
  EXPECT_EQ(world.sent[0].reregister_agent().tasks_size(), 1);
  // It wakes up and says what it said in its time.
  world.link = 1;
  world.term = 3;
  world.Kill("t");
  world.Settle();
  EXPECT_FALSE(world.containers.at(world.Find("t")).kill_asked);
  internal::ToAgent leading;
  leading.mutable_leading();
  world.FromMaster(leading);
  world.link = 2;
  EXPECT_EQ(world.core->stats().stale_terms_dropped, 1u);
  EXPECT_TRUE(world.core->stats().registered);
}

TEST(AgentCore, ADeposedMasterNamesTheLeaderThatIsDialedNext) {
  CoreWorld world(1, {"a:1"});
  world.link = 1;
  world.Perform(world.core->LinkUp(1, world.now, "a:1"));
  world.Settle();
  internal::ToAgent not_leading;
  not_leading.mutable_not_leading()->set_leader("b:1");
  world.FromMaster(not_leading);
  EXPECT_THAT(world.dialed, ElementsAre("a:1", "b:1"));
  world.sent.clear();
  world.link = 2;
  world.Perform(world.core->LinkUp(2, world.now, "b:1"));
  ASSERT_EQ(world.sent.size(), 1u);
  EXPECT_TRUE(world.sent[0].has_register_agent());
}

TEST(AgentCore, ATaskThatSucceeds) {
  CoreWorld world;
  world.Connect();
  world.Run("t");
  EXPECT_THAT(world.containers, IsEmpty());  // Not before the intent is durable.
  world.Settle();
  const ContainerId id = world.Find("t");
  ASSERT_FALSE(id.empty());
  world.Start(id);
  EXPECT_THAT(world.TakeUpdates(), IsEmpty());
  world.Exit(id, 0);
  const auto updates = world.Drain();
  EXPECT_THAT(CoreWorld::Names(updates), ElementsAre("TASK_STARTING", "TASK_RUNNING", "TASK_FINISHED"));
  const v1::TaskStatus& running = updates[1].status();
  EXPECT_EQ(running.source(), v1::TaskStatus::SOURCE_EXECUTOR);
  EXPECT_EQ(running.executor_id().value(), "t");
  EXPECT_EQ(running.container_status().container_id().value(), id.value());
  EXPECT_EQ(running.container_status().executor_pid(), 42u);
  EXPECT_EQ(running.container_status().network_infos(0).ip_addresses(0).ip_address(), "127.0.0.1");
  EXPECT_EQ(running.uuid().size(), 16u);
  EXPECT_EQ(updates[2].status().message(), "Command exited with status 0");
  EXPECT_FALSE(updates[2].status().has_reason());
  EXPECT_EQ(world.core->task_count(), 0u);
  EXPECT_THAT(world.containers, IsEmpty());  // Forgotten.
  EXPECT_EQ(world.disk.count("task/F/t"), 0u);
}

TEST(AgentCore, ExitCodesAndSignals) {
  CoreWorld world;
  world.Connect();
  for (const char* task : {"seven", "nine"}) world.Run(task);
  world.Settle();
  for (const char* task : {"seven", "nine"}) world.Start(world.Find(task));
  world.Exit(world.Find("seven"), kExit7);
  world.Exit(world.Find("nine"), SIGKILL);
  std::map<std::string, std::string> messages;
  for (const auto& update : world.Drain()) {
    if (!IsTerminal(update.status().state())) continue;
    EXPECT_EQ(update.status().state(), v1::TASK_FAILED);
    EXPECT_FALSE(update.status().has_reason());
    messages[update.status().task_id().value()] = update.status().message();
  }
  EXPECT_EQ(messages["seven"], "Command exited with status 7");
  EXPECT_EQ(messages["nine"], "Command terminated with signal Killed");
}

TEST(AgentCore, KillsARunningTask) {
  CoreWorld world;
  world.Connect();
  world.Run("t");
  world.Settle();
  world.Start(world.Find("t"));
  world.Kill("t");
  EXPECT_FALSE(world.containers.at(world.Find("t")).kill_asked);  // Not before it is durable.
  world.Settle();
  EXPECT_TRUE(world.containers.at(world.Find("t")).kill_asked);
  world.Exit(world.Find("t"), SIGTERM, ContainerExited::Cause::kKilled);
  const auto updates = world.Drain();
  EXPECT_THAT(CoreWorld::Names(updates),
              ElementsAre("TASK_STARTING", "TASK_RUNNING", "TASK_KILLING", "TASK_KILLED"));
  EXPECT_EQ(updates[3].status().message(), "Command terminated with signal Terminated");
}

TEST(AgentCore, KillingIsOnlyToldToFrameworksThatKnowIt) {
  CoreWorld world;
  world.Connect();
  world.Run("t", /*killing_state=*/false);
  world.Settle();
  world.Start(world.Find("t"));
  world.Kill("t");
  world.Settle();
  world.Exit(world.Find("t"), SIGTERM, ContainerExited::Cause::kKilled);
  EXPECT_THAT(CoreWorld::Names(world.Drain()),
              ElementsAre("TASK_STARTING", "TASK_RUNNING", "TASK_KILLED"));
}

TEST(AgentCore, AKillDuringTheLaunchLeavesItKilled) {
  CoreWorld world;
  world.Connect();
  world.Run("t");
  world.Kill("t");
  world.Settle();
  const ContainerId id = world.Find("t");
  ASSERT_TRUE(world.containers.at(id).kill_asked);
  world.Perform(world.core->FromContainer(
      ContainerFailed{id, Internal("killed"), v1::TaskStatus::REASON_CONTAINER_LAUNCH_FAILED},
      world.now));
  const auto updates = world.Drain();
  ASSERT_THAT(CoreWorld::Names(updates), ElementsAre("TASK_KILLED"));
  EXPECT_EQ(updates[0].status().reason(), v1::TaskStatus::REASON_TASK_KILLED_DURING_LAUNCH);
}

TEST(AgentCore, LaunchFailuresAndTimeLimitsHaveReasons) {
  CoreWorld world;
  world.Connect();
  world.Run("bad");
  world.Run("slow");
  world.Settle();
  world.Perform(world.core->FromContainer(
      ContainerFailed{world.Find("bad"), NotFound("User 'nobody9' does not exist"),
                      v1::TaskStatus::REASON_CONTAINER_LAUNCH_FAILED},
      world.now));
  world.Start(world.Find("slow"));
  world.Exit(world.Find("slow"), SIGKILL, ContainerExited::Cause::kMaxCompletionTime);
  for (const auto& update : world.Drain()) {
    if (!IsTerminal(update.status().state())) continue;
    EXPECT_EQ(update.status().state(), v1::TASK_FAILED);
    if (update.status().task_id().value() == "bad") {
      EXPECT_EQ(update.status().message(), "User 'nobody9' does not exist");
      EXPECT_EQ(update.status().reason(), v1::TaskStatus::REASON_CONTAINER_LAUNCH_FAILED);
    } else {
      EXPECT_EQ(update.status().reason(), v1::TaskStatus::REASON_MAX_COMPLETION_TIME_REACHED);
    }
  }
  EXPECT_EQ(world.core->stats().container_launch_errors, 1u);
}

TEST(AgentCore, RunTaskIsIdempotent) {
  CoreWorld world;
  world.Connect();
  world.Run("t");
  world.Run("t");
  world.Settle();
  world.Run("t");
  world.Settle();
  EXPECT_EQ(world.launched_once.size(), 1u);
}

TEST(AgentCore, RefusesTasksThatItCannotRun) {
  CoreWorld world;
  world.Connect();
  internal::ToAgent message;
  *message.mutable_run_task()->mutable_framework() = CoreWorld::Framework();
  *message.mutable_run_task()->mutable_task() = CoreWorld::Task("../../etc");
  world.FromMaster(message);
  *message.mutable_run_task()->mutable_task() = CoreWorld::Task("x");
  message.mutable_run_task()->mutable_task()->clear_command();
  world.FromMaster(message);
  const auto updates = world.Drain();
  ASSERT_THAT(CoreWorld::Names(updates), ElementsAre("TASK_ERROR", "TASK_ERROR"));
  EXPECT_THAT(updates[0].status().message(), HasSubstr("invalid characters"));
  EXPECT_THAT(world.launched_once, IsEmpty());
  EXPECT_EQ(world.core->task_count(), 0u);
}

TEST(AgentCore, ShutdownFrameworkKillsItsTasksAndSaysNothing) {
  CoreWorld world;
  world.Connect();
  world.Run("t");
  world.Settle();
  world.Start(world.Find("t"));
  world.Settle();
  world.sent.clear();
  internal::ToAgent message;
  message.mutable_shutdown_framework()->mutable_framework_id()->set_value("F");
  world.FromMaster(message);
  world.Settle();
  EXPECT_TRUE(world.containers.at(world.Find("t")).kill_asked);
  world.Run("late");
  world.Settle();
  EXPECT_THAT(world.TakeUpdates(), ElementsAre("late TASK_DROPPED"));
  world.Exit(world.Find("t"), SIGTERM, ContainerExited::Cause::kKilled);
  world.Settle();
  EXPECT_THAT(world.TakeUpdates(), IsEmpty());
  EXPECT_EQ(world.core->task_count(), 0u);
  EXPECT_EQ(world.core->stats().frameworks_active, 0u);
}

TEST(AgentCore, AnswersReconciliation) {
  CoreWorld world;
  world.Connect();
  world.Run("known");
  world.Settle();
  world.Start(world.Find("known"));
  (void)world.Drain();
  internal::ToAgent message;
  for (const char* task : {"known", "unknown"}) {
    auto& entry = *message.mutable_reconcile()->add_tasks();
    entry.mutable_framework_id()->set_value("F");
    entry.mutable_task_id()->set_value(task);
  }
  world.FromMaster(message);
  world.Settle();
  EXPECT_THAT(world.TakeUpdates(), ElementsAre("known TASK_RUNNING", "unknown TASK_DROPPED"));
}

TEST(AgentCore, ReregistersWithItsTasksAndResendsUpdates) {
  CoreWorld world;
  world.Connect();
  world.Run("t");
  world.Settle();
  world.Start(world.Find("t"));
  world.Settle();
  EXPECT_THAT(world.TakeUpdates(), ElementsAre("t TASK_STARTING"));
  world.Perform(world.core->LinkDown(world.link, world.now));
  world.Exit(world.Find("t"), 0);
  world.Settle();
  EXPECT_THAT(world.TakeUpdates(), IsEmpty());
  world.Connect();
  const auto& again = world.sent.at(0).reregister_agent();
  ASSERT_EQ(again.tasks_size(), 1);
  EXPECT_EQ(again.tasks(0).state(), v1::TASK_FINISHED);
  EXPECT_EQ(again.tasks(0).status_update_state(), v1::TASK_STARTING);
  EXPECT_EQ(again.frameworks_size(), 1);
  EXPECT_THAT(CoreWorld::Names(world.Drain()),
              ElementsAre("TASK_STARTING", "TASK_RUNNING", "TASK_FINISHED"));
}

TEST(AgentCore, ARestartFindsRunningAndEndedTasks) {
  CoreWorld world;
  world.Connect();
  for (const char* task : {"runs", "ended", "gone"}) world.Run(task);
  world.Settle();
  for (const char* task : {"runs", "ended", "gone"}) world.Start(world.Find(task));
  (void)world.Drain();
  // While the agent is dead one ends, and one vanishes with its shim.
  const ContainerId ended = world.Find("ended"), runs = world.Find("runs");
  world.containers.at(ended).exit = ContainerExited{ended, ContainerExited::Cause::kSelf, kExit7};
  world.containers.erase(world.Find("gone"));
  world.Crash();
  world.Connect();
  std::map<std::string, v1::TaskStatus> last;
  for (const auto& update : world.Drain()) {
    last[update.status().task_id().value()] = update.status();
  }
  EXPECT_EQ(last.count("runs"), 0u);
  EXPECT_EQ(last.at("ended").message(), "Command exited with status 7");
  EXPECT_EQ(last.at("gone").state(), v1::TASK_FAILED);
  EXPECT_EQ(last.at("gone").reason(), v1::TaskStatus::REASON_EXECUTOR_TERMINATED);
  EXPECT_EQ(world.core->task_count(), 1u);
  world.Exit(runs, 0);
  EXPECT_THAT(CoreWorld::Names(world.Drain()), ElementsAre("TASK_FINISHED"));
}

TEST(AgentCore, AnUnansweredKillIsRepeatedAfterARestart) {
  CoreWorld world;
  world.Connect();
  world.Run("t");
  world.Settle();
  world.Start(world.Find("t"));
  world.Kill("t");
  world.Settle();
  world.containers.at(world.Find("t")).kill_asked = false;
  world.Crash();
  world.Settle();
  EXPECT_TRUE(world.containers.at(world.Find("t")).kill_asked);
}

TEST(AgentCore, ALaunchThatTheAgentDidNotLiveToMakeIsMadeByItsSuccessor) {
  CoreWorld world;
  world.Connect();
  world.lose_launches = true;
  world.Run("t");
  world.Run("killed");
  world.Kill("killed");
  world.Settle();
  world.Crash();
  world.lose_launches = false;
  EXPECT_THAT(world.launched_once, IsEmpty());  // Again not before it is durable.
  world.Settle();
  world.Connect();
  ASSERT_FALSE(world.Find("t").empty());
  EXPECT_TRUE(world.Find("killed").empty());
  world.Start(world.Find("t"));
  world.Exit(world.Find("t"), 0);
  std::map<std::string, v1::TaskState> last;
  for (const auto& update : world.Drain()) {
    last[update.status().task_id().value()] = update.status().state();
  }
  EXPECT_EQ(last["t"], v1::TASK_FINISHED);
  EXPECT_EQ(last["killed"], v1::TASK_KILLED);
}

TEST(AgentCore, AFailedWriteStopsEverything) {
  CoreWorld world;
  world.Connect();
  world.Run("t");
  world.Perform(world.core->PersistFailed(Unavailable("disk full"), world.now));
  ASSERT_TRUE(world.stopped);
  EXPECT_THAT(world.stopped->message(), HasSubstr("disk full"));
  world.Persist();
  EXPECT_THAT(world.launched_once, IsEmpty());
}

TEST(AgentCore, AMarkedGoneAgentKillsItsTasksAndEnds) {
  CoreWorld world;
  world.Connect();
  world.Run("t");
  world.Settle();
  world.Start(world.Find("t"));
  internal::ToAgent message;
  message.mutable_refused()->set_reason("the agent is marked gone");
  message.mutable_refused()->set_shutdown(true);
  world.FromMaster(message);
  world.Settle();
  EXPECT_FALSE(world.stopped);
  world.Exit(world.Find("t"), SIGTERM, ContainerExited::Cause::kKilled);
  world.Settle();
  ASSERT_TRUE(world.stopped);
  EXPECT_THAT(world.stopped->message(), HasSubstr("marked gone"));
}

TEST(AgentCore, SandboxesAreDeletedAfterGcDelay) {
  CoreWorld world;
  world.Connect();
  world.Run("t");
  world.Settle();
  world.Start(world.Find("t"));
  const ContainerId id = world.Find("t");
  world.Exit(id, 0);
  (void)world.Drain();
  world.Crash();  // The schedule survives.
  world.Settle();
  ASSERT_TRUE(world.wake_at);
  EXPECT_EQ(*world.wake_at - world.now.mono, Duration::Hours(1));
  world.now.mono = *world.wake_at;
  world.now.wall = world.now.wall + Duration::Hours(1);
  world.Perform(world.core->Tick(world.now));
  ASSERT_EQ(world.deleting.size(), 1u);
  EXPECT_EQ(world.deleting[0].sandbox,
            "/w/slaves/S0/frameworks/F/executors/t/runs/" + id.value());
  world.Perform(world.core->SandboxDeleted(world.deleting[0].container, OkStatus(), world.now));
  world.Settle();
  EXPECT_EQ(world.disk.count("framework/F"), 0u);
  EXPECT_EQ(world.disk.size(), 2u);  // agent, term
}

TEST(AgentCore, AFullDiskShortensTheLifeOfSandboxes) {
  CoreWorld world;
  world.Connect();
  world.Run("t");
  world.Settle();
  world.Start(world.Find("t"));
  world.Exit(world.Find("t"), 0);
  (void)world.Drain();
  world.now.wall = world.now.wall + Duration::Minutes(30);
  world.Perform(world.core->DiskUsed(0.4, world.now));
  EXPECT_THAT(world.deleting, IsEmpty());
  world.Perform(world.core->DiskUsed(0.6, world.now));
  EXPECT_EQ(world.deleting.size(), 1u);
}

TEST(RecoveryPlan, SaysWhatIsWrongWithAStore) {
  internal::CheckpointRecord newer;
  newer.set_version(99);
  newer.mutable_term()->set_term(1);
  const auto too_new = PlanRecovery({newer}, "/w/meta/checkpoint");
  ASSERT_FALSE(too_new.ok());
  EXPECT_THAT(too_new.status().message(), HasSubstr("newer agent"));
  internal::CheckpointRecord agent, task;
  agent.mutable_agent()->set_registration_id("r");
  task.mutable_task()->mutable_framework_id()->set_value("F");
  task.mutable_task()->mutable_task()->set_name("t");
  task.mutable_task()->mutable_task()->mutable_task_id()->set_value("t");
  const auto orphan = PlanRecovery({agent, task}, "/w/meta/checkpoint");
  ASSERT_FALSE(orphan.ok());
  EXPECT_EQ(orphan.status().code(), StatusCode::kDataLoss);
  EXPECT_THAT(orphan.status().message(), HasSubstr("/w/meta/checkpoint"));
}

TEST(RecoveryPlan, ReconfigurationNeedsThePolicy) {
  v1::AgentInfo before, after;
  before.set_hostname("h");
  auto* cpus = before.add_resources();
  cpus->set_name("cpus");
  cpus->set_type(v1::Value::SCALAR);
  cpus->mutable_scalar()->set_value(4);
  after = before;
  after.set_port(1);
  EXPECT_TRUE(CheckReconfiguration(before, after, "equal", "/w").ok());
  after.mutable_resources(0)->mutable_scalar()->set_value(8);
  const Status refused = CheckReconfiguration(before, after, "equal", "/w");
  EXPECT_THAT(refused.message(), HasSubstr("resources changed"));
  EXPECT_THAT(refused.message(), HasSubstr("/w/meta"));
  EXPECT_TRUE(CheckReconfiguration(before, after, "additive", "/w").ok());
  EXPECT_FALSE(CheckReconfiguration(after, before, "additive", "/w").ok());
}

}  // namespace
}  // namespace meseta::agent
