// The other half of AgentCore: how agents go. A broken link makes an agent inactive; silence for
// too long makes it unreachable; operators and agents themselves make it go for good.
#include <algorithm>
#include <utility>
#include <vector>

#include "master/agents/registration_core.h"
#include "master/frameworks/session_core.h"
#include "master/offers/offer_core.h"
#include "master/tasks/reconcile.h"
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
  recovered_at_start_ = core_->agents.recovered().size();
  if (recovered_at_start_ > 0) {
    core_->timers.Arm({TimerKind::kRecoveredAgents, ""},
                      now.mono + core_->options.agent_reregister_timeout);
  }
  core_->timers.Arm({TimerKind::kRegistryGc, ""}, now.mono + core_->options.registry_gc_interval);
}

void AgentCore::HandleLinkDown(LinkId link, Now now) {
  auto pending = transitions_on_.lower_bound({link, 0});
  while (pending != transitions_on_.end() && pending->first == link) {
    transitions_.at(pending->second).link.reset();
    pending = transitions_on_.erase(pending);
  }
  auto waiting = waiting_on_.lower_bound({link, AgentId()});
  while (waiting != waiting_on_.end() && waiting->first == link) {
    waiting_.erase(waiting->second);
    waiting = waiting_on_.erase(waiting);
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
  ScheduleUnreachable(id, "health check timed out", now);
}

void AgentCore::HandleRecoveredTimer(Now now) {
  std::vector<AgentId> late;
  for (const auto& [id, agent] : core_->agents.recovered()) {
    if (Pending(id) == nullptr) late.push_back(id);
  }
  const Duration timeout = core_->options.agent_reregister_timeout;
  const double limit = core_->options.recovery_agent_removal_limit.percent / 100;
  if (static_cast<double>(late.size()) > limit * static_cast<double>(recovered_at_start_)) {
    core_->Warn("After " + timeout.ToString() + " " + std::to_string(late.size()) + " of " +
                std::to_string(recovered_at_start_) +
                " agents have not reregistered, more than recovery_agent_removal_limit permits to "
                "mark unreachable; they are awaited for another " + timeout.ToString() +
                ". Find out what keeps them away, or raise the limit");
    core_->timers.Arm({TimerKind::kRecoveredAgents, ""}, now.mono + timeout);
    return;
  }
  for (const AgentId& id : late) {
    ++core_->counts().recovery_slave_removals;
    ScheduleUnreachable(
        id, "did not reregister within " + timeout.ToString() + " after master failover", now);
  }
}

void AgentCore::ScheduleUnreachable(const AgentId& id, const std::string& cause, Now now) {
  if (!removals_.emplace(id, cause).second) return;
  removal_order_.push_back(id);
  ++core_->counts().slave_unreachable_scheduled;
  HandleRemovalTimer(now);
}

void AgentCore::HandleRemovalTimer(Now now) {
  while (!removal_order_.empty()) {
    const AgentId id = removal_order_.front();
    const auto removal = removals_.find(id);
    if (removal == removals_.end()) {
      removal_order_.pop_front();
      continue;
    }
    if (Pending(id) != nullptr) {  // It is on its way back, or out already.
      CancelUnreachable(id);
      continue;
    }
    if (!limiter_.Take(now.mono)) {
      core_->timers.Arm({TimerKind::kAgentRemoval, ""}, limiter_.next());
      return;
    }
    const std::string cause = std::move(removal->second);
    removals_.erase(removal);
    removal_order_.pop_front();
    MarkUnreachable(id, cause, now);
  }
}

void AgentCore::CancelUnreachable(const AgentId& id) {
  if (removals_.erase(id) > 0) ++core_->counts().slave_unreachable_canceled;
}

void AgentCore::MarkUnreachable(const AgentId& id, const std::string& cause, Now now) {
  Transition transition;
  transition.kind = Kind::kUnreachable;
  transition.id = id;
  transition.cause = cause;
  transition.at = now.wall;
  if (Start(registry::MarkAgentUnreachable{id, now.wall}, std::move(transition))) return;
  // The registrar is full: again later.
  const bool registered = core_->agents.Find(id) != nullptr;
  core_->timers.Arm({registered ? TimerKind::kAgentUnreachable : TimerKind::kRecoveredAgents,
                     registered ? id.value() : ""},
                    now.mono + core_->options.agent_ping_timeout);
}

void AgentCore::Drop(const AgentId& id) {
  if (const Agent* agent = core_->agents.Find(id)) {
    RescindOffersOf(core_, *agent);
    if (agent->link) core_->CloseLink(*agent->link);
    core_->ledger.RemoveAgent(id);
    core_->timers.Disarm({TimerKind::kAgentUnreachable, id.value()});
  }
  CancelUnreachable(id);
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
  ++core_->counts().slave_unreachable_completed;
  ++core_->counts().slave_removals;
  TellAgentLost(core_, transition.id);
  AnswerReconciles(core_, transition.id, now);
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
  ++core_->counts().slave_removals;
  TellAgentLost(core_, transition.id);
  AnswerReconciles(core_, transition.id, now);
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
  ++core_->counts().slave_removals;
  TellAgentLost(core_, transition.id);
  AnswerReconciles(core_, transition.id, now);
}

namespace {

// Those beyond the count, oldest first, and all beyond the age.
template <class Id>
std::vector<Id> TooOld(const std::map<Id, WallTime>& since, size_t max_count, Duration max_age,
                       WallTime now) {
  std::vector<std::pair<WallTime, Id>> order;
  for (const auto& [id, time] : since) order.emplace_back(time, id);
  std::sort(order.begin(), order.end());
  std::vector<Id> old;
  for (const auto& [time, id] : order) {
    const bool too_many = order.size() - old.size() > max_count;
    if (!too_many && now - time <= max_age) break;
    old.push_back(id);
  }
  return old;
}

}  // namespace

void AgentCore::HandleGcTimer(Now now) {
  const MasterOptions& options = core_->options;
  core_->timers.Arm({TimerKind::kRegistryGc, ""}, now.mono + options.registry_gc_interval);
  Transition transition;
  transition.kind = Kind::kPrune;
  const auto collect = [&](const std::map<AgentId, WallTime>& agents) {
    for (const AgentId& id : TooOld(agents, options.registry_max_agent_count,
                                    options.registry_max_agent_age, now.wall)) {
      if (Pending(id) == nullptr) transition.pruned.push_back(id);
    }
  };
  collect(core_->agents.unreachable());
  collect(core_->agents.gone);
  std::map<FrameworkId, WallTime> removed;
  for (const auto& [id, record] : core_->registrar.state().removed) {
    removed[id] = WallTime::FromNanos(record.since_ns());
  }
  transition.pruned_frameworks = TooOld(removed, options.registry_max_framework_count,
                                        options.registry_max_framework_age, now.wall);
  if (transition.pruned.empty() && transition.pruned_frameworks.empty()) return;
  registry::Prune op{transition.pruned, transition.pruned_frameworks};
  Start(op, std::move(transition));
}

void AgentCore::FinishPrune(const Transition& transition) {
  for (const FrameworkId& id : transition.pruned_frameworks) core_->frameworks.ForgetCompleted(id);
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
