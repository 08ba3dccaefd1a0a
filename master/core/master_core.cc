#include "master/core/master_core.h"

#include <utility>

#include "actors/base/check.h"
#include "master/frameworks/session_core.h"
#include "master/offers/accept_core.h"
#include "master/offers/offer_core.h"
#include "master/tasks/reconcile.h"
#include "master/tasks/update_core.h"

namespace meseta::master {
namespace {

using Call = v1::scheduler::Call;

// Every named operation is unknown here: operations with feedback are refused before they start.
void ReconcileOperations(CoreState* core, const Framework& framework,
                         const Call::ReconcileOperations& call) {
  for (const Call::ReconcileOperations::Operation& operation : call.operations()) {
    const AgentId agent(operation.agent_id().value());
    if (operation.has_agent_id() && core->agents.recovered().count(agent)) continue;
    v1::scheduler::Event event;
    event.set_type(v1::scheduler::Event::UPDATE_OPERATION_STATUS);
    v1::OperationStatus* status = event.mutable_update_operation_status()->mutable_status();
    *status->mutable_operation_id() = operation.operation_id();
    status->set_state(v1::OPERATION_UNKNOWN);
    status->set_message("Reconciliation: Operation is unknown");
    if (operation.has_agent_id()) *status->mutable_agent_id() = operation.agent_id();
    if (operation.has_resource_provider_id()) {
      *status->mutable_resource_provider_id() = operation.resource_provider_id();
    }
    core->Send(framework, std::move(event));
  }
}

CallResult NotImplemented(const Call& call, const std::string& why) {
  return {501, Call::Type_Name(call.type()) + " is not supported by this master: " + why};
}

}  // namespace

MasterCore::MasterCore(const MasterOptions& options, const v1::MasterInfo& info,
                       registry::RegistryState registry, Now now)
    : core_(options, info, std::move(registry)), agents_(&core_) {
  RecoverFrameworks(&core_, now);
  agents_.Recover(now);
}

void MasterCore::HandleAgent(LinkId link, internal::ToMaster message, Now now) {
  if (core_.stepped_down()) return;
  switch (message.message_case()) {
    case internal::ToMaster::kRegisterAgent:
      return agents_.HandleRegister(link, std::move(*message.mutable_register_agent()), now);
    case internal::ToMaster::kReregisterAgent:
      return agents_.HandleReregister(link, std::move(*message.mutable_reregister_agent()), now);
    case internal::ToMaster::kStatusUpdate:
      return HandleStatusUpdate(&core_, link, message.status_update());
    case internal::ToMaster::kUnregisterAgent:
      return agents_.HandleUnregister(link, message.unregister_agent(), now);
    case internal::ToMaster::kWhoLeads:  // Answered by the shell, whether there is a core or not.
      return;
    case internal::ToMaster::MESSAGE_NOT_SET:
      core_.Warn("Ignoring a message of an agent of a kind that this master does not know");
  }
}

void MasterCore::HandleLinkDown(LinkId link, Now now) {
  if (!core_.stepped_down()) agents_.HandleLinkDown(link, now);
}

void MasterCore::HandleSubscribe(const SubscribeRequest& request, Now now) {
  if (core_.stepped_down()) return;
  FrameworkWrites::Subscribe work;
  work.session = request.session;
  work.call = request.call;
  work.term = request.framework_term;
  master::HandleSubscribe(&core_, std::move(work), now);
}

void MasterCore::HandleSessionClosed(const StreamId& session, Now now) {
  if (!core_.stepped_down()) master::HandleSessionClosed(&core_, session, now);
}

std::optional<CallResult> MasterCore::HandleCall(const SchedulerRequest& request, Now now) {
  if (core_.stepped_down()) return CallResult{503, "No leader elected"};
  const std::optional<CallResult> refusal =
      RefuseCall(core_, request.session, request.call, request.principal);
  if (refusal) return refusal;
  Framework* framework = core_.frameworks.Find(FrameworkId(request.call.framework_id().value()));
  return Dispatch(framework, request, now);
}

std::optional<CallResult> MasterCore::Dispatch(Framework* framework,
                                               const SchedulerRequest& request, Now now) {
  const Call& call = request.call;
  const CallResult accepted;
  switch (call.type()) {
    case Call::TEARDOWN:
      RemoveFramework(&core_, framework->id, {request.reply, accepted}, now);
      return std::nullopt;
    case Call::ACCEPT:
      HandleAccept(&core_, *framework, call.accept(), now);
      return accepted;
    case Call::DECLINE:
      HandleDecline(&core_, *framework, call.decline());
      return accepted;
    case Call::REVIVE:
      HandleRevive(&core_, framework, call.revive());
      return accepted;
    case Call::SUPPRESS:
      HandleSuppress(&core_, framework, call.suppress());
      return accepted;
    case Call::KILL:
      HandleKill(&core_, *framework, call.kill(), now);
      return accepted;
    case Call::ACKNOWLEDGE:
      HandleAcknowledge(&core_, *framework, call.acknowledge());
      return accepted;
    case Call::RECONCILE:
      HandleReconcile(&core_, *framework, call.reconcile(), now);
      return accepted;
    case Call::REQUEST:  // Accepted and without effect, as with Mesos' own allocator.
      return accepted;
    case Call::UPDATE_FRAMEWORK:
      HandleUpdateFramework(&core_, framework->id, request.reply, call.update_framework(), now);
      return std::nullopt;
    case Call::RECONCILE_OPERATIONS:
      ReconcileOperations(&core_, *framework, call.reconcile_operations());
      return accepted;
    case Call::ACKNOWLEDGE_OPERATION_STATUS:
    case Call::ACCEPT_INVERSE_OFFERS:
    case Call::DECLINE_INVERSE_OFFERS:
      // Neither operations with feedback nor inverse offers were ever sent, so the id is a stale
      // one.
      core_.Warn("Ignoring " + Call::Type_Name(call.type()) + " of framework " +
                 framework->id.value() + ": what it names is no longer valid");
      return accepted;
    case Call::MESSAGE:
    case Call::SHUTDOWN:
      return NotImplemented(call,
                            "it is for custom executors, and only command tasks are launched");
    case Call::SUBSCRIBE:
      return CallResult{400, "A SUBSCRIBE call opens a stream"};
    default:
      return CallResult{501, ""};
  }
}

void MasterCore::HandleOperator(ReplyId reply, const v1::master::Call& call, Now now) {
  if (core_.stepped_down()) return;
  switch (call.type()) {
    case v1::master::Call::TEARDOWN: {
      const FrameworkId id(call.teardown().framework_id().value());
      if (core_.frameworks.Find(id) == nullptr) {
        return core_.Reply(reply, 400, "No framework found with specified ID");
      }
      return RemoveFramework(&core_, id, {reply, {200, ""}}, now);
    }
    case v1::master::Call::MARK_AGENT_GONE:
      return agents_.HandleMarkGone(reply, AgentId(call.mark_agent_gone().agent_id().value()), now);
    default:
      return core_.Reply(
          reply, 501,
          v1::master::Call::Type_Name(call.type()) + " is not supported by this master");
  }
}

void MasterCore::HandleProposals(const std::vector<Proposal>& proposals, Now now) {
  if (!core_.stepped_down()) master::HandleProposals(&core_, proposals, now);
}

void MasterCore::HandlePersisted(uint64_t number, Now now) {
  if (core_.stepped_down()) return;
  const Status status = core_.registrar.Persisted(number);
  if (!status.ok()) return core_.Warn(status.message());
  HandleFrameworksDurable(&core_, number, now);
  agents_.HandleDurable(number, now);
}

void MasterCore::HandlePersistFailed(const Status& status) {
  core_.registrar.Failed(status);
  core_.StepDown("The registry could not be written, so its state is unknown: " + status.message());
}

void MasterCore::Tick(Now now) {
  if (core_.stepped_down()) return;
  while (const std::optional<TimerTable::Key> key = core_.timers.PopDue(now.mono)) {
    switch (key->kind) {
      case TimerKind::kAgentUnreachable:
        agents_.HandleUnreachableTimer(AgentId(key->id), now);
        break;
      case TimerKind::kAgentRemoval:
        agents_.HandleRemovalTimer(now);
        break;
      case TimerKind::kRecoveredAgents:
        agents_.HandleRecoveredTimer(now);
        break;
      case TimerKind::kRegistryGc:
        agents_.HandleGcTimer(now);
        break;
      case TimerKind::kFrameworkFailover:
        HandleFailoverTimer(&core_, FrameworkId(key->id), now);
        break;
      case TimerKind::kHeartbeat:
        HandleHeartbeatTimer(&core_, FrameworkId(key->id), now);
        break;
      case TimerKind::kOffer:
        RemoveOffer(&core_, OfferId(key->id), std::nullopt, true);
        break;
    }
  }
}

void MasterCore::CheckInvariants() const {
  core_.ledger.CheckInvariants();
  for (const auto& [id, offer] : core_.offers.all()) {
    const Framework* framework = core_.frameworks.Find(offer.framework);
    const Agent* agent = core_.agents.Find(offer.agent);
    CHECK(framework != nullptr && framework->connected() && framework->offers.count(id)) << id;
    CHECK(agent != nullptr && agent->connected() && agent->offers.count(id)) << id;
  }
}

}  // namespace meseta::master
