// Goal: subscriptions, their refusals with Mesos' sentences, failover, the end of frameworks, the
// answers of calls, and reconciliation. Method: one MasterCore.
#include <gtest/gtest.h>

#include "master/frameworks/framework_validation.h"
#include "tests/master/core/harness.h"

namespace meseta::master {
namespace {

using Call = v1::scheduler::Call;
using Event = v1::scheduler::Event;

TEST(SessionsTest, SubscribedThenHeartbeats) {
  Harness master;
  master.Subscribe("s1", Harness::FrameworkInfo());
  std::vector<Event> events = master.TakeEvents("s1");
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].subscribed().framework_id().value(), "m-0000");
  EXPECT_EQ(events[0].subscribed().heartbeat_interval_seconds(), 15);
  EXPECT_EQ(events[0].subscribed().master_info().id(), "m");
  EXPECT_EQ(events[1].type(), Event::HEARTBEAT);
  for (int i = 0; i < 3; ++i) {
    master.Advance(Duration::Seconds(15));
    EXPECT_EQ(master.TakeEvents("s1", Event::HEARTBEAT).size(), 1u);
  }
  master.Subscribe("s2", Harness::FrameworkInfo());
  EXPECT_EQ(master.TakeEvents("s2")[0].subscribed().framework_id().value(), "m-0001");
}

struct Refusal {
  std::string name;
  v1::FrameworkInfo info;
  std::vector<std::string> suppressed;
  std::string sentence;
};

std::vector<Refusal> Refusals() {
  std::vector<Refusal> cases;
  const auto add = [&](std::string name, v1::FrameworkInfo info, std::string sentence,
                       std::vector<std::string> suppressed = {}) {
    cases.push_back(
        Refusal{std::move(name), std::move(info), std::move(suppressed), std::move(sentence)});
  };
  const auto roles = [](const std::vector<std::string>& r) {
    return Harness::FrameworkInfo("", r);
  };
  add("DotDot", roles({"bad/../role"}),
      "'FrameworkInfo.roles' contains invalid role: Role 'bad/../role' cannot include '..' as a "
      "component");
  add("Slash", roles({"/a"}),
      "'FrameworkInfo.roles' contains invalid role: Role '/a' cannot start with a slash");
  add("Duplicate", roles({"a", "a"}), "'FrameworkInfo.roles' contains duplicate items: { a }");
  v1::FrameworkInfo both = roles({"a"});
  both.set_role("b");
  add("RoleWithMultiRole", both,
      "'FrameworkInfo.role' must not be set when the framework is MULTI_ROLE capable");
  v1::FrameworkInfo plain = roles({"a"});
  plain.clear_capabilities();
  add("RolesWithoutMultiRole", plain,
      "'FrameworkInfo.roles' must not be set when the framework is not MULTI_ROLE capable");
  v1::FrameworkInfo old = roles({});
  old.clear_capabilities();
  old.set_role("..");
  add("OldRole", old,
      "'FrameworkInfo.role' is not a valid role: Role '..' cannot include '..' as a component");
  add("Id", Harness::FrameworkInfo("a/b"), "'a/b' contains invalid characters");
  v1::FrameworkInfo timeout = roles({"a"});
  timeout.set_failover_timeout(1e20);
  add("Timeout", timeout, "The framework failover_timeout (1e+20) is invalid");
  add("Suppressed", roles({"a"}), "Suppressed roles { b } are not contained in the set of roles",
      {"b"});
  return cases;
}

class RefusalTest : public ::testing::TestWithParam<Refusal> {};
INSTANTIATE_TEST_SUITE_P(Sentences, RefusalTest, ::testing::ValuesIn(Refusals()),
                         [](const auto& info) { return info.param.name; });

TEST_P(RefusalTest, IsAnErrorEventAndTheEnd) {
  Harness master;
  master.Subscribe("s1", GetParam().info, GetParam().suppressed);
  const std::vector<Event> events = master.TakeEvents("s1");
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].error().message(), GetParam().sentence);
  EXPECT_TRUE(master.closed("s1"));
  EXPECT_TRUE(master.core.state().frameworks.all().empty());
}

TEST(SessionsTest, SecondSubscriptionTakesOver) {
  Harness master;
  master.Register(1, "host1", "r1");
  master.Subscribe("s1", Harness::FrameworkInfo());
  (void)master.Offer("m-0000", "m-S0");
  (void)master.TakeEvents("s1");
  master.Subscribe("s2", Harness::FrameworkInfo("m-0000"));
  const std::vector<Event> old = master.TakeEvents("s1");
  ASSERT_EQ(old.size(), 1u);  // No rescind.
  EXPECT_EQ(old[0].error().message(), "Framework failed over");
  EXPECT_TRUE(master.closed("s1"));
  EXPECT_EQ(master.TakeEvents("s2").size(), 2u);
  EXPECT_TRUE(master.core.state().offers.all().empty());
  // The old stream's calls and end do not matter any more.
  EXPECT_EQ(master.Call("s1", Harness::CallOf("m-0000", Call::REVIVE)).status, 400);
  master.CloseSession("s1");
  EXPECT_TRUE(master.core.state().frameworks.Find(FrameworkId("m-0000"))->connected());
}

TEST(SessionsTest, ADeposedLeaderOfAFrameworkIsRefused) {
  Harness master;
  const v1::FrameworkInfo info = Harness::FrameworkInfo("f");
  const auto subscribe = [&](const std::string& session, uint64_t term) {
    master.Subscribe(session, info, {}, term);
    const std::vector<Event> events = master.TakeEvents(session);
    return events.empty() ? std::string("nothing") : events[0].error().message();
  };
  EXPECT_EQ(subscribe("s1", 5), "");
  EXPECT_EQ(subscribe("s2", 7), "");
  EXPECT_EQ(subscribe("s3", 6),
            "Framework f has a leader of term 7; this scheduler leads by the older term 6, which is "
            "over");
  EXPECT_TRUE(master.closed("s3"));
  // The one of term 7 goes on, and its own return is no other leader.
  EXPECT_FALSE(master.closed("s2"));
  EXPECT_EQ(subscribe("s4", 7), "");
  // Schedulers that show none are not compared, and take nothing away.
  EXPECT_EQ(subscribe("s5", 0), "");
  EXPECT_NE(subscribe("s6", 6), "");
  EXPECT_EQ(master.core.state().registrar.state().frameworks.at(FrameworkId("f")).term(), 7u);
}

TEST(SessionsTest, UnknownIdIsAcceptedCompletedIsNot) {
  Harness master;
  master.Subscribe("s1", Harness::FrameworkInfo("other-0007"));
  EXPECT_EQ(master.TakeEvents("s1")[0].subscribed().framework_id().value(), "other-0007");
  EXPECT_EQ(master.Call("s1", Harness::CallOf("other-0007", Call::TEARDOWN)),
            (CallResult{202, ""}));
  EXPECT_TRUE(master.closed("s1"));
  master.Subscribe("s2", Harness::FrameworkInfo("other-0007"));
  EXPECT_EQ(master.TakeEvents("s2")[0].error().message(), "Framework has been removed");
}

TEST(SessionsTest, FreshIdsAvoidThoseThatFrameworksBrought) {
  Harness master;
  master.Subscribe("s1", Harness::FrameworkInfo("m-0000"));
  master.Subscribe("s2", Harness::FrameworkInfo());
  EXPECT_FALSE(master.closed("s1"));
  const auto events = master.TakeEvents("s2", Event::SUBSCRIBED);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].subscribed().framework_id().value(), "m-0001");
}

TEST(SessionsTest, PrincipalNeverChanges) {
  Harness master;
  v1::FrameworkInfo info = Harness::FrameworkInfo("f");
  info.set_principal("alice");
  master.Subscribe("s1", info);
  info.set_principal("bob");
  master.Subscribe("s2", info);
  EXPECT_EQ(master.TakeEvents("s2")[0].error().message(),
            "Changing framework's principal is not allowed.");
  EXPECT_FALSE(master.closed("s1"));
}

TEST(SessionsTest, FailoverTimeoutEndsTheFramework) {
  Harness master;
  master.Register(1, "host1", "r1");
  master.Subscribe("s1", Harness::FrameworkInfo());
  const std::string offer = master.OfferOnly("m-0000", "m-S0", "cpus:1;mem:32");
  master.Call("s1", Harness::Launch("m-0000", {offer}, {Harness::Task("t", "m-S0")}));
  master.CloseSession("s1");
  EXPECT_EQ(master.Call("s1", Harness::CallOf("m-0000", Call::REVIVE)),
            (CallResult{403, "Framework is not subscribed"}));
  master.Advance(Duration::Seconds(59));
  EXPECT_EQ(master.core.state().frameworks.all().size(), 1u);
  (void)master.TakeToAgent(1);
  master.view.clear();
  master.Advance(Duration::Seconds(1));
  EXPECT_TRUE(master.core.state().frameworks.all().empty());
  EXPECT_TRUE(master.Account("m-S0").used.empty());
  const std::vector<internal::ToAgent> messages = master.TakeToAgent(1);
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_TRUE(messages[0].has_shutdown_framework());
  const std::vector<TaskCompleted> completed = master.TakeView<TaskCompleted>();
  ASSERT_EQ(completed.size(), 1u);
  EXPECT_EQ(completed[0].task->state(), v1::TASK_KILLED);
}

TEST(SessionsTest, NoFailoverTimeoutEndsItAtOnce) {
  Harness master;
  v1::FrameworkInfo info = Harness::FrameworkInfo();
  info.clear_failover_timeout();
  master.Subscribe("s1", info);
  master.CloseSession("s1");
  EXPECT_TRUE(master.core.state().frameworks.all().empty());
  EXPECT_TRUE(std::holds_alternative<FrameworkRemoved>(master.ledger.back().change));
}

TEST(SessionsTest, ReturnInTimeKeepsTasks) {
  Harness master;
  master.Register(1, "host1", "r1");
  master.Subscribe("s1", Harness::FrameworkInfo());
  const std::string offer = master.OfferOnly("m-0000", "m-S0", "cpus:1;mem:32");
  master.Call("s1", Harness::Launch("m-0000", {offer}, {Harness::Task("t", "m-S0")}));
  master.CloseSession("s1");
  // An update meanwhile is not lost: the agent repeats it, nobody acknowledged.
  master.Update(1, "m-S0", "m-0000", "t", v1::TASK_RUNNING, "u1");
  (void)master.TakeToAgent(1);
  master.Subscribe("s2", Harness::FrameworkInfo("m-0000"));
  master.Advance(Duration::Minutes(5));
  EXPECT_EQ(master.core.state().tasks.size(), 1u);
  ASSERT_FALSE(master.TakeToAgent(1).empty());
  (void)master.TakeEvents("s2");
  master.Update(1, "m-S0", "m-0000", "t", v1::TASK_RUNNING, "u1");
  EXPECT_EQ(master.TakeEvents("s2", Event::UPDATE).size(), 1u);
}

TEST(SessionsTest, TeardownRescindsFirst) {
  Harness master;
  master.Register(1, "host1", "r1");
  master.Subscribe("s1", Harness::FrameworkInfo());
  (void)master.Offer("m-0000", "m-S0");
  (void)master.TakeEvents("s1");
  master.Call("s1", Harness::CallOf("m-0000", Call::TEARDOWN));
  const std::vector<Event> events = master.TakeEvents("s1");
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].type(), Event::RESCIND);
  EXPECT_TRUE(master.closed("s1"));
  EXPECT_EQ(master.Call("s1", Harness::CallOf("m-0000", Call::REVIVE)),
            (CallResult{400, "Framework cannot be found"}));
}

TEST(SessionsTest, OperatorTearsDown) {
  Harness master;
  master.Subscribe("s1", Harness::FrameworkInfo());
  v1::master::Call call;
  call.set_type(v1::master::Call::TEARDOWN);
  call.mutable_teardown()->mutable_framework_id()->set_value("m-0000");
  master.core.HandleOperator(1, call, master.now);
  master.Settle();
  master.core.HandleOperator(2, call, master.now);
  call.set_type(v1::master::Call::UPDATE_QUOTA);
  master.core.HandleOperator(3, call, master.now);
  master.Settle();
  ASSERT_EQ(master.replies.size(), 3u);
  EXPECT_EQ(master.replies[0].result.status, 200);
  EXPECT_EQ(master.replies[1].result, (CallResult{400, "No framework found with specified ID"}));
  EXPECT_EQ(master.replies[2].result,
            (CallResult{501, "UPDATE_QUOTA is not supported by this master"}));
}

TEST(SessionsTest, SuppressAndReviveReachTheAllocator) {
  Harness master;
  master.Subscribe("s1", Harness::FrameworkInfo("", {"a", "b"}), {"b"});
  const Framework* framework = master.core.state().frameworks.Find(FrameworkId("m-0000"));
  EXPECT_EQ(framework->suppressed_roles, (std::set<std::string>{"b"}));
  master.Call("s1", Harness::CallOf("m-0000", Call::SUPPRESS));
  EXPECT_EQ(framework->suppressed_roles, (std::set<std::string>{"a", "b"}));
  EXPECT_TRUE(std::holds_alternative<Suppressed>(master.ledger.back().change));
  Call revive = Harness::CallOf("m-0000", Call::REVIVE);
  revive.mutable_revive()->add_roles("a");
  master.Call("s1", revive);
  EXPECT_EQ(framework->suppressed_roles, (std::set<std::string>{"b"}));
  EXPECT_EQ(std::get<Revived>(master.ledger.back().change).roles, (std::set<std::string>{"a"}));
  revive.mutable_revive()->add_roles("c");
  const size_t before = master.ledger.size();
  EXPECT_EQ(master.Call("s1", revive).status, 202);
  EXPECT_EQ(master.ledger.size(), before);
  EXPECT_EQ(
      master.warnings.back(),
      "Dropping REVIVE call from framework m-0000: revive role 'c' is not one of the frameworks's "
      "subscribed roles");
}

TEST(SessionsTest, UpdateFrameworkChangesRolesAndRescinds) {
  Harness master;
  master.Register(1, "host1", "r1");
  master.Subscribe("s1", Harness::FrameworkInfo());
  (void)master.Offer("m-0000", "m-S0");
  (void)master.TakeEvents("s1");
  Call call = Harness::CallOf("m-0000", Call::UPDATE_FRAMEWORK);
  *call.mutable_update_framework()->mutable_framework_info() =
      Harness::FrameworkInfo("m-0000", {"db"});
  EXPECT_EQ(master.Call("s1", call), (CallResult{200, ""}));
  EXPECT_EQ(master.TakeEvents("s1", Event::RESCIND).size(), 1u);
  call.mutable_update_framework()->mutable_framework_info()->set_user("eve");
  EXPECT_EQ(master.Call("s1", call),
            (CallResult{400,
                        "FrameworkInfo update is not valid: Updating 'FrameworkInfo.user' is "
                        "unsupported; attempted to update from 'alice' to 'eve'"}));
}

TEST(SessionsTest, CallsOfLaterWork) {
  Harness master;
  master.Subscribe("s1", Harness::FrameworkInfo());
  (void)master.TakeEvents("s1");
  EXPECT_EQ(master.Call("s1", Harness::CallOf("m-0000", Call::MESSAGE)),
            (CallResult{501,
                        "MESSAGE is not supported by this master: it is for custom executors, and "
                        "only command tasks are launched"}));
  EXPECT_EQ(master.Call("s1", Harness::CallOf("m-0000", Call::SHUTDOWN)).status, 501);
  EXPECT_EQ(master.Call("s1", Harness::CallOf("m-0000", Call::UNKNOWN)).status, 501);
  EXPECT_EQ(master.Call("s1", Harness::CallOf("m-0000", Call::REQUEST)).status, 202);
  EXPECT_EQ(master.Call("s1", Harness::CallOf("m-0000", Call::ACCEPT_INVERSE_OFFERS)).status, 202);
  EXPECT_EQ(master.Call("wrong", Harness::CallOf("m-0000", Call::REQUEST)),
            (CallResult{400,
                        "The stream ID 'wrong' included in this request didn't match the stream ID "
                        "currently associated with framework ID m-0000"}));
  Call call = Harness::CallOf("m-0000", Call::RECONCILE_OPERATIONS);
  call.mutable_reconcile_operations()->add_operations()->mutable_operation_id()->set_value("op");
  EXPECT_EQ(master.Call("s1", call).status, 202);
  const std::vector<Event> events = master.TakeEvents("s1");
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].update_operation_status().status().state(), v1::OPERATION_UNKNOWN);
}

// The table of reference 1.14, for both kinds of frameworks.
TEST(ReconcileTest, EveryRow) {
  registry::RegistryState disk = Harness::FirstTerm();
  {
    Harness before;
    for (int i = 0; i < 4; ++i) {
      before.Register(1 + i, "host" + std::to_string(i), "r" + std::to_string(i));
    }
    before.LinkDown(2);
    before.Advance(Duration::Seconds(75));  // m-S1 is unreachable.
    v1::master::Call call;
    call.set_type(v1::master::Call::MARK_AGENT_GONE);
    call.mutable_mark_agent_gone()->mutable_agent_id()->set_value("m-S2");
    before.core.HandleOperator(1, call, before.now);
    before.Settle();
    disk = before.disk;
  }
  Harness master({}, disk);
  master.Reregister(1, "host0", "r0", "m-S0");  // m-S3 stays away.
  master.Subscribe("aware", Harness::FrameworkInfo("aware"));
  v1::FrameworkInfo plain = Harness::FrameworkInfo("plain", {});
  plain.clear_capabilities();
  master.Subscribe("plain", plain);
  const auto ask = [&](const std::string& framework, const std::string& agent) {
    (void)master.TakeEvents(framework);
    Call call = Harness::CallOf(framework, Call::RECONCILE);
    v1::scheduler::Call::Reconcile::Task* task = call.mutable_reconcile()->add_tasks();
    task->mutable_task_id()->set_value("t");
    if (!agent.empty()) task->mutable_agent_id()->set_value(agent);
    master.Call(framework, call);
    const std::vector<Event> updates = master.TakeEvents(framework, Event::UPDATE);
    if (updates.empty()) return std::string("no reply");
    const v1::TaskStatus& status = updates[0].update().status();
    EXPECT_EQ(status.reason(), v1::TaskStatus::REASON_RECONCILIATION);
    EXPECT_EQ(status.has_unreachable_time(), agent == "m-S1");
    return v1::TaskState_Name(status.state()) + ": " + status.message();
  };
  EXPECT_EQ(ask("aware", "m-S0"), "TASK_GONE: Reconciliation: Task is unknown to the agent");
  EXPECT_EQ(ask("aware", "m-S1"), "TASK_UNREACHABLE: Reconciliation: Task is unreachable");
  EXPECT_EQ(ask("aware", "m-S2"), "TASK_GONE_BY_OPERATOR: Reconciliation: Task is gone");
  EXPECT_EQ(ask("aware", "m-S3"), "no reply");
  EXPECT_EQ(ask("aware", ""), "no reply");
  EXPECT_EQ(ask("aware", "m-S9"), "TASK_UNKNOWN: Reconciliation: Task is unknown");
  EXPECT_EQ(ask("plain", "m-S0"), "TASK_LOST: Reconciliation: Task is unknown to the agent");
  EXPECT_EQ(ask("plain", "m-S1"), "TASK_LOST: Reconciliation: Task is unreachable");
  EXPECT_EQ(ask("plain", "m-S2"), "TASK_LOST: Reconciliation: Task is gone");
  EXPECT_EQ(ask("plain", "m-S9"), "TASK_LOST: Reconciliation: Task is unknown");
  master.Reregister(4, "host3", "r3", "m-S3");
  EXPECT_EQ(ask("aware", ""), "TASK_UNKNOWN: Reconciliation: Task is unknown");
}

TEST(CallValidationTest, Sentences) {
  const auto sentence = [](const Call& call, std::optional<std::string> principal = {}) {
    return ValidateSchedulerCall(call, principal).message();
  };
  EXPECT_EQ(sentence(Call()), "Expecting 'type' to be present");
  Call call;
  call.set_type(Call::SUBSCRIBE);
  EXPECT_EQ(sentence(call), "Expecting 'subscribe' to be present");
  *call.mutable_subscribe()->mutable_framework_info() = Harness::FrameworkInfo("a");
  EXPECT_EQ(sentence(call), "'framework_id' differs from 'subscribe.framework_info.id'");
  call.mutable_framework_id()->set_value("a");
  EXPECT_EQ(sentence(call), "");
  call.mutable_subscribe()->mutable_framework_info()->set_principal("p");
  EXPECT_EQ(sentence(call, "q"),
            "Authenticated principal 'q' does not match principal 'p' set in `FrameworkInfo`");
  Call accept;
  accept.set_type(Call::ACCEPT);
  EXPECT_EQ(sentence(accept), "Expecting 'framework_id' to be present");
  accept.mutable_framework_id()->set_value("a");
  EXPECT_EQ(sentence(accept), "Expecting 'accept' to be present");
  EXPECT_EQ(sentence(Harness::CallOf("a", Call::REVIVE)), "");
  EXPECT_EQ(sentence(Harness::CallOf("a", Call::RECONCILE)), "Expecting 'reconcile' to be present");
}

}  // namespace
}  // namespace meseta::master
