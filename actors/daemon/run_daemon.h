// The main() of a daemon: flags, logging, start, and an orderly stop at SIGINT, SIGTERM or when the
// daemon says that it cannot go on.
#pragma once

#include <cstring>
#include <functional>
#include <string>

#include "actors/base/exit_codes.h"
#include "actors/base/flags.h"
#include "actors/base/logging.h"
#include "actors/base/logging_flags.h"
#include "actors/runtime/daemon_exit.h"

namespace meseta::daemon {

// `Flags` has AddTo() and `logging`; `Daemon` has Start(flags, values, on_fatal) and Stop(), and
// failure_code() if it does not always end with kExitFailure after on_fatal.
template <class Daemon, class Flags>
int RunDaemon(int argc, char** argv, const std::string& name, const std::string& summary) {
  Flags flags;
  FlagSet set(name, summary);
  flags.AddTo(set);
  if (const auto code = ParseOrExitCode(set, argc, argv)) return *code;
  if (const Status status = StartLogging(flags.logging, name); !status.ok()) {
    LOG(ERROR) << status.message();
    return kExitConfig;
  }
  runtime::ExitLatch exit;
  const runtime::SignalWatcher signals(
      [&exit](int signal) { exit.Request(kExitOk, strsignal(signal)); });
  auto daemon = Daemon::Start(flags, set.Values(), [&exit](const std::string& why) {
    exit.Request(kExitFailure, why);
  });
  if (!daemon.ok()) {
    LOG(ERROR) << daemon.status().message();
    return kExitConfig;
  }
  const runtime::ExitRequest request = exit.Wait();
  LOG(INFO) << "Stopping: " << request.reason;
  int code = request.code;
  if constexpr (requires { (*daemon)->failure_code(); }) {
    if (code == kExitFailure) code = (*daemon)->failure_code();
  }
  (*daemon)->Stop();
  return code;
}

}  // namespace meseta::daemon
