// LaunchQueue: which apps wait for how many instances, how long each is held back, and why offers did
// not suit. Decides when the framework wants offers at all (revive, suppress). Pure.
//
// Back-off (reference: Marathon surface 1.7): a failure multiplies the app's delay, up to its maximum;
// a new config version, a reset, or a delay that has passed by more than the maximum clears it.
//
// Each offer goes through the waiting apps in turn (least recently served first), several instances
// and apps may use one offer; what nobody uses is declined with a filter. Why it did not suit is counted per
// app, in Marathon's order of reasons.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "actors/base/rng.h"
#include "actors/messages/v1.h"
#include "frameworks/services/launch/match.h"
#include "frameworks/services/model/types.h"

namespace meseta::services {

struct LaunchOptions {
  uint32_t max_instances_per_offer = 100;
  double decline_seconds = 120;              // --decline_offer_duration
  int64_t min_revive_interval_ms = 5'000;    // --min_revive_offers_interval; a new want revives at once.
  std::optional<uint32_t> launch_tokens;     // Per refresh; unset: unlimited.
  int64_t launch_token_refresh_ms = 30'000;
  MatchOptions match;
};

struct LaunchedInstance {
  Instance record;      // PROVISIONED; to be durable before the call is sent.
  v1::TaskInfo task;
};
struct OfferUse {
  std::string offer_id;
  std::vector<LaunchedInstance> launches;  // Empty: decline.
  double refuse_seconds = 0;
};

// How one app waits. For GET /v2/queue and for `why`.
struct WaitingApp {
  AppPtr app;
  uint32_t count = 0;
  int64_t since_ms = 0;
  int64_t delayed_until_ms = 0;  // 0, or in the past: not delayed.
  uint64_t offers_processed = 0;
  uint64_t offers_unused = 0;
  int64_t last_unused_ms = 0;  // 0: none.
  int64_t last_used_ms = 0;
  std::array<uint64_t, kRejectReasons> declined_last{};   // Of the last offer of each agent.
  std::array<uint64_t, kRejectReasons> processed_last{};
  std::array<uint64_t, kRejectReasons> declined_all{};    // Since it waits.
  std::array<uint64_t, kRejectReasons> processed_all{};
  // The last unused offers of several agents, newest first.
  static constexpr size_t kMaxUnused = 32;
  struct Unused {
    std::shared_ptr<const v1::Offer> offer;
    MatchRefusal refusal;
    int64_t at_ms = 0;
  };
  std::vector<Unused> unused;
};
using WaitingPtr = std::shared_ptr<const WaitingApp>;

class LaunchQueue {
 public:
  LaunchQueue(LaunchOptions options, Rng rng);

  // How many of `app` are to be launched; 0: none. A level, no delta.
  void SetWanted(const AppPtr& app, uint32_t count, int64_t now_ms);
  void Remove(const Path& app);

  // Failure of an instance of that config version; the record is to be persisted.
  [[nodiscard]] internal::BackoffRecord Failed(const AppSpec& app, int64_t now_ms);
  // False: the app does not wait.
  [[nodiscard]] bool ResetDelay(const Path& app);
  void LoadBackoff(const internal::BackoffRecord& record);

  // Instances of an app that constraints count: recorded, and launched in this very turn.
  using InstancesOf = std::function<std::vector<InstancePtr>(const Path&)>;
  // `new_uuid` for instance ids.
  [[nodiscard]] std::vector<OfferUse> UseOffers(const std::vector<v1::Offer>& offers,
                                                const InstancesOf& instances, int64_t now_ms);

  // The roles that want offers now; others are to be suppressed.
  [[nodiscard]] std::set<std::string> WantingRoles(int64_t now_ms) const;
  // Wants became more than offers are filtered for: revive these roles.
  [[nodiscard]] std::set<std::string> TakeRevive(int64_t now_ms);
  // When a delay ends or a revival is due.
  [[nodiscard]] std::optional<int64_t> NextTimeMs() const;

  [[nodiscard]] WaitingPtr Find(const Path& app) const;  // Null: does not wait.
  [[nodiscard]] std::vector<WaitingPtr> All() const;
  // Apps whose WaitingPtr is another since the last call.
  [[nodiscard]] std::vector<Path> TakeChanged();
};

}  // namespace meseta::services
