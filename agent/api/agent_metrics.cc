#include "agent/api/agent_metrics.h"

#include <cctype>
#include <cmath>
#include <cstdio>

namespace meseta::agent {
namespace {

using Metrics = std::map<std::string, double>;

void AddResources(const AgentSnapshot& view, Metrics& out) {
  const auto add = [&out](const std::string& name, const model::Resources& total,
                          const model::Resources& used, const std::string& kind) {
    const double all = total.SumOf(name).value();
    const double taken = used.SumOf(name).value();
    out["slave/" + name + kind + "_total"] = all;
    out["slave/" + name + kind + "_used"] = taken;
    out["slave/" + name + kind + "_percent"] = all > 0 ? taken / all : 0;
  };
  for (const char* name : {"cpus", "gpus", "mem", "disk"}) {
    add(name, view.total.NonRevocable(), view.used.NonRevocable(), "");
    add(name, view.total.Revocable(), view.used.Revocable(), "_revocable");
  }
}

template <class States>
double CountOf(const States& states, v1::TaskState state) {
  const auto it = states.find(state);
  return it == states.end() ? 0 : static_cast<double>(it->second);
}

void AddTasks(const AgentStats& stats, Metrics& out) {
  out["slave/tasks_staging"] = CountOf(stats.live_tasks, v1::TASK_STAGING);
  out["slave/tasks_starting"] = CountOf(stats.live_tasks, v1::TASK_STARTING);
  out["slave/tasks_running"] = CountOf(stats.live_tasks, v1::TASK_RUNNING);
  out["slave/tasks_killing"] = CountOf(stats.live_tasks, v1::TASK_KILLING);
  out["slave/tasks_finished"] = CountOf(stats.terminal_tasks, v1::TASK_FINISHED);
  out["slave/tasks_failed"] = CountOf(stats.terminal_tasks, v1::TASK_FAILED);
  out["slave/tasks_killed"] = CountOf(stats.terminal_tasks, v1::TASK_KILLED);
  out["slave/tasks_lost"] = CountOf(stats.terminal_tasks, v1::TASK_LOST);
  out["slave/tasks_gone"] = CountOf(stats.terminal_tasks, v1::TASK_GONE);
}

// What this agent never does, under the names that dashboards ask for.
void AddConstants(Metrics& out) {
  for (const char* name :
       {"slave/executors_preempted",              // No quality-of-service controller.
        "slave/recovery_errors",                  // A failed recovery ends the agent.
        "slave/valid_framework_messages",         // Command tasks take no framework messages.
        "slave/invalid_framework_messages", "containerizer/fetcher/cache_size_total_bytes",
        "containerizer/fetcher/cache_size_used_bytes",  // Fetches are not cached.
        "resource_provider_manager/subscribed", "resource_provider_manager/events/subscribe",
        "resource_provider_manager/events/disconnect"}) {
    out[name] = 0;
  }
}

}  // namespace

Metrics AgentMetrics(const AgentSnapshot& view, const endpoints::SystemStats& system,
                     WallTime now) {
  Metrics out;
  AddResources(view, out);
  AddTasks(view.stats, out);
  AddConstants(out);
  const AgentStats& stats = view.stats;
  const auto number = [](uint64_t value) { return static_cast<double>(value); };
  out["slave/executors_registering"] = number(stats.executors_registering);
  out["slave/executors_running"] = number(stats.executors_running);
  out["slave/executors_terminating"] = number(stats.executors_terminating);
  out["slave/executors_terminated"] = number(stats.executors_terminated);
  out["slave/frameworks_active"] = number(stats.frameworks_active);
  out["slave/registered"] = stats.registered ? 1 : 0;
  out["slave/uptime_secs"] = (now - view.agent->started).seconds();
  out["slave/container_launch_errors"] = number(stats.container_launch_errors);
  out["slave/valid_status_updates"] = number(stats.valid_status_updates);
  out["slave/invalid_status_updates"] = number(stats.invalid_status_updates);
  out["slave/check_probes_succeeded"] = number(stats.probes_succeeded);
  out["slave/check_probes_failed"] = number(stats.probes_failed);
  out["slave/check_probes_running"] = number(stats.probes_running);
  out["slave/executor_directory_max_allowed_age_secs"] = stats.sandbox_max_age_seconds;
  out["slave/messages_dropped_stale_term"] = number(stats.stale_terms_dropped);
  out["slave/messages_dropped_unexpected"] = number(stats.unexpected_messages_dropped);
  out["slave/recovery_time_secs"] = stats.recovery_seconds;
  out["gc/path_removals_succeeded"] = number(stats.sandboxes_deleted);
  out["gc/path_removals_failed"] = number(stats.sandbox_deletions_failed);
  out["gc/path_removals_pending"] = number(stats.sandboxes_pending);
  out["system/cpus_total"] = system.cpus_total;
  out["system/load_1min"] = system.load_1min;
  out["system/load_5min"] = system.load_5min;
  out["system/load_15min"] = system.load_15min;
  out["system/mem_total_bytes"] = number(system.mem_total_bytes);
  out["system/mem_free_bytes"] = number(system.mem_free_bytes);
  return out;
}

std::string PrometheusText(const Metrics& metrics) {
  std::string out;
  for (const auto& [name, value] : metrics) {
    if (!std::isfinite(value)) continue;
    std::string id = "meseta_";
    for (const char c : name) id += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
    char number[40];
    std::snprintf(number, sizeof number, " %.17g\n", value);
    out += id + number;
  }
  return out;
}

}  // namespace meseta::agent
