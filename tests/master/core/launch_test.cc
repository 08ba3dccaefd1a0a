// Goal: the main road: an agent registers, a framework subscribes, gets an offer, launches, hears
// of its task until the end, and what is refused on the way. Method: one MasterCore, all peers
// played here.
#include <gtest/gtest.h>

#include "tests/master/core/harness.h"

namespace meseta::master {
namespace {

using Call = v1::scheduler::Call;
using Event = v1::scheduler::Event;

class LaunchTest : public ::testing::Test {
 protected:
  LaunchTest() {
    master.Register(1, "host1", "r1");
    master.Subscribe("s1", Harness::FrameworkInfo());
    (void)master.TakeToAgent(1);
    (void)master.TakeEvents("s1");
    master.view.clear();
  }

  v1::TaskStatus OnlyUpdate() {
    const std::vector<Event> updates = master.TakeEvents("s1", Event::UPDATE);
    EXPECT_EQ(updates.size(), 1u);
    return updates.empty() ? v1::TaskStatus() : updates[0].update().status();
  }

  Call Acknowledge(const std::string& task, const std::string& uuid) {
    Call call = Harness::CallOf(kFramework, Call::ACKNOWLEDGE);
    call.mutable_acknowledge()->mutable_agent_id()->set_value(kAgent);
    call.mutable_acknowledge()->mutable_task_id()->set_value(task);
    call.mutable_acknowledge()->set_uuid(uuid);
    return call;
  }

  const std::string kAgent = "m-S0";
  const std::string kFramework = "m-0000";
  Harness master;
};

TEST_F(LaunchTest, OfferCarriesWhatTheAgentIs) {
  const std::string id = master.Offer(kFramework, kAgent);
  EXPECT_EQ(id, "m-O0");
  const std::vector<Event> events = master.TakeEvents("s1", Event::OFFERS);
  ASSERT_EQ(events.size(), 1u);
  ASSERT_EQ(events[0].offers().offers_size(), 1);
  const v1::Offer& offer = events[0].offers().offers(0);
  EXPECT_EQ(offer.hostname(), "host1");
  EXPECT_EQ(offer.agent_id().value(), kAgent);
  EXPECT_EQ(offer.allocation_info().role(), "web");
  EXPECT_EQ(offer.url().scheme(), "http");
  EXPECT_EQ(offer.url().path(), "/slave(1)");
  EXPECT_EQ(offer.url().address().ip(), "127.0.0.1");
  EXPECT_EQ(offer.url().address().port(), 5052);
  EXPECT_EQ(offer.resources(0).allocation_info().role(), "web");
  EXPECT_EQ(master.TakeView<OfferAdded>().size(), 1u);
}

TEST_F(LaunchTest, TaskRunsToItsEnd) {
  const std::string offer = master.Offer(kFramework, kAgent);
  EXPECT_EQ(master.Call("s1", Harness::Launch(kFramework, {offer}, {Harness::Task("t", kAgent)})),
            (CallResult{202, ""}));
  const std::vector<internal::ToAgent> orders = master.TakeToAgent(1);
  ASSERT_EQ(orders.size(), 1u);
  EXPECT_EQ(orders[0].term(), 1u);
  EXPECT_EQ(orders[0].run_task().task().task_id().value(), "t");
  EXPECT_EQ(orders[0].run_task().framework().id().value(), kFramework);
  EXPECT_EQ(orders[0].run_task().task().resources(0).allocation_info().role(), "web");
  // One cpu is used; the other three are free again.
  EXPECT_EQ(master.Account(kAgent).used.at(FrameworkId(kFramework)).Total().SumOf("cpus").value(),
            1);
  EXPECT_TRUE(master.Account(kAgent).offered.empty());
  const auto* recovered = std::get_if<Recovered>(&master.ledger.back().change);
  ASSERT_NE(recovered, nullptr);
  EXPECT_EQ(recovered->resources.SumOf("cpus").value(), 3);
  EXPECT_TRUE(recovered->filters.has_value());

  master.Update(1, kAgent, kFramework, "t", v1::TASK_RUNNING, "u1");
  v1::TaskStatus status = OnlyUpdate();
  EXPECT_EQ(status.state(), v1::TASK_RUNNING);
  EXPECT_EQ(status.uuid(), "u1");
  EXPECT_EQ(status.data(), "payload");
  EXPECT_EQ(master.Call("s1", Acknowledge("t", "u1")).status, 202);
  const std::vector<internal::ToAgent> acks = master.TakeToAgent(1);
  ASSERT_EQ(acks.size(), 1u);
  EXPECT_EQ(acks[0].acknowledge_update().uuid(), "u1");

  master.view.clear();
  master.Update(1, kAgent, kFramework, "t", v1::TASK_FINISHED, "u2");
  EXPECT_EQ(OnlyUpdate().state(), v1::TASK_FINISHED);
  EXPECT_TRUE(master.Account(kAgent).used.empty());
  const std::vector<TaskUpserted> upserted = master.TakeView<TaskUpserted>();
  ASSERT_EQ(upserted.size(), 1u);
  EXPECT_EQ(upserted[0].task->state(), v1::TASK_FINISHED);
  EXPECT_EQ(upserted[0].task->statuses_size(), 2);
  EXPECT_FALSE(upserted[0].task->statuses(0).has_data());

  master.Call("s1", Acknowledge("t", "u2"));
  EXPECT_EQ(master.TakeView<TaskCompleted>().size(), 1u);
  EXPECT_EQ(master.core.state().tasks.size(), 0u);
}

TEST_F(LaunchTest, LatestStateFreesResourcesBeforeItsUpdateComes) {
  const std::string offer = master.Offer(kFramework, kAgent);
  master.Call("s1", Harness::Launch(kFramework, {offer}, {Harness::Task("t", kAgent)}));
  internal::ToMaster message;
  internal::StatusUpdate* update = message.mutable_status_update();
  update->mutable_framework_id()->set_value(kFramework);
  update->mutable_agent_id()->set_value(kAgent);
  update->mutable_status()->mutable_task_id()->set_value("t");
  update->mutable_status()->set_state(v1::TASK_RUNNING);
  update->mutable_status()->set_uuid("u1");
  update->set_latest_state(v1::TASK_FAILED);
  master.core.HandleAgent(1, message, master.now);
  master.Settle();
  EXPECT_EQ(OnlyUpdate().state(), v1::TASK_RUNNING);
  EXPECT_TRUE(master.Account(kAgent).used.empty());
  // The acknowledgement of RUNNING does not end the task; that of FAILED does.
  master.Call("s1", Acknowledge("t", "u1"));
  EXPECT_EQ(master.core.state().tasks.size(), 1u);
  master.Update(1, kAgent, kFramework, "t", v1::TASK_FAILED, "u2");
  master.Call("s1", Acknowledge("t", "u2"));
  EXPECT_EQ(master.core.state().tasks.size(), 0u);
}

TEST_F(LaunchTest, UsedOfferDropsTheTask) {
  const std::string offer = master.Offer(kFramework, kAgent);
  master.Call("s1", Harness::Launch(kFramework, {offer}, {Harness::Task("t", kAgent)}));
  (void)master.TakeEvents("s1");
  (void)master.TakeToAgent(1);
  EXPECT_EQ(master.Call("s1", Harness::Launch(kFramework, {offer}, {Harness::Task("late", kAgent)}))
                .status,
            202);
  const v1::TaskStatus status = OnlyUpdate();
  EXPECT_EQ(status.state(), v1::TASK_DROPPED);
  EXPECT_EQ(status.reason(), v1::TaskStatus::REASON_INVALID_OFFERS);
  EXPECT_EQ(status.source(), v1::TaskStatus::SOURCE_MASTER);
  EXPECT_EQ(status.message(), "Task launched with invalid offers: Offer m-O0 is no longer valid");
  EXPECT_EQ(status.agent_id().value(), kAgent);
  EXPECT_FALSE(status.has_uuid());
  EXPECT_TRUE(master.TakeToAgent(1).empty());
}

TEST_F(LaunchTest, UsedOfferIsLostWithoutPartitionAware) {
  v1::FrameworkInfo info = Harness::FrameworkInfo("", {});
  info.clear_capabilities();
  info.set_role("web");
  master.Subscribe("old", info);
  (void)master.TakeEvents("old");
  master.Call("old", Harness::Launch("m-0001", {"nope"}, {Harness::Task("t", kAgent)}));
  const std::vector<Event> updates = master.TakeEvents("old", Event::UPDATE);
  ASSERT_EQ(updates.size(), 1u);
  EXPECT_EQ(updates[0].update().status().state(), v1::TASK_LOST);
}

TEST_F(LaunchTest, TaskThatIsTooBigIsAnErrorAndTheRestRuns) {
  const std::string offer = master.Offer(kFramework, kAgent);
  master.Call("s1", Harness::Launch(kFramework, {offer},
                                    {Harness::Task("big", kAgent, "cpus:9999;mem:32"),
                                     Harness::Task("fits", kAgent)}));
  const v1::TaskStatus status = OnlyUpdate();
  EXPECT_EQ(status.task_id().value(), "big");
  EXPECT_EQ(status.state(), v1::TASK_ERROR);
  EXPECT_EQ(status.reason(), v1::TaskStatus::REASON_TASK_INVALID);
  EXPECT_EQ(
      status.message(),
      "Total resources cpus(allocated: web):9999; mem(allocated: web):32 required by task and its "
      "executor is more than available cpus(allocated: web):4; mem(allocated: web):1024; "
      "ports(allocated: web):[31000-32000]");
  const std::vector<internal::ToAgent> orders = master.TakeToAgent(1);
  ASSERT_EQ(orders.size(), 1u);
  EXPECT_EQ(orders[0].run_task().task().task_id().value(), "fits");
}

TEST_F(LaunchTest, SeveralOffersOfOneAgentAreOnePool) {
  const std::string first = master.OfferOnly(kFramework, kAgent, "cpus:2;mem:100");
  const std::string second = master.OfferOnly(kFramework, kAgent, "cpus:2;mem:100");
  master.Call("s1", Harness::Launch(kFramework, {first, second},
                                    {Harness::Task("t", kAgent, "cpus:3;mem:150")}));
  EXPECT_TRUE(master.TakeEvents("s1", Event::UPDATE).empty());
  EXPECT_EQ(master.TakeToAgent(1).size(), 1u);
}

TEST_F(LaunchTest, OffersThatDoNotFitTogether) {
  master.Register(2, "host2", "r2");
  const std::string one = master.OfferOnly(kFramework, kAgent, "cpus:1");
  const std::string two = master.OfferOnly(kFramework, "m-S1", "cpus:1");
  const auto message = [&](const std::vector<std::string>& offers) {
    (void)master.TakeEvents("s1");
    master.Call("s1", Harness::Launch(kFramework, offers, {Harness::Task("t", kAgent)}));
    return OnlyUpdate().message();
  };
  EXPECT_EQ(message({}), "Task launched with invalid offers: No offers specified");
  EXPECT_EQ(message({one, one}),
            "Task launched with invalid offers: Duplicate offer " + one + " in offer list");
  // The valid offers of the failed call are gone with it.
  EXPECT_EQ(master.core.state().offers.Find(OfferId(one)), nullptr);
  const std::string again = master.OfferOnly(kFramework, kAgent, "cpus:1");
  EXPECT_EQ(message({again, two}),
            "Task launched with invalid offers: Aggregated offers must belong to one single agent. "
            "Offer " +
                two + " uses agent m-S1 and agent m-S0");
  EXPECT_TRUE(master.Account(kAgent).offered.empty());
}

TEST_F(LaunchTest, NobodyUsesTheOffersOfAnother) {
  master.Subscribe("s2", Harness::FrameworkInfo());
  const std::string offer = master.Offer(kFramework, kAgent);
  (void)master.TakeEvents("s2");
  master.Call("s2", Harness::Launch("m-0001", {offer}, {Harness::Task("t", kAgent)}));
  const std::vector<Event> updates = master.TakeEvents("s2", Event::UPDATE);
  ASSERT_EQ(updates.size(), 1u);
  EXPECT_EQ(
      updates[0].update().status().message(),
      "Task launched with invalid offers: Offer m-O0 has invalid framework m-0000 while framework "
      "m-0001 is expected");
  EXPECT_NE(master.core.state().offers.Find(OfferId(offer)), nullptr);
}

TEST_F(LaunchTest, DeclineGivesBackWithItsFilters) {
  const std::string offer = master.Offer(kFramework, kAgent);
  Call call = Harness::CallOf(kFramework, Call::DECLINE);
  call.mutable_decline()->add_offer_ids()->set_value(offer);
  call.mutable_decline()->mutable_filters()->set_refuse_seconds(100);
  EXPECT_EQ(master.Call("s1", call).status, 202);
  const auto* recovered = std::get_if<Recovered>(&master.ledger.back().change);
  ASSERT_NE(recovered, nullptr);
  EXPECT_EQ(recovered->filters->refuse_seconds(), 100);
  EXPECT_EQ(recovered->version, master.Account(kAgent).version);
  EXPECT_TRUE(master.TakeEvents("s1", Event::RESCIND).empty());
}

TEST_F(LaunchTest, TaskGroupsAndOperationsAreRefusedNotIgnored) {
  const std::string offer = master.Offer(kFramework, kAgent);
  (void)master.TakeEvents("s1");
  Call call = Harness::CallOf(kFramework, Call::ACCEPT);
  call.mutable_accept()->add_offer_ids()->set_value(offer);
  v1::Offer::Operation* group = call.mutable_accept()->add_operations();
  group->set_type(v1::Offer::Operation::LAUNCH_GROUP);
  *group->mutable_launch_group()->mutable_task_group()->add_tasks() = Harness::Task("g", kAgent);
  v1::Offer::Operation* reserve = call.mutable_accept()->add_operations();
  reserve->set_type(v1::Offer::Operation::RESERVE);
  reserve->mutable_id()->set_value("op1");
  v1::Offer::Operation* create = call.mutable_accept()->add_operations();
  create->set_type(v1::Offer::Operation::CREATE);
  EXPECT_EQ(master.Call("s1", call).status, 202);
  const std::vector<Event> events = master.TakeEvents("s1");
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].update().status().state(), v1::TASK_ERROR);
  EXPECT_EQ(events[0].update().status().reason(), v1::TaskStatus::REASON_TASK_GROUP_INVALID);
  EXPECT_EQ(events[1].type(), Event::UPDATE_OPERATION_STATUS);
  EXPECT_EQ(events[1].update_operation_status().status().state(), v1::OPERATION_ERROR);
  EXPECT_EQ(events[1].update_operation_status().status().operation_id().value(), "op1");
  EXPECT_EQ(master.warnings.size(), 2u);
  EXPECT_TRUE(master.Account(kAgent).offered.empty());
}

TEST_F(LaunchTest, StaleOrGreedyProposalsBecomeNoOffer) {
  Proposal proposal;
  proposal.framework = FrameworkId(kFramework);
  proposal.agent = AgentId(kAgent);
  proposal.role = "web";
  proposal.resources = master.core.state().ledger.Free(proposal.agent);
  proposal.agent_version = master.Account(kAgent).version - 1;
  master.core.HandleProposals({proposal}, master.now);
  proposal.agent_version = master.Account(kAgent).version;
  proposal.resources += model::Resources::Parse("cpus:1").value();
  master.core.HandleProposals({proposal}, master.now);
  master.Settle();
  EXPECT_TRUE(master.core.state().offers.all().empty());
  EXPECT_TRUE(std::holds_alternative<ProposalAnswered>(master.ledger.back().change));
}

TEST_F(LaunchTest, OneBatchMayHoldSeveralProposalsForAnAgent) {
  std::vector<Proposal> batch;
  for (int i = 0; i < 2; ++i) {
    Proposal proposal;
    proposal.framework = FrameworkId(kFramework);
    proposal.agent = AgentId(kAgent);
    proposal.role = "web";
    proposal.agent_version = master.Account(kAgent).version;
    proposal.resources = model::Resources::Parse("cpus:3").value();
    batch.push_back(proposal);
  }
  master.core.HandleProposals(batch, master.now);
  master.Settle();
  // Three of four cpus are offered once: the second proposal does not fit any more.
  EXPECT_EQ(master.core.state().offers.all().size(), 1u);
  EXPECT_EQ(master.TakeEvents("s1", Event::OFFERS).size(), 1u);
}

TEST(OfferTimeoutTest, OldOffersAreRescinded) {
  MasterOptions options;
  options.offer_timeout = Duration::Seconds(30);
  Harness master(options);
  master.Register(1, "host1", "r1");
  master.Subscribe("s1", Harness::FrameworkInfo());
  const std::string offer = master.Offer("m-0000", "m-S0");
  (void)master.TakeEvents("s1");
  master.Advance(Duration::Seconds(30));
  const std::vector<Event> rescinds = master.TakeEvents("s1", Event::RESCIND);
  ASSERT_EQ(rescinds.size(), 1u);
  EXPECT_EQ(rescinds[0].rescind().offer_id().value(), offer);
  EXPECT_TRUE(master.Account("m-S0").offered.empty());
}

TEST_F(LaunchTest, KillGoesToTheAgent) {
  const std::string offer = master.Offer(kFramework, kAgent);
  master.Call("s1", Harness::Launch(kFramework, {offer}, {Harness::Task("t", kAgent)}));
  (void)master.TakeToAgent(1);
  (void)master.TakeEvents("s1");
  Call call = Harness::CallOf(kFramework, Call::KILL);
  call.mutable_kill()->mutable_task_id()->set_value("t");
  call.mutable_kill()->mutable_kill_policy()->mutable_grace_period()->set_nanoseconds(5);
  EXPECT_EQ(master.Call("s1", call).status, 202);
  const std::vector<internal::ToAgent> orders = master.TakeToAgent(1);
  ASSERT_EQ(orders.size(), 1u);
  EXPECT_EQ(orders[0].kill_task().task_id().value(), "t");
  EXPECT_EQ(orders[0].kill_task().kill_policy().grace_period().nanoseconds(), 5);
  // Unknown tasks are answered as reconciliation does.
  call.mutable_kill()->mutable_task_id()->set_value("nosuch");
  master.Call("s1", call);
  const v1::TaskStatus status = OnlyUpdate();
  EXPECT_EQ(status.state(), v1::TASK_UNKNOWN);
  EXPECT_EQ(status.message(), "Reconciliation: Task is unknown");
}

TEST_F(LaunchTest, KillWaitsForADisconnectedAgent) {
  const std::string offer = master.Offer(kFramework, kAgent);
  master.Call("s1", Harness::Launch(kFramework, {offer}, {Harness::Task("t", kAgent)}));
  master.LinkDown(1);
  Call call = Harness::CallOf(kFramework, Call::KILL);
  call.mutable_kill()->mutable_task_id()->set_value("t");
  master.Call("s1", call);
  master.Reregister(2, "host1", "r1", kAgent, {Harness::RunningTask("t", kFramework, kAgent)},
                    {Harness::FrameworkInfo(kFramework)});
  bool killed = false;
  for (const internal::ToAgent& message : master.TakeToAgent(2)) killed |= message.has_kill_task();
  EXPECT_TRUE(killed);
}

}  // namespace
}  // namespace meseta::master
