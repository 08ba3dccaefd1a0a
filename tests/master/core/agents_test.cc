// Goal: the life of agents: admission, loss, return, and what becomes of their tasks; a restart of
// the master. Method: one MasterCore; the test holds the disk back where the order matters.
#include <gtest/gtest.h>

#include "tests/master/core/harness.h"

namespace meseta::master {
namespace {

using Call = v1::scheduler::Call;
using Event = v1::scheduler::Event;

const Duration kPingTimeouts = Duration::Seconds(75);

void LaunchOne(Harness* master, const std::string& session, const std::string& framework,
               const std::string& agent, const std::string& task) {
  const std::string offer = master->OfferOnly(framework, agent, "cpus:1;mem:32");
  master->Call(session, Harness::Launch(framework, {offer}, {Harness::Task(task, agent)}));
}

TEST(AgentsTest, RegistrationIsAnsweredOnceItIsDurable) {
  Harness master;
  master.hold_disk = true;
  master.Register(1, "host1", "r1");
  EXPECT_TRUE(master.TakeToAgent(1).empty());
  EXPECT_TRUE(master.core.state().agents.registered().empty());
  ASSERT_EQ(master.writes.size(), 1u);
  master.core.HandlePersisted(master.writes[0].number, master.now);
  master.Settle();
  const std::vector<internal::ToAgent> messages = master.TakeToAgent(1);
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].registered().agent_id().value(), "m-S0");
  EXPECT_EQ(messages[0].registered().registration_id(), "r1");
  EXPECT_EQ(messages[0].term(), 1u);
  EXPECT_EQ(master.TakeView<AgentUpserted>().size(), 1u);
}

TEST(AgentsTest, RegistrationIsIdempotent) {
  Harness master;
  master.Register(1, "host1", "r1");
  master.Register(2, "host1", "r1");
  EXPECT_EQ(master.core.state().agents.registered().size(), 1u);
  const std::vector<internal::ToAgent> messages = master.TakeToAgent(2);
  ASSERT_FALSE(messages.empty());
  EXPECT_EQ(messages[0].registered().agent_id().value(), "m-S0");
}

TEST(AgentsTest, NewProcessAtAnAddressReplacesTheOld) {
  Harness master;
  master.Register(1, "host1", "r1");
  master.LinkDown(1);
  master.Register(1, "host1", "r2");
  ASSERT_EQ(master.core.state().agents.registered().size(), 1u);
  EXPECT_EQ(master.core.state().agents.registered().begin()->first.value(), "m-S1");
  EXPECT_EQ(master.disk.admitted.size(), 1u);
}

TEST(AgentsTest, InvalidRegistrationsAreRefusedWithASentence) {
  Harness master;
  internal::ToMaster message;
  message.mutable_register_agent()->set_registration_id("r1");
  message.mutable_register_agent()->mutable_info()->set_hostname("");
  master.core.HandleAgent(1, message, master.now);
  master.Reregister(1, "host", "r1", "a/b");
  std::vector<internal::ToAgent> answers = master.TakeToAgent(1);
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(answers[0].refused().reason(), "The agent's info has no hostname");
  EXPECT_FALSE(answers[0].refused().shutdown());
  EXPECT_EQ(answers[1].refused().reason(),
            "The agent's id is invalid: 'a/b' contains invalid characters");
  master.core.HandleAgent(1, internal::ToMaster(), master.now);
  master.Settle();
  EXPECT_EQ(master.warnings.size(), 1u);
}

TEST(AgentsTest, BrokenLinkRescindsOffersAndKeepsTasks) {
  Harness master;
  master.Register(1, "host1", "r1");
  master.Subscribe("s1", Harness::FrameworkInfo());
  LaunchOne(&master, "s1", "m-0000", "m-S0", "t");
  (void)master.Offer("m-0000", "m-S0");
  (void)master.TakeEvents("s1");
  master.LinkDown(1);
  const std::vector<Event> events = master.TakeEvents("s1");
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].type(), Event::RESCIND);
  EXPECT_EQ(master.core.state().tasks.size(), 1u);
  EXPECT_EQ(master.Offer("m-0000", "m-S0"), "");
  const auto& changed = std::get<AgentChanged>(master.ledger[master.ledger.size() - 2].change);
  EXPECT_FALSE(changed.active);
}

TEST(AgentsTest, SilentAgentBecomesUnreachable) {
  Harness master;
  master.Register(1, "host1", "r1");
  master.Subscribe("s1", Harness::FrameworkInfo());
  LaunchOne(&master, "s1", "m-0000", "m-S0", "t");
  master.LinkDown(1);
  (void)master.TakeEvents("s1");
  master.view.clear();
  master.hold_disk = true;
  master.Advance(kPingTimeouts);
  EXPECT_TRUE(master.TakeEvents("s1", Event::UPDATE).empty());  // Not durable yet.
  master.core.HandlePersisted(master.writes.back().number, master.now);
  master.Settle();
  const std::vector<Event> events = master.TakeEvents("s1");
  ASSERT_EQ(events.size(), 2u);
  const v1::TaskStatus& status = events[0].update().status();
  EXPECT_EQ(status.state(), v1::TASK_UNREACHABLE);
  EXPECT_EQ(status.reason(), v1::TaskStatus::REASON_AGENT_REMOVED);
  EXPECT_EQ(status.message(), "health check timed out");
  EXPECT_GT(status.unreachable_time().nanoseconds(), 0);
  EXPECT_EQ(events[1].type(), Event::FAILURE);
  EXPECT_EQ(events[1].failure().agent_id().value(), "m-S0");
  EXPECT_EQ(master.TakeView<AgentUnreachable>().size(), 1u);
  EXPECT_TRUE(master.core.state().tasks.IsUnreachable(FrameworkId("m-0000"), TaskId("t")));
  EXPECT_EQ(master.core.state().ledger.FindFramework(FrameworkId("m-0000")), nullptr);
}

// It died before it had its id on disk, so it registers as at first; what was launched on it can only
// be answered for under the old id.
TEST(AgentsTest, UnreachableAgentThatNeverGotItsIdReturnsUnderIt) {
  Harness master;
  master.Register(1, "host1", "r1");
  master.LinkDown(1);
  master.Advance(kPingTimeouts);
  ASSERT_EQ(master.core.state().agents.unreachable().size(), 1u);
  (void)master.TakeToAgent(2);
  master.Register(2, "host1", "r1");
  const std::vector<internal::ToAgent> messages = master.TakeToAgent(2);
  ASSERT_FALSE(messages.empty());
  EXPECT_EQ(messages[0].registered().agent_id().value(), "m-S0");
  EXPECT_TRUE(master.core.state().agents.unreachable().empty());
  EXPECT_TRUE(master.disk.unreachable.empty());
  EXPECT_EQ(master.disk.admitted.size(), 1u);
}

TEST(AgentsTest, UnreachableAgentReturnsWithItsTasks) {
  Harness master;
  master.Register(1, "host1", "r1");
  master.Subscribe("s1", Harness::FrameworkInfo());
  LaunchOne(&master, "s1", "m-0000", "m-S0", "t");
  master.LinkDown(1);
  master.Advance(kPingTimeouts);
  EXPECT_EQ(master.disk.unreachable.size(), 1u);
  (void)master.TakeEvents("s1");
  master.Reregister(2, "host1", "r1", "m-S0", {Harness::RunningTask("t", "m-0000", "m-S0")},
                    {Harness::FrameworkInfo("m-0000")});
  EXPECT_TRUE(master.disk.unreachable.empty());
  EXPECT_EQ(master.disk.admitted.size(), 1u);
  const std::vector<Event> updates = master.TakeEvents("s1", Event::UPDATE);
  ASSERT_EQ(updates.size(), 1u);
  EXPECT_EQ(updates[0].update().status().state(), v1::TASK_RUNNING);
  EXPECT_EQ(updates[0].update().status().reason(), v1::TaskStatus::REASON_AGENT_REREGISTERED);
  EXPECT_EQ(updates[0].update().status().message(), "Unreachable agent re-reregistered");
  EXPECT_EQ(master.Account("m-S0").used.at(FrameworkId("m-0000")).Total().SumOf("cpus").value(), 1);
  EXPECT_FALSE(master.core.state().tasks.IsUnreachable(FrameworkId("m-0000"), TaskId("t")));
}

TEST(AgentsTest, ReturnDuringTheWriteWaitsForIt) {
  Harness master;
  master.Register(1, "host1", "r1");
  master.LinkDown(1);
  master.hold_disk = true;
  master.Advance(kPingTimeouts);
  master.Reregister(2, "host1", "r1", "m-S0");
  EXPECT_TRUE(master.TakeToAgent(2).empty());
  master.hold_disk = false;
  master.core.HandlePersisted(master.writes.back().number, master.now);
  // The unreachable mark is durable now; the return is the next write.
  Effects effects = master.core.TakeEffects();
  ASSERT_TRUE(effects.persist.has_value());
  master.core.HandlePersisted(effects.persist->number, master.now);
  effects = master.core.TakeEffects();
  ASSERT_FALSE(effects.to_agents.empty());
  EXPECT_EQ(effects.to_agents[0].message.registered().agent_id().value(), "m-S0");
}

TEST(AgentsTest, LinksThatEndDuringAWriteEndWhatCameOverThem) {
  Harness master;
  master.Register(1, "host1", "r1");
  master.LinkDown(1);
  master.hold_disk = true;
  master.Advance(kPingTimeouts);
  master.Register(3, "host3", "r3");
  master.Register(4, "host3", "r3");  // It dialed again while it is being admitted.
  master.Register(5, "host5", "r5");
  master.Reregister(2, "host1", "r1", "m-S0");
  master.Reregister(6, "host1", "r1", "m-S0");  // Once more: the newest message counts.
  for (const LinkId link : {2, 3, 5}) master.LinkDown(link);
  master.Release();
  for (const LinkId link : {2, 3, 5}) EXPECT_TRUE(master.TakeToAgent(link).empty()) << link;
  EXPECT_FALSE(master.TakeToAgent(4).empty());
  EXPECT_FALSE(master.TakeToAgent(6).empty());
  EXPECT_EQ(master.disk.admitted.size(), 3u);
  // What is known to be down answers to a new link.
  master.Register(7, "host5", "r5");
  EXPECT_FALSE(master.TakeToAgent(7).empty());
}

TEST(AgentsTest, TasksTheAgentDoesNotNameAreReconciled) {
  Harness master;
  master.Register(1, "host1", "r1");
  master.Subscribe("s1", Harness::FrameworkInfo());
  LaunchOne(&master, "s1", "m-0000", "m-S0", "never_arrived");
  master.LinkDown(1);
  master.Reregister(2, "host1", "r1", "m-S0");
  const std::vector<internal::ToAgent> messages = master.TakeToAgent(2);
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_TRUE(messages[0].has_registered());
  ASSERT_EQ(messages[1].reconcile().tasks_size(), 1);
  EXPECT_EQ(messages[1].reconcile().tasks(0).task_id().value(), "never_arrived");
}

TEST(AgentsTest, GoneAgentIsShutDownAndNeverComesBack) {
  Harness master;
  master.Register(1, "host1", "r1");
  master.Subscribe("s1", Harness::FrameworkInfo());
  LaunchOne(&master, "s1", "m-0000", "m-S0", "t");
  (void)master.TakeEvents("s1");
  (void)master.TakeToAgent(1);
  v1::master::Call call;
  call.set_type(v1::master::Call::MARK_AGENT_GONE);
  call.mutable_mark_agent_gone()->mutable_agent_id()->set_value("m-S0");
  master.core.HandleOperator(7, call, master.now);
  master.Settle();
  ASSERT_EQ(master.replies.size(), 1u);
  EXPECT_EQ(master.replies[0].id, 7u);
  EXPECT_EQ(master.replies[0].result, (CallResult{200, ""}));
  const std::vector<internal::ToAgent> messages = master.TakeToAgent(1);
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_TRUE(messages[0].refused().shutdown());
  const std::vector<Event> updates = master.TakeEvents("s1", Event::UPDATE);
  ASSERT_EQ(updates.size(), 1u);
  EXPECT_EQ(updates[0].update().status().state(), v1::TASK_GONE_BY_OPERATOR);
  EXPECT_EQ(updates[0].update().status().reason(),
            v1::TaskStatus::REASON_AGENT_REMOVED_BY_OPERATOR);

  master.Reregister(2, "host1", "r1", "m-S0");
  const std::vector<internal::ToAgent> refused = master.TakeToAgent(2);
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_EQ(refused[0].refused().reason(), "Agent has been marked gone");
  EXPECT_TRUE(refused[0].refused().shutdown());

  call.mutable_mark_agent_gone()->mutable_agent_id()->set_value("nope");
  master.core.HandleOperator(8, call, master.now);
  master.Settle();
  EXPECT_EQ(master.replies[1].result, (CallResult{404, "Agent 'nope' not found"}));
}

TEST(AgentsTest, UnregisteringAgentLosesItsTasks) {
  Harness master;
  master.Register(1, "host1", "r1");
  master.Subscribe("s1", Harness::FrameworkInfo());
  LaunchOne(&master, "s1", "m-0000", "m-S0", "t");
  (void)master.TakeEvents("s1");
  internal::ToMaster message;
  message.mutable_unregister_agent()->mutable_agent_id()->set_value("m-S0");
  master.core.HandleAgent(1, message, master.now);
  master.Settle();
  const std::vector<Event> events = master.TakeEvents("s1");
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].update().status().state(), v1::TASK_LOST);
  EXPECT_EQ(events[0].update().status().message(), "Agent host1 removed: the agent unregistered");
  EXPECT_TRUE(master.disk.admitted.empty());
}

TEST(AgentsTest, UpdatesFromAForeignLinkAreIgnored) {
  Harness master;
  master.Register(1, "host1", "r1");
  master.Register(2, "host2", "r2");
  master.Subscribe("s1", Harness::FrameworkInfo());
  LaunchOne(&master, "s1", "m-0000", "m-S0", "t");
  (void)master.TakeEvents("s1");
  master.Update(2, "m-S0", "m-0000", "t", v1::TASK_FAILED, "u");
  EXPECT_TRUE(master.TakeEvents("s1", Event::UPDATE).empty());
  EXPECT_EQ(master.core.state().tasks.Find(FrameworkId("m-0000"), TaskId("t"))->state(),
            v1::TASK_STAGING);
}

// Were it believed, the task's resources would be given back twice.
TEST(AgentsTest, StatesThatOnlyAMasterGivesAreNotBelieved) {
  Harness master;
  master.Register(1, "host1", "r1");
  master.Subscribe("s1", Harness::FrameworkInfo());
  LaunchOne(&master, "s1", "m-0000", "m-S0", "t");
  (void)master.TakeEvents("s1");
  master.warnings.clear();
  master.Update(1, "m-S0", "m-0000", "t", v1::TASK_UNREACHABLE, "u1");
  master.Update(1, "m-S0", "m-0000", "t", v1::TASK_UNKNOWN, "u2");
  EXPECT_EQ(master.warnings.size(), 2u);
  EXPECT_TRUE(master.TakeEvents("s1").empty());
  v1::Task task = Harness::RunningTask("t2", "m-0000", "m-S0");
  task.set_state(v1::TASK_UNREACHABLE);
  master.Reregister(1, "host1", "r1", "m-S0",
                    {Harness::RunningTask("t", "m-0000", "m-S0"), task},
                    {Harness::FrameworkInfo("m-0000")});
  EXPECT_EQ(master.core.state().tasks.Find(FrameworkId("m-0000"), TaskId("t2")), nullptr);
  master.Update(1, "m-S0", "m-0000", "t", v1::TASK_RUNNING, "u3");
  master.Update(1, "m-S0", "m-0000", "t", v1::TASK_FINISHED, "u4");
  EXPECT_TRUE(master.Account("m-S0").used.empty());
}

class RestartTest : public ::testing::Test {
 protected:
  RestartTest() {
    Harness before;
    before.Register(1, "host1", "r1");
    before.Register(2, "host2", "r2");
    disk = before.disk;
  }
  registry::RegistryState disk;
};

TEST_F(RestartTest, RecoveredAgentsAreAwaited) {
  Harness master({}, disk);
  EXPECT_EQ(master.TakeView<AgentRecovered>().size(), 2u);
  master.Reregister(1, "host1", "r1", "m-S0", {Harness::RunningTask("t", "old-0000", "m-S0")},
                    {Harness::FrameworkInfo("old-0000")});
  // Nothing changed in the registry but that its framework was not known.
  ASSERT_EQ(master.writes.size(), 1u);
  EXPECT_EQ(master.writes[0].changes.size(), 1u);
  EXPECT_EQ(master.disk.frameworks.size(), 1u);
  const Framework* framework = master.core.state().frameworks.Find(FrameworkId("old-0000"));
  ASSERT_NE(framework, nullptr);
  EXPECT_TRUE(framework->recovered);
  EXPECT_FALSE(framework->connected());
  EXPECT_EQ(master.core.state().tasks.size(), 1u);

  // The framework returns, and hears of its task when it asks.
  master.Subscribe("s1", Harness::FrameworkInfo("old-0000"));
  EXPECT_EQ(master.TakeEvents("s1").size(), 2u);
  master.Call("s1", Harness::CallOf("old-0000", Call::RECONCILE));
  EXPECT_EQ(master.TakeEvents("s1", Event::UPDATE).size(), 1u);
  // The other agent is late.
  master.Advance(Duration::Minutes(10));
  EXPECT_EQ(master.disk.unreachable.size(), 1u);
  EXPECT_EQ(master.TakeEvents("s1", Event::FAILURE).size(), 1u);
  EXPECT_TRUE(master.core.state().agents.recovered().empty());
}

TEST_F(RestartTest, FrameworkThatNeverReturnsIsRemoved) {
  Harness master({}, disk);
  master.Reregister(1, "host1", "r1", "m-S0", {Harness::RunningTask("t", "old-0000", "m-S0")},
                    {Harness::FrameworkInfo("old-0000")});
  master.Reregister(2, "host2", "r2", "m-S1");
  (void)master.TakeToAgent(1);
  master.Advance(Duration::Minutes(10));
  const std::vector<internal::ToAgent> messages = master.TakeToAgent(1);
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].shutdown_framework().framework_id().value(), "old-0000");
  EXPECT_EQ(master.core.state().tasks.size(), 0u);
}

TEST_F(RestartTest, AgentThatNeverHeardItsIdAsksAgain) {
  Harness master({}, disk);
  master.Register(1, "host1", "r1");
  const std::vector<internal::ToAgent> messages = master.TakeToAgent(1);
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].registered().agent_id().value(), "m-S0");
  EXPECT_EQ(master.disk.admitted.size(), 2u);
}

TEST(AgentsTest, FailedWriteStepsDown) {
  Harness master;
  master.hold_disk = true;
  master.Register(1, "host1", "r1");
  master.core.HandlePersistFailed(Unavailable("disk full"));
  master.Settle();
  ASSERT_TRUE(master.stepped_down.has_value());
  EXPECT_EQ(*master.stepped_down,
            "The registry could not be written, so its state is unknown: disk full");
  master.Subscribe("s1", Harness::FrameworkInfo());
  EXPECT_TRUE(master.TakeEvents("s1").empty());
  EXPECT_EQ(master.Call("s1", Harness::CallOf("x", Call::REVIVE)).status, 503);
}

TEST(AgentsTest, TasksWithTheSamePortAreCountedTwice) {
  Harness master;
  master.Register(1, "host1", "r1");
  master.LinkDown(1);
  const std::string resources = "cpus:3;ports:[31000-31000]";
  master.Reregister(2, "host1", "r1", "m-S0",
                    {Harness::RunningTask("t1", "f", "m-S0", resources),
                     Harness::RunningTask("t2", "f", "m-S0", resources)},
                    {Harness::FrameworkInfo("f")});
  const AgentId agent("m-S0");
  EXPECT_FALSE(master.core.state().ledger.Free(agent).Names().count("cpus"));
  master.Update(2, "m-S0", "f", "t1", v1::TASK_FINISHED, "u1");
  const model::Resources port = model::Resources::Parse("ports:[31000-31000]").value();
  EXPECT_FALSE(master.core.state().ledger.Free(agent).Contains(port));
  EXPECT_EQ(master.core.state().ledger.Free(agent).SumOf("cpus").value(), 1);
  master.Update(2, "m-S0", "f", "t2", v1::TASK_FINISHED, "u2");
  EXPECT_TRUE(master.core.state().ledger.Free(agent).Contains(port));
}

TEST(AgentsTest, OldRecordsArePruned) {
  MasterOptions options;
  options.registry_max_agent_age = Duration::Hours(1);
  Harness master(options);
  master.Register(1, "host1", "r1");
  master.LinkDown(1);
  master.Advance(kPingTimeouts);
  EXPECT_EQ(master.disk.unreachable.size(), 1u);
  master.Advance(Duration::Minutes(30));
  EXPECT_EQ(master.disk.unreachable.size(), 1u);
  master.Advance(Duration::Hours(1));
  EXPECT_TRUE(master.disk.unreachable.empty());
  EXPECT_TRUE(master.core.state().agents.unreachable().empty());
}

}  // namespace
}  // namespace meseta::master
