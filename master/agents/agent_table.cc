#include "master/agents/agent_table.h"

#include <algorithm>

#include "actors/base/check.h"

namespace meseta::master {

bool Agent::Has(v1::AgentInfo::Capability::Type capability) const {
  return std::any_of(capabilities.begin(), capabilities.end(),
                     [&](const v1::AgentInfo::Capability& c) { return c.type() == capability; });
}

Agent* AgentTable::Find(const AgentId& id) {
  auto it = registered_.find(id);
  return it == registered_.end() ? nullptr : &it->second;
}

const Agent* AgentTable::Find(const AgentId& id) const {
  auto it = registered_.find(id);
  return it == registered_.end() ? nullptr : &it->second;
}

Agent* AgentTable::FindByLink(LinkId link) {
  auto it = by_link_.find(link);
  return it == by_link_.end() ? nullptr : Find(it->second);
}

const Agent* AgentTable::FindByPid(const std::string& pid) const {
  auto it = by_pid_.find(pid);
  return it == by_pid_.end() ? nullptr : Find(it->second);
}

void AgentTable::AddRecovered(const AgentId& id, RecoveredAgent agent) {
  if (!agent.registration_id.empty()) by_registration_[agent.registration_id] = id;
  recovered_[id] = std::move(agent);
}

RecoveredAgent* AgentTable::FindRecovered(const AgentId& id) {
  auto it = recovered_.find(id);
  return it == recovered_.end() ? nullptr : &it->second;
}

std::optional<AgentId> AgentTable::FindByRegistration(const std::string& registration_id) const {
  auto it = by_registration_.find(registration_id);
  if (it == by_registration_.end()) return std::nullopt;
  return it->second;
}

void AgentTable::AddUnreachable(const AgentId& id, WallTime since,
                                const std::string& registration_id) {
  unreachable_[id] = since;
  if (registration_id.empty()) return;
  unreachable_registrations_[id] = registration_id;
  by_registration_[registration_id] = id;
}

bool AgentTable::ForgetUnreachable(const AgentId& id) {
  auto registration = unreachable_registrations_.find(id);
  if (registration != unreachable_registrations_.end()) {
    auto it = by_registration_.find(registration->second);
    if (it != by_registration_.end() && it->second == id) by_registration_.erase(it);
    unreachable_registrations_.erase(registration);
  }
  return unreachable_.erase(id) > 0;
}

Agent* AgentTable::Add(Agent agent) {
  const AgentId id = agent.id;
  const std::optional<LinkId> link = agent.link;
  const std::string pid = agent.pid;
  agent.link.reset();
  agent.pid.clear();
  recovered_.erase(id);
  ForgetUnreachable(id);
  if (!agent.registration_id.empty()) by_registration_[agent.registration_id] = id;
  auto [it, added] = registered_.emplace(id, std::move(agent));
  CHECK(added) << id;
  SetLink(&it->second, link);
  SetPid(&it->second, pid);
  return &it->second;
}

void AgentTable::SetLink(Agent* agent, std::optional<LinkId> link) {
  if (agent->link) by_link_.erase(*agent->link);
  agent->link = link;
  if (link) by_link_[*link] = agent->id;
}

void AgentTable::SetPid(Agent* agent, const std::string& pid) {
  auto it = by_pid_.find(agent->pid);
  if (it != by_pid_.end() && it->second == agent->id) by_pid_.erase(it);
  agent->pid = pid;
  if (!pid.empty()) by_pid_[pid] = agent->id;
}

void AgentTable::Remove(const AgentId& id) {
  ForgetUnreachable(id);
  auto recovered = recovered_.find(id);
  if (recovered != recovered_.end()) {
    by_registration_.erase(recovered->second.registration_id);
    recovered_.erase(recovered);
  }
  auto it = registered_.find(id);
  if (it == registered_.end()) return;
  by_registration_.erase(it->second.registration_id);
  SetLink(&it->second, std::nullopt);
  SetPid(&it->second, "");
  registered_.erase(it);
}

}  // namespace meseta::master
