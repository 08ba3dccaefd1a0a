// DialCore: when to connect where, to keep one link to the first of several addresses. Pure.
//
// Addresses are tried in turn without a pause; a round without success is followed by a jittered
// pause that doubles from kMinBackoff to kMaxBackoff. A link that stayed up for kStableAfter resets the
// pause; one that broke sooner does not, so a peer that accepts and drops is not hammered. After a
// break the first address is tried first again.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "actors/base/rng.h"
#include "actors/base/time.h"

namespace meseta::net {

inline constexpr Duration kMinBackoff = Duration::Millis(100);
inline constexpr Duration kMaxBackoff = Duration::Seconds(3);
inline constexpr Duration kStableAfter = Duration::Seconds(10);
inline constexpr Duration kConnectDeadline = Duration::Seconds(5);
inline constexpr size_t kMaxDialAddresses = 16;

class DialCore {
 public:
  // REQUIRES: `addresses` is not empty. Those beyond kMaxDialAddresses are ignored.
  DialCore(std::vector<std::string> addresses, Rng rng);

  // The address to connect to now, when it is time to. Then Up or Failed must follow.
  [[nodiscard]] std::optional<std::string> Poll(Time now);
  void Up(Time now);
  // The attempt failed, or the link that was up broke.
  void Failed(Time now);
  // When Poll may give an address; Max while connecting or up.
  [[nodiscard]] Time wake_at() const;

 private:
  enum class Phase { kWaiting, kConnecting, kUp };

  // A pause between half and all of the current back-off, which then doubles.
  Duration NextPause();

  std::vector<std::string> addresses_;
  Rng rng_;
  Phase phase_ = Phase::kWaiting;
  size_t next_ = 0;   // Index of the address to try next.
  Time wait_until_;   // In kWaiting.
  Time up_since_;     // In kUp.
  Duration backoff_ = kMinBackoff;
};

}  // namespace meseta::net
