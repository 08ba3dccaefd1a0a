// BackoffTable: how long launches of an app are held back after failures (reference: Marathon
// surface 1.7). The first failure holds it for backoffSeconds, each further one for backoffFactor
// times longer, up to maxLaunchDelaySeconds. A new config version, a reset, or a delay that has
// passed by more than the maximum starts over. One entry per app at most; Remove() when the app is
// gone.
//
// Pure. Times are milliseconds since 1970-01-01 UTC.
#pragma once

#include <map>

#include "frameworks/services/model/types.h"

namespace meseta::services {

class BackoffTable {
 public:
  [[nodiscard]] internal::BackoffRecord Failed(const AppSpec& app, int64_t now_ms);
  void Load(const internal::BackoffRecord& record);
  void Reset(const Path& app) { delays_.erase(app); }

  struct Held {
    int64_t until_ms = 0;  // 0: not held.
    uint32_t failures = 0;
  };
  [[nodiscard]] Held Find(const AppSpec& app, int64_t now_ms) const;

 private:
  [[nodiscard]] static bool IsOver(const internal::BackoffRecord& record, const AppSpec& app,
                                   int64_t now_ms);

  std::map<Path, internal::BackoffRecord> delays_;
};

}  // namespace meseta::services
