#include "master/frameworks/session_core.h"

#include <set>
#include <utility>

#include "state/model/roles.h"

namespace meseta::master {
namespace {

using v1::scheduler::Event;

// Each role must be one of the framework's; the sentence says which is not.
Status ValidateCallRoles(const Framework& framework, const std::set<std::string>& roles,
                         const std::string& kind) {
  for (const std::string& role : roles) {
    const Status valid = model::ValidateRole(role);
    if (!valid.ok())
      return InvalidArgument(kind + " role '" + role + "' is invalid: " + valid.message());
    if (!framework.roles.count(role)) {
      return InvalidArgument(kind + " role '" + role +
                             "' is not one of the frameworks's subscribed roles");
    }
  }
  return OkStatus();
}

}  // namespace

std::optional<CallResult> RefuseCall(const CoreState& core, const StreamId& session,
                                     const v1::scheduler::Call& call,
                                     const std::optional<std::string>& principal) {
  const Framework* framework = core.frameworks.Find(FrameworkId(call.framework_id().value()));
  if (framework == nullptr || framework->removing) {
    return CallResult{400, "Framework cannot be found"};
  }
  if (principal && framework->info->has_principal() && *principal != framework->info->principal()) {
    return CallResult{400, "Authenticated principal '" + *principal +
                               "' does not match principal '" + framework->info->principal() +
                               "' set in `FrameworkInfo`"};
  }
  if (!framework->connected()) return CallResult{403, "Framework is not subscribed"};
  if (session.empty()) {
    return CallResult{400, "All non-subscribe calls should include the 'Mesos-Stream-Id' header"};
  }
  if (*framework->session != session) {
    return CallResult{400, "The stream ID '" + session.value() +
                               "' included in this request didn't match the stream ID currently "
                               "associated with framework ID " +
                               framework->id.value()};
  }
  return std::nullopt;
}

void HandleRevive(CoreState* core, Framework* framework, const v1::scheduler::Call::Revive& call) {
  const std::set<std::string> roles(call.roles().begin(), call.roles().end());
  const Status valid = ValidateCallRoles(*framework, roles, "revive");
  if (!valid.ok()) {
    core->Warn("Dropping REVIVE call from framework " + framework->id.value() + ": " +
               valid.message());
    return;
  }
  for (const std::string& role : roles.empty() ? framework->roles : roles) {
    framework->suppressed_roles.erase(role);
  }
  Revived revived;
  revived.framework = framework->id;
  revived.roles = roles;
  core->ledger.Tell(std::move(revived));
  core->Touch(framework->id);
}

void HandleSuppress(CoreState* core, Framework* framework,
                    const v1::scheduler::Call::Suppress& call) {
  const std::set<std::string> roles(call.roles().begin(), call.roles().end());
  const Status valid = ValidateCallRoles(*framework, roles, "suppression");
  if (!valid.ok()) {
    core->Warn("Dropping SUPPRESS call from framework " + framework->id.value() + ": " +
               valid.message());
    return;
  }
  const std::set<std::string>& suppressed = roles.empty() ? framework->roles : roles;
  framework->suppressed_roles.insert(suppressed.begin(), suppressed.end());
  Suppressed change;
  change.framework = framework->id;
  change.roles = roles;
  core->ledger.Tell(std::move(change));
  core->Touch(framework->id);
}

void TellAgentLost(CoreState* core, const AgentId& agent) {
  for (const auto& [id, framework] : core->frameworks.all()) {
    if (!framework.connected()) continue;
    Event event;
    event.set_type(Event::FAILURE);
    event.mutable_failure()->mutable_agent_id()->set_value(agent.value());
    core->Send(framework, std::move(event));
  }
}

}  // namespace meseta::master
