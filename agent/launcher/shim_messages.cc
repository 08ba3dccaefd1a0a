#include "agent/launcher/shim_messages.h"

#include <cstdlib>
#include <iterator>

namespace meseta::agent {
namespace {

using shim::FieldReader;
using shim::FrameType;
using shim::FrameWriter;
using shim::Key;
using shim::LaunchStage;

// Runs `fill` twice: to learn the size, then to write.
template <class Fill>
std::string BuildFrame(FrameType type, Fill fill) {
  FrameWriter measure(nullptr, 0, type);
  fill(measure);
  std::string frame(measure.size(), '\0');
  FrameWriter writer(frame.data(), frame.size(), type);
  fill(writer);
  writer.Finish();
  return frame;
}

void WriteSpec(const ShimSpec& spec, FrameWriter& writer) {
  writer.Bytes(Key::kRunDirectory, spec.run_directory);
  writer.Bytes(Key::kBootId, spec.boot_id);
  writer.Bytes(Key::kSandbox, spec.sandbox);
  writer.Bytes(Key::kExecutable, spec.executable);
  for (const std::string& argument : spec.arguments) writer.Bytes(Key::kArgument, argument);
  for (const auto& [name, value] : spec.environment) {
    writer.Bytes(Key::kEnvironment, name + "=" + value);
  }
  if (spec.user.has_value()) {
    writer.Number(Key::kUid, spec.user->uid);
    writer.Number(Key::kGid, spec.user->gid);
    for (const uint32_t group : spec.user->groups) writer.Number(Key::kGroup, group);
  }
  for (const ShimRlimit& limit : spec.rlimits) {
    const int64_t numbers[3] = {limit.resource, static_cast<int64_t>(limit.soft),
                                static_cast<int64_t>(limit.hard)};
    writer.Numbers(Key::kRlimit, numbers, 3);
  }
  writer.Number(Key::kKillGraceNs, spec.kill_grace.nanos());
  if (spec.max_completion_time.has_value()) {
    writer.Number(Key::kMaxCompletionNs, spec.max_completion_time->nanos());
  }
  if (spec.sync_files) writer.Number(Key::kSync, 1);
}

Status CheckStrings(const ShimSpec& spec) {
  const auto clean = [](const std::string& text) { return text.find('\0') == std::string::npos; };
  if (!clean(spec.executable)) return InvalidArgument("The command holds a zero byte");
  for (const std::string& argument : spec.arguments) {
    if (!clean(argument)) return InvalidArgument("An argument of the command holds a zero byte");
  }
  for (const auto& [name, value] : spec.environment) {
    if (!clean(name) || !clean(value)) {
      return InvalidArgument("The environment variable '" + name.substr(0, name.find('\0')) +
                             "' holds a zero byte");
    }
  }
  if (!clean(spec.sandbox) || !clean(spec.run_directory)) {
    return InvalidArgument("A path holds a zero byte");
  }
  if (spec.arguments.empty()) return InvalidArgument("The command has no arguments");
  return OkStatus();
}

// The shim tells the number as two digits.
std::string RlimitName(const std::string& number) {
  constexpr const char* kNames[] = {"CPU",    "FSIZE",   "DATA",  "STACK",      "CORE",     "RSS",
                                    "NPROC",  "NOFILE",  "MEMLOCK", "AS",       "LOCKS",    "SIGPENDING",
                                    "MSGQUEUE", "NICE",  "RTPRIO", "RTTIME"};
  const size_t index = std::strtoul(number.c_str(), nullptr, 10);
  return index < std::size(kNames) ? std::string("RLIMIT_") + kNames[index] : number;
}

std::string Describe(LaunchStage stage, const std::string& detail) {
  switch (stage) {
    case LaunchStage::kSpec: return "The shim did not understand its task (" + detail + ")";
    case LaunchStage::kRecord: return "Failed to record the run in '" + detail + "'";
    case LaunchStage::kFork: return "Failed to fork the task";
    case LaunchStage::kRlimit: return "Failed to set resource limit " + RlimitName(detail);
    case LaunchStage::kSandbox: return "Failed to change to the sandbox '" + detail + "'";
    case LaunchStage::kUser: return "Failed to switch to the task's user (" + detail + ")";
    case LaunchStage::kStdio: return "Failed to open '" + detail + "' for the task";
    case LaunchStage::kExec: return "Failed to execute '" + detail + "'";
  }
  return "Failed to launch the task (" + detail + ")";
}

Status LaunchStatus(std::string_view fields) {
  const auto stage = static_cast<LaunchStage>(shim::FindNumber(fields, Key::kStage, 0));
  const int error = static_cast<int>(shim::FindNumber(fields, Key::kErrno, 0));
  return ErrnoStatus(error, Describe(stage, std::string(shim::FindBytes(fields, Key::kDetail))));
}

// The fields of a file that is exactly one whole frame of this type.
std::optional<std::string_view> FileFields(std::string_view file, FrameType type) {
  shim::FrameHeader header;
  if (file.size() < shim::kFrameHeaderBytes ||
      !shim::ReadFrameHeader(file.substr(0, shim::kFrameHeaderBytes), shim::kMaxSmallFrameBytes,
                             &header) ||
      header.type != type || file.size() != shim::kFrameHeaderBytes + header.length) {
    return std::nullopt;
  }
  const std::string_view fields = file.substr(shim::kFrameHeaderBytes);
  FieldReader reader(fields);
  while (reader.Next()) {
  }
  if (!reader.ok()) return std::nullopt;
  return fields;
}

ShimStarted Started(std::string_view fields) {
  return {shim::FindNumber(fields, Key::kPid, 0), shim::FindNumber(fields, Key::kStartTime, 0)};
}

ShimExited Exited(std::string_view fields) {
  return {static_cast<int>(shim::FindNumber(fields, Key::kWaitStatus, 0)),
          static_cast<shim::ExitCause>(
              shim::FindNumber(fields, Key::kCause, static_cast<int64_t>(shim::ExitCause::kSelf)))};
}

}  // namespace

Result<std::string> EncodeSpec(const ShimSpec& spec) {
  RETURN_IF_ERROR(CheckStrings(spec));
  std::string frame =
      BuildFrame(FrameType::kSpec, [&](FrameWriter& writer) { WriteSpec(spec, writer); });
  if (frame.size() - shim::kFrameHeaderBytes > shim::kMaxFrameBytes) {
    return InvalidArgument("The command and its environment are longer than " +
                           std::to_string(shim::kMaxFrameBytes >> 20) + "MB");
  }
  return frame;
}

std::string EncodeGo() {
  return BuildFrame(FrameType::kGo, [](FrameWriter&) {});
}

std::string EncodeHello() {
  return BuildFrame(FrameType::kHello, [](FrameWriter&) {});
}

std::string EncodeKill(Duration grace) {
  return BuildFrame(FrameType::kKill,
                    [&](FrameWriter& writer) { writer.Number(Key::kGraceNs, grace.nanos()); });
}

std::optional<ShimEvent> DecodeEvent(FrameType type, std::string_view fields) {
  switch (type) {
    case FrameType::kReady: return ShimReady{shim::FindNumber(fields, Key::kPid, 0)};
    case FrameType::kStarted: return Started(fields);
    case FrameType::kLaunchFailed: return ShimLaunchFailed{LaunchStatus(fields)};
    case FrameType::kExited: return Exited(fields);
    default: return std::nullopt;
  }
}

std::optional<ShimRecord> DecodeRecord(std::string_view file) {
  const auto fields = FileFields(file, FrameType::kRecord);
  if (!fields.has_value()) return std::nullopt;
  return ShimRecord{shim::FindNumber(*fields, Key::kPid, 0),
                    shim::FindNumber(*fields, Key::kStartTime, 0),
                    std::string(shim::FindBytes(*fields, Key::kBootId))};
}

std::optional<ShimStarted> DecodeTaskFile(std::string_view file) {
  const auto fields = FileFields(file, FrameType::kStarted);
  if (!fields.has_value()) return std::nullopt;
  return Started(*fields);
}

std::optional<ShimExited> DecodeExitFile(std::string_view file) {
  const auto fields = FileFields(file, FrameType::kExited);
  if (!fields.has_value()) return std::nullopt;
  return Exited(*fields);
}

}  // namespace meseta::agent
