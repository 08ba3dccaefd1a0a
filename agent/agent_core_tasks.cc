// Tasks: running and killing them, and what their containers report.
#include <algorithm>
#include <utility>

#include "agent/agent_core.h"
#include "agent/executors/command_executor.h"

namespace meseta::agent {

using Stage = ExecutorRecord::Stage;

namespace {

std::string Name(const TaskKey& key) {
  return "task '" + key.task.value() + "' of framework " + key.framework.value();
}

TaskKey KeyFrom(const v1::FrameworkID& framework, const v1::TaskID& task) {
  return {FrameworkId(framework.value()), TaskId(task.value())};
}

v1::Task ToTask(const v1::TaskInfo& info, const FrameworkId& framework, const v1::AgentID& agent) {
  v1::Task task;
  task.set_name(info.name());
  *task.mutable_task_id() = info.task_id();
  task.mutable_framework_id()->set_value(framework.value());
  *task.mutable_agent_id() = agent;
  task.set_state(v1::TASK_STAGING);
  *task.mutable_resources() = info.resources();
  if (info.has_labels()) *task.mutable_labels() = info.labels();
  if (info.has_discovery()) *task.mutable_discovery() = info.discovery();
  if (info.has_container()) *task.mutable_container() = info.container();
  if (info.has_health_check()) *task.mutable_health_check() = info.health_check();
  if (info.has_kill_policy()) *task.mutable_kill_policy() = info.kill_policy();
  if (info.has_command() && info.command().has_user()) task.set_user(info.command().user());
  *task.mutable_limits() = info.limits();
  return task;
}

}  // namespace

void AgentCore::Handle(const internal::RunTask& message, Now now) {
  const TaskKey key = KeyFrom(message.framework().id(), message.task().task_id());
  if (const auto it = tasks_.find(key); it != tasks_.end()) {
    // The master repeats itself; what it may have missed is sent again.
    Log("Already have " + Name(key));
    streams_.Resend(key);
    return;
  }
  const auto known = frameworks_.find(key.framework);
  const bool partition_aware = std::any_of(
      message.framework().capabilities().begin(), message.framework().capabilities().end(),
      [](const auto& c) { return c.type() == v1::FrameworkInfo::Capability::PARTITION_AWARE; });
  const v1::TaskState dropped = partition_aware ? v1::TASK_DROPPED : v1::TASK_LOST;
  if (known != frameworks_.end() && known->second.shutting_down && !known->second.idle) {
    // Its streams are closed for good, so this answer is not repeated; reconciliation repeats it.
    Log("Refused " + Name(key) + ": the framework is shutting down");
    TaskEntry refused;
    refused.key = key;
    refused.info = message.task();
    v1::TaskStatus status = NewStatus(refused, dropped, now);
    status.set_source(v1::TaskStatus::SOURCE_AGENT);
    status.set_reason(v1::TaskStatus::REASON_FRAMEWORK_REMOVED);
    status.set_message("Framework is being shut down");
    SendUnstreamed(key, std::move(status));
    return;
  }
  if (message.task().has_agent_id() && message.task().agent_id().value() != info_.id().value()) {
    Dropped(Name(key) + ", which is meant for agent " + message.task().agent_id().value());
    return;
  }
  UpsertFramework(message.framework());
  if (shutdown_at_) {
    RefuseTask(key, message.task(), dropped, v1::TaskStatus::REASON_AGENT_REMOVED,
               "The agent is shutting down", now);
    return;
  }
  const Status fits = CheckCommandTask(message.framework(), message.task());
  if (!fits.ok()) {
    RefuseTask(key, message.task(), v1::TASK_ERROR, v1::TaskStatus::REASON_TASK_INVALID,
               fits.message(), now);
    return;
  }
  LaunchTask(message.framework(), message.task(), now);
}

void AgentCore::LaunchTask(const v1::FrameworkInfo& framework, const v1::TaskInfo& info, Now now) {
  const TaskKey key = KeyFrom(framework.id(), info.task_id());
  TaskEntry& task = AddTask(key, info);
  task.launched = now.wall;
  ++stats_.executors_registering;
  LaunchContainer(framework, task);
}

void AgentCore::LaunchContainer(const v1::FrameworkInfo& framework, TaskEntry& task) {
  task.container = ContainerId(rng_.Uuid());
  ContainerSpec spec = CommandContainerSpec(task.info, framework, AgentId(info_.id().value()),
                                            task.container, options_.command);
  task.sandbox = spec.sandbox;
  containers_[task.container] = task.key;
  PutTask(task);
  ShowTask(task, Stage::kQueued);
  CallContainerizer(AgentEffects::Launch{std::move(spec)});
}

void AgentCore::LaunchAgain(TaskEntry& task, Now now) {
  // The agent died between the decision and the launch. Nothing of it ever ran, so nothing runs
  // twice; the container is a fresh one, as ids are used once.
  task.never_started = false;
  const FrameworkEntry& framework = frameworks_.at(task.key.framework);
  if (task.kill_grace || framework.shutting_down) {
    Ended(task, OutcomeOf(ContainerFailed{task.container, OkStatus(), {}}, /*killed=*/true), now);
    return;
  }
  containers_.erase(task.container);
  LaunchContainer(framework.info, task);
}

void AgentCore::RefuseTask(const TaskKey& key, const v1::TaskInfo& info, v1::TaskState state,
                           v1::TaskStatus::Reason reason, std::string message, Now now) {
  Log("Refused " + Name(key) + ": " + message);
  TaskEntry& task = AddTask(key, info);
  task.ended = true;
  v1::TaskStatus status = NewStatus(task, state, now);
  status.set_source(v1::TaskStatus::SOURCE_AGENT);
  status.set_reason(reason);
  status.set_message(std::move(message));
  PutTask(task);
  Update(task, std::move(status), now);
}

AgentCore::TaskEntry& AgentCore::AddTask(const TaskKey& key, const v1::TaskInfo& info) {
  TaskEntry& task = tasks_[key];
  task.key = key;
  task.info = info;
  task.task = ToTask(info, key.framework, info_.id());
  FrameworkEntry& framework = frameworks_.at(key.framework);
  ++framework.tasks;
  if (framework.idle) ++stats_.frameworks_active;
  framework.idle = false;
  ++stats_.live_tasks[v1::TASK_STAGING];
  return task;
}

void AgentCore::Handle(const internal::KillTask& message, Now now) {
  const TaskKey key = KeyFrom(message.framework_id(), message.task_id());
  const auto it = tasks_.find(key);
  if (it == tasks_.end()) {
    Dropped("a kill of unknown " + Name(key));
    return;
  }
  const v1::KillPolicy* policy = message.has_kill_policy() ? &message.kill_policy() : nullptr;
  KillOne(it->second, KillGrace(it->second.info, policy), now);
}

void AgentCore::KillOne(TaskEntry& task, Duration grace, Now now) {
  if (task.ended) return;  // Its terminal update is on its way.
  const bool first = !task.kill_grace.has_value();
  if (first) ++stats_.executors_terminating;
  task.kill_grace = grace;
  StopChecks(task);
  PutTask(task);
  const bool runs = task.task.state() == v1::TASK_RUNNING || task.task.state() == v1::TASK_STARTING;
  if (first && runs &&
      HasCapability(task.key.framework, v1::FrameworkInfo::Capability::TASK_KILLING_STATE)) {
    Update(task, NewStatus(task, v1::TASK_KILLING, now), now);
    ShowTask(task, Stage::kLaunched);
  }
  CallContainerizer(AgentEffects::Kill{task.container, grace});
}

void AgentCore::Handle(const internal::AcknowledgeUpdate& message, Now now) {
  const TaskKey key = KeyFrom(message.framework_id(), message.task_id());
  const auto result = streams_.Acknowledge(key, message.uuid(), this_write());
  if (result == UpdateStream::AckResult::kDuplicate) return;
  const UpdateStream& stream = *streams_.Find(key);
  if (stream.closed()) {
    CloseTask(key, now);
    return;
  }
  if (const auto task = tasks_.find(key); task != tasks_.end() && task->second.checks) {
    TellChecks(task->second, now);
  }
  internal::CheckpointRecord record;
  internal::AcknowledgedCheckpoint& acknowledged = *record.mutable_acknowledged();
  *acknowledged.mutable_framework_id() = message.framework_id();
  *acknowledged.mutable_task_id() = message.task_id();
  acknowledged.set_count(stream.front_sequence());
  // Unsynced: the process may die after it, and a power failure only repeats the update.
  Put(std::move(record), /*sync=*/false);
}

void AgentCore::Handle(const internal::UpdateFramework& message, Now) {
  const auto it = frameworks_.find(FrameworkId(message.framework().id().value()));
  if (it == frameworks_.end()) return;  // None of its tasks is here.
  UpsertFramework(message.framework());
}

void AgentCore::Handle(const internal::ShutdownFramework& message, Now now) {
  const FrameworkId id(message.framework_id().value());
  const auto it = frameworks_.find(id);
  if (it == frameworks_.end() || it->second.idle) return;
  if (!it->second.shutting_down) {
    it->second.shutting_down = true;
    PutFramework(it->second);
  }
  std::vector<TaskKey> over;
  for (auto task = tasks_.lower_bound({id, TaskId()});
       task != tasks_.end() && task->first.framework == id; ++task) {
    // Nobody listens to its updates any more.
    streams_.Remove(task->first);
    if (task->second.ended) {
      over.push_back(task->first);
    } else {
      KillOne(task->second, KillGrace(task->second.info, nullptr), now);
    }
  }
  for (const TaskKey& key : over) CloseTask(key, now);
}

void AgentCore::Handle(const internal::ReconcileWithAgent& message, Now now) {
  for (const auto& entry : message.tasks()) {
    const TaskKey key = KeyFrom(entry.framework_id(), entry.task_id());
    const auto it = tasks_.find(key);
    if (it == tasks_.end()) {
      if (!frameworks_.count(key.framework)) {
        v1::FrameworkInfo unknown;  // Only its id is known here; the update needs no more.
        unknown.set_name("");
        unknown.set_user("");
        unknown.mutable_id()->set_value(key.framework.value());
        UpsertFramework(unknown);
      }
      v1::TaskInfo info;
      info.set_name("");
      info.mutable_task_id()->set_value(key.task.value());
      *info.mutable_agent_id() = info_.id();
      RefuseTask(key, info, v1::TASK_DROPPED, v1::TaskStatus::REASON_RECONCILIATION,
                 "Reconciliation: Task is unknown to the agent", now);
      continue;
    }
    const UpdateStream* stream = streams_.Find(key);
    if (stream != nullptr && stream->pending() > 0) {
      streams_.Resend(key);
    } else if (it->second.task.statuses_size() > 0) {
      SendUnstreamed(key, it->second.task.statuses(it->second.task.statuses_size() - 1));
    }
  }
}

void AgentCore::On(const ContainerStarted& event, Now now) {
  TaskEntry* task = FindContainer(event.id);
  if (task != nullptr && !task->ended && task->pid == 0) Started(*task, event.pid, now);
}

void AgentCore::RecoveredOne(TaskEntry& task, Now now) {
  if (!std::exchange(task.recovering, false)) return;
  if (--recovering_ == 0) stats_.recovery_seconds = (now.mono - recovery_began_).seconds();
}

void AgentCore::On(const ContainerRecovered& event, Now now) {
  TaskEntry* task = FindContainer(event.id);
  if (task == nullptr || task->ended) return;
  RecoveredOne(*task, now);
  if (task->pid == 0) Started(*task, event.pid, now);
  // The kill may have been lost with the agent that was asked for it.
  if (task->kill_grace) {
    CallContainerizer(AgentEffects::Kill{task->container, *task->kill_grace});
  } else if (frameworks_.at(task->key.framework).shutting_down) {
    KillOne(*task, KillGrace(task->info, nullptr), now);
  } else {
    StartChecks(*task, /*resumed=*/true, now);
  }
}

void AgentCore::On(const ContainerFailed& event, Now now) {
  TaskEntry* task = FindContainer(event.id);
  if (task == nullptr || task->ended) return;
  ++stats_.container_launch_errors;
  Ended(*task, OutcomeOf(event, task->kill_grace.has_value()), now);
}

void AgentCore::On(const ContainerExited& event, Now now) {
  TaskEntry* task = FindContainer(event.id);
  if (task == nullptr || task->ended) return;
  Ended(*task, OutcomeOf(event, task->kill_grace.has_value(), task->pid != 0), now);
}

void AgentCore::Started(TaskEntry& task, int64_t pid, Now now) {
  task.pid = pid;
  --stats_.executors_registering;
  ++stats_.executors_running;
  PutTask(task);
  // Both at once: a command task has no executor that would take time between them.
  Update(task, NewStatus(task, v1::TASK_STARTING, now), now);
  Update(task, NewStatus(task, v1::TASK_RUNNING, now), now);
  StartChecks(task, /*resumed=*/false, now);
  ShowTask(task, Stage::kLaunched);
}

void AgentCore::Ended(TaskEntry& task, const TaskOutcome& outcome, Now now) {
  RecoveredOne(task, now);
  --(task.pid != 0 ? stats_.executors_running : stats_.executors_registering);
  if (task.kill_grace) --stats_.executors_terminating;
  ++stats_.executors_terminated;
  task.ended = true;
  StopChecks(task);
  v1::TaskStatus status = NewStatus(task, outcome.state, now);
  status.set_source(outcome.source);
  if (outcome.reason) status.set_reason(*outcome.reason);
  status.set_message(outcome.message);
  PutTask(task);
  Update(task, std::move(status), now);
  CallContainerizer(AgentEffects::Forget{task.container});
  if (frameworks_.at(task.key.framework).shutting_down) {
    const TaskKey key = task.key;
    CloseTask(key, now);
  } else {
    ShowTask(task, Stage::kTerminated);
  }
}

v1::TaskStatus AgentCore::NewStatus(const TaskEntry& task, v1::TaskState state, Now now) {
  v1::TaskStatus status;
  *status.mutable_task_id() = task.info.task_id();
  status.set_state(state);
  status.set_source(v1::TaskStatus::SOURCE_EXECUTOR);
  *status.mutable_agent_id() = info_.id();
  status.set_timestamp(now.wall.seconds());
  const auto uuid = rng_.UuidBytes();
  status.set_uuid(uuid.data(), uuid.size());
  AddCheckResults(task, &status);
  if (task.container.empty()) return status;
  status.mutable_executor_id()->set_value(task.key.task.value());
  v1::ContainerStatus& container = *status.mutable_container_status();
  container.mutable_container_id()->set_value(task.container.value());
  if (task.pid != 0) container.set_executor_pid(static_cast<uint32_t>(task.pid));
  auto& address = *container.add_network_infos()->add_ip_addresses();
  address.set_protocol(v1::NetworkInfo::IPv4);
  address.set_ip_address(options_.ip);
  return status;
}

void AgentCore::AddStatus(TaskEntry& task, const v1::TaskStatus& status) {
  ++task.updates;
  task.task.set_state(status.state());
  task.task.set_status_update_state(status.state());
  task.task.set_status_update_uuid(status.uuid());
  // The newest of each state, as the master keeps them: checks may make any number.
  auto* statuses = task.task.mutable_statuses();
  if (!statuses->empty() && statuses->rbegin()->state() == status.state()) statuses->RemoveLast();
  *statuses->Add() = status;
}

void AgentCore::Update(TaskEntry& task, v1::TaskStatus status, Now) {
  CountState(task.task.state(), status.state());
  AddStatus(task, status);
  if (frameworks_.at(task.key.framework).shutting_down) return;

  internal::StatusUpdate update;
  update.mutable_framework_id()->set_value(task.key.framework.value());
  *update.mutable_agent_id() = info_.id();
  if (status.has_executor_id()) *update.mutable_executor_id() = status.executor_id();
  update.set_latest_state(status.state());
  *update.mutable_status() = std::move(status);
  const UpdateStream* stream = streams_.Find(task.key);
  const uint64_t sequence = stream == nullptr ? 0 : stream->next_sequence();
  if (streams_.Append(task.key, update, this_write()) != UpdateStream::AppendResult::kAppended) {
    ++stats_.invalid_status_updates;
    return;
  }
  ++stats_.valid_status_updates;
  internal::CheckpointRecord record;
  record.mutable_update()->set_sequence(sequence);
  *record.mutable_update()->mutable_update() = std::move(update);
  Put(std::move(record));
}

void AgentCore::SendUnstreamed(const TaskKey& key, v1::TaskStatus status) {
  internal::ToMaster answer;
  internal::StatusUpdate& update = *answer.mutable_status_update();
  update.mutable_framework_id()->set_value(key.framework.value());
  *update.mutable_agent_id() = info_.id();
  if (status.has_executor_id()) *update.mutable_executor_id() = status.executor_id();
  update.set_latest_state(status.state());
  *update.mutable_status() = std::move(status);
  SendToMaster(std::move(answer));
}

void AgentCore::CountState(v1::TaskState from, v1::TaskState to) {
  if (auto& live = stats_.live_tasks[from]; live > 0) --live;
  if (IsTerminal(to)) {
    ++stats_.terminal_tasks[to];
  } else {
    ++stats_.live_tasks[to];
  }
}

void AgentCore::PutTask(const TaskEntry& task) {
  internal::CheckpointRecord record;
  internal::TaskCheckpoint& checkpoint = *record.mutable_task();
  checkpoint.mutable_framework_id()->set_value(task.key.framework.value());
  *checkpoint.mutable_task() = task.info;
  checkpoint.set_container_id(task.container.value());
  checkpoint.set_sandbox(task.sandbox);
  checkpoint.set_pid(task.pid);
  if (task.kill_grace) checkpoint.set_kill_grace_nanos(task.kill_grace->nanos());
  checkpoint.set_ended(task.ended);
  checkpoint.set_launched_nanos(task.launched.nanos());
  Put(std::move(record));
}

void AgentCore::ShowTask(const TaskEntry& task, Stage stage) {
  if (task.container.empty()) return;
  auto record = std::make_shared<ExecutorRecord>();
  v1::FrameworkID framework;
  framework.set_value(task.key.framework.value());
  record->info = CommandExecutorInfo(task.info, framework, options_.command);
  record->task_info = task.info;
  record->task = task.task;
  record->container = task.container;
  record->sandbox = task.sandbox;
  record->pid = task.pid;
  record->stage = stage;
  turn_.view.push_back(ExecutorUpserted{std::move(record)});
}

void AgentCore::CloseTask(const TaskKey& key, Now now) {
  const auto it = tasks_.find(key);
  if (it == tasks_.end()) return;
  TaskEntry& task = it->second;
  for (uint64_t i = 0; i < task.updates; ++i) batch_.erase.push_back(UpdateRecordKey(key, i));
  batch_.erase.push_back(AcknowledgedRecordKey(key));
  batch_.erase.push_back(TaskRecordKey(key));
  // An update or task written in this very turn must not outlive its erasure.
  auto& put = batch_.put;
  put.erase(std::remove_if(put.begin(), put.end(),
                           [&](const internal::CheckpointRecord& record) {
                             const std::string name = KeyOf(record);
                             return std::find(batch_.erase.begin(), batch_.erase.end(), name) !=
                                    batch_.erase.end();
                           }),
            put.end());
  StopChecks(task);
  streams_.Remove(key);
  if (!task.container.empty()) {
    auto record = std::make_shared<ExecutorRecord>();
    v1::FrameworkID framework;
    framework.set_value(key.framework.value());
    record->info = CommandExecutorInfo(task.info, framework, options_.command);
    record->task = std::move(task.task);
    record->container = task.container;
    record->sandbox = task.sandbox;
    record->pid = task.pid;
    record->stage = Stage::kCompleted;
    internal::CheckpointRecord checkpoint;
    internal::CompletedCheckpoint& completed = *checkpoint.mutable_completed();
    *completed.mutable_task() = record->task;
    *completed.mutable_executor() = record->info;
    completed.set_container_id(record->container.value());
    completed.set_sandbox(record->sandbox);
    completed.set_ended_nanos(now.wall.nanos());
    Put(std::move(checkpoint), /*sync=*/false);
    containers_.erase(task.container);
    turn_.view.push_back(ExecutorCompleted{record});
    AddGarbage(std::move(record), now.wall);
  }
  tasks_.erase(it);
  --frameworks_.at(key.framework).tasks;
  FrameworkMaybeIdle(key.framework);
}

AgentCore::TaskEntry* AgentCore::FindContainer(const ContainerId& id) {
  const auto it = containers_.find(id);
  return it == containers_.end() ? nullptr : &tasks_.at(it->second);
}

AgentCore::FrameworkEntry& AgentCore::UpsertFramework(const v1::FrameworkInfo& info) {
  FrameworkEntry& entry = frameworks_[FrameworkId(info.id().value())];
  const bool unchanged = !entry.shutting_down && !entry.idle &&
                         entry.info.SerializeAsString() == info.SerializeAsString();
  if (unchanged) return entry;
  entry.info = info;
  if (entry.idle) entry.shutting_down = false;  // A framework of that id runs tasks again.
  PutFramework(entry);
  turn_.view.push_back(FrameworkUpserted{std::make_shared<const v1::FrameworkInfo>(info)});
  return entry;
}

void AgentCore::FrameworkMaybeIdle(const FrameworkId& id) {
  const auto it = frameworks_.find(id);
  if (it == frameworks_.end() || it->second.tasks > 0) return;
  if (!it->second.idle) {
    it->second.idle = true;
    --stats_.frameworks_active;
    turn_.view.push_back(FrameworkIdle{id});
  }
  if (it->second.completed > 0) return;
  batch_.erase.push_back(FrameworkRecordKey(id));
  auto& put = batch_.put;
  put.erase(std::remove_if(put.begin(), put.end(),
                           [&](const auto& record) {
                             return record.has_framework() && KeyOf(record) == FrameworkRecordKey(id);
                           }),
            put.end());
  turn_.view.push_back(FrameworkForgotten{id});
  frameworks_.erase(it);
}

void AgentCore::PutFramework(const FrameworkEntry& framework) {
  internal::CheckpointRecord record;
  *record.mutable_framework()->mutable_info() = framework.info;
  record.mutable_framework()->set_shutting_down(framework.shutting_down);
  Put(std::move(record));
}

bool AgentCore::HasCapability(const FrameworkId& id,
                              v1::FrameworkInfo::Capability::Type type) const {
  const auto& capabilities = frameworks_.at(id).info.capabilities();
  return std::any_of(capabilities.begin(), capabilities.end(),
                     [type](const auto& capability) { return capability.type() == type; });
}

void AgentCore::FillTasks(internal::ReregisterAgent& message) const {
  for (const auto& [id, framework] : frameworks_) {
    if (!framework.idle && !framework.shutting_down) *message.add_frameworks() = framework.info;
  }
  for (const auto& [key, entry] : tasks_) {
    if (frameworks_.at(key.framework).shutting_down) continue;
    v1::Task& task = *message.add_tasks();
    task = entry.task;
    const UpdateStream* stream = streams_.Find(key);
    if (stream == nullptr || stream->front() == nullptr) continue;
    task.set_status_update_state(stream->front()->status().state());
    task.set_status_update_uuid(stream->front()->status().uuid());
  }
}

void AgentCore::Restore(RecoveredTask recovered) {
  const internal::TaskCheckpoint& checkpoint = recovered.task;
  const TaskKey key = KeyFrom(checkpoint.framework_id(), checkpoint.task().task_id());
  TaskEntry& task = AddTask(key, checkpoint.task());
  task.container = ContainerId(checkpoint.container_id());
  task.sandbox = checkpoint.sandbox();
  task.pid = checkpoint.pid();
  task.ended = checkpoint.ended();
  task.never_started = recovered.never_started && !task.ended && task.pid == 0;
  task.launched = WallTime::FromNanos(checkpoint.launched_nanos());
  if (checkpoint.has_kill_grace_nanos()) {
    task.kill_grace = Duration::Nanos(checkpoint.kill_grace_nanos());
  }
  if (!task.container.empty()) containers_[task.container] = key;
  if (!task.ended) {
    ++(task.pid != 0 ? stats_.executors_running : stats_.executors_registering);
    if (task.kill_grace) ++stats_.executors_terminating;
  }
  const bool listening = !frameworks_.at(key.framework).shutting_down;
  for (size_t i = 0; i < recovered.updates.size(); ++i) {
    const v1::TaskStatus& status = recovered.updates[i].status();
    CountState(task.task.state(), status.state());
    AddStatus(task, status);
    RestoreCheckResults(task, status);
    if (listening) streams_.Restore(key, std::move(recovered.updates[i]), i < recovered.acknowledged);
  }
}

}  // namespace meseta::agent
