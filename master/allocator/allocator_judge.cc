// Whether a framework can be offered something of an agent, and why it got nothing.
#include <algorithm>
#include <map>

#include "master/allocator/allocator_core.h"

namespace meseta::master {
namespace {

using Capability = v1::FrameworkInfo::Capability;

std::string Agents(size_t count) { return std::to_string(count) + (count == 1 ? " agent" : " agents"); }

std::string SizesText(const std::vector<model::Quantities>& sets) {
  std::string text;
  for (const model::Quantities& set : sets) {
    if (!text.empty()) text += " or ";
    std::string part;
    for (const auto& [name, amount] : set) {
      part += (part.empty() ? "" : ";") + name + ":" + amount.ToString();
    }
    text += part;
  }
  return text;
}

}  // namespace

std::optional<AllocatorCore::Verdict> AllocatorCore::Bar(const Agent& agent,
                                                         const Framework& framework,
                                                         const std::string& role) const {
  if (!agent.active) return Verdict::kAgentInactive;
  if (agent.pending) return Verdict::kPending;
  if (agent.free.empty()) return Verdict::kNothingFree;
  if (agent.has_gpus && options_.filter_gpu_resources &&
      !framework.capabilities.contains(Capability::GPU_RESOURCES)) {
    return Verdict::kGpus;
  }
  if (!agent.multi_role && framework.capabilities.contains(Capability::MULTI_ROLE)) {
    return Verdict::kMultiRole;
  }
  if (!agent.hierarchical_role && role.find('/') != std::string::npos) {
    return Verdict::kHierarchicalRole;
  }
  if (agent.remote && !framework.capabilities.contains(Capability::REGION_AWARE)) {
    return Verdict::kRemoteRegion;
  }
  return std::nullopt;
}

bool AllocatorCore::BigEnough(const model::Resources& offer, const Framework& framework,
                              const std::string& role) const {
  const auto own = framework.min_allocatable.find(role);
  const auto& sets = own == framework.min_allocatable.end() ? options_.min_allocatable_resources
                                                            : own->second;
  if (sets.empty()) return true;
  return std::any_of(sets.begin(), sets.end(), [&](const model::Quantities& set) {
    return std::all_of(set.begin(), set.end(), [&](const auto& wanted) {
      return offer.SumOf(wanted.first) >= wanted.second;
    });
  });
}

AllocatorCore::Eligibility AllocatorCore::Judge(const AgentId& id, const Agent& agent,
                                                const Framework& framework, const std::string& role,
                                                LeafId leaf) const {
  Eligibility result;
  if (const auto bar = Bar(agent, framework, role)) {
    result.verdict = *bar;
    return result;
  }
  model::Resources reduced;  // Stays empty for the usual agent, on which everything is for anybody.
  if (!agent.free_is_plain) {
    reduced = agent.free.AllocatableTo(role);
    if (!framework.capabilities.contains(Capability::SHARED_RESOURCES)) reduced = reduced.NonShared();
    if (!framework.capabilities.contains(Capability::REVOCABLE_RESOURCES)) {
      reduced = reduced.NonRevocable();
    }
    if (!framework.capabilities.contains(Capability::RESERVATION_REFINEMENT)) {
      reduced = reduced.NonRefined();
    }
    // Shared volumes are never used up: alone they would be offered again and again.
    if (reduced.NonShared().empty()) {
      result.verdict = Verdict::kReservedOrIncapable;
      return result;
    }
  }
  const model::Resources& offer = agent.free_is_plain ? agent.free : reduced;
  if (!BigEnough(offer, framework, role)) {
    result.verdict = Verdict::kTooSmall;
    return result;
  }
  if (const auto until = filters_.BlockedUntil(id, leaf, offer)) {
    result.verdict = Verdict::kRefused;
    result.until = *until;
    return result;
  }
  result.offer = offer;
  return result;
}

std::string AllocatorCore::Explain(const FrameworkId& id, const std::string& role) const {
  const std::string who = "Framework " + id.value();
  const auto framework = frameworks_.find(id);
  if (framework == frameworks_.end()) return who + " is not registered.";
  if (!framework->second.roles.contains(role)) return who + " is not subscribed to role " + role + ".";
  if (!framework->second.active) return who + " is not connected.";
  if (framework->second.suppressed.contains(role)) {
    return who + " suppressed offers for role " + role + "; a REVIVE call ends that.";
  }
  if (agents_.empty()) return "There are no agents.";
  return ExplainAgents(framework->second, role, tree_.Find(role, id)->id);
}

std::string AllocatorCore::ExplainAgents(const Framework& framework, const std::string& role,
                                         LeafId leaf) const {
  std::map<Verdict, size_t> counts;
  Time retry = Time::Max();
  for (const auto& [id, agent] : agents_) {
    const Eligibility found = Judge(id, agent, framework, role, leaf);
    ++counts[found.verdict];
    if (found.verdict == Verdict::kRefused) retry = std::min(retry, found.until);
  }
  std::string text = "Of " + Agents(agents_.size()) + ":";
  const auto own = framework.min_allocatable.find(role);
  const std::string sizes = SizesText(own == framework.min_allocatable.end()
                                          ? options_.min_allocatable_resources
                                          : own->second);
  const std::string wait =
      Duration::Millis(std::max(retry - last_seen_, Duration()).millis()).ToString();
  const std::map<Verdict, std::string> reasons = {
      {Verdict::kOffer, "will be offered at the next pass"},
      {Verdict::kAgentInactive, "not active"},
      {Verdict::kPending, "just being offered"},
      {Verdict::kNothingFree, "with nothing free"},
      {Verdict::kGpus, "with gpus, which need the capability GPU_RESOURCES"},
      {Verdict::kMultiRole, "too old for the capability MULTI_ROLE"},
      {Verdict::kHierarchicalRole, "too old for hierarchical roles"},
      {Verdict::kRemoteRegion, "in another region, which needs the capability REGION_AWARE"},
      {Verdict::kReservedOrIncapable,
       "with nothing free but what is reserved for other roles or needs a capability"},
      {Verdict::kTooSmall, "with less free than the smallest offer (" + sizes + ")"},
      {Verdict::kRefused, "refused by the framework (the first filter ends in " + wait + ")"}};
  for (const auto& [verdict, count] : counts) {
    text += (text.back() == ':' ? " " : ", ") + std::to_string(count) + " " + reasons.at(verdict);
  }
  return text + ".";
}

}  // namespace meseta::master
