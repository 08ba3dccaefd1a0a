// Checks of running tasks: their probes, and what their answers make of the task.
#include <utility>

#include "agent/agent_core.h"
#include "agent/executors/command_executor.h"

namespace meseta::agent {

void AgentCore::StartChecks(TaskEntry& task, bool resumed, Now now) {
  if (!CheckCore::Wanted(task.info) || task.ended || task.kill_grace || task.checks) return;
  CheckHistory history;
  Duration running_for;
  double spread = 0;
  if (resumed) {
    history = task.check_history;
    running_for = std::max(now.wall - task.launched, Duration());
    spread = rng_.Uniform();
  }
  task.checks.emplace(task.info, history, running_for, spread, now.mono);
  ScheduleChecks(task);
}

void AgentCore::StopChecks(TaskEntry& task) {
  task.checks.reset();
  ScheduleChecks(task);
  for (std::optional<ProbeId>& probe : task.probes) {
    if (!probe) continue;
    probes_.erase(*probe);
    turn_.stop_probes.push_back(*probe);
    probe.reset();
  }
  stats_.probes_running = probes_.size();
}

void AgentCore::ScheduleChecks(TaskEntry& task) {
  const std::optional<Time> wake = task.checks ? task.checks->wake_at() : std::nullopt;
  if (task.checks_wake == wake) return;
  if (task.checks_wake) checks_due_.erase({*task.checks_wake, task.key});
  task.checks_wake = wake;
  if (wake) checks_due_.insert({*wake, task.key});
}

void AgentCore::RunChecks(Now now) {
  while (!checks_due_.empty() && checks_due_.begin()->first <= now.mono &&
         probes_.size() < kMaxProbesAtOnce) {
    TaskEntry& task = tasks_.at(checks_due_.begin()->second);
    for (const CheckKind kind : task.checks->Begin(now.mono)) StartProbe(task, kind);
    ScheduleChecks(task);
  }
  stats_.probes_running = probes_.size();
}

void AgentCore::StartProbe(TaskEntry& task, CheckKind kind) {
  Probe probe;
  probe.id = next_probe_++;
  probe.target = task.checks->TargetOf(kind);
  if (const v1::CommandInfo* command = task.checks->CommandOf(kind)) {
    probe.target.command =
        CommandContainerSpec(task.info, frameworks_.at(task.key.framework).info,
                             AgentId(info_.id().value()), task.container, options_.command);
    ContainerSpec& spec = probe.target.command;
    for (const auto& variable : command->environment().variables()) {
      // What the agent itself says of the task stays.
      if (variable.has_value() && !variable.name().starts_with("MESOS_")) {
        spec.environment[variable.name()] = variable.value();
      }
    }
    spec.command = *command;
  }
  probes_.emplace(probe.id, std::make_pair(task.key, kind));
  task.probes[static_cast<size_t>(kind)] = probe.id;
  turn_.probes.push_back(std::move(probe));
}

AgentEffects AgentCore::FromProbe(const ProbeResult& result, Now now) {
  const auto it = probes_.find(result.id);
  if (it != probes_.end()) {
    const auto [key, kind] = it->second;
    probes_.erase(it);
    TaskEntry& task = tasks_.at(key);
    task.probes[static_cast<size_t>(kind)].reset();
    const CheckNews news = task.checks->Finished(kind, result, now.mono);
    ScheduleChecks(task);
    ++(news.succeeded ? stats_.probes_succeeded : stats_.probes_failed);
    Learned(task, kind, news, now);
    RunChecks(now);
  }
  return Finish(now);
}

void AgentCore::Learned(TaskEntry& task, CheckKind kind, const CheckNews& news, Now now) {
  if (!news.healthy && !news.check_status) return;
  if (news.healthy) {
    task.check_history.healthy = news.healthy;
    task.check_history.failures = *news.healthy ? 0 : task.check_history.failures + 1;
  }
  if (news.check_status) task.check_history.check_status = news.check_status;
  task.untold[static_cast<size_t>(kind)] = true;
  TellChecks(task, now);
  if (!news.kill) return;
  Log("Killing task '" + task.key.task.value() + "' of framework " + task.key.framework.value() +
      ": its health check failed " + std::to_string(task.check_history.failures) +
      " times in a row");
  KillOne(task, KillGrace(task.info, nullptr), now);
}

void AgentCore::TellChecks(TaskEntry& task, Now now) {
  bool told = false;
  for (const CheckKind kind : {CheckKind::kHealth, CheckKind::kGeneral}) {
    bool& untold = task.untold[static_cast<size_t>(kind)];
    const UpdateStream* stream = streams_.Find(task.key);
    // A framework that is slow, or away, hears the newest answer later instead of each.
    if (!untold || (stream != nullptr && stream->pending() >= kMaxPendingCheckUpdates)) continue;
    untold = false;
    v1::TaskStatus status = NewStatus(task, task.task.state(), now);
    status.set_reason(kind == CheckKind::kHealth
                          ? v1::TaskStatus::REASON_TASK_HEALTH_CHECK_STATUS_UPDATED
                          : v1::TaskStatus::REASON_TASK_CHECK_STATUS_UPDATED);
    Update(task, std::move(status), now);
    told = true;
  }
  if (told) ShowTask(task, ExecutorRecord::Stage::kLaunched);
}

void AgentCore::AddCheckResults(const TaskEntry& task, v1::TaskStatus* status) const {
  if (task.info.has_check()) {
    *status->mutable_check_status() =
        task.check_history.check_status.value_or(UnknownCheckStatus(task.info.check()));
  }
  const std::optional<bool>& healthy = task.check_history.healthy;
  if (!healthy) return;
  // An end says so only of a task that was killed while it was unhealthy.
  if (!IsTerminal(status->state()) || (!*healthy && task.kill_grace)) status->set_healthy(*healthy);
}

void AgentCore::RestoreCheckResults(TaskEntry& task, const v1::TaskStatus& status) {
  if (status.has_check_status()) task.check_history.check_status = status.check_status();
  if (!status.has_healthy()) return;
  task.check_history.healthy = status.healthy();
  if (status.healthy()) {
    task.check_history.failures = 0;
  } else if (status.reason() == v1::TaskStatus::REASON_TASK_HEALTH_CHECK_STATUS_UPDATED) {
    ++task.check_history.failures;
  }
}

}  // namespace meseta::agent
