#include "master/tasks/update_core.h"

#include <memory>
#include <utility>

#include "master/tasks/reconcile.h"
#include "state/model/task_state.h"

namespace meseta::master {
namespace {

using model::IsTerminal;

// Distinct states that a task's history keeps; Mesos keeps all, a flapping health check would grow
// it.
constexpr int kMaxStatusesPerTask = 100;

FrameworkId FrameworkOf(const v1::Task& task) { return FrameworkId(task.framework_id().value()); }
TaskId IdOf(const v1::Task& task) { return TaskId(task.task_id().value()); }
AgentId AgentOf(const v1::Task& task) { return AgentId(task.agent_id().value()); }

// Resources of a task, which were valid when they were launched.
model::Resources ResourcesOf(const v1::Task& task) {
  return model::Resources::FromProto(task.resources()).value_or(model::Resources());
}

bool HoldsResources(v1::TaskState state) {
  return !IsTerminal(state) && state != v1::TASK_UNREACHABLE;
}

void ReleaseTask(CoreState* core, const v1::Task& task) {
  core->ledger.Release(FrameworkOf(task), AgentOf(task), ResourcesOf(task));
  if (Agent* agent = core->agents.Find(AgentOf(task)))
    agent->kills.erase({FrameworkOf(task), IdOf(task)});
  core->Touch(AgentOf(task));
  core->Touch(FrameworkOf(task));
}

// A copy of `task` after `status`. The first terminal state stays.
std::shared_ptr<v1::Task> Updated(const v1::Task& task, const v1::TaskStatus& status,
                                  v1::TaskState latest) {
  auto updated = std::make_shared<v1::Task>(task);
  if (!IsTerminal(task.state())) updated->set_state(latest);
  auto* statuses = updated->mutable_statuses();
  if (!statuses->empty() && statuses->rbegin()->state() == status.state()) statuses->RemoveLast();
  while (statuses->size() >= kMaxStatusesPerTask) statuses->DeleteSubrange(0, 1);
  v1::TaskStatus* added = statuses->Add();
  *added = status;
  added->clear_data();
  return updated;
}

// Records the status on the task and frees its resources when that ends it. The result is in the
// table.
TaskPtr UpdateTask(CoreState* core, const TaskPtr& task, const v1::TaskStatus& status,
                   v1::TaskState latest, bool forwarded) {
  std::shared_ptr<v1::Task> updated = Updated(*task, status, latest);
  if (forwarded) {
    updated->set_status_update_state(status.state());
    updated->set_status_update_uuid(status.uuid());
  }
  core->tasks.Put(updated);
  if (HoldsResources(task->state()) && !HoldsResources(updated->state()))
    ReleaseTask(core, *updated);
  return updated;
}

void Complete(CoreState* core, const TaskPtr& task) {
  core->tasks.Remove(FrameworkOf(*task), IdOf(*task));
  TaskCompleted change;
  change.task = task;
  core->Tell(std::move(change));
}

void TellUpserted(CoreState* core, const TaskPtr& task) {
  TaskUpserted change;
  change.task = task;
  core->Tell(std::move(change));
}

internal::ToAgent AcknowledgeMessage(const Framework& framework,
                                     const v1::scheduler::Call::Acknowledge& call) {
  internal::ToAgent message;
  internal::AcknowledgeUpdate* acknowledge = message.mutable_acknowledge_update();
  acknowledge->mutable_framework_id()->set_value(framework.id.value());
  *acknowledge->mutable_task_id() = call.task_id();
  acknowledge->set_uuid(call.uuid());
  return message;
}

void LoseTask(CoreState* core, const TaskPtr& task, const AgentLoss& loss, Now now) {
  Framework* framework = core->frameworks.Find(FrameworkOf(*task));
  if (framework == nullptr || IsTerminal(task->state())) {
    Complete(core, task);
    return;
  }
  v1::TaskStatus status =
      MasterStatus(task->task_id().value(), task->agent_id().value(),
                   StateFor(*framework, loss.state), loss.reason, loss.message, now.wall);
  if (task->has_executor_id()) *status.mutable_executor_id() = task->executor_id();
  if (loss.unreachable_since) {
    status.mutable_unreachable_time()->set_nanoseconds(loss.unreachable_since->nanos());
  }
  const TaskPtr updated = UpdateTask(core, task, status, status.state(), false);
  SendUpdate(core, *framework, status);
  if (!loss.unreachable_since) {
    Complete(core, updated);
    return;
  }
  core->tasks.Remove(FrameworkOf(*task), IdOf(*task));
  core->tasks.PutUnreachable(updated);
  TaskUnreachable change;
  change.task = updated;
  core->Tell(std::move(change));
}

}  // namespace

v1::TaskStatus MasterStatus(const std::string& task_id, const std::string& agent_id,
                            v1::TaskState state, v1::TaskStatus::Reason reason,
                            const std::string& message, WallTime now) {
  v1::TaskStatus status;
  status.mutable_task_id()->set_value(task_id);
  if (!agent_id.empty()) status.mutable_agent_id()->set_value(agent_id);
  status.set_state(state);
  status.set_source(v1::TaskStatus::SOURCE_MASTER);
  status.set_reason(reason);
  status.set_message(message);
  status.set_timestamp(now.seconds());
  return status;
}

v1::TaskState StateFor(const Framework& framework, v1::TaskState state) {
  if (state == v1::TASK_KILLING && !framework.task_killing_state) return v1::TASK_RUNNING;
  return model::StateFor(state, framework.partition_aware);
}

bool OnlyMasterSays(v1::TaskState state) {
  return state == v1::TASK_UNREACHABLE || state == v1::TASK_UNKNOWN;
}

void SendUpdate(CoreState* core, const Framework& framework, const v1::TaskStatus& status) {
  v1::scheduler::Event event;
  event.set_type(v1::scheduler::Event::UPDATE);
  *event.mutable_update()->mutable_status() = status;
  core->Send(framework, std::move(event));
}

void HandleStatusUpdate(CoreState* core, LinkId link, const internal::StatusUpdate& update) {
  Agent* agent = core->agents.FindByLink(link);
  const std::string what = "status update for task '" + update.status().task_id().value() + "'";
  if (agent == nullptr || agent->id.value() != update.agent_id().value()) {
    core->Warn("Ignoring a " + what + " of agent '" + update.agent_id().value() +
               "' from a link on which it is not registered");
    return;
  }
  if (update.status().uuid().empty() || !update.status().has_state()) {
    core->Warn("Ignoring a " + what + " of agent " + agent->id.value() + " without uuid or state");
    return;
  }
  if (OnlyMasterSays(update.status().state()) || OnlyMasterSays(update.latest_state())) {
    core->Warn("Ignoring a " + what + " of agent " + agent->id.value() +
               " with a state that only a master can give");
    return;
  }
  const FrameworkId framework_id(update.framework_id().value());
  if (core->frameworks.IsCompleted(framework_id)) {
    internal::ToAgent message;
    message.mutable_shutdown_framework()->mutable_framework_id()->set_value(framework_id.value());
    core->Send(*agent, std::move(message));
    return;
  }
  const Framework* framework = core->frameworks.Find(framework_id);
  const TaskPtr task = core->tasks.Find(framework_id, TaskId(update.status().task_id().value()));
  if (task != nullptr && task->agent_id().value() != agent->id.value()) {
    // Launched again elsewhere under the same id; that one is meant by what the framework hears.
    core->Warn("Answering the " + what + " of agent " + agent->id.value() +
               " in its framework's place: the task is on agent " + task->agent_id().value());
    internal::ToAgent message;
    internal::AcknowledgeUpdate* acknowledge = message.mutable_acknowledge_update();
    acknowledge->mutable_framework_id()->set_value(framework_id.value());
    *acknowledge->mutable_task_id() = update.status().task_id();
    acknowledge->set_uuid(update.status().uuid());
    core->Send(*agent, std::move(message));
    return;
  }
  v1::TaskStatus status = update.status();
  status.mutable_agent_id()->set_value(agent->id.value());
  v1::TaskState latest = update.has_latest_state() ? update.latest_state() : status.state();
  if (framework != nullptr) {
    status.set_state(StateFor(*framework, status.state()));
    latest = StateFor(*framework, latest);
    SendUpdate(core, *framework, status);
  }
  if (task == nullptr) return;
  const bool forwarded = framework != nullptr && framework->connected();
  TellUpserted(core, UpdateTask(core, task, status, latest, forwarded));
}

void HandleAcknowledge(CoreState* core, const Framework& framework,
                       const v1::scheduler::Call::Acknowledge& call) {
  const Agent* agent = core->agents.Find(AgentId(call.agent_id().value()));
  const std::string what = "acknowledgement of framework " + framework.id.value() + " for task '" +
                           call.task_id().value() + "'";
  if (agent == nullptr || !agent->connected()) {
    core->Warn("Cannot send the " + what + ": agent '" + call.agent_id().value() + "' is not " +
               (agent == nullptr ? "registered" : "connected"));
    return;
  }
  const TaskPtr task = core->tasks.Find(framework.id, TaskId(call.task_id().value()));
  if (task != nullptr && task->agent_id().value() == agent->id.value()) {
    if (!task->has_status_update_state()) {
      core->Warn("Ignoring the " + what + ": this master sent no such update");
      return;
    }
    if (IsTerminal(task->status_update_state()) && task->status_update_uuid() == call.uuid()) {
      Complete(core, task);
    }
  }
  core->Send(*agent, AcknowledgeMessage(framework, call));
}

void HandleKill(CoreState* core, const Framework& framework, const v1::scheduler::Call::Kill& kill,
                Now now) {
  const TaskPtr task = core->tasks.Find(framework.id, TaskId(kill.task_id().value()));
  if (task == nullptr) {
    // An agent that is awaited may have it: it is told when it is back.
    RecoveredAgent* awaited = core->agents.FindRecovered(AgentId(kill.agent_id().value()));
    if (awaited != nullptr && awaited->kills.size() < RecoveredAgent::kMaxKills) {
      awaited->kills.emplace(framework.id, TaskId(kill.task_id().value()));
    }
    v1::scheduler::Call::Reconcile reconcile;
    v1::scheduler::Call::Reconcile::Task* entry = reconcile.add_tasks();
    *entry->mutable_task_id() = kill.task_id();
    if (kill.has_agent_id()) *entry->mutable_agent_id() = kill.agent_id();
    HandleReconcile(core, framework, reconcile, now);
    return;
  }
  if (kill.has_agent_id() && kill.agent_id().value() != task->agent_id().value()) {
    core->Warn("Ignoring the kill of task '" + kill.task_id().value() + "' on agent '" +
               kill.agent_id().value() + "': the task is on agent " + task->agent_id().value());
    return;
  }
  Agent* agent = core->agents.Find(AgentOf(*task));
  if (agent == nullptr) return;
  if (!IsTerminal(task->state())) agent->kills.emplace(framework.id, IdOf(*task));
  internal::ToAgent message;
  internal::KillTask* order = message.mutable_kill_task();
  order->mutable_framework_id()->set_value(framework.id.value());
  *order->mutable_task_id() = kill.task_id();
  if (kill.has_kill_policy()) *order->mutable_kill_policy() = kill.kill_policy();
  if (!core->Send(*agent, std::move(message))) {
    core->Warn("Agent " + agent->id.value() + " is disconnected; task '" + kill.task_id().value() +
               "' is killed when it comes back");
  }
}

TaskPtr AdoptTask(CoreState* core, v1::Task* brought) {
  auto adopted = std::make_shared<v1::Task>();
  adopted->Swap(brought);
  const v1::Task& task = *adopted;
  for (v1::TaskStatus& status : *adopted->mutable_statuses()) status.clear_data();
  const FrameworkId framework = FrameworkOf(task);
  core->tasks.RemoveUnreachable(framework, IdOf(task));
  core->tasks.Put(adopted);
  if (HoldsResources(task.state())) {
    core->ledger.Adopt(framework, AgentOf(task), ResourcesOf(task));
    core->Touch(AgentOf(task));
    core->Touch(framework);
  }
  TellUpserted(core, adopted);
  return adopted;
}

void LoseTasks(CoreState* core, const AgentId& agent, const AgentLoss& loss, Now now) {
  for (const TaskTable::TaskKey& key : core->tasks.OnAgent(agent)) {
    LoseTask(core, core->tasks.Find(key.first, key.second), loss, now);
  }
}

void EndTasks(CoreState* core, const Framework& framework, Now now) {
  const TaskTable::TaskMap tasks = core->tasks.OfFramework(framework.id);
  for (const auto& [id, task] : tasks) {
    TaskPtr last = task;
    if (!IsTerminal(task->state())) {
      const v1::TaskStatus status =
          MasterStatus(id.value(), task->agent_id().value(), v1::TASK_KILLED,
                       v1::TaskStatus::REASON_FRAMEWORK_REMOVED,
                       "Framework " + framework.id.value() + " removed", now.wall);
      last = UpdateTask(core, task, status, v1::TASK_KILLED, false);
    }
    Complete(core, last);
  }
  core->tasks.RemoveFramework(framework.id);
}

}  // namespace meseta::master
