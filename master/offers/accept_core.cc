#include "master/offers/accept_core.h"

#include <memory>
#include <string>
#include <utility>

#include "master/offers/offer_core.h"
#include "master/offers/offer_validation.h"
#include "master/offers/task_validation.h"
#include "master/tasks/update_core.h"

namespace meseta::master {
namespace {

using Operation = v1::Offer::Operation;
using Tasks = google::protobuf::RepeatedPtrField<v1::TaskInfo>;

const Tasks& TasksOf(const Operation& operation) {
  return operation.type() == Operation::LAUNCH ? operation.launch().task_infos()
                                               : operation.launch_group().task_group().tasks();
}

bool LaunchesTasks(const Operation& operation) {
  return operation.type() == Operation::LAUNCH || operation.type() == Operation::LAUNCH_GROUP;
}

void RefuseTask(CoreState* core, const Framework& framework, const v1::TaskInfo& task,
                v1::TaskState state, v1::TaskStatus::Reason reason, const std::string& sentence,
                Now now) {
  SendUpdate(core, framework,
             MasterStatus(task.task_id().value(), task.agent_id().value(),
                          StateFor(framework, state), reason, sentence, now.wall));
}

void RefuseOperation(CoreState* core, const Framework& framework, const Operation& operation,
                     const std::string& sentence) {
  core->Warn("Dropping " + Operation::Type_Name(operation.type()) + " operation from framework " +
             framework.id.value() + ": " + sentence);
  if (!operation.has_id()) return;
  v1::scheduler::Event event;
  event.set_type(v1::scheduler::Event::UPDATE_OPERATION_STATUS);
  v1::OperationStatus* status = event.mutable_update_operation_status()->mutable_status();
  *status->mutable_operation_id() = operation.id();
  status->set_state(v1::OPERATION_ERROR);
  status->set_message(sentence);
  core->Send(framework, std::move(event));
}

// Nothing of the call happens: the offers that are the framework's go back, everything is answered.
void RefuseAccept(CoreState* core, const Framework& framework,
                  const v1::scheduler::Call::Accept& call, const Status& why, Now now) {
  for (const v1::OfferID& offer_id : call.offer_ids()) {
    const OfferId id(offer_id.value());
    const OutstandingOffer* offer = core->offers.Find(id);
    if (offer != nullptr && offer->framework == framework.id)
      RemoveOffer(core, id, std::nullopt, false);
  }
  for (const Operation& operation : call.operations()) {
    if (!LaunchesTasks(operation)) {
      RefuseOperation(core, framework, operation,
                      "Operation attempted with invalid offers: " + why.message());
      continue;
    }
    for (const v1::TaskInfo& task : TasksOf(operation)) {
      RefuseTask(core, framework, task, v1::TASK_DROPPED, v1::TaskStatus::REASON_INVALID_OFFERS,
                 "Task launched with invalid offers: " + why.message(), now);
    }
  }
}

// The accepted offers as one, while the call's operations eat from them.
struct Pool {
  const Framework& framework;
  Agent* agent;
  std::string role;
  model::Resources left;
};

std::shared_ptr<const v1::Task> MakeTask(const Pool& pool, const v1::TaskInfo& info) {
  auto task = std::make_shared<v1::Task>();
  task->set_name(info.name());
  *task->mutable_task_id() = info.task_id();
  task->mutable_framework_id()->set_value(pool.framework.id.value());
  *task->mutable_agent_id() = info.agent_id();
  task->set_state(v1::TASK_STAGING);
  *task->mutable_resources() = info.resources();
  if (info.has_labels()) *task->mutable_labels() = info.labels();
  if (info.has_discovery()) *task->mutable_discovery() = info.discovery();
  if (info.has_container()) *task->mutable_container() = info.container();
  if (info.has_health_check()) *task->mutable_health_check() = info.health_check();
  if (info.has_kill_policy()) *task->mutable_kill_policy() = info.kill_policy();
  if (info.command().has_user()) {
    task->set_user(info.command().user());
  } else {
    task->set_user(pool.framework.info->user());
  }
  *task->mutable_limits() = info.limits();
  return task;
}

void LaunchTask(CoreState* core, Pool* pool, v1::TaskInfo task, Now now) {
  // Frameworks may leave out the allocation role: there is but one.
  for (v1::Resource& resource : *task.mutable_resources()) {
    if (!resource.has_allocation_info()) resource.mutable_allocation_info()->set_role(pool->role);
  }
  const TaskId id(task.task_id().value());
  TaskContext context;
  context.agent = pool->agent->id;
  context.framework = pool->framework.id;
  context.agent_handles_limits = pool->agent->Has(v1::AgentInfo::Capability::TASK_RESOURCE_LIMITS);
  context.duplicate = core->tasks.Find(pool->framework.id, id) != nullptr;
  context.duplicate_unreachable = core->tasks.IsUnreachable(pool->framework.id, id);
  context.available = &pool->left;
  const Result<model::Resources> resources = ValidateTask(task, context);
  if (!resources.ok()) {
    RefuseTask(core, pool->framework, task, v1::TASK_ERROR, v1::TaskStatus::REASON_TASK_INVALID,
               resources.status().message(), now);
    return;
  }
  *task.mutable_resources() = resources->ToProto(model::ReservationFormat::kPost);
  pool->left -= *resources;
  core->ledger.Use(pool->framework.id, pool->agent->id, *resources);
  const TaskPtr launched = MakeTask(*pool, task);
  core->tasks.Put(launched);
  TaskUpserted change;
  change.task = launched;
  core->Tell(std::move(change));
  internal::ToAgent message;
  *message.mutable_run_task()->mutable_framework() = *pool->framework.info;
  *message.mutable_run_task()->mutable_task() = std::move(task);
  core->Send(*pool->agent, std::move(message));
}

void Perform(CoreState* core, Pool* pool, const Operation& operation, Now now) {
  switch (operation.type()) {
    case Operation::LAUNCH:
      for (const v1::TaskInfo& task : operation.launch().task_infos())
        LaunchTask(core, pool, task, now);
      return;
    case Operation::LAUNCH_GROUP:
      for (const v1::TaskInfo& task : TasksOf(operation)) {
        RefuseTask(core, pool->framework, task, v1::TASK_ERROR,
                   v1::TaskStatus::REASON_TASK_GROUP_INVALID,
                   "Task groups cannot be launched: this master launches command tasks only", now);
      }
      return;
    default:
      RefuseOperation(core, pool->framework, operation,
                      Operation::Type_Name(operation.type()) + " is not supported by this master");
  }
}

}  // namespace

void HandleAccept(CoreState* core, const Framework& framework,
                  const v1::scheduler::Call::Accept& call, Now now) {
  const Status valid = ValidateOffers(call.offer_ids(), core->offers, framework.id);
  if (!valid.ok()) {
    RefuseAccept(core, framework, call, valid, now);
    return;
  }
  const OutstandingOffer& first = *core->offers.Find(OfferId(call.offer_ids(0).value()));
  Pool pool{framework, core->agents.Find(first.agent), first.role, {}};
  for (const v1::OfferID& id : call.offer_ids()) {
    pool.left += core->offers.Find(OfferId(id.value()))->resources;
    ForgetOffer(core, OfferId(id.value()));
  }
  for (const Operation& operation : call.operations()) Perform(core, &pool, operation, now);
  core->ledger.ReturnOffer(framework.id, pool.agent->id, pool.left, call.filters());
}

}  // namespace meseta::master
