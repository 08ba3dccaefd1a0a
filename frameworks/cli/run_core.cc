#include "frameworks/cli/run_core.h"

#include <algorithm>
#include <utility>

namespace meseta::cli {
namespace {

using Call = v1::scheduler::Call;
using Event = v1::scheduler::Event;

constexpr double kRefuseSeconds = 5;  // For what we cannot use now.

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

// Unreserved amount of a scalar in an offer.
double Free(const v1::Offer& offer, const std::string& name) {
  double sum = 0;
  for (const auto& resource : offer.resources()) {
    if (resource.name() == name && resource.reservations().empty()) {
      sum += resource.scalar().value();
    }
  }
  return sum;
}

std::string AddressOf(const v1::Offer& offer) {
  const v1::Address& address = offer.url().address();
  const std::string host = address.has_ip() ? address.ip() : address.hostname();
  return host + ":" + std::to_string(address.port());
}

}  // namespace

bool IsTerminal(v1::TaskState state) {
  switch (state) {
    case v1::TASK_FINISHED:
    case v1::TASK_FAILED:
    case v1::TASK_KILLED:
    case v1::TASK_ERROR:
    case v1::TASK_LOST:
    case v1::TASK_DROPPED:
    case v1::TASK_GONE:
    case v1::TASK_GONE_BY_OPERATOR: return true;
    default: return false;
  }
}

RunCore::RunCore(RunOptions options) : options_(std::move(options)) {
  for (int i = 0; i < options_.instances; ++i) {
    tasks_[options_.name + "-" + options_.run_id + "-" + std::to_string(i)];
  }
}

Call RunCore::Subscribe() const {
  Call call;
  call.set_type(Call::SUBSCRIBE);
  v1::FrameworkInfo* info = call.mutable_subscribe()->mutable_framework_info();
  info->set_user(options_.user);
  info->set_name("meseta run: " + options_.name);
  info->add_roles(options_.role);
  info->set_checkpoint(true);
  for (const auto type :
       {v1::FrameworkInfo::Capability::MULTI_ROLE,
        v1::FrameworkInfo::Capability::RESERVATION_REFINEMENT,
        v1::FrameworkInfo::Capability::PARTITION_AWARE,
        v1::FrameworkInfo::Capability::TASK_KILLING_STATE}) {
    info->add_capabilities()->set_type(type);
  }
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

RunCore::Actions RunCore::Handle(const Event& event) {
  switch (event.type()) {
    case Event::SUBSCRIBED:
      framework_id_ = event.subscribed().framework_id().value();
      return {};
    case Event::OFFERS: return OnOffers(event.offers());
    case Event::UPDATE: return OnUpdate(event.update().status());
    case Event::ERROR:
      error_ = event.error().message();
      return {{}, {"the master refused this framework: " + error_}};
    default: return {};
  }
}

RunCore::Actions RunCore::OnOffers(const Event::Offers& offers) {
  Actions actions;
  auto next = tasks_.begin();
  for (const v1::Offer& offer : offers.offers()) {
    double cpus = Free(offer, "cpus");
    double mem = Free(offer, "mem");
    double disk = Free(offer, "disk");
    Call accept = NewCall(Call::ACCEPT);
    auto* launch = accept.mutable_accept()->add_operations();
    launch->set_type(v1::Offer::Operation::LAUNCH);
    for (; next != tasks_.end(); ++next) {
      if (next->second.launched) continue;
      if (cpus < options_.cpus || mem < options_.mem || disk < options_.disk) break;
      cpus -= options_.cpus;
      mem -= options_.mem;
      disk -= options_.disk;
      next->second.launched = true;
      next->second.agent_host = AddressOf(offer);
      *launch->mutable_launch()->add_task_infos() = MakeTask(next->first, offer);
    }
    if (launch->launch().task_infos().empty()) {
      Call decline = NewCall(Call::DECLINE);
      *decline.mutable_decline()->add_offer_ids() = offer.id();
      decline.mutable_decline()->mutable_filters()->set_refuse_seconds(kRefuseSeconds);
      actions.calls.push_back(std::move(decline));
      continue;
    }
    *accept.mutable_accept()->add_offer_ids() = offer.id();
    actions.calls.push_back(std::move(accept));
  }
  if (AllLaunched()) actions.calls.push_back(NewCall(Call::SUPPRESS));
  return actions;
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
  if (status.has_uuid()) {
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
    actions.lines.push_back(it->first + " " + v1::TaskState_Name(status.state()) +
                            (status.message().empty() ? "" : ": " + status.message()));
  }
  task.state = status.state();
  task.message = status.message();
  task.terminal = IsTerminal(status.state());
  if (done()) actions.calls.push_back(NewCall(Call::TEARDOWN));
  return actions;
}

RunCore::Actions RunCore::KillAll() {
  Actions actions;
  for (auto& [id, task] : tasks_) {
    if (task.terminal) continue;
    if (!task.launched) {
      task.terminal = true;
      task.state = v1::TASK_KILLED;
      task.launched = true;
      continue;
    }
    Call kill = NewCall(Call::KILL);
    kill.mutable_kill()->mutable_task_id()->set_value(id);
    actions.calls.push_back(std::move(kill));
  }
  if (done()) actions.calls.push_back(NewCall(Call::TEARDOWN));
  return actions;
}

bool RunCore::AllLaunched() const {
  return std::all_of(tasks_.begin(), tasks_.end(), [](const auto& t) { return t.second.launched; });
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
