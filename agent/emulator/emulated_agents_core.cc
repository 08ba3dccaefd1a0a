#include "agent/emulator/emulated_agents_core.h"

#include <signal.h>

#include <charconv>
#include <cmath>

namespace meseta::agent {
namespace {

constexpr int kExitOne = 1 << 8;  // As waitpid gives it.
constexpr std::string_view kLinkActor = "slave(1)";
constexpr double kLongestSleepSeconds = 10.0 * 365 * 24 * 3600;

std::optional<Duration> ParseSeconds(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  double seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (!std::isfinite(seconds) || seconds < 0) return std::nullopt;
  return Duration::FromSecondsDouble(std::min(seconds, kLongestSleepSeconds));
}

ProbeResult PassedProbe(const Probe& probe) {
  using Kind = ProbeTarget::Kind;
  constexpr int kHttpOk = 200;
  const Kind kind = probe.target.kind;
  const int answer = kind == Kind::kCommand ? 0 : kind == Kind::kTcp ? 1 : kHttpOk;
  return ProbeResult{probe.id, answer, ""};
}

}  // namespace

std::optional<Duration> SleepOf(const v1::CommandInfo& command) {
  if (command.shell()) {
    const std::string_view text = command.value();
    return text.starts_with("sleep ") ? ParseSeconds(text.substr(6)) : std::nullopt;
  }
  if (command.arguments_size() != 2) return std::nullopt;
  const std::string& program = command.value();
  const bool sleep = program == "sleep" || program.ends_with("/sleep");
  return sleep ? ParseSeconds(command.arguments(1)) : std::nullopt;
}

EmulatedAgentsCore::EmulatedAgentsCore(EmulatedAgentsOptions options, Rng rng)
    : options_(std::move(options)), rng_(rng), agents_(options_.count) {
  stats_.agents = options_.count;
  for (uint32_t i = 0; i < options_.count; ++i) {
    const std::string number = std::to_string(options_.first + i);
    AgentOptions agent = options_.agent;
    agent.info.set_hostname(options_.name + "-" + number);
    agent.command.pid = "slave(" + number + ")@" + agent.command.endpoint;
    agent.gc_delay = Duration();  // There is no sandbox to keep.
    agents_[i].core =
        std::make_unique<AgentCore>(std::move(agent), RecoveredAgent(), Rng(rng_.Next()));
  }
}

void EmulatedAgentsCore::Start(Now now) {
  for (uint32_t i = 0; i < agents_.size(); ++i) Perform(i, agents_[i].core->Start(now), now);
}

void EmulatedAgentsCore::LinkUp(MasterLink link, const std::string& address, Now now) {
  links_[link] = Link{address, std::nullopt};
  for (uint32_t i = 0; i < agents_.size(); ++i) {
    Perform(i, agents_[i].core->LinkUp(link, now, address), now);
  }
}

void EmulatedAgentsCore::LinkDown(MasterLink link, Now now) {
  if (links_.erase(link) == 0) return;
  for (auto it = reopen_.begin(); it != reopen_.end();) {
    it = it->second.second == link ? reopen_.erase(it) : std::next(it);
  }
  for (uint32_t i = 0; i < agents_.size(); ++i) {
    Perform(i, agents_[i].core->LinkDown(link, now), now);
  }
}

void EmulatedAgentsCore::FromMaster(MasterLink link, std::string_view name,
                                    const internal::ToAgent& message, Now now) {
  const auto known = links_.find(link);
  if (known == links_.end()) return;
  if (name == kLinkActor) {
    if (!message.has_leading() && !message.has_not_leading()) return;
    known->second.role = message;
    for (uint32_t i = 0; i < agents_.size(); ++i) ToOne(i, link, message, now);
    return;
  }
  if (!name.starts_with(kLinkActor)) return;
  name.remove_prefix(std::min(name.size(), kLinkActor.size() + 1));
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || end != name.data() + name.size()) return;
  if (number < options_.first || number - options_.first >= agents_.size()) return;
  const uint32_t index = number - options_.first;
  if (message.has_channel_closed()) {
    ++stats_.channels_closed;
    CloseChannel(index, link, now);
  } else {
    ToOne(index, link, message, now);
  }
}

void EmulatedAgentsCore::ToOne(uint32_t index, MasterLink link, const internal::ToAgent& message,
                               Now now) {
  Agent& agent = agents_[index];
  const bool accepted = message.has_registered();
  const bool before = agent.core->stats().registered;
  AgentEffects effects = agent.core->FromMaster(link, message, now);
  if (accepted && agent.core->stats().registered &&
      (!before || agent.registered_on != link)) {
    agent.id = message.registered().agent_id().value();
    agent.registered_on = link;
    ++stats_.registrations;
  }
  Perform(index, std::move(effects), now);
}

void EmulatedAgentsCore::CloseChannel(uint32_t index, MasterLink link, Now now) {
  Agent& agent = agents_[index];
  reopen_.emplace(now.mono + kReopenAfter, std::make_pair(index, link));
  Perform(index, agent.core->LinkDown(link, now), now);
}

void EmulatedAgentsCore::Reopen(uint32_t index, MasterLink link, Now now) {
  const auto known = links_.find(link);
  if (known == links_.end()) return;
  Perform(index, agents_[index].core->LinkUp(link, now, known->second.address), now);
  if (known->second.role) ToOne(index, link, internal::ToAgent(*known->second.role), now);
}

void EmulatedAgentsCore::Unregister() {
  for (uint32_t i = 0; i < agents_.size(); ++i) {
    Agent& agent = agents_[i];
    if (!agent.core->stats().registered) continue;
    Effects::Send send;
    send.link = agent.registered_on;
    send.agent = options_.first + i;
    send.message.mutable_unregister_agent()->mutable_agent_id()->set_value(agent.id);
    effects_.send.push_back(std::move(send));
  }
}

void EmulatedAgentsCore::Tick(Now now) {
  while (!ends_.empty() && ends_.begin()->first <= now.mono) {
    const TaskEnd end = ends_.begin()->second;
    Agent& agent = agents_[end.agent];
    ForgetTimer(&agent, end.container);
    agent.running.erase(end.container);
    --stats_.tasks_running;
    ++(end.fails ? stats_.tasks_failed : stats_.tasks_finished);
    const ContainerExited exited{end.container, ContainerExited::Cause::kSelf,
                                 end.fails ? kExitOne : 0};
    Perform(end.agent, agent.core->FromContainer(exited, now), now);
  }
  while (!reopen_.empty() && reopen_.begin()->first <= now.mono) {
    const auto [index, link] = reopen_.begin()->second;
    reopen_.erase(reopen_.begin());
    Reopen(index, link, now);
  }
  while (!wakes_.empty() && wakes_.begin()->first <= now.mono) {
    const uint32_t index = wakes_.begin()->second;
    SetWake(index, std::nullopt);
    Perform(index, agents_[index].core->Tick(now), now);
    // An agent that asks to be woken at once is not to keep the others waiting.
    const auto wake = agents_[index].wake;
    if (wake && *wake <= now.mono) SetWake(index, now.mono + Duration::Millis(1));
  }
}

EmulatedAgentsCore::Effects EmulatedAgentsCore::TakeEffects() {
  Effects out = std::move(effects_);
  effects_ = Effects();
  const auto earlier = [&out](Time time) {
    if (!out.wake_at || time < *out.wake_at) out.wake_at = time;
  };
  if (!ends_.empty()) earlier(ends_.begin()->first);
  if (!wakes_.empty()) earlier(wakes_.begin()->first);
  if (!reopen_.empty()) earlier(reopen_.begin()->first);
  return out;
}

void EmulatedAgentsCore::Perform(uint32_t index, AgentEffects effects, Now now) {
  Agent& agent = agents_[index];
  std::deque<AgentEffects> work;
  std::deque<ContainerEvent> events;
  work.push_back(std::move(effects));
  while (!work.empty() || !events.empty()) {
    if (work.empty()) {
      work.push_back(agent.core->FromContainer(events.front(), now));
      events.pop_front();
    }
    AgentEffects next = std::move(work.front());
    work.pop_front();
    for (std::string& line : next.log) {
      effects_.log.push_back("agent " + std::to_string(options_.first + index) + ": " + line);
    }
    for (auto& call : next.containers) Call(index, call, &events, now);
    // Emulated tasks pass every check.
    for (const Probe& probe : next.probes) {
      work.push_back(agent.core->FromProbe(PassedProbe(probe), now));
    }
    for (auto& send : next.send) {
      effects_.send.push_back({send.link, options_.first + index, std::move(send.message)});
    }
    if (next.dial) Dial(*next.dial);
    for (const auto& sandbox : next.delete_sandboxes) {
      work.push_back(agent.core->SandboxDeleted(sandbox.container, OkStatus(), now));
    }
    if (!next.persist.empty()) work.push_back(agent.core->Persisted(next.persist.back().number, now));
    for (const auto& close : next.close) {
      reopen_.emplace(now.mono + kReopenAfter, std::make_pair(index, close.link));
      work.push_back(agent.core->LinkDown(close.link, now));
    }
    if (next.stop && !std::exchange(agent.stopped, true)) ++stats_.stopped;
    SetWake(index, next.wake_at);
  }
  const bool registered = agent.core->stats().registered && !agent.stopped;
  if (registered == agent.registered) return;
  agent.registered = registered;
  stats_.registered += registered ? 1 : -1;
}

void EmulatedAgentsCore::Call(uint32_t index, AgentEffects::ContainerCall& call,
                              std::deque<ContainerEvent>* events, Now now) {
  Agent& agent = agents_[index];
  if (const auto* launch = std::get_if<AgentEffects::Launch>(&call)) {
    Launch(index, launch->spec, events, now);
  } else if (const auto* kill = std::get_if<AgentEffects::Kill>(&call)) {
    if (agent.running.erase(kill->id) == 0) return;
    ForgetTimer(&agent, kill->id);
    --stats_.tasks_running;
    ++stats_.tasks_killed;
    events->push_back(ContainerExited{kill->id, ContainerExited::Cause::kKilled, SIGTERM});
  }
  // Forget: nothing is left of it. Recover: nothing outlives this process.
}

void EmulatedAgentsCore::Launch(uint32_t index, const ContainerSpec& spec,
                                std::deque<ContainerEvent>* events, Now now) {
  Agent& agent = agents_[index];
  ++stats_.tasks_launched;
  ++stats_.tasks_running;
  agent.running.insert(spec.id);
  std::optional<Duration> duration = SleepOf(spec.command);
  if (!duration) duration = options_.task_duration;
  if (duration) {
    const bool fails = rng_.Uniform() < options_.fail_ratio;
    agent.timers[spec.id] = ends_.emplace(now.mono + *duration, TaskEnd{index, spec.id, fails});
  }
  events->push_back(ContainerStarted{spec.id, next_pid_++});
}

void EmulatedAgentsCore::ForgetTimer(Agent* agent, const ContainerId& container) {
  const auto it = agent->timers.find(container);
  if (it == agent->timers.end()) return;
  ends_.erase(it->second);
  agent->timers.erase(it);
}

void EmulatedAgentsCore::SetWake(uint32_t index, std::optional<Time> wake) {
  Agent& agent = agents_[index];
  if (agent.wake == wake) return;
  if (agent.wake) wakes_.erase({*agent.wake, index});
  agent.wake = wake;
  if (wake) wakes_.insert({*wake, index});
}

void EmulatedAgentsCore::Dial(const std::vector<std::string>& masters) {
  for (const std::string& master : masters) {
    if (dialed_.size() >= kMaxDialed || !dialed_.insert(master).second) continue;
    effects_.dial.push_back(master);
  }
}

}  // namespace meseta::agent
