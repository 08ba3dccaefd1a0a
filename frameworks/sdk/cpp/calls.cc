#include "frameworks/sdk/cpp/calls.h"

#include <utility>

#include "actors/base/check.h"

namespace meseta::sdk {

using Call = v1::scheduler::Call;

std::optional<Call> AcknowledgeCall(const v1::TaskStatus& status) {
  if (status.uuid().empty()) return std::nullopt;
  Call call;
  call.set_type(Call::ACKNOWLEDGE);
  *call.mutable_acknowledge()->mutable_agent_id() = status.agent_id();
  *call.mutable_acknowledge()->mutable_task_id() = status.task_id();
  call.mutable_acknowledge()->set_uuid(status.uuid());
  return call;
}

std::optional<Call> AcknowledgeCall(const v1::OperationStatus& status) {
  // Without an operation id the framework asked for no feedback.
  if (status.uuid().value().empty() || status.operation_id().value().empty()) return std::nullopt;
  Call call;
  call.set_type(Call::ACKNOWLEDGE_OPERATION_STATUS);
  auto* acknowledge = call.mutable_acknowledge_operation_status();
  if (status.has_agent_id()) *acknowledge->mutable_agent_id() = status.agent_id();
  if (status.has_resource_provider_id()) {
    *acknowledge->mutable_resource_provider_id() = status.resource_provider_id();
  }
  acknowledge->set_uuid(status.uuid().value());
  *acknowledge->mutable_operation_id() = status.operation_id();
  return call;
}

Call AcceptCall(const v1::OfferID& offer, std::vector<v1::Offer::Operation> operations,
                double refuse_seconds) {
  Call call;
  call.set_type(Call::ACCEPT);
  *call.mutable_accept()->add_offer_ids() = offer;
  for (v1::Offer::Operation& operation : operations) {
    *call.mutable_accept()->add_operations() = std::move(operation);
  }
  call.mutable_accept()->mutable_filters()->set_refuse_seconds(refuse_seconds);
  return call;
}

Call DeclineCall(const std::vector<v1::OfferID>& offers, double refuse_seconds) {
  Call call;
  call.set_type(Call::DECLINE);
  for (const v1::OfferID& offer : offers) *call.mutable_decline()->add_offer_ids() = offer;
  call.mutable_decline()->mutable_filters()->set_refuse_seconds(refuse_seconds);
  return call;
}

Call KillCall(const std::string& task_id, const std::string& agent_id) {
  Call call;
  call.set_type(Call::KILL);
  call.mutable_kill()->mutable_task_id()->set_value(task_id);
  if (!agent_id.empty()) call.mutable_kill()->mutable_agent_id()->set_value(agent_id);
  return call;
}

Call ReconcileCall(const std::map<std::string, std::string>& tasks) {
  CHECK(!tasks.empty());
  Call call;
  call.set_type(Call::RECONCILE);
  for (const auto& [id, agent] : tasks) {
    Call::Reconcile::Task* task = call.mutable_reconcile()->add_tasks();
    task->mutable_task_id()->set_value(id);
    if (!agent.empty()) task->mutable_agent_id()->set_value(agent);
  }
  return call;
}

v1::Offer::Operation LaunchOperation(std::vector<v1::TaskInfo> tasks) {
  v1::Offer::Operation operation;
  operation.set_type(v1::Offer::Operation::LAUNCH);
  for (v1::TaskInfo& task : tasks) {
    *operation.mutable_launch()->add_task_infos() = std::move(task);
  }
  return operation;
}

double FreeScalar(const v1::Offer& offer, const std::string& name) {
  double sum = 0;
  for (const v1::Resource& resource : offer.resources()) {
    if (resource.name() != name || !resource.reservations().empty() || resource.has_revocable() ||
        resource.has_disk()) {
      continue;
    }
    sum += resource.scalar().value();
  }
  return sum;
}

v1::Resource ScalarOf(const v1::Offer& offer, const std::string& name, double value) {
  v1::Resource resource;
  resource.set_name(name);
  resource.set_type(v1::Value::SCALAR);
  resource.mutable_scalar()->set_value(value);
  if (offer.has_allocation_info()) {
    *resource.mutable_allocation_info() = offer.allocation_info();
  }
  return resource;
}

}  // namespace meseta::sdk
