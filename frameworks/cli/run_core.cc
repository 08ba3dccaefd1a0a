#include "frameworks/cli/run_core.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include "actors/base/check.h"
#include "frameworks/cli/table.h"
#include "state/model/task_state.h"

namespace meseta::cli {
namespace {

using Call = v1::scheduler::Call;
using Event = v1::scheduler::Event;

constexpr double kRefuseSeconds = 5;  // For what we cannot use now.

int64_t Thousandths(double value) { return std::llround(value * 1000); }

void AddScalar(const std::string& name, double value, const v1::Offer& offer, v1::TaskInfo* task) {
  if (value <= 0) return;
  v1::Resource* resource = task->add_resources();
  resource->set_name(name);
  resource->set_type(v1::Value::SCALAR);
  resource->mutable_scalar()->set_value(value);
  if (offer.has_allocation_info()) {
    resource->mutable_allocation_info()->set_role(offer.allocation_info().role());
  }
}

// Amount of a scalar in an offer that any task may use: not reserved, not revocable, no volume.
int64_t Free(const v1::Offer& offer, const std::string& name) {
  int64_t sum = 0;
  for (const auto& resource : offer.resources()) {
    if (resource.name() != name || !resource.reservations().empty() || resource.has_revocable() ||
        resource.has_disk()) {
      continue;
    }
    sum += Thousandths(resource.scalar().value());
  }
  return sum;
}

std::string UrlOf(const v1::Offer& offer) {
  const v1::Address& address = offer.url().address();
  std::string host = address.has_ip() ? address.ip() : address.hostname();
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  const std::string scheme = offer.url().scheme().empty() ? "http" : offer.url().scheme();
  return scheme + "://" + host + ":" + std::to_string(address.port());
}

bool FromAgent(const v1::TaskStatus& status) { return status.has_uuid() && !status.uuid().empty(); }

}  // namespace

std::string RunResources::ToString() const {
  const auto number = [](int64_t thousandths) {
    return ShortNumber(static_cast<double>(thousandths) / 1000);
  };
  std::string text = "cpus " + number(cpus) + ", mem " + number(mem) + " MB";
  if (disk > 0) text += ", disk " + number(disk) + " MB";
  return text;
}

RunResources NeedOf(const RunOptions& options) {
  return {Thousandths(options.cpus), Thousandths(options.mem), Thousandths(options.disk)};
}

RunCore::RunCore(RunOptions options) : options_(std::move(options)), need_(NeedOf(options_)) {
  CHECK(!options_.argv.empty() && options_.instances > 0);
  for (int i = 0; i < options_.instances; ++i) {
    tasks_[options_.name + "-" + options_.run_id + "-" + std::to_string(i)].number = i;
  }
}

Call RunCore::Subscribe() const {
  Call call;
  call.set_type(Call::SUBSCRIBE);
  v1::FrameworkInfo* info = call.mutable_subscribe()->mutable_framework_info();
  info->set_user(options_.user);
  info->set_name(kRunFrameworkPrefix + options_.name);
  info->add_roles(options_.role);
  info->set_checkpoint(true);
  info->set_failover_timeout(kFailoverSeconds);
  auto* label = info->mutable_labels()->add_labels();
  label->set_key(kInstancesLabel);
  label->set_value(std::to_string(options_.instances));
  for (const auto type : {v1::FrameworkInfo::Capability::MULTI_ROLE,
                          v1::FrameworkInfo::Capability::RESERVATION_REFINEMENT,
                          v1::FrameworkInfo::Capability::PARTITION_AWARE,
                          v1::FrameworkInfo::Capability::TASK_KILLING_STATE}) {
    info->add_capabilities()->set_type(type);
  }
  if (waiting() == 0) call.mutable_subscribe()->add_suppressed_roles(options_.role);
  if (!framework_id_.empty()) {
    info->mutable_id()->set_value(framework_id_);
    call.mutable_framework_id()->set_value(framework_id_);
  }
  return call;
}

Call RunCore::NewCall(Call::Type type) const {
  Call call;
  call.set_type(type);
  call.mutable_framework_id()->set_value(framework_id_);
  return call;
}

Call RunCore::Teardown() const { return NewCall(Call::TEARDOWN); }

RunCore::Actions RunCore::Handle(const Event& event) {
  switch (event.type()) {
    case Event::SUBSCRIBED:
      return OnSubscribed(event.subscribed());
    case Event::OFFERS:
      return OnOffers(event.offers());
    case Event::UPDATE:
      return OnUpdate(event.update().status());
    case Event::ERROR:
      Fail("the master ended this run: " + event.error().message());
      return {};
    default:
      return {};
  }
}

RunCore::Actions RunCore::OnSubscribed(const Event::Subscribed& subscribed) {
  framework_id_ = subscribed.framework_id().value();
  Actions actions;
  Call reconcile = NewCall(Call::RECONCILE);
  for (const auto& [id, task] : tasks_) {
    if (!task.launched || task.terminal) continue;
    reconcile.mutable_reconcile()->add_tasks()->mutable_task_id()->set_value(id);
  }
  // Without tasks the call would ask for all of them.
  if (reconcile.reconcile().tasks_size() > 0) actions.calls.push_back(std::move(reconcile));
  if (!killing_) return actions;
  Actions kills = KillAll();
  for (Call& call : kills.calls) actions.calls.push_back(std::move(call));
  return actions;
}

RunCore::Actions RunCore::OnOffers(const Event::Offers& offers) {
  Actions actions;
  const int waiting_before = waiting();
  Call decline = NewCall(Call::DECLINE);
  for (const v1::Offer& offer : offers.offers()) {
    Call accept = NewCall(Call::ACCEPT);
    auto* launch = accept.mutable_accept()->add_operations();
    launch->set_type(v1::Offer::Operation::LAUNCH);
    UseOffer(offer, launch->mutable_launch());
    if (launch->launch().task_infos().empty()) {
      *decline.mutable_decline()->add_offer_ids() = offer.id();
      continue;
    }
    *accept.mutable_accept()->add_offer_ids() = offer.id();
    actions.calls.push_back(std::move(accept));
  }
  if (decline.decline().offer_ids_size() > 0) {
    decline.mutable_decline()->mutable_filters()->set_refuse_seconds(kRefuseSeconds);
    actions.calls.push_back(std::move(decline));
  }
  if (waiting_before > 0 && waiting() == 0) actions.calls.push_back(NewCall(Call::SUPPRESS));
  return actions;
}

void RunCore::UseOffer(const v1::Offer& offer, v1::Offer::Operation::Launch* launch) {
  if (killing_) return;
  RunResources left{Free(offer, "cpus"), Free(offer, "mem"), Free(offer, "disk")};
  for (auto& [id, task] : tasks_) {
    if (task.launched) continue;
    if (!left.Fits(need_)) break;
    left.cpus -= need_.cpus;
    left.mem -= need_.mem;
    left.disk -= need_.disk;
    task.launched = true;
    task.agent_url = UrlOf(offer);
    task.agent_name = offer.hostname();
    *launch->add_task_infos() = MakeTask(id, offer);
  }
  const bool larger =
      !too_small_ || std::tie(too_small_->cpus, too_small_->mem) < std::tie(left.cpus, left.mem);
  if (launch->task_infos().empty() && waiting() > 0 && larger) too_small_ = left;
}

v1::TaskInfo RunCore::MakeTask(const std::string& id, const v1::Offer& offer) const {
  v1::TaskInfo task;
  task.set_name(options_.name);
  task.mutable_task_id()->set_value(id);
  *task.mutable_agent_id() = offer.agent_id();
  AddScalar("cpus", options_.cpus, offer, &task);
  AddScalar("mem", options_.mem, offer, &task);
  AddScalar("disk", options_.disk, offer, &task);
  v1::CommandInfo* command = task.mutable_command();
  command->set_value(options_.argv.front());
  command->set_shell(options_.argv.size() == 1);
  if (!command->shell()) {
    for (const std::string& argument : options_.argv) command->add_arguments(argument);
  }
  for (const auto& [name, value] : options_.environment) {
    auto* variable = command->mutable_environment()->add_variables();
    variable->set_name(name);
    variable->set_value(value);
  }
  return task;
}

RunCore::Actions RunCore::OnUpdate(const v1::TaskStatus& status) {
  Actions actions;
  if (FromAgent(status)) {
    Call acknowledge = NewCall(Call::ACKNOWLEDGE);
    *acknowledge.mutable_acknowledge()->mutable_agent_id() = status.agent_id();
    *acknowledge.mutable_acknowledge()->mutable_task_id() = status.task_id();
    acknowledge.mutable_acknowledge()->set_uuid(status.uuid());
    actions.calls.push_back(std::move(acknowledge));
  }
  const auto it = tasks_.find(status.task_id().value());
  if (it == tasks_.end() || it->second.terminal) return actions;  // A duplicate, or not ours.
  TaskView& task = it->second;
  if (task.state != status.state()) {
    std::string line = it->first + " " + v1::TaskState_Name(status.state());
    if (status.state() == v1::TASK_RUNNING && !task.agent_name.empty()) {
      line += " on " + task.agent_name;
    }
    if (!status.message().empty()) line += ": " + status.message();
    actions.lines.push_back(std::move(line));
  }
  task.state = status.state();
  task.message = status.message();
  task.terminal = model::IsTerminal(status.state());
  // A master that knows nothing of a task that we want dead: there is nothing left to kill.
  if (killing_ && status.state() == v1::TASK_UNKNOWN) task.terminal = true;
  task.has_sandbox = task.has_sandbox || FromAgent(status) || status.state() == v1::TASK_RUNNING;
  return actions;
}

RunCore::Actions RunCore::KillAll() {
  killing_ = true;
  Actions actions;
  for (auto& [id, task] : tasks_) {
    if (task.terminal) continue;
    if (!task.launched) {
      task.terminal = true;
      task.state = v1::TASK_KILLED;
      task.message = "Killed before it was launched";
      task.launched = true;
      continue;
    }
    Call kill = NewCall(Call::KILL);
    kill.mutable_kill()->mutable_task_id()->set_value(id);
    actions.calls.push_back(std::move(kill));
  }
  return actions;
}

int RunCore::waiting() const {
  return static_cast<int>(std::count_if(tasks_.begin(), tasks_.end(),
                                        [](const auto& task) { return !task.second.launched; }));
}

bool RunCore::done() const {
  if (!error_.empty()) return true;
  return std::all_of(tasks_.begin(), tasks_.end(), [](const auto& t) { return t.second.terminal; });
}

int RunCore::exit_code() const {
  const bool good = error_.empty() && std::all_of(tasks_.begin(), tasks_.end(), [](const auto& t) {
                      return t.second.state == v1::TASK_FINISHED;
                    });
  return good ? 0 : 1;
}

}  // namespace meseta::cli
