// The other half of AgentCore: how agents go. A broken link makes an agent inactive; silence for
// too long makes it unreachable; operators and agents themselves make it go for good.
#include <algorithm>
#include <utility>
#include <vector>

#include "master/agents/registration_core.h"
#include "master/frameworks/session_core.h"
#include "master/offers/offer_core.h"
#include "master/tasks/update_core.h"

namespace meseta::master {

void AgentCore::Recover(Now now) {
  const registry::RegistryState& state = core_->registrar.state();
  for (const auto& [id, record] : state.admitted) {
    RecoveredAgent agent;
    agent.info = std::make_shared<const v1::AgentInfo>(record.info());
    agent.registration_id = record.registration_id();
    AgentRecovered change;
    change.info = agent.info;
    core_->agents.AddRecovered(id, std::move(agent));
    core_->Tell(std::move(change));
  }
  for (const auto& [id, record] : state.unreachable) {
    core_->agents.AddUnreachable(id, WallTime::FromNanos(record.since_ns()),
                                 record.registration_id());
    core_->Tell(AgentUnreachable{id, WallTime::FromNanos(record.since_ns())});
  }
  for (const auto& [id, record] : state.gone) {
    core_->agents.gone[id] = WallTime::FromNanos(record.since_ns());
  }
  if (!core_->agents.recovered().empty()) {
    core_->timers.Arm({TimerKind::kRecoveredAgents, ""},
                      now.mono + core_->options.agent_reregister_timeout);
  }
  core_->timers.Arm({TimerKind::kRegistryGc, ""}, now.mono + core_->options.registry_gc_interval);
}

void AgentCore::HandleLinkDown(LinkId link, Now now) {
  for (auto& [number, transition] : transitions_) {
    if (transition.link == link) transition.link.reset();
  }
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    it = it->second.link == link ? waiting_.erase(it) : std::next(it);
  }
  if (Agent* agent = core_->agents.FindByLink(link)) Disconnect(agent, now);
}

void AgentCore::Disconnect(Agent* agent, Now now) {
  core_->agents.SetLink(agent, std::nullopt);
  RescindOffersOf(core_, *agent);
  core_->UpdateLedger(*agent);
  core_->Touch(agent->id);
  const TimerTable::Key key{TimerKind::kAgentUnreachable, agent->id.value()};
  if (core_->timers.armed(key)) return;
  core_->timers.Arm(
      key, now.mono + core_->options.agent_ping_timeout * core_->options.max_agent_ping_timeouts);
}

void AgentCore::HandleUnreachableTimer(const AgentId& id, Now now) {
  const Agent* agent = core_->agents.Find(id);
  if (agent == nullptr || agent->connected() || Pending(id) != nullptr) return;
  MarkUnreachable(id, "health check timed out", now);
}

void AgentCore::HandleRecoveredTimer(Now now) {
  std::vector<AgentId> late;
  for (const auto& [id, agent] : core_->agents.recovered()) {
    if (Pending(id) == nullptr) late.push_back(id);
  }
  for (const AgentId& id : late) {
    MarkUnreachable(id,
                    "did not reregister within " +
                        core_->options.agent_reregister_timeout.ToString() +
                        " after master failover",
                    now);
  }
}

void AgentCore::MarkUnreachable(const AgentId& id, const std::string& cause, Now now) {
  Transition transition;
  transition.kind = Kind::kUnreachable;
  transition.id = id;
  transition.cause = cause;
  transition.at = now.wall;
  Start(registry::MarkAgentUnreachable{id, now.wall}, std::move(transition));
}

void AgentCore::Drop(const AgentId& id) {
  if (const Agent* agent = core_->agents.Find(id)) {
    RescindOffersOf(core_, *agent);
    if (agent->link) core_->CloseLink(*agent->link);
    core_->ledger.RemoveAgent(id);
    core_->timers.Disarm({TimerKind::kAgentUnreachable, id.value()});
  }
  core_->agents.Remove(id);
  AgentDropped change;
  change.id = id;
  core_->Tell(std::move(change));
}

void AgentCore::FinishUnreachable(const Transition& transition, Now now) {
  AgentLoss loss;
  loss.state = v1::TASK_UNREACHABLE;
  loss.message = transition.cause;
  loss.unreachable_since = transition.at;
  LoseTasks(core_, transition.id, loss, now);
  Drop(transition.id);
  const auto& records = core_->registrar.state().unreachable;
  const auto record = records.find(transition.id);
  core_->agents.AddUnreachable(
      transition.id, transition.at,
      record == records.end() ? std::string() : record->second.registration_id());
  core_->Tell(AgentUnreachable{transition.id, transition.at});
  TellAgentLost(core_, transition.id);
}

void AgentCore::HandleMarkGone(ReplyId reply, const AgentId& id, Now now) {
  if (core_->agents.gone.count(id)) return core_->Reply(reply, 200, "");
  if (Pending(id) != nullptr) {
    return core_->Reply(
        reply, 503, "Agent '" + id.value() + "' is in the middle of another transition; try again");
  }
  Transition transition;
  transition.kind = Kind::kGone;
  transition.id = id;
  transition.at = now.wall;
  transition.reply = reply;
  const registry::MarkAgentGone op{id, now.wall};
  if (Start(op, std::move(transition))) return;
  const registry::RegistryState& state = core_->registrar.state();
  if (state.admitted.count(id) || state.unreachable.count(id)) {
    return core_->Reply(reply, 503, "The registry has too many writes waiting; try again");
  }
  core_->Reply(reply, 404, "Agent '" + id.value() + "' not found");
}

void AgentCore::FinishGone(const Transition& transition, Now now) {
  AgentLoss loss;
  loss.state = v1::TASK_GONE_BY_OPERATOR;
  loss.reason = v1::TaskStatus::REASON_AGENT_REMOVED_BY_OPERATOR;
  loss.message = "Agent has been marked gone";
  LoseTasks(core_, transition.id, loss, now);
  const Agent* agent = core_->agents.Find(transition.id);
  if (agent != nullptr && agent->link) Refuse(*agent->link, loss.message, true);
  Drop(transition.id);
  core_->agents.gone[transition.id] = transition.at;
  TellAgentLost(core_, transition.id);
  core_->Reply(transition.reply, 200, "");
}

void AgentCore::HandleUnregister(LinkId link, const internal::UnregisterAgent& message, Now) {
  const Agent* agent = core_->agents.FindByLink(link);
  if (agent == nullptr || agent->id.value() != message.agent_id().value()) {
    core_->Warn("Ignoring that agent '" + message.agent_id().value() +
                "' unregisters: it is not registered on this link");
    return;
  }
  if (Pending(agent->id) != nullptr) return;
  Transition transition;
  transition.kind = Kind::kRemove;
  transition.id = agent->id;
  transition.cause = "Agent " + agent->info->hostname() + " removed: the agent unregistered";
  const registry::RemoveAgent op{agent->id};
  Start(op, std::move(transition));
}

void AgentCore::FinishRemove(const Transition& transition, Now now) {
  AgentLoss loss;
  loss.message = transition.cause;
  LoseTasks(core_, transition.id, loss, now);
  Drop(transition.id);
  TellAgentLost(core_, transition.id);
}

void AgentCore::HandleGcTimer(Now now) {
  core_->timers.Arm({TimerKind::kRegistryGc, ""}, now.mono + core_->options.registry_gc_interval);
  std::vector<AgentId> old;
  const auto collect = [&](const std::map<AgentId, WallTime>& agents) {
    // Oldest first beyond the count; all beyond the age.
    std::vector<std::pair<WallTime, AgentId>> order;
    for (const auto& [id, since] : agents) order.emplace_back(since, id);
    std::sort(order.begin(), order.end());
    size_t left = order.size();
    for (const auto& [since, id] : order) {
      const bool too_many = left > core_->options.registry_max_agent_count;
      if (!too_many && now.wall - since <= core_->options.registry_max_agent_age) break;
      if (Pending(id) == nullptr) old.push_back(id);
      --left;
    }
  };
  collect(core_->agents.unreachable());
  collect(core_->agents.gone);
  if (old.empty()) return;
  Transition transition;
  transition.kind = Kind::kPrune;
  transition.pruned = old;
  Start(registry::Prune{std::move(old)}, std::move(transition));
}

void AgentCore::FinishPrune(const Transition& transition) {
  for (const AgentId& id : transition.pruned) {
    if (core_->registrar.state().unreachable.count(id) || core_->registrar.state().gone.count(id))
      continue;
    const bool dropped = core_->agents.ForgetUnreachable(id);
    core_->agents.gone.erase(id);
    if (!dropped) continue;
    AgentDropped change;
    change.id = id;
    core_->Tell(std::move(change));
  }
}

}  // namespace meseta::master
