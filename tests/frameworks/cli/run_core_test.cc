// The framework behind `meseta run`, event by event.
#include "frameworks/cli/run_core.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace meseta::cli {
namespace {

using Call = v1::scheduler::Call;
using Event = v1::scheduler::Event;
using testing::ElementsAre;
using testing::HasSubstr;

RunOptions Options(int instances) {
  RunOptions options;
  options.name = "job";
  options.user = "someone";
  options.argv = {"true"};
  options.instances = instances;
  options.run_id = "r";
  return options;
}

Event Subscribed() {
  Event event;
  event.set_type(Event::SUBSCRIBED);
  event.mutable_subscribed()->mutable_framework_id()->set_value("F");
  return event;
}

void AddScalar(const std::string& name, double value, v1::Offer* offer) {
  v1::Resource* resource = offer->add_resources();
  resource->set_name(name);
  resource->set_type(v1::Value::SCALAR);
  resource->mutable_scalar()->set_value(value);
}

v1::Offer Offer(const std::string& id, double cpus, double mem) {
  v1::Offer offer;
  offer.mutable_id()->set_value(id);
  offer.mutable_framework_id()->set_value("F");
  offer.mutable_agent_id()->set_value("A");
  offer.set_hostname("host");
  offer.mutable_allocation_info()->set_role("*");
  offer.mutable_url()->set_scheme("http");
  offer.mutable_url()->mutable_address()->set_ip("127.0.0.1");
  offer.mutable_url()->mutable_address()->set_port(5051);
  AddScalar("cpus", cpus, &offer);
  AddScalar("mem", mem, &offer);
  return offer;
}

Event Offers(const std::vector<v1::Offer>& offers) {
  Event event;
  event.set_type(Event::OFFERS);
  for (const v1::Offer& offer : offers) *event.mutable_offers()->add_offers() = offer;
  return event;
}

Event Update(const std::string& task, v1::TaskState state, const std::string& uuid = "u") {
  Event event;
  event.set_type(Event::UPDATE);
  v1::TaskStatus* status = event.mutable_update()->mutable_status();
  status->mutable_task_id()->set_value(task);
  status->mutable_agent_id()->set_value("A");
  status->set_state(state);
  if (!uuid.empty()) status->set_uuid(uuid);
  return event;
}

std::vector<Call::Type> Types(const RunCore::Actions& actions) {
  std::vector<Call::Type> types;
  for (const Call& call : actions.calls) types.push_back(call.type());
  return types;
}

TEST(RunCore, SubscribesAsNewAndLaterAsItself) {
  RunCore core(Options(1));
  Call call = core.Subscribe();
  EXPECT_FALSE(call.has_framework_id());
  EXPECT_EQ(call.subscribe().framework_info().name(), "meseta run: job");
  EXPECT_EQ(call.subscribe().framework_info().failover_timeout(), kFailoverSeconds);
  EXPECT_EQ(call.subscribe().suppressed_roles_size(), 0);
  EXPECT_TRUE(core.Handle(Subscribed()).calls.empty());
  call = core.Subscribe();
  EXPECT_EQ(call.framework_id().value(), "F");
  EXPECT_EQ(call.subscribe().framework_info().id().value(), "F");
}

TEST(RunCore, FillsOffersExactlyAndDeclinesTheRest) {
  RunCore core(Options(4));  // 0.1 CPUs and 32 MB each.
  (void)core.Handle(Subscribed());
  // 0.1 three times out of 0.3: floating point must not lose one.
  const auto actions = core.Handle(Offers({Offer("tiny", 4, 1), Offer("fits3", 0.3, 1000)}));
  EXPECT_THAT(Types(actions), ElementsAre(Call::ACCEPT, Call::DECLINE));
  EXPECT_THAT(actions.calls[0].accept().offer_ids(0).value(), "fits3");
  EXPECT_EQ(actions.calls[0].accept().operations(0).launch().task_infos_size(), 3);
  EXPECT_EQ(actions.calls[1].decline().offer_ids(0).value(), "tiny");
  EXPECT_EQ(core.waiting(), 1);
  ASSERT_TRUE(core.too_small());
  EXPECT_EQ(core.too_small()->ToString(), "cpus 4, mem 1 MB");

  EXPECT_THAT(Types(core.Handle(Offers({Offer("more", 1, 32)}))),
              ElementsAre(Call::ACCEPT, Call::SUPPRESS));
  // All are launched: an offer that was under way is declined, nothing else.
  EXPECT_THAT(Types(core.Handle(Offers({Offer("late", 1, 32)}))), ElementsAre(Call::DECLINE));
  EXPECT_EQ(core.Subscribe().subscribe().suppressed_roles_size(), 1);
}

TEST(RunCore, LeavesReservedRevocableAndVolumesAlone) {
  RunCore core(Options(1));
  (void)core.Handle(Subscribed());
  v1::Offer offer = Offer("o", 4, 100);
  offer.mutable_resources(0)->add_reservations()->set_role("other");
  EXPECT_THAT(Types(core.Handle(Offers({offer}))), ElementsAre(Call::DECLINE));
  offer = Offer("o", 4, 100);
  offer.mutable_resources(0)->mutable_revocable();
  EXPECT_THAT(Types(core.Handle(Offers({offer}))), ElementsAre(Call::DECLINE));
  offer = Offer("o", 4, 100);
  offer.mutable_resources(1)->mutable_disk();
  EXPECT_THAT(Types(core.Handle(Offers({offer}))), ElementsAre(Call::DECLINE));
}

TEST(RunCore, OneWordIsAShellCommandSeveralAreArguments) {
  RunOptions options = Options(1);
  options.environment = {{"K", "V"}};
  RunCore shell(options);
  (void)shell.Handle(Subscribed());
  auto actions = shell.Handle(Offers({Offer("o", 1, 100)}));
  const v1::TaskInfo task = actions.calls[0].accept().operations(0).launch().task_infos(0);
  EXPECT_EQ(task.task_id().value(), "job-r-0");
  EXPECT_TRUE(task.command().shell());
  EXPECT_EQ(task.command().environment().variables(0).value(), "V");
  EXPECT_EQ(task.resources(0).allocation_info().role(), "*");

  options.argv = {"echo", "a b"};
  RunCore argv(options);
  (void)argv.Handle(Subscribed());
  actions = argv.Handle(Offers({Offer("o", 1, 100)}));
  const v1::CommandInfo command =
      actions.calls[0].accept().operations(0).launch().task_infos(0).command();
  EXPECT_FALSE(command.shell());
  EXPECT_EQ(command.value(), "echo");
  EXPECT_THAT(command.arguments(), ElementsAre("echo", "a b"));
}

TEST(RunCore, AcknowledgesEveryUpdateOfAnAgentAndEndsByTheWorst) {
  RunCore core(Options(2));
  (void)core.Handle(Subscribed());
  (void)core.Handle(Offers({Offer("o", 1, 100)}));
  auto actions = core.Handle(Update("job-r-0", v1::TASK_RUNNING));
  EXPECT_THAT(Types(actions), ElementsAre(Call::ACKNOWLEDGE));
  EXPECT_THAT(actions.lines, ElementsAre("job-r-0 TASK_RUNNING on host"));
  EXPECT_TRUE(core.tasks().at("job-r-0").has_sandbox);
  EXPECT_EQ(core.tasks().at("job-r-0").agent_url, "http://127.0.0.1:5051");
  // The same again is acknowledged, but said once.
  actions = core.Handle(Update("job-r-0", v1::TASK_RUNNING));
  EXPECT_THAT(Types(actions), ElementsAre(Call::ACKNOWLEDGE));
  EXPECT_TRUE(actions.lines.empty());
  // One of the master's own has no uuid.
  EXPECT_TRUE(core.Handle(Update("job-r-1", v1::TASK_LOST, "")).calls.empty());
  EXPECT_FALSE(core.done());
  (void)core.Handle(Update("job-r-0", v1::TASK_FINISHED));
  EXPECT_TRUE(core.done());
  EXPECT_EQ(core.exit_code(), 1);
  // A terminal task stays as it ended.
  (void)core.Handle(Update("job-r-1", v1::TASK_FINISHED));
  EXPECT_EQ(core.tasks().at("job-r-1").state, v1::TASK_LOST);
}

TEST(RunCore, EndsWellWhenAllFinish) {
  RunCore core(Options(1));
  (void)core.Handle(Subscribed());
  (void)core.Handle(Offers({Offer("o", 1, 100)}));
  (void)core.Handle(Update("job-r-0", v1::TASK_FINISHED));
  EXPECT_TRUE(core.done());
  EXPECT_EQ(core.exit_code(), 0);
  EXPECT_EQ(core.Teardown().framework_id().value(), "F");
}

TEST(RunCore, ReconcilesWhatItLaunchedAfterEachSubscription) {
  RunCore core(Options(3));
  (void)core.Handle(Subscribed());
  (void)core.Handle(Offers({Offer("o", 0.2, 100)}));  // Two of three.
  (void)core.Handle(Update("job-r-0", v1::TASK_FINISHED));
  const auto actions = core.Handle(Subscribed());
  ASSERT_THAT(Types(actions), ElementsAre(Call::RECONCILE));
  ASSERT_EQ(actions.calls[0].reconcile().tasks_size(), 1);
  EXPECT_EQ(actions.calls[0].reconcile().tasks(0).task_id().value(), "job-r-1");
  // A launch that never arrived.
  (void)core.Handle(Update("job-r-1", v1::TASK_GONE, ""));
  EXPECT_TRUE(core.tasks().at("job-r-1").terminal);
}

TEST(RunCore, KillAllKillsWhatRunsAndLaunchesNoMore) {
  RunCore core(Options(2));
  (void)core.Handle(Subscribed());
  (void)core.Handle(Offers({Offer("o", 0.1, 100)}));
  auto actions = core.KillAll();
  EXPECT_THAT(Types(actions), ElementsAre(Call::KILL));
  EXPECT_EQ(actions.calls[0].kill().task_id().value(), "job-r-0");
  EXPECT_THAT(Types(core.Handle(Offers({Offer("p", 4, 100)}))), ElementsAre(Call::DECLINE));
  EXPECT_FALSE(core.done());
  // The connection was lost with the kill: it is sent again.
  EXPECT_THAT(Types(core.Handle(Subscribed())), ElementsAre(Call::RECONCILE, Call::KILL));
  (void)core.Handle(Update("job-r-0", v1::TASK_KILLED));
  EXPECT_TRUE(core.done());
  EXPECT_EQ(core.exit_code(), 1);
}

TEST(RunCore, AnUnknownTaskIsDeadOnlyWhenWeKilledIt) {
  RunCore core(Options(1));
  (void)core.Handle(Subscribed());
  (void)core.Handle(Offers({Offer("o", 0.1, 100)}));
  (void)core.Handle(Update("job-r-0", v1::TASK_UNKNOWN, ""));
  EXPECT_FALSE(core.done());
  (void)core.KillAll();
  (void)core.Handle(Update("job-r-0", v1::TASK_UNKNOWN, ""));
  EXPECT_TRUE(core.done());
}

TEST(RunCore, AnErrorEventEndsIt) {
  RunCore core(Options(1));
  (void)core.Handle(Subscribed());
  Event event;
  event.set_type(Event::ERROR);
  event.mutable_error()->set_message("Framework has been removed");
  (void)core.Handle(event);
  EXPECT_TRUE(core.done());
  EXPECT_EQ(core.exit_code(), 1);
  EXPECT_THAT(core.error(), HasSubstr("Framework has been removed"));
}

}  // namespace
}  // namespace meseta::cli
