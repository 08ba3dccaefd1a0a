// How a daemon ends: main() waits on an ExitLatch; signals, fatal failures and the API set it.
//
//   int main(...) {
//     ExitLatch exit;
//     SignalWatcher signals([&](int signal) { exit.Request(kExitOk, strsignal(signal)); });
//     ActorSystem system({.on_fatal = [&](const std::string& why) { exit.Request(kExitFailure,
//     why); }});
//     ...
//     return exit.Wait().code;
//   }
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "actors/base/exit_codes.h"

namespace meseta::runtime {

struct ExitRequest {
  int code = kExitOk;  // One of exit_codes.h.
  std::string reason;  // One sentence.
};

// Thread-safe.
class ExitLatch {
 public:
  // The first request counts.
  void Request(int code, std::string reason);
  ExitRequest Wait();
  [[nodiscard]] bool requested() const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable set_;
  std::optional<ExitRequest> request_;
};

// Calls `on_stop` with SIGINT or SIGTERM, on a thread of its own, whenever one arrives; a second
// SIGINT ends the process at once. SIGPIPE does nothing: writes report EPIPE. Handlers rather than
// masks or SIG_IGN, so that programs started by this process find all signals at their defaults.
//
// At most one exists in a process; its destructor restores what was before.
class SignalWatcher {
 public:
  explicit SignalWatcher(std::function<void(int signal)> on_stop);
  ~SignalWatcher();
  SignalWatcher(const SignalWatcher&) = delete;
  SignalWatcher& operator=(const SignalWatcher&) = delete;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace meseta::runtime
