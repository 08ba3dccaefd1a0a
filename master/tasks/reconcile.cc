#include "master/tasks/reconcile.h"

#include "master/tasks/update_core.h"

namespace meseta::master {
namespace {

constexpr v1::TaskStatus::Reason kReason = v1::TaskStatus::REASON_RECONCILIATION;

// Of the newest status: health, check and container as they were last reported.
void CopyDetails(const v1::Task& task, v1::TaskStatus* status) {
  if (task.has_executor_id()) *status->mutable_executor_id() = task.executor_id();
  if (task.statuses().empty()) return;
  const v1::TaskStatus& last = *task.statuses().rbegin();
  if (last.has_healthy()) status->set_healthy(last.healthy());
  if (last.has_check_status()) *status->mutable_check_status() = last.check_status();
  if (last.has_container_status()) *status->mutable_container_status() = last.container_status();
}

void SendKnown(CoreState* core, const Framework& framework, const v1::Task& task, Now now) {
  // What the framework was told last, so that it sees states in order.
  const v1::TaskState state =
      task.has_status_update_state() ? task.status_update_state() : task.state();
  v1::TaskStatus status =
      MasterStatus(task.task_id().value(), task.agent_id().value(), StateFor(framework, state),
                   kReason, "Reconciliation: Latest task state", now.wall);
  CopyDetails(task, &status);
  SendUpdate(core, framework, status);
}

void SendMissing(CoreState* core, const Framework& framework,
                 const v1::scheduler::Call::Reconcile::Task& entry, Now now) {
  const AgentId agent(entry.agent_id().value());
  const AgentTable& agents = core->agents;
  const bool waiting =
      entry.has_agent_id() ? agents.recovered().count(agent) > 0 : !agents.recovered().empty();
  if (waiting) {
    core->pending_reconciles.Ask({framework.id, TaskId(entry.task_id().value()), agent});
    return;
  }

  v1::TaskState state = v1::TASK_UNKNOWN;
  std::string message = "Reconciliation: Task is unknown";
  const auto unreachable = agents.unreachable().find(agent);
  if (core->agents.Find(agent) != nullptr) {
    state = v1::TASK_GONE;
    message = "Reconciliation: Task is unknown to the agent";
  } else if (unreachable != agents.unreachable().end()) {
    state = v1::TASK_UNREACHABLE;
    message = "Reconciliation: Task is unreachable";
  } else if (agents.gone.count(agent)) {
    state = v1::TASK_GONE_BY_OPERATOR;
    message = "Reconciliation: Task is gone";
  }
  v1::TaskStatus status = MasterStatus(entry.task_id().value(), agent.value(),
                                       StateFor(framework, state), kReason, message, now.wall);
  if (state == v1::TASK_UNREACHABLE) {
    status.mutable_unreachable_time()->set_nanoseconds(unreachable->second.nanos());
  }
  SendUpdate(core, framework, status);
}

}  // namespace

namespace {

// The framework is answered as if it asked now.
void Answer(CoreState* core, const PendingReconciles::Question& question, Now now) {
  const Framework* framework = core->frameworks.Find(question.framework);
  if (framework == nullptr || !framework->connected()) return;
  v1::scheduler::Call::Reconcile call;
  v1::scheduler::Call::Reconcile::Task* entry = call.add_tasks();
  entry->mutable_task_id()->set_value(question.task.value());
  if (!question.agent.empty()) entry->mutable_agent_id()->set_value(question.agent.value());
  HandleReconcile(core, *framework, call, now);
}

}  // namespace

void AnswerReconciles(CoreState* core, const AgentId& agent, Now now) {
  if (core->pending_reconciles.empty()) return;
  for (const PendingReconciles::Question& question : core->pending_reconciles.TakeOf(agent)) {
    Answer(core, question, now);
  }
  for (const auto& [framework_id, task_id] : core->tasks.OnAgent(agent)) {
    const bool asked = core->pending_reconciles.TakeHomeless(framework_id, task_id) ||
                       core->pending_reconciles.AsksAll(framework_id);
    if (asked) Answer(core, {framework_id, task_id, agent}, now);
  }
  if (!core->agents.recovered().empty()) return;
  for (const PendingReconciles::Question& question : core->pending_reconciles.TakeRest()) {
    Answer(core, question, now);
  }
}

void HandleReconcile(CoreState* core, const Framework& framework,
                     const v1::scheduler::Call::Reconcile& call, Now now) {
  if (call.tasks().empty()) {
    if (!core->agents.recovered().empty()) core->pending_reconciles.AskAll(framework.id);
    for (const auto& [id, task] : core->tasks.OfFramework(framework.id)) {
      SendKnown(core, framework, *task, now);
    }
    return;
  }
  for (const v1::scheduler::Call::Reconcile::Task& entry : call.tasks()) {
    const TaskPtr task = core->tasks.Find(framework.id, TaskId(entry.task_id().value()));
    if (task != nullptr) {
      SendKnown(core, framework, *task, now);
    } else {
      SendMissing(core, framework, entry, now);
    }
  }
}

}  // namespace meseta::master
