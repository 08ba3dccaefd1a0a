// meseta-master: runs a master until it is told to stop.
#include <cstring>

#include "actors/base/exit_codes.h"
#include "actors/base/logging.h"
#include "actors/runtime/daemon_exit.h"
#include "master/daemon.h"

int main(int argc, char** argv) {
  using namespace meseta;  // NOLINT: main's own scope.
  master::MasterFlags flags;
  FlagSet set("meseta-master", "Offers the resources of agents to frameworks.");
  flags.AddTo(set);
  if (const auto code = ParseOrExitCode(set, argc, argv)) return *code;
  if (const Status status = StartLogging(flags.logging, "meseta-master"); !status.ok()) {
    LOG(ERROR) << status.message();
    return kExitConfig;
  }
  runtime::ExitLatch exit;
  const runtime::SignalWatcher signals(
      [&exit](int signal) { exit.Request(kExitOk, strsignal(signal)); });
  auto daemon = master::MasterDaemon::Start(
      flags, set.Values(),
      [&exit](const std::string& why) { exit.Request(kExitFailure, why); });
  if (!daemon.ok()) {
    LOG(ERROR) << daemon.status().message();
    return kExitConfig;
  }
  const runtime::ExitRequest request = exit.Wait();
  LOG(INFO) << "Stopping: " << request.reason;
  (*daemon)->Stop();
  return request.code;
}
