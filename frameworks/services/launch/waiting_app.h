// WaitingApp: how one app waits to be launched, for GET /v2/queue and for `why`. An immutable
// value.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "frameworks/services/launch/match.h"
#include "frameworks/services/model/types.h"

namespace meseta::services {

struct WaitingApp {
  AppPtr app;
  uint32_t count = 0;
  int64_t since_ms = 0;
  int64_t delayed_until_ms = 0;  // 0, or in the past: not delayed.
  uint32_t failures = 0;         // That led to the delay.
  uint64_t offers_processed = 0;
  uint64_t offers_unused = 0;
  int64_t last_unused_ms = 0;  // 0: none.
  int64_t last_used_ms = 0;
  std::array<uint64_t, kRejectReasons> declined_last{};  // Of the last offer of each agent.
  std::array<uint64_t, kRejectReasons> processed_last{};
  std::array<uint64_t, kRejectReasons> declined_all{};  // Since it waits.
  std::array<uint64_t, kRejectReasons> processed_all{};

  // Per reason, the offer that came nearest: most of what was too little.
  struct Nearest {
    double needed = 0;
    double offered = 0;
    std::string host;  // Empty: none.
    int64_t at_ms = 0;
  };
  std::array<Nearest, kRejectReasons> nearest;

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

}  // namespace meseta::services
