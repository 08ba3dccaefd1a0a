// OfferLeft: an offer in the course of a turn: what is left of it, in the forms that the funnel
// asks for, so that a refusal costs a few comparisons. And Needs: what one instance of an app
// takes.
//
// Only what an app may use counts: not revocable, not shared, no volumes or disks of their own.
// Pure.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "frameworks/services/launch/match.h"
#include "state/model/resources.h"

namespace meseta::services {

// What one instance takes. Amounts in thousandths.
struct Needs {
  int64_t cpus = 0;
  int64_t mem = 0;
  int64_t disk = 0;
  int64_t gpus = 0;
  uint32_t ports = 0;
  bool accepts_unreserved = true;
  bool accepts_reserved = true;   // For its role.
  bool takes_gpu_agents = false;  // Without asking for gpus.
  bool fixed_ports = false;       // Some port must be a certain one.
};
[[nodiscard]] Needs NeedsOf(const AppSpec& app);

struct Amounts {
  int64_t cpus = 0;
  int64_t mem = 0;
  int64_t disk = 0;
  int64_t gpus = 0;
  uint64_t ports = 0;
  [[nodiscard]] bool Cover(const Needs& needs) const {
    return cpus >= needs.cpus && mem >= needs.mem && disk >= needs.disk && gpus >= needs.gpus &&
           ports >= needs.ports;
  }
};

class OfferLeft {
 public:
  explicit OfferLeft(const v1::Offer& offer);
  OfferLeft(const v1::Offer& offer, model::Resources left);

  [[nodiscard]] const v1::Offer& offer() const { return *offer_; }
  [[nodiscard]] const std::string& role() const { return role_; }
  [[nodiscard]] const Place& place() const { return place_; }
  // Of unreserved ones, of reserved ones, or of both.
  [[nodiscard]] const Amounts& AmountsFor(const Needs& needs) const {
    if (needs.accepts_unreserved)
      return needs.accepts_reserved ? both_.amounts : unreserved_.amounts;
    return reserved_.amounts;
  }
  [[nodiscard]] const model::Ranges& PortsFor(const Needs& needs) const;
  [[nodiscard]] const Amounts& all() const { return both_.amounts; }
  // Something is left, or was, of a kind that is accepted.
  [[nodiscard]] bool HasFor(const Needs& needs) const;
  // What `wanted` is to be taken from, reserved resources first; nullopt: it is not there in that
  // form.
  [[nodiscard]] std::optional<model::Resources> Find(const model::Resources& wanted,
                                                     const Needs& needs) const;
  // In which resources of it are to be written.
  [[nodiscard]] model::ReservationFormat format() const { return format_; }
  [[nodiscard]] bool gpu_agent() const { return gpu_agent_; }
  // Its maintenance has begun and is not over.
  [[nodiscard]] bool InMaintenance(int64_t now_ms) const;

  // One instance less. REQUIRES: `used` was found for `needs`, `ports` are its ports.
  void Take(const Needs& needs, const model::Ranges& ports, const model::Resources& used);

 private:
  struct Part {
    Amounts amounts;
    model::Ranges ports;
    bool any = false;
  };
  static Part PartOf(const model::Resources& resources);
  void Count();

  const v1::Offer* offer_;  // Outlives this.
  std::string role_;
  Place place_;
  // Nothing is reserved and all is allocated alike: the amounts tell everything, and `left_` stays
  // as it was at first.
  bool plain_ = false;
  model::Resources left_;
  Part unreserved_;
  Part reserved_;
  Part both_;
  bool gpu_agent_ = false;
  model::ReservationFormat format_ = model::ReservationFormat::kPost;
};

// The first reason of the funnel that `app` (with its `needs`) falls at; nullopt: none.
[[nodiscard]] std::optional<MatchRefusal> Refuse(const AppSpec& app, const Needs& needs,
                                                 const OfferLeft& left, const Spread& spread,
                                                 const MatchOptions& options, int64_t now_ms);
// As Match, which is made of it.
[[nodiscard]] MatchOutcome MatchLeft(const AppSpec& app, const Needs& needs, const OfferLeft& left,
                                     const Spread& spread, const MatchOptions& options,
                                     int64_t now_ms, Rng& rng);

}  // namespace meseta::services
