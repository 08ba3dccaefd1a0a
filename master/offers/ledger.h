// The ledger: who holds which resource of which agent. MasterCore's truth about allocation.
//
// Resources of an agent are free, offered to a framework or used by its tasks. Every change of what
// is held goes out as a numbered delta for the allocator's replica and makes the agent's version
// grow; an offer is made only of what is free here, so nothing is held twice.
//
// Invariants: a held resource carries its allocation role; the free ones are the agent's total
// minus what is held (never negative: an agent that came back with more tasks than resources has
// none free). Pure; on the master core's thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "actors/base/ids.h"
#include "master/allocator/allocator.h"
#include "master/offers/holding_sum.h"
#include "state/model/resources.h"

namespace meseta::master {

class Ledger {
 public:
  struct AgentAccount {
    uint64_t version = 1;
    model::Resources total;
    HoldingSum held;  // Offered and used, without allocation roles.
    // Counted: an agent may bring along tasks that were given the same port twice.
    std::map<FrameworkId, HoldingSum> used;
    std::map<FrameworkId, model::Resources> offered;
  };
  struct FrameworkAccount {
    HoldingSum used;
    HoldingSum offered;
  };

  // Adds the agent or changes its total; says so to the allocator. `change` needs agent, active,
  // info and capabilities.
  void SetAgent(AgentChanged change, const model::Resources& total);
  // Frees all that is held of it and forgets it.
  void RemoveAgent(const AgentId& agent);

  // Free -> offered. False, and nothing changes, when not all of it is free.
  [[nodiscard]] bool Offer(const FrameworkId& framework, const AgentId& agent,
                           const model::Resources& resources);
  // Offered -> used. The allocator does not care which, so no delta. REQUIRES: was offered to it.
  void Use(const FrameworkId& framework, const AgentId& agent, const model::Resources& resources);
  // Offered -> free; `filters` is what the framework said.
  void ReturnOffer(const FrameworkId& framework, const AgentId& agent,
                   const model::Resources& resources, const std::optional<v1::Filters>& filters);
  // Used from now on, free or not: a task that its agent brought along.
  void Adopt(const FrameworkId& framework, const AgentId& agent, const model::Resources& resources);
  // Used -> free.
  void Release(const FrameworkId& framework, const AgentId& agent,
               const model::Resources& resources);

  // Other news for the allocator, in order with the rest.
  void Tell(LedgerChange change);

  [[nodiscard]] const AgentAccount* FindAgent(const AgentId& agent) const;
  [[nodiscard]] const FrameworkAccount* FindFramework(const FrameworkId& framework) const;
  [[nodiscard]] model::Resources Free(const AgentId& agent) const;
  [[nodiscard]] std::vector<LedgerDelta> TakeDeltas();

  // Aborts when the accounts disagree with each other. For tests; cost grows with all agents.
  void CheckInvariants() const;

 private:
  void Hold(const FrameworkId& framework, const AgentId& agent, AgentAccount* account,
            const model::Resources& resources);
  void Free(const FrameworkId& framework, const AgentId& agent, AgentAccount* account,
            const model::Resources& resources, const std::optional<v1::Filters>& filters);

  std::map<AgentId, AgentAccount> agents_;
  std::map<FrameworkId, FrameworkAccount> frameworks_;
  std::vector<LedgerDelta> deltas_;
  uint64_t next_delta_ = 1;
};

}  // namespace meseta::master
