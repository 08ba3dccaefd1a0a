#include "agent/checks/check_core.h"

#include <algorithm>

namespace meseta::agent {
namespace {

Duration Seconds(double seconds) {
  return Duration::FromSecondsDouble(std::clamp(seconds, 0.0, 1e9));
}

Duration Timeout(double seconds) {
  const Duration timeout = Seconds(seconds);
  return timeout <= Duration() ? CheckCore::kLongestProbe : std::min(timeout, CheckCore::kLongestProbe);
}

std::string PathOf(const std::string& path) { return path.empty() ? "/" : path; }

bool IsSuccess(v1::HealthCheck::Type type, int answer) {
  switch (type) {
    case v1::HealthCheck::COMMAND: return answer == 0;
    case v1::HealthCheck::HTTP: return answer >= 200 && answer < 400;
    default: return answer == 1;
  }
}

ProbeTarget HealthTarget(const v1::HealthCheck& check) {
  ProbeTarget target;
  target.timeout = Timeout(check.timeout_seconds());
  if (check.type() == v1::HealthCheck::COMMAND) {
    target.kind = ProbeTarget::Kind::kCommand;
  } else if (check.type() == v1::HealthCheck::HTTP) {
    target.kind = check.http().scheme() == "https" ? ProbeTarget::Kind::kHttps
                                                   : ProbeTarget::Kind::kHttp;
    target.port = check.http().port();
    target.path = PathOf(check.http().path());
    target.ipv6 = check.http().protocol() == v1::NetworkInfo::IPv6;
  } else {
    target.port = check.tcp().port();
    target.ipv6 = check.tcp().protocol() == v1::NetworkInfo::IPv6;
  }
  return target;
}

ProbeTarget CheckTarget(const v1::CheckInfo& check) {
  ProbeTarget target;
  target.timeout = Timeout(check.timeout_seconds());
  if (check.type() == v1::CheckInfo::COMMAND) {
    target.kind = ProbeTarget::Kind::kCommand;
  } else if (check.type() == v1::CheckInfo::HTTP) {
    target.kind = ProbeTarget::Kind::kHttp;
    target.port = check.http().port();
    target.path = PathOf(check.http().path());
  } else {
    target.port = check.tcp().port();
  }
  return target;
}

}  // namespace

v1::CheckStatusInfo UnknownCheckStatus(const v1::CheckInfo& check) {
  v1::CheckStatusInfo status;
  status.set_type(check.type());
  switch (check.type()) {
    case v1::CheckInfo::COMMAND: status.mutable_command(); break;
    case v1::CheckInfo::HTTP: status.mutable_http(); break;
    case v1::CheckInfo::TCP: status.mutable_tcp(); break;
    default: break;
  }
  return status;
}

CheckCore::CheckCore(const v1::TaskInfo& task, const CheckHistory& history, Duration running_for,
                     double spread, Time now) {
  const auto first = [&](double delay_seconds, Duration interval) {
    const Duration left = Seconds(delay_seconds) - running_for;
    return now + std::max(left, Duration::FromSecondsDouble(interval.seconds() * spread));
  };
  if (task.has_health_check()) {
    health_ = task.health_check();
    Timing& timing = timings_[static_cast<size_t>(CheckKind::kHealth)];
    timing.interval = std::max(Seconds(health_->interval_seconds()), kShortestInterval);
    timing.due = first(health_->delay_seconds(), timing.interval);
    grace_until_ = now + (Seconds(health_->grace_period_seconds()) - running_for);
    initializing_ = !history.healthy.has_value();
    failures_ = history.failures;
  }
  if (task.has_check()) {
    check_ = task.check();
    Timing& timing = timings_[static_cast<size_t>(CheckKind::kGeneral)];
    timing.interval = std::max(Seconds(check_->interval_seconds()), kShortestInterval);
    timing.due = first(check_->delay_seconds(), timing.interval);
    status_ = history.check_status.value_or(UnknownCheckStatus(*check_));
  }
}

std::vector<CheckKind> CheckCore::Begin(Time now) {
  std::vector<CheckKind> begun;
  for (const CheckKind kind : {CheckKind::kHealth, CheckKind::kGeneral}) {
    Timing& timing = timings_[static_cast<size_t>(kind)];
    if (!timing.due || *timing.due > now) continue;
    timing.due.reset();
    begun.push_back(kind);
  }
  return begun;
}

CheckNews CheckCore::Finished(CheckKind kind, const ProbeResult& result, Time now) {
  Timing& timing = timings_[static_cast<size_t>(kind)];
  timing.due = now + timing.interval;
  return kind == CheckKind::kHealth ? JudgeHealth(result, now) : JudgeCheck(result);
}

CheckNews CheckCore::JudgeHealth(const ProbeResult& result, Time now) {
  CheckNews news;
  news.succeeded = result.answer && IsSuccess(health_->type(), *result.answer);
  if (news.succeeded) {
    if (initializing_ || failures_ > 0) news.healthy = true;
    initializing_ = false;
    failures_ = 0;
    return news;
  }
  if (initializing_ && health_->grace_period_seconds() > 0 && now <= grace_until_) return news;
  ++failures_;
  news.healthy = false;
  news.kill = failures_ >= health_->consecutive_failures();
  return news;
}

CheckNews CheckCore::JudgeCheck(const ProbeResult& result) {
  CheckNews news;
  news.succeeded = result.answer.has_value();
  v1::CheckStatusInfo status = UnknownCheckStatus(*check_);
  if (result.answer) {
    switch (check_->type()) {
      case v1::CheckInfo::COMMAND: status.mutable_command()->set_exit_code(*result.answer); break;
      case v1::CheckInfo::HTTP:
        status.mutable_http()->set_status_code(static_cast<uint32_t>(*result.answer));
        break;
      default: status.mutable_tcp()->set_succeeded(*result.answer == 1); break;
    }
  }
  if (status.SerializeAsString() == status_.SerializeAsString()) return news;
  status_ = status;
  news.check_status = std::move(status);
  return news;
}

std::optional<Time> CheckCore::wake_at() const {
  std::optional<Time> wake;
  for (const Timing& timing : timings_) {
    if (timing.due && (!wake || *timing.due < *wake)) wake = timing.due;
  }
  return wake;
}

ProbeTarget CheckCore::TargetOf(CheckKind kind) const {
  return kind == CheckKind::kHealth ? HealthTarget(*health_) : CheckTarget(*check_);
}

const v1::CommandInfo* CheckCore::CommandOf(CheckKind kind) const {
  if (kind == CheckKind::kHealth) return health_->has_command() ? &health_->command() : nullptr;
  return check_->has_command() ? &check_->command().command() : nullptr;
}

}  // namespace meseta::agent
