#include "frameworks/services/launch/backoff_table.h"

#include <algorithm>
#include <cmath>

namespace meseta::services {
namespace {

constexpr double kMaxDelaySeconds = 1e9;  // Beyond it, milliseconds of definitions would overflow.

int64_t Millis(double seconds) {
  const double bounded = std::isfinite(seconds) ? std::clamp(seconds, 0.0, kMaxDelaySeconds) : 0;
  return std::llround(bounded * 1000);
}

}  // namespace

bool BackoffTable::IsOver(const internal::BackoffRecord& record, const AppSpec& app,
                          int64_t now_ms) {
  return record.config_version() != app.last_config_change_at() ||
         now_ms > record.until() + Millis(app.max_launch_delay_seconds());
}

internal::BackoffRecord BackoffTable::Failed(const AppSpec& app, int64_t now_ms) {
  internal::BackoffRecord& record = delays_[app.id()];
  // A late failure of an older version says nothing about the present one.
  if (record.config_version() > app.last_config_change_at()) return record;
  double seconds = app.backoff_seconds();
  uint32_t failures = 1;
  if (record.has_app() && !IsOver(record, app, now_ms)) {
    seconds = record.delay_seconds() * std::max(1.0, app.backoff_factor());
    failures = record.failures() + 1;
  }
  seconds = std::min(seconds, app.max_launch_delay_seconds());
  record.set_app(app.id());
  record.set_config_version(app.last_config_change_at());
  record.set_delay_seconds(seconds);
  record.set_until(now_ms + Millis(seconds));
  record.set_failures(failures);
  return record;
}

void BackoffTable::Load(const internal::BackoffRecord& record) { delays_[record.app()] = record; }

BackoffTable::Held BackoffTable::Find(const AppSpec& app, int64_t now_ms) const {
  const auto found = delays_.find(app.id());
  if (found == delays_.end() || IsOver(found->second, app, now_ms)) return {};
  return {found->second.until(), found->second.failures()};
}

}  // namespace meseta::services
