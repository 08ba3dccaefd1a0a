// LaunchTurn: offers of one turn against the apps that wait, of all roles. Decides who is launched
// where, and lists why the others were not.
//
// Offers are visited round by round, each giving every app at most one instance a round, so that
// the instances of an app come to stand on many agents and one large app does not starve others.
// Apps go in the given order (least recently served first). A candidate that does not fit what is
// left of an offer never will in this turn, so that each pair of offer and app is looked at once,
// by a few comparisons; only pairs that fit are matched in full. The work of a turn is bounded by
// kMaxLaunches and kMaxRefusals.
//
// Pure. Lives for one turn.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "actors/base/rng.h"
#include "frameworks/services/launch/offer_left.h"
#include "frameworks/services/launch/waiting_entry.h"

namespace meseta::services {

class LaunchTurn {
 public:
  // Of a turn; what is left over is offered again at once.
  static constexpr uint32_t kMaxLaunches = 2'000;
  // Refusals that are recorded in a turn; with more, apps take turns.
  static constexpr size_t kMaxRefusals = 20'000;
  static constexpr size_t kMinRefusalsPerOffer = 8;

  using InstancesOf = std::function<std::vector<InstancePtr>(const Path&)>;

  struct Limits {
    uint32_t instances_per_offer = 0;
    uint32_t launches = kMaxLaunches;  // Fewer when tokens run short.
  };
  struct Launched {
    WaitingEntry* entry = nullptr;
    Instance record;
    v1::TaskInfo task;
  };
  struct Offered {
    std::vector<Launched> launched;
    bool offer_again = false;  // What is left may be used: a bound of ours ended it.
    bool retry_soon = false;   // Held back by a constraint that launches elsewhere may lift.
  };

  // References outlive this. `waiting`: of that role, in order.
  LaunchTurn(const MatchOptions& options, Limits limits, const InstancesOf& instances,
             int64_t now_ms, Rng& rng);
  void AddRole(const std::string& role, const std::vector<WaitingEntry*>& waiting);
  // One per offer, in order.
  [[nodiscard]] std::vector<Offered> Run(const std::vector<v1::Offer>& offers);
  // Tells each waiting app why offers did not suit it; those from `first` on when there are too
  // many. `number`: of an offer's agent. Returns where to go on the next time; adds whom it told.
  size_t TellRefusals(const std::function<uint32_t(const v1::Offer&)>& number, size_t first,
                      std::set<Path>* told);

 private:
  // Small, for every offer may look at every candidate.
  struct Candidate {
    Needs needs;
    uint32_t left = 0;  // Instances that it still wants.
    WaitingEntry* entry = nullptr;
  };
  struct Role {
    std::vector<Candidate> candidates;
    std::vector<std::optional<Spread>> spreads;  // Of each; made when first asked for.
    size_t first_live = 0;                       // Those before it want no more.
    uint64_t left = 0;                           // Sum of the candidates'.
    Needs smallest;                              // Of each amount.
    size_t active_offers = 0;
  };
  struct Visit {
    explicit Visit(const v1::Offer& offer) : left(offer) {}
    OfferLeft left;
    Role* role = nullptr;         // Null: nobody waits in it.
    size_t next = 0;              // Candidates before it were visited.
    std::vector<uint32_t> again;  // Of those, the ones worth another round.
    bool active = false;
    bool waits_for_others = false;  // In this round, GROUP_BY held somebody back.
    Offered offered;
  };
  enum class Tried { kLaunched, kNeverHere, kMayChange };

  bool Round();
  uint32_t VisitOnce(Visit& visit, uint32_t share);
  Tried Try(Visit& visit, size_t candidate);
  [[nodiscard]] bool WorthVisiting(const Visit& visit) const;
  Spread& SpreadOf(Role& role, size_t candidate);

  const MatchOptions& options_;
  Limits limits_;
  const InstancesOf& instances_;
  const int64_t now_ms_;
  Rng& rng_;
  uint32_t launches_ = 0;
  std::map<std::string, Role> roles_;
  std::deque<Visit> visits_;  // One per offer.
};

}  // namespace meseta::services
