// AllocatorCore: which free resources to offer to whom. Pure.
//
// It works on a replica of MasterCore's ledger, fed by numbered deltas, and proposes whole agents'
// free resources to the framework that is furthest below its fair share (drf_tree.h).
//
// Event-driven. Between passes this holds: no framework can take what is free on any agent, except on
// agents and for frameworks that changed since, which are remembered. So a pass looks at those only:
// touched agents for everybody, and the rest for the frameworks that came, revived or grew.
//
// Invariants: one unanswered proposal per agent (its answer changes the agent's version, which would
// void a second one); a proposal lies within what is free; what is proposed counts in the shares at
// once. Shared resources count in nobody's share: they are not used up.
// Broken rules of MasterCore (a gap in the numbers, recovering what is not held) are CHECKs.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "actors/base/rng.h"
#include "actors/base/time.h"
#include "master/allocator/allocator.h"
#include "master/allocator/drf_tree.h"
#include "master/allocator/offer_filters.h"

namespace meseta::master {

struct AllocatorOptions {
  // Passes are at least this far apart, so that a burst of deltas costs one pass.
  Duration batch_interval = Duration::Millis(2);
  // What a framework refuses, with whatever refuse_seconds, it is not offered again before this: a
  // scheduler that declines with 0 must not keep master and itself busy. The same goes for proposals
  // that MasterCore refuses though the agent did not change.
  Duration refusal_pause = Duration::Millis(100);
  // An offer has at least one of these. Empty: anything is worth an offer.
  std::vector<model::Quantities> min_allocatable_resources = {
      {{"cpus", model::Scalar::FromDouble(0.01)}}, {{"mem", model::Scalar::FromDouble(32)}}};
  // Agents with gpus are for frameworks with GPU_RESOURCES only.
  bool filter_gpu_resources = true;
  // Scalars that do not count in shares.
  std::set<std::string> fair_sharing_excluded;
  // Share divisors by role; absent: 1. REQUIRES: > 0.
  std::map<std::string, double> weights;
  // The master's region: agents of other regions are for frameworks with REGION_AWARE only.
  std::optional<std::string> region;
  // Every proposal is an unanswered message to MasterCore. The rest waits for the next pass.
  size_t max_proposals_per_pass = 50'000;
  // A pass over everything this long after any change: a second net under the event-driven rule,
  // which by itself misses nothing. Absent: none.
  std::optional<Duration> sweep_interval;
};

class AllocatorCore {
 public:
  explicit AllocatorCore(AllocatorOptions options = {});

  // REQUIRES: consecutive numbers from 1.
  void Apply(const LedgerDelta& delta, Now now);
  // One pass. `rng` shuffles the agents, so that no agent is always offered first.
  [[nodiscard]] std::vector<Proposal> Allocate(Now now, Rng& rng);
  // When the next pass has something to do. A time that has passed means: now.
  [[nodiscard]] std::optional<Time> NextWake() const;

  // Why the framework has (not) been offered anything for this role, in one sentence.
  [[nodiscard]] std::string Explain(const FrameworkId& framework, const std::string& role) const;

  void SetWeights(std::map<std::string, double> weights);
  // Dominant share of a role with its subroles over its weight, for metrics. As of the last pass.
  [[nodiscard]] double ShareOfRole(const std::string& role) const;
  [[nodiscard]] size_t filter_count() const { return filters_.size(); }
  void CheckInvariants() const;

 private:
  using LeafId = DrfTree::LeafId;

  struct Pending {  // A proposal that MasterCore has not answered.
    FrameworkId framework;
    LeafId leaf = 0;
    uint64_t agent_version = 0;
    model::Resources offer;  // Without allocation.
    model::Quantities charged;
  };
  struct Agent {
    uint64_t version = 0;
    bool active = false;
    v1::AgentInfo info;
    model::Resources total;
    std::map<FrameworkId, model::Resources> held;  // With allocation roles.
    model::Resources in_use;  // Sum of `held`, without allocation roles and shared ones.
    model::Resources free;    // total - in_use.
    bool free_is_plain = true;
    bool has_gpus = false;
    bool multi_role = false;
    bool hierarchical_role = false;
    bool remote = false;  // Of another region than the master.
    std::optional<Pending> pending;
  };
  struct Framework {
    bool active = false;
    std::set<std::string> roles;
    std::set<std::string> suppressed;
    std::set<int> capabilities;  // v1::FrameworkInfo::Capability::Type.
    std::map<std::string, std::vector<model::Quantities>> min_allocatable;  // By role; overrides.
  };
  enum class Verdict {
    kOffer,
    kAgentInactive,
    kPending,
    kNothingFree,
    kGpus,
    kMultiRole,
    kHierarchicalRole,
    kRemoteRegion,
    kReservedOrIncapable,
    kTooSmall,
    kRefused,
  };
  struct Eligibility {
    Verdict verdict = Verdict::kOffer;
    model::Resources offer;  // Without allocation; set for kOffer only.
    Time until;              // For kRefused: when it may be offered again.
  };
  struct Choice {
    LeafId leaf = 0;
    model::Resources offer;
  };

  void Handle(const AgentChanged& change, Now now);
  void Handle(const AgentRemoved& change, Now now);
  void Handle(const FrameworkChanged& change, Now now);
  void Handle(const FrameworkRemoved& change, Now now);
  void Handle(const Allocated& change, Now now);
  void Handle(const Recovered& change, Now now);
  void Handle(const Revived& change, Now now);
  void Handle(const Suppressed& change, Now now);
  void Handle(const ProposalAnswered& change, Now now);

  void RefreshFree(Agent* agent) const;
  void SettlePending(Agent* agent);
  // The leaf is active iff the framework is, has the role and did not suppress it.
  void UpdateLeaf(const FrameworkId& id, const std::string& role, bool look_again);
  void ForgetIfIdle(LeafId leaf);
  void AddFilters(const Recovered& change, Now now);
  [[nodiscard]] std::set<std::string> RolesOr(const FrameworkId& id,
                                              const std::set<std::string>& roles) const;

  // What of this agent the framework could be offered now, or why nothing.
  [[nodiscard]] Eligibility Judge(const AgentId& id, const Agent& agent, const Framework& framework,
                                  const std::string& role, LeafId leaf) const;
  [[nodiscard]] std::optional<Verdict> Bar(const Agent& agent, const Framework& framework,
                                           const std::string& role) const;
  [[nodiscard]] bool BigEnough(const model::Resources& offer, const Framework& framework,
                               const std::string& role) const;
  [[nodiscard]] std::optional<Choice> ChooseAmongAll(const AgentId& id, const Agent& agent) const;
  [[nodiscard]] std::optional<Choice> ChooseAmong(const AgentId& id, const Agent& agent,
                                                  const std::set<LeafId>& leaves) const;
  std::vector<AgentId> TakeCandidates(Now now, Rng& rng);
  Proposal Propose(const AgentId& id, Agent* agent, Choice choice);
  [[nodiscard]] std::string ExplainAgents(const Framework& framework, const std::string& role,
                                          LeafId leaf) const;

  AllocatorOptions options_;
  uint64_t last_number_ = 0;  // Of the last delta.
  Time last_seen_;            // Newest `now`, for Explain.
  std::map<AgentId, Agent> agents_;
  std::map<FrameworkId, Framework> frameworks_;
  model::Quantities totals_;  // Of all agents.
  DrfTree tree_;
  OfferFilters filters_;

  // What the next pass has to look at.
  std::set<AgentId> touched_;                    // For everybody.
  std::set<LeafId> eager_;                       // Everywhere.
  std::map<AgentId, std::set<LeafId>> retries_;  // These pairs: their filter expired.
  std::optional<Time> last_pass_;
  std::optional<Time> next_sweep_;
};

}  // namespace meseta::master
