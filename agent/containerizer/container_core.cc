#include "agent/containerizer/container_core.h"

#include <algorithm>
#include <csignal>
#include <utility>

namespace meseta::agent {
namespace {

ContainerExited::Cause CauseOf(shim::ExitCause cause) {
  switch (cause) {
    case shim::ExitCause::kSelf: return ContainerExited::Cause::kSelf;
    case shim::ExitCause::kKilled: return ContainerExited::Cause::kKilled;
    case shim::ExitCause::kMaxCompletionTime: return ContainerExited::Cause::kMaxCompletionTime;
  }
  return ContainerExited::Cause::kSelf;  // A newer shim's.
}

}  // namespace

using Effects = ContainerCore::Effects;

Effects ContainerCore::Report(ContainerEvent event) {
  Effects effects;
  if (!orphan_) effects.report = std::move(event);
  return effects;
}

Effects ContainerCore::Fail(const Status& status) {
  phase_ = Phase::kEnded;
  Effects effects =
      Report(ContainerFailed{id_, status.WithContext("Failed to launch container"),
                             v1::TaskStatus::REASON_CONTAINER_LAUNCH_FAILED});
  effects.close_channel = true;
  return effects;
}

Effects ContainerCore::End(const ShimExited& exited) {
  phase_ = Phase::kEnded;
  Effects effects = Report(ContainerExited{id_, CauseOf(exited.cause), exited.wait_status});
  effects.close_channel = true;
  return effects;
}

Effects ContainerCore::EndKilled() { return End({SIGTERM, shim::ExitCause::kKilled}); }

Effects ContainerCore::Lost() {
  phase_ = Phase::kEnded;
  return Report(ContainerExited{id_, ContainerExited::Cause::kLost, 0});
}

Effects ContainerCore::Launch(bool has_uris) {
  phase_ = has_uris ? Phase::kPreparing : Phase::kSpawning;
  Effects effects;
  effects.prepare = true;
  effects.spawn = !has_uris;  // One turn of a worker instead of two.
  return effects;
}

Effects ContainerCore::Prepared(const Status& status) {
  if (phase_ != Phase::kPreparing) return {};
  if (!status.ok()) return Fail(status);
  phase_ = Phase::kFetching;
  Effects effects;
  effects.fetch = true;
  return effects;
}

Effects ContainerCore::Fetched(const Status& status) {
  if (phase_ != Phase::kFetching) return {};
  if (!status.ok()) {
    return Fail(status.WithContext("Failed to fetch all URIs for container '" + id_.value() + "'"));
  }
  phase_ = Phase::kSpawning;
  Effects effects;
  effects.spawn = true;
  return effects;
}

Effects ContainerCore::Spawned(const Status& status) {
  Effects effects;
  if (ended()) {  // Killed meanwhile: a shim without `go` exits.
    effects.start_channel = effects.close_channel = status.ok();
    return effects;
  }
  if (phase_ != Phase::kSpawning) return effects;
  if (!status.ok()) return Fail(status);
  phase_ = Phase::kAwaitingReady;
  effects.start_channel = true;
  return effects;
}

Effects ContainerCore::Recover() {
  phase_ = Phase::kInspecting;
  if (orphan_) kill_ = Duration();
  Effects effects;
  effects.inspect = true;
  return effects;
}

Effects ContainerCore::Inspected(const RunFindings& findings) {
  if (findings.exit.has_value()) return End(*findings.exit);
  if (!findings.connected) return Lost();
  phase_ = Phase::kReconnecting;
  Effects effects;
  effects.start_channel = true;
  effects.send_kill = std::exchange(kill_, std::nullopt);
  return effects;
}

Effects ContainerCore::OnReady() {
  Effects effects;
  if (phase_ != Phase::kAwaitingReady) return effects;
  phase_ = Phase::kStarting;
  effects.send_go = true;
  return effects;
}

Effects ContainerCore::OnStarted(const ShimStarted& started) {
  if (phase_ == Phase::kStarting) {
    phase_ = Phase::kRunning;
    return Report(ContainerStarted{id_, started.pid});
  }
  if (phase_ == Phase::kReconnecting) {
    phase_ = Phase::kRunning;
    return Report(ContainerRecovered{id_, started.pid});
  }
  return {};
}

Effects ContainerCore::OnGone() {
  switch (phase_) {
    case Phase::kAwaitingReady:
      return Fail(Unavailable("The container's shim ended before it was ready"));
    case Phase::kStarting:
    case Phase::kReconnecting:
    case Phase::kRunning: {
      phase_ = Phase::kReadingExit;
      Effects effects;
      effects.read_exit = true;
      return effects;
    }
    default: return {};
  }
}

Effects ContainerCore::Handle(const ShimEvent& event) {
  if (ended() || phase_ == Phase::kReadingExit) return {};
  if (std::holds_alternative<ShimReady>(event)) return OnReady();
  if (const auto* started = std::get_if<ShimStarted>(&event)) return OnStarted(*started);
  if (const auto* failed = std::get_if<ShimLaunchFailed>(&event)) return Fail(failed->status);
  if (const auto* exited = std::get_if<ShimExited>(&event)) return End(*exited);
  return OnGone();
}

Effects ContainerCore::ExitRead(const std::optional<ShimExited>& exit) {
  return exit.has_value() ? End(*exit) : Lost();
}

Effects ContainerCore::Kill(Duration grace) {
  Effects effects;
  switch (phase_) {
    case Phase::kPreparing:
    case Phase::kSpawning:
    case Phase::kAwaitingReady: return EndKilled();
    case Phase::kFetching:
      effects = EndKilled();
      effects.stop_fetch = true;
      return effects;
    case Phase::kInspecting:
      kill_ = kill_.has_value() ? std::min(*kill_, grace) : grace;
      return effects;
    case Phase::kStarting:
    case Phase::kReconnecting:
    case Phase::kRunning: effects.send_kill = grace; return effects;
    case Phase::kNew:
    case Phase::kReadingExit:
    case Phase::kEnded: return effects;
  }
  return effects;
}

}  // namespace meseta::agent
