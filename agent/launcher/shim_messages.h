// The agent's side of shim_protocol.h: specs and requests as frames, frames as events, and the
// run's files. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "actors/base/status.h"
#include "actors/base/time.h"
#include "agent/launcher/shim_protocol.h"

namespace meseta::agent {

// A user as numbers: the static shim cannot ask the name service.
struct UserIds {
  uint32_t uid = 0;
  uint32_t gid = 0;
  std::vector<uint32_t> groups;  // Supplementary.
};

struct ShimRlimit {
  int resource = 0;   // As in setrlimit(2).
  uint64_t soft = 0;  // RLIM_INFINITY: none.
  uint64_t hard = 0;
};

// All that a shim is told.
struct ShimSpec {
  std::string run_directory;  // Absolute; exists.
  std::string boot_id;
  std::string sandbox;        // Absolute; exists.
  std::string executable;
  std::vector<std::string> arguments;  // The 0th included.
  std::map<std::string, std::string> environment;
  std::optional<UserIds> user;         // None: no switch.
  std::vector<ShimRlimit> rlimits;
  Duration kill_grace;
  std::optional<Duration> max_completion_time;
  bool sync_files = false;
};

struct ShimReady {
  int64_t pid = 0;  // Of the shim.
};
struct ShimStarted {
  int64_t pid = 0;
  int64_t start_time = 0;  // Clock ticks since boot.
};
struct ShimLaunchFailed {
  Status status;
};
struct ShimExited {
  int wait_status = 0;
  shim::ExitCause cause{};
};
// The connection ended before an exit was told. The exit file may still tell it.
struct ShimGone {};

using ShimEvent = std::variant<ShimReady, ShimStarted, ShimLaunchFailed, ShimExited, ShimGone>;

// What the file `shim` of a run says.
struct ShimRecord {
  int64_t pid = 0;
  int64_t start_time = 0;
  std::string boot_id;
};

// Fails when a string holds a zero byte, or the whole is longer than a frame may be.
Result<std::string> EncodeSpec(const ShimSpec& spec);
std::string EncodeGo();
std::string EncodeHello();
std::string EncodeKill(Duration grace);

// nullopt: of an unknown type, to be skipped (a newer shim may say more).
std::optional<ShimEvent> DecodeEvent(shim::FrameType type, std::string_view fields);

// A run's file as a whole. nullopt: missing, cut or not ours.
std::optional<ShimRecord> DecodeRecord(std::string_view file);
std::optional<ShimStarted> DecodeTaskFile(std::string_view file);
std::optional<ShimExited> DecodeExitFile(std::string_view file);

}  // namespace meseta::agent
