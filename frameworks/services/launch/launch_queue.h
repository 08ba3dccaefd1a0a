// LaunchQueue: which apps wait for how many instances, how long each is held back, and why offers
// did not suit. Decides when the framework wants offers at all (revive, suppress). Pure.
//
// Back-off (reference: Marathon surface 1.7): a failure multiplies the app's delay, up to its
// maximum; a new config version, a reset, or a delay that has passed by more than the maximum
// clears it.
//
// Each offer goes through the waiting apps in turn (least recently served first), several instances
// and apps may use one offer; what nobody uses is declined with a filter. Why it did not suit is
// counted per app, in Marathon's order of reasons.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "actors/base/rng.h"
#include "actors/messages/v1.h"
#include "frameworks/services/launch/backoff_table.h"
#include "frameworks/services/launch/launch_round.h"
#include "frameworks/services/launch/match.h"
#include "frameworks/services/launch/waiting_app.h"
#include "frameworks/services/launch/waiting_entry.h"
#include "frameworks/services/model/types.h"

namespace meseta::services {

struct LaunchOptions {
  uint32_t max_instances_per_offer = 100;
  double decline_seconds = 120;  // --decline_offer_duration
  int64_t min_revive_interval_ms =
      5'000;  // --min_revive_offers_interval; a new want revives at once.
  std::optional<uint32_t> launch_tokens;  // Per refresh; unset: unlimited.
  int64_t launch_token_refresh_ms = 30'000;
  MatchOptions match;
};

struct LaunchedInstance {
  Instance record;  // PROVISIONED; to be durable before the call is sent.
  v1::TaskInfo task;
};
struct OfferUse {
  std::string offer_id;
  std::vector<LaunchedInstance> launches;  // Empty: decline.
  double refuse_seconds = 0;
};

class LaunchQueue {
 public:
  // Revivals for new wants are this far apart at least.
  static constexpr int64_t kUrgentReviveMs = 50;
  // How long an offer is refused that a constraint held back which other launches may lift.
  static constexpr double kRetrySeconds = 1;
  // Apps of which only the figures changed, told by one TakeChanged.
  static constexpr size_t kMaxFiguresTold = 256;

  LaunchQueue(LaunchOptions options, Rng rng);

  // How many of `app` are to be launched; 0: none. A level, no delta.
  void SetWanted(const AppPtr& app, uint32_t count, int64_t now_ms);
  void Remove(const Path& app);

  // Failure of an instance of that config version; the record is to be persisted.
  [[nodiscard]] internal::BackoffRecord Failed(const AppSpec& app, int64_t now_ms);
  // False: the app does not wait.
  [[nodiscard]] bool ResetDelay(const Path& app);
  void LoadBackoff(const internal::BackoffRecord& record);

  // Instances of an app that constraints count: recorded, before this turn. Called once per app and
  // turn at most, and only for apps with constraints.
  using InstancesOf = LaunchTurn::InstancesOf;
  // One result per offer, in order.
  [[nodiscard]] std::vector<OfferUse> UseOffers(const std::vector<v1::Offer>& offers,
                                                const InstancesOf& instances, int64_t now_ms);

  // The roles that want offers now; others are to be suppressed.
  [[nodiscard]] std::set<std::string> WantingRoles(int64_t now_ms) const;
  // Wants became more than offers are filtered for: revive these roles.
  [[nodiscard]] std::set<std::string> TakeRevive(int64_t now_ms);
  // When a delay ends or a revival is due.
  [[nodiscard]] std::optional<int64_t> NextTimeMs() const;

  [[nodiscard]] WaitingPtr Find(const Path& app) const;  // Null: does not wait.
  [[nodiscard]] std::vector<WaitingPtr> All() const;     // In order of path.
  // Apps whose WaitingPtr is another since the last call. Of apps of which only the figures
  // changed, some may be told in a later call.
  [[nodiscard]] std::vector<Path> TakeChanged();

 private:
  void Enqueue(WaitingEntry& entry, int64_t now_ms);  // Ready or delayed; at the end of its line.
  void Dequeue(WaitingEntry& entry);
  void EndDelays(int64_t now_ms);
  void WantRevive(const std::string& role, bool urgent);
  void RefillTokens(int64_t now_ms);
  [[nodiscard]] bool HasTokens(int64_t now_ms) const;
  uint32_t NumberOf(const v1::Offer& offer);
  void Serve(const std::map<WaitingEntry*, uint32_t>& served);

  const LaunchOptions options_;
  Rng rng_;
  BackoffTable backoff_;
  std::map<Path, WaitingEntry> entries_;                            // count > 0 each.
  std::map<std::string, std::map<uint64_t, WaitingEntry*>> ready_;  // By role and order.
  std::set<std::pair<int64_t, Path>> delayed_;                      // By end of the delay.
  uint64_t next_order_ = 0;

  std::map<std::string, bool> revive_;  // Role; true: a new want.
  std::optional<int64_t> revived_ms_;   // The last time.
  uint32_t tokens_ = 0;                 // Left until refilled_ms_ + refresh; only if bounded.
  std::optional<int64_t> refilled_ms_;

  std::map<std::string, uint32_t> agents_;  // Number of each agent that ever offered; bounded.
  size_t refusal_turn_ = 0;                 // Whose turn it is to be told refusals.
  std::set<Path> changed_;
  std::set<Path> figures_changed_;
  Path figures_told_;  // The last of them; those behind it come next.
};

}  // namespace meseta::services
