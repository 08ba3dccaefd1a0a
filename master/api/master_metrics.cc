#include "master/api/master_metrics.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

namespace meseta::master {
namespace {

constexpr std::array<std::string_view, 4> kResources{"cpus", "gpus", "mem", "disk"};

// Counters that exist before anything was counted.
constexpr std::array<std::string_view, 52> kCounterNames{
    "dropped_messages",
    "http_cache_hits",
    "invalid_executor_to_framework_messages",
    "invalid_framework_to_executor_messages",
    "invalid_operation_status_update_acknowledgements",
    "invalid_operation_status_updates",
    "invalid_status_update_acknowledgements",
    "invalid_status_updates",
    "messages_authenticate",
    "messages_deactivate_framework",
    "messages_decline_offers",
    "messages_executor_to_framework",
    "messages_exited_executor",
    "messages_framework_to_executor",
    "messages_kill_task",
    "messages_launch_tasks",
    "messages_operation_status_update",
    "messages_operation_status_update_acknowledgement",
    "messages_reconcile_operations",
    "messages_reconcile_tasks",
    "messages_register_framework",
    "messages_register_slave",
    "messages_reregister_framework",
    "messages_reregister_slave",
    "messages_resource_request",
    "messages_revive_offers",
    "messages_status_update",
    "messages_status_update_acknowledgement",
    "messages_suppress_offers",
    "messages_unregister_framework",
    "messages_unregister_slave",
    "messages_update_slave",
    "operator_event_stream_subscribers",
    "recovery_slave_removals",
    "slave_registrations",
    "slave_removals",
    "slave_removals/reason_registered",
    "slave_removals/reason_unhealthy",
    "slave_removals/reason_unregistered",
    "slave_reregistrations",
    "slave_shutdowns_canceled",
    "slave_shutdowns_completed",
    "slave_shutdowns_scheduled",
    "slave_unreachable_canceled",
    "slave_unreachable_completed",
    "slave_unreachable_scheduled",
    "valid_executor_to_framework_messages",
    "valid_framework_to_executor_messages",
    "valid_operation_status_update_acknowledgements",
    "valid_operation_status_updates",
    "valid_status_update_acknowledgements",
    "valid_status_updates"};

constexpr std::array<std::string_view, 8> kOperations{"reserve", "unreserve",     "create",
                                                      "destroy", "grow_volume",   "shrink_volume",
                                                      "create_disk", "destroy_disk"};
constexpr std::array<std::string_view, 9> kOperationStates{
    "total", "pending", "recovering", "unreachable", "finished",
    "failed", "error", "dropped", "gone_by_operator"};

constexpr std::array<v1::TaskState, 5> kLiveStates{v1::TASK_STAGING, v1::TASK_STARTING,
                                                   v1::TASK_RUNNING, v1::TASK_KILLING,
                                                   v1::TASK_UNREACHABLE};
constexpr std::array<v1::TaskState, 8> kTerminalStates{
    v1::TASK_FINISHED, v1::TASK_FAILED, v1::TASK_KILLED, v1::TASK_LOST,
    v1::TASK_ERROR,    v1::TASK_DROPPED, v1::TASK_GONE,  v1::TASK_GONE_BY_OPERATOR};

using Out = std::map<std::string, double>;

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// TASK_RUNNING -> "tasks_running".
std::string TasksName(v1::TaskState state) {
  return "master/tasks_" + Lower(v1::TaskState_Name(state)).substr(5);
}

double Amount(const model::Quantities& quantities, std::string_view name) {
  const auto it = quantities.find(std::string(name));
  return it == quantities.end() ? 0 : it->second.value();
}

void AddResource(std::string_view name, std::string_view suffix, const model::Quantities& total,
                 const model::Quantities& used, Out* out) {
  const std::string prefix = "master/" + std::string(name) + std::string(suffix);
  const double all = Amount(total, name);
  const double taken = Amount(used, name);
  (*out)[prefix + "_total"] = all;
  (*out)[prefix + "_used"] = taken;
  (*out)[prefix + "_percent"] = all == 0 ? 0 : taken / all;
}

// What the allocator counts as taken: used and offered.
void AddAllocator(const Snapshot& view, Out* out) {
  model::Quantities taken = view.totals.used;
  view.offers.ForEach([&](const OfferId&, const OfferPtr& offer) {
    for (const auto& resource : offer->resources()) {
      if (resource.type() != v1::Value::SCALAR || resource.has_revocable()) continue;
      model::Scalar& sum = taken[resource.name()];
      sum = model::Scalar::FromThousandths(
          sum.thousandths() + model::Scalar::FromDouble(resource.scalar().value()).thousandths());
    }
  });
  for (const std::string_view name : {"cpus", "disk", "mem"}) {
    const std::string prefix = "allocator/mesos/resources/" + std::string(name);
    (*out)[prefix + "/total"] = Amount(view.totals.total, name);
    (*out)[prefix + "/offered_or_allocated"] = Amount(taken, name);
  }
}

void AddAgents(const Snapshot& view, Out* out) {
  double connected = 0;
  double active = 0;
  const double registered = static_cast<double>(view.agents.size());
  view.agents.ForEach([&](const AgentId&, const AgentPtr& agent) {
    connected += agent->connected ? 1 : 0;
    active += agent->active ? 1 : 0;
  });
  (*out)["master/slaves_connected"] = connected;
  (*out)["master/slaves_disconnected"] = registered - connected;
  (*out)["master/slaves_active"] = active;
  (*out)["master/slaves_inactive"] = registered - active;
  (*out)["master/slaves_unreachable"] = static_cast<double>(view.unreachable_agents.size());
}

void AddFrameworks(const Snapshot& view, Out* out) {
  double connected = 0;
  double active = 0;
  const double all = static_cast<double>(view.frameworks.size());
  view.frameworks.ForEach([&](const FrameworkId&, const FrameworkViewPtr& framework) {
    connected += framework->record->connected ? 1 : 0;
    active += framework->record->active ? 1 : 0;
  });
  (*out)["master/frameworks_connected"] = connected;
  (*out)["master/frameworks_disconnected"] = all - connected;
  (*out)["master/frameworks_active"] = active;
  (*out)["master/frameworks_inactive"] = all - active;
  (*out)["master/outstanding_offers"] = static_cast<double>(view.offers.size());
}

void AddTasks(const ClusterTotals& totals, Out* out) {
  const auto count = [](const auto& counts, v1::TaskState state) {
    const auto it = counts.find(state);
    return it == counts.end() ? 0.0 : static_cast<double>(it->second);
  };
  for (const v1::TaskState state : kLiveStates) {
    (*out)[TasksName(state)] = count(totals.live_tasks, state);
  }
  for (const v1::TaskState state : kTerminalStates) {
    (*out)[TasksName(state)] = count(totals.terminal_tasks, state);
  }
  for (const auto& [cause, times] : totals.causes) {
    const auto& [state, source, reason] = cause;
    (*out)["master/" + Lower(v1::TaskState_Name(state)) + "/" +
           Lower(v1::TaskStatus::Source_Name(source)) + "/" +
           Lower(v1::TaskStatus::Reason_Name(reason))] = static_cast<double>(times);
  }
}

}  // namespace

void AddMasterMetrics(const Snapshot& view, bool elected, const MasterCounters& counters,
                      WallTime now, Out* out) {
  (*out)["master/elected"] = elected ? 1 : 0;
  (*out)["master/uptime_secs"] = (now - view.master.started).seconds();
  for (const std::string_view name : kResources) {
    AddResource(name, "", view.totals.total, view.totals.used, out);
    AddResource(name, "_revocable", view.totals.revocable_total, view.totals.revocable_used, out);
  }
  AddAllocator(view, out);
  AddAgents(view, out);
  AddFrameworks(view, out);
  AddTasks(view.totals, out);
  for (const std::string_view name : kCounterNames) (*out)["master/" + std::string(name)] = 0;
  // No offer operation is carried out yet, so these counts are all zero; clients read the names.
  for (const std::string_view state : kOperationStates) {
    (*out)["master/operations/" + std::string(state)] = 0;
    for (const std::string_view operation : kOperations) {
      (*out)["master/operations/" + std::string(operation) + "/" + std::string(state)] = 0;
    }
  }
  for (const auto& [name, value] : counters) {
    (*out)["master/" + name] += static_cast<double>(value);
  }
}

}  // namespace meseta::master
