// Goal: a change of the leader: frameworks and their timeouts come from the registry, removed ones
// never return, questions about tasks are answered as soon as their agent is back or lost, agents
// are given up only as fast as permitted, nothing is launched twice. Method: one MasterCore, and
// another one with the same registry and a higher term.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "master/agents/removal_limiter.h"
#include "tests/master/core/harness.h"

namespace meseta::master {
namespace {

using Call = v1::scheduler::Call;
using Event = v1::scheduler::Event;

std::string Launch(Harness* master, const std::string& session, const std::string& framework,
                   const std::string& agent, const std::string& task) {
  const std::string offer = master->OfferOnly(framework, agent, "cpus:1;mem:32");
  master->Call(session, Harness::Launch(framework, {offer}, {Harness::Task(task, agent)}));
  return offer;
}

void Reconcile(Harness* master, const std::string& session, const std::string& framework,
               const std::string& task, const std::string& agent) {
  Call call = Harness::CallOf(framework, Call::RECONCILE);
  call.mutable_reconcile();
  if (!task.empty()) {
    auto* entry = call.mutable_reconcile()->add_tasks();
    entry->mutable_task_id()->set_value(task);
    if (!agent.empty()) entry->mutable_agent_id()->set_value(agent);
  }
  EXPECT_EQ(master->Call(session, call).status, 202);
}

// "task state" of each update, in order.
std::vector<std::string> Updates(Harness* master, const std::string& session) {
  std::vector<std::string> out;
  for (const Event& event : master->TakeEvents(session, Event::UPDATE)) {
    const v1::TaskStatus& status = event.update().status();
    out.push_back(status.task_id().value() + " " + v1::TaskState_Name(status.state()));
  }
  return out;
}

using Lines = std::vector<std::string>;

// As the next leader's log does it.
registry::RegistryState NextTerm(registry::RegistryState disk) {
  disk.header.set_term(disk.header.term() + 1);
  return disk;
}

class FailoverTest : public ::testing::Test {
 protected:
  FailoverTest() {
    for (int i = 0; i < 3; ++i) {
      before.Register(1 + i, "host" + std::to_string(i), "r" + std::to_string(i));
    }
    before.Subscribe("s1", Harness::FrameworkInfo());
  }
  // What the next leader starts from.
  registry::RegistryState Disk() const { return NextTerm(before.disk); }

  Harness before;
};

TEST_F(FailoverTest, SubscribedIsSaidOnceItIsDurable) {
  before.hold_disk = true;
  before.Subscribe("s2", Harness::FrameworkInfo("other"));
  EXPECT_TRUE(before.TakeEvents("s2").empty());
  EXPECT_EQ(before.core.state().frameworks.Find(FrameworkId("other")), nullptr);
  before.Release();
  EXPECT_EQ(before.TakeEvents("s2").size(), 2u);
}

TEST_F(FailoverTest, WorkOnAFrameworkWaitsInOrder) {
  before.hold_disk = true;
  before.Subscribe("s2", Harness::FrameworkInfo("f"));
  before.Subscribe("s3", Harness::FrameworkInfo("f"));
  before.CloseSession("s2");
  before.Release();
  EXPECT_TRUE(before.TakeEvents("s2").empty());
  EXPECT_EQ(before.TakeEvents("s3", Event::SUBSCRIBED).size(), 1u);
  EXPECT_TRUE(before.core.state().frameworks.Find(FrameworkId("f"))->connected());
}

TEST_F(FailoverTest, TooManySubscriptionsAreRefused) {
  before.hold_disk = true;
  before.Subscribe("w", Harness::FrameworkInfo("f"));
  for (size_t i = 0; i < FrameworkWrites::kMaxWaiting; ++i) {
    before.Subscribe("w" + std::to_string(i), Harness::FrameworkInfo("f"));
  }
  before.Subscribe("last", Harness::FrameworkInfo("f"));
  EXPECT_EQ(before.TakeEvents("last")[0].error().message(),
            "Too many subscriptions of framework f wait; try again");
  EXPECT_TRUE(before.closed("last"));
}

TEST_F(FailoverTest, SubscriberThatLeftDuringTheWriteIsAwaited) {
  before.hold_disk = true;
  before.Subscribe("s2", Harness::FrameworkInfo("f"));
  before.CloseSession("s2");
  before.Release();
  EXPECT_TRUE(before.TakeEvents("s2").empty());
  ASSERT_NE(before.core.state().frameworks.Find(FrameworkId("f")), nullptr);
  before.Advance(Duration::Seconds(61));
  EXPECT_EQ(before.core.state().frameworks.Find(FrameworkId("f")), nullptr);
  EXPECT_TRUE(before.disk.removed.count(FrameworkId("f")));
}

TEST_F(FailoverTest, ChangedInfoIsDurableBeforeTheAnswer) {
  Call call = Harness::CallOf("m-0000", Call::UPDATE_FRAMEWORK);
  v1::FrameworkInfo info = Harness::FrameworkInfo("m-0000");
  info.set_failover_timeout(7);
  *call.mutable_update_framework()->mutable_framework_info() = info;
  before.hold_disk = true;
  EXPECT_EQ(before.Call("s1", call).status, 0);  // Not yet.
  before.Release();
  ASSERT_EQ(before.replies.size(), 1u);
  EXPECT_EQ(before.replies[0].result, (CallResult{200, ""}));
  // The same again needs no write.
  const size_t writes = before.writes.size();
  EXPECT_EQ(before.Call("s1", call), (CallResult{200, ""}));
  EXPECT_EQ(before.writes.size(), writes);
}

TEST_F(FailoverTest, TeardownIsToldAndAnsweredOnceItIsDurable) {
  Launch(&before, "s1", "m-0000", "m-S0", "t");
  (void)before.TakeToAgent(1);
  before.hold_disk = true;
  EXPECT_EQ(before.Call("s1", Harness::CallOf("m-0000", Call::TEARDOWN)).status, 0);
  EXPECT_TRUE(before.TakeToAgent(1).empty());
  EXPECT_FALSE(before.closed("s1"));
  EXPECT_EQ(before.Call("s1", Harness::CallOf("m-0000", Call::REVIVE)),
            (CallResult{400, "Framework cannot be found"}));
  before.Subscribe("s2", Harness::FrameworkInfo("m-0000"));
  before.Release();
  EXPECT_TRUE(before.TakeToAgent(1)[0].has_shutdown_framework());
  EXPECT_TRUE(before.closed("s1"));
  EXPECT_EQ(before.replies[0].result, (CallResult{202, ""}));
  EXPECT_EQ(before.TakeEvents("s2")[0].error().message(), "Framework has been removed");
}

TEST_F(FailoverTest, ReturnWhoseWriteIsOutWhenTheTimeEndsCounts) {
  before.CloseSession("s1");
  before.hold_disk = true;
  v1::FrameworkInfo info = Harness::FrameworkInfo("m-0000");
  info.set_failover_timeout(90);
  before.Advance(Duration::Seconds(59));
  before.Subscribe("s2", info);  // Its write is out when the time runs out.
  before.Advance(Duration::Seconds(2));
  before.Release();
  EXPECT_TRUE(before.core.state().frameworks.Find(FrameworkId("m-0000"))->connected());
  EXPECT_TRUE(before.disk.removed.empty());
}

TEST_F(FailoverTest, NextLeaderKnowsTheFrameworkAndArmsItsTimeout) {
  Launch(&before, "s1", "m-0000", "m-S0", "t");
  Harness after({}, Disk());
  const Framework* framework = after.core.state().frameworks.Find(FrameworkId("m-0000"));
  ASSERT_NE(framework, nullptr);
  EXPECT_TRUE(framework->recovered);
  EXPECT_FALSE(framework->connected());
  const auto views = after.TakeView<FrameworkUpserted>();
  ASSERT_EQ(views.size(), 1u);
  EXPECT_TRUE(views[0].framework->recovered);
  after.Advance(Duration::Seconds(59));
  EXPECT_NE(after.core.state().frameworks.Find(FrameworkId("m-0000")), nullptr);
  after.Advance(Duration::Seconds(1));
  EXPECT_EQ(after.core.state().frameworks.Find(FrameworkId("m-0000")), nullptr);
  EXPECT_TRUE(after.disk.removed.count(FrameworkId("m-0000")));

  // Its tasks are killed wherever they turn up, also under a third leader.
  Harness third({}, NextTerm(after.disk));
  third.Reregister(1, "host0", "r0", "m-S0", {Harness::RunningTask("t", "m-0000", "m-S0")},
                   {Harness::FrameworkInfo("m-0000")});
  bool told = false;
  for (const internal::ToAgent& message : third.TakeToAgent(1)) {
    told = told || message.shutdown_framework().framework_id().value() == "m-0000";
  }
  EXPECT_TRUE(told);
  EXPECT_EQ(third.core.state().tasks.size(), 0u);
  third.Subscribe("s1", Harness::FrameworkInfo("m-0000"));
  EXPECT_EQ(third.TakeEvents("s1")[0].error().message(), "Framework has been removed");
}

TEST_F(FailoverTest, FrameworkReturnsUnderItsId) {
  Harness after({}, Disk());
  after.Advance(Duration::Seconds(30));
  after.Subscribe("s2", Harness::FrameworkInfo("m-0000"));
  EXPECT_EQ(after.TakeEvents("s2", Event::SUBSCRIBED).size(), 1u);
  EXPECT_TRUE(after.writes.empty());  // The registry says all this already.
  after.Advance(Duration::Minutes(5));
  const Framework* framework = after.core.state().frameworks.Find(FrameworkId("m-0000"));
  ASSERT_NE(framework, nullptr);
  EXPECT_FALSE(framework->recovered);
  // Fresh ids do not collide with those of the registry.
  after.Subscribe("s3", Harness::FrameworkInfo());
  EXPECT_EQ(after.TakeEvents("s3", Event::SUBSCRIBED)[0].subscribed().framework_id().value(),
            "m-0001");
}

TEST_F(FailoverTest, FrameworkWithoutTimeoutOutlivesALeaderNotADisconnection) {
  v1::FrameworkInfo info = Harness::FrameworkInfo("f");
  info.set_failover_timeout(0);
  before.Subscribe("s2", info);
  Harness after({}, Disk());
  after.Advance(Duration::Minutes(9));
  after.Subscribe("s2", info);
  EXPECT_EQ(after.TakeEvents("s2", Event::SUBSCRIBED).size(), 1u);
  after.CloseSession("s2");
  EXPECT_TRUE(after.disk.removed.count(FrameworkId("f")));
}

TEST_F(FailoverTest, RemovedFrameworksAreForgottenByAgeAndCount) {
  MasterOptions options;
  options.registry_max_framework_count = 1;
  options.registry_max_framework_age = Duration::Hours(1);
  Harness master(options);
  for (const char* id : {"a", "b"}) {
    master.Subscribe(id, Harness::FrameworkInfo(id));
    master.Call(id, Harness::CallOf(id, Call::TEARDOWN));
    master.Advance(Duration::Seconds(1));
  }
  EXPECT_EQ(master.disk.removed.size(), 2u);
  master.Advance(Duration::Minutes(15));
  EXPECT_EQ(master.disk.removed.size(), 1u);
  EXPECT_TRUE(master.disk.removed.count(FrameworkId("b")));
  EXPECT_FALSE(master.core.state().frameworks.IsCompleted(FrameworkId("a")));
  master.Advance(Duration::Hours(2));
  EXPECT_TRUE(master.disk.removed.empty());
}

TEST_F(FailoverTest, LaunchLostWithTheOldLeaderIsToldWhenItsAgentIsBack) {
  Launch(&before, "s1", "m-0000", "m-S0", "lost");
  Launch(&before, "s1", "m-0000", "m-S0", "kept");
  Harness after({}, Disk());
  after.Subscribe("s2", Harness::FrameworkInfo("m-0000"));
  v1::FrameworkInfo plain = Harness::FrameworkInfo("plain", {});
  plain.clear_capabilities();
  after.Subscribe("p", plain);
  Reconcile(&after, "s2", "m-0000", "lost", "m-S0");
  Reconcile(&after, "s2", "m-0000", "kept", "m-S0");
  Reconcile(&after, "p", "plain", "lost", "m-S0");
  EXPECT_EQ(Updates(&after, "s2"), Lines());  // Nothing that may turn out wrong.
  after.Reregister(1, "host0", "r0", "m-S0", {Harness::RunningTask("kept", "m-0000", "m-S0")},
                   {Harness::FrameworkInfo("m-0000")});
  EXPECT_EQ(Updates(&after, "s2"), (Lines{"kept TASK_RUNNING", "lost TASK_GONE"}));
  EXPECT_EQ(Updates(&after, "p"), (Lines{"lost TASK_LOST"}));
  // Once.
  after.Reregister(1, "host0", "r0", "m-S0", {Harness::RunningTask("kept", "m-0000", "m-S0")},
                   {Harness::FrameworkInfo("m-0000")});
  EXPECT_EQ(Updates(&after, "s2"), Lines());
  EXPECT_EQ(after.core.state().pending_reconciles.size(), 0u);
}

TEST_F(FailoverTest, QuestionsWithoutAgentWaitForTheTaskOrTheLastAgent) {
  Harness after({}, Disk());
  after.Subscribe("s2", Harness::FrameworkInfo("m-0000"));
  Reconcile(&after, "s2", "m-0000", "a", "");
  Reconcile(&after, "s2", "m-0000", "b", "");
  after.Reregister(1, "host0", "r0", "m-S0", {Harness::RunningTask("a", "m-0000", "m-S0")},
                   {Harness::FrameworkInfo("m-0000")});
  EXPECT_EQ(Updates(&after, "s2"), (Lines{"a TASK_RUNNING"}));
  after.Reregister(2, "host1", "r1", "m-S1");
  EXPECT_EQ(Updates(&after, "s2"), Lines());
  after.Advance(Duration::Minutes(10));  // The third is given up.
  EXPECT_EQ(Updates(&after, "s2"), (Lines{"b TASK_UNKNOWN"}));
}

TEST_F(FailoverTest, QuestionsAboutALostAgentAreAnsweredWhenItIsGivenUp) {
  Harness after({}, Disk());
  after.Subscribe("s2", Harness::FrameworkInfo("m-0000"));
  Reconcile(&after, "s2", "m-0000", "t", "m-S2");
  after.Advance(Duration::Minutes(10));
  EXPECT_EQ(Updates(&after, "s2"), (Lines{"t TASK_UNREACHABLE"}));
}

TEST_F(FailoverTest, ImplicitReconcileGoesOnWhileAgentsReturn) {
  Harness after({}, Disk());
  after.Subscribe("s2", Harness::FrameworkInfo("m-0000"));
  Reconcile(&after, "s2", "m-0000", "", "");
  EXPECT_EQ(Updates(&after, "s2"), Lines());
  for (int i = 0; i < 3; ++i) {
    const std::string n = std::to_string(i);
    after.Reregister(1 + i, "host" + n, "r" + n, "m-S" + n,
                     {Harness::RunningTask("t" + n, "m-0000", "m-S" + n)},
                     {Harness::FrameworkInfo("m-0000")});
    EXPECT_EQ(Updates(&after, "s2"), (Lines{"t" + n + " TASK_RUNNING"}));
  }
  EXPECT_TRUE(after.core.state().pending_reconciles.empty());
}

TEST_F(FailoverTest, QuestionsEndWithTheSession) {
  Harness after({}, Disk());
  after.Subscribe("s2", Harness::FrameworkInfo("m-0000"));
  Reconcile(&after, "s2", "m-0000", "t", "m-S0");
  after.CloseSession("s2");
  EXPECT_TRUE(after.core.state().pending_reconciles.empty());
  after.Subscribe("s3", Harness::FrameworkInfo("m-0000"));
  Reconcile(&after, "s3", "m-0000", "t", "m-S0");
  after.Subscribe("s4", Harness::FrameworkInfo("m-0000"));
  EXPECT_TRUE(after.core.state().pending_reconciles.empty());
}

TEST_F(FailoverTest, KillOfATaskOfAnAwaitedAgentIsNotForgotten) {
  Harness after({}, Disk());
  after.Subscribe("s2", Harness::FrameworkInfo("m-0000"));
  for (const char* task : {"t", "gone"}) {
    Call kill = Harness::CallOf("m-0000", Call::KILL);
    kill.mutable_kill()->mutable_task_id()->set_value(task);
    kill.mutable_kill()->mutable_agent_id()->set_value("m-S0");
    EXPECT_EQ(after.Call("s2", kill).status, 202);
  }
  after.Reregister(1, "host0", "r0", "m-S0", {Harness::RunningTask("t", "m-0000", "m-S0")},
                   {Harness::FrameworkInfo("m-0000")});
  int kills = 0;
  for (const internal::ToAgent& message : after.TakeToAgent(1)) {
    if (!message.has_kill_task()) continue;
    ++kills;
    EXPECT_EQ(message.kill_task().task_id().value(), "t");
  }
  EXPECT_EQ(kills, 1);
  EXPECT_EQ(Updates(&after, "s2"), (Lines{"gone TASK_GONE", "t TASK_RUNNING"}));
}

TEST_F(FailoverTest, TaskThatWasLaunchedAgainElsewhereRunsOnce) {
  Launch(&before, "s1", "m-0000", "m-S0", "t");
  Harness after({}, Disk());
  after.Subscribe("s2", Harness::FrameworkInfo("m-0000"));
  after.Reregister(2, "host1", "r1", "m-S1");
  Launch(&after, "s2", "m-0000", "m-S1", "t");
  (void)after.TakeEvents("s2");
  after.Reregister(1, "host0", "r0", "m-S0", {Harness::RunningTask("t", "m-0000", "m-S0")},
                   {Harness::FrameworkInfo("m-0000")});
  const auto kills = after.TakeToAgent(1);
  ASSERT_TRUE(std::any_of(kills.begin(), kills.end(), [](const internal::ToAgent& message) {
    return message.kill_task().task_id().value() == "t";
  }));
  // The end of the old one is not the end of the new one.
  after.Update(1, "m-S0", "m-0000", "t", v1::TASK_KILLED, "u1");
  EXPECT_EQ(Updates(&after, "s2"), Lines());
  EXPECT_EQ(after.TakeToAgent(1)[0].acknowledge_update().uuid(), "u1");
  EXPECT_EQ(after.core.state().tasks.Find(FrameworkId("m-0000"), TaskId("t"))->state(),
            v1::TASK_STAGING);
  // The same id on the agent that has it is refused.
  Launch(&after, "s2", "m-0000", "m-S1", "t");
  EXPECT_EQ(Updates(&after, "s2"), (Lines{"t TASK_ERROR"}));
}

TEST_F(FailoverTest, CallsOfTheDeposedLeaderAreRefused) {
  const std::string offer = before.OfferOnly("m-0000", "m-S0", "cpus:1;mem:32");
  before.core.HandlePersistFailed(Unavailable("not leading any more"));
  before.Settle();
  EXPECT_EQ(before.Call("s1", Harness::Launch("m-0000", {offer}, {Harness::Task("t", "m-S0")})),
            (CallResult{503, "No leader elected"}));
  EXPECT_EQ(before.TakeToAgent(1).size(), 1u);  // The registration only.

  // Its offers mean nothing to the next leader, which says so at once.
  Harness after({}, Disk());
  after.Subscribe("s2", Harness::FrameworkInfo("m-0000"));
  after.Call("s2", Harness::Launch("m-0000", {offer}, {Harness::Task("t", "m-S0")}));
  EXPECT_EQ(Updates(&after, "s2"), (Lines{"t TASK_DROPPED"}));
}

// The link broke behind a launch; the agent's return meets a slow disk, and a second launch.
TEST_F(FailoverTest, LaunchesLostWithALinkAreReconciledWithTheAgent) {
  Launch(&before, "s1", "m-0000", "m-S0", "t1");
  (void)before.TakeToAgent(4);
  before.hold_disk = true;
  internal::ToMaster message;
  internal::ReregisterAgent* agent = message.mutable_reregister_agent();
  agent->set_registration_id("r0");
  *agent->mutable_info() = Harness::AgentInfo("renamed");
  agent->mutable_info()->mutable_id()->set_value("m-S0");
  before.core.HandleAgent(4, message, before.now);  // The old link is not known to be down yet.
  before.Settle();
  Launch(&before, "s1", "m-0000", "m-S0", "t2");  // Goes to the old link.
  before.Release();
  std::set<std::string> asked;
  for (const internal::ToAgent& out : before.TakeToAgent(4)) {
    for (const auto& entry : out.reconcile().tasks()) asked.insert(entry.task_id().value());
  }
  EXPECT_EQ(asked, (std::set<std::string>{"t1", "t2"}));
  // A launch after the return goes to the new link.
  Launch(&before, "s1", "m-0000", "m-S0", "t3");
  EXPECT_EQ(before.TakeToAgent(4)[0].run_task().task().task_id().value(), "t3");
}

TEST_F(FailoverTest, AgentsAreGivenUpAsFastAsPermitted) {
  MasterOptions options;
  options.agent_removal_rate_limit = RemovalRate{1, Duration::Minutes(10)};
  Harness after(options, Disk());
  after.Advance(Duration::Minutes(10));
  EXPECT_EQ(after.disk.unreachable.size(), 1u);
  EXPECT_EQ(after.counts.slave_unreachable_scheduled, 3u);
  EXPECT_EQ(after.counts.slave_unreachable_completed, 1u);
  after.Advance(Duration::Minutes(9));
  after.Reregister(2, "host1", "r1", "m-S1");
  EXPECT_EQ(after.counts.slave_unreachable_canceled, 1u);
  after.Advance(Duration::Minutes(1));
  EXPECT_EQ(after.disk.unreachable.size(), 2u);
  EXPECT_TRUE(after.disk.admitted.count(AgentId("m-S1")));
  // The same limit holds for silent agents.
  after.LinkDown(2);
  after.Advance(Duration::Seconds(75));
  EXPECT_EQ(after.disk.unreachable.size(), 2u);
  after.Advance(Duration::Minutes(9));
  EXPECT_EQ(after.disk.unreachable.size(), 3u);
  EXPECT_EQ(after.counts.slave_unreachable_scheduled, 4u);
  EXPECT_EQ(after.counts.slave_unreachable_completed, 3u);
}

TEST_F(FailoverTest, TooManyMissingAgentsAreAwaitedOn) {
  MasterOptions options;
  options.recovery_agent_removal_limit = AgentShare{50};
  Harness after(options, Disk());
  after.Advance(Duration::Minutes(10));
  EXPECT_TRUE(after.disk.unreachable.empty());
  ASSERT_EQ(after.warnings.size(), 1u);
  EXPECT_NE(after.warnings[0].find("3 of 3 agents have not reregistered"), std::string::npos);
  after.Reregister(1, "host0", "r0", "m-S0");
  after.Reregister(2, "host1", "r1", "m-S1");
  after.Advance(Duration::Minutes(10));
  EXPECT_EQ(after.disk.unreachable.size(), 1u);
}

TEST_F(FailoverTest, DeactivatedAgentsStaySo) {
  registry::RegistryState disk = Disk();
  disk.admitted.at(AgentId("m-S0")).set_deactivated(true);
  Harness after({}, disk);
  after.Subscribe("s2", Harness::FrameworkInfo("m-0000"));
  after.Reregister(1, "host0", "r0", "m-S0");
  EXPECT_FALSE(after.core.state().agents.Find(AgentId("m-S0"))->active());
  const auto views = after.TakeView<AgentUpserted>();
  EXPECT_TRUE(views.back().agent->deactivated);
  EXPECT_EQ(after.Offer("m-0000", "m-S0"), "");
}

TEST(RemovalLimiterTest, RatesAndShares) {
  EXPECT_EQ(*ParseRemovalRate("1/10mins"), (RemovalRate{1, Duration::Minutes(10)}));
  EXPECT_EQ(ToString(*ParseRemovalRate("20/1hrs")), "20/1hrs");
  for (const char* text : {"", "1", "/1mins", "0/1mins", "-1/1mins", "1/0secs", "1/x", "1.5/1mins"}) {
    EXPECT_EQ(ParseRemovalRate(text).status().message(),
              std::string("Invalid agent_removal_rate_limit: '") + text +
                  "'. Format is <Number of agents>/<Duration>");
  }
  EXPECT_EQ(ParseAgentShare("12.5%")->percent, 12.5);
  for (const char* text : {"", "%", "5", "101%", "-1%", "nan%", "5%%"}) {
    EXPECT_FALSE(ParseAgentShare(text).ok()) << text;
  }
  RemovalLimiter limiter(RemovalRate{2, Duration::Seconds(10)});
  const Time start = Time::FromNanos(0) + Duration::Hours(1);
  EXPECT_TRUE(limiter.Take(start));
  EXPECT_FALSE(limiter.Take(start + Duration::Seconds(4)));
  EXPECT_TRUE(limiter.Take(start + Duration::Minutes(1)));
  EXPECT_FALSE(limiter.Take(start + Duration::Minutes(1)));
  EXPECT_EQ(limiter.next(), start + Duration::Seconds(65));
}

}  // namespace
}  // namespace meseta::master
