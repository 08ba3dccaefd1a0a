// Format of everything that agent and meseta-shim tell each other, and of the run's files.
//
// One frame:
//
//   offset  0    1    2         3        4               8
//          'M'  'S'  version   type     length (u32 LE)  length bytes of fields
//
// One field: key (u16 LE), length (u32 LE), bytes. Numbers are 8 bytes LE (two's complement).
// A key may repeat (lists keep their order); unknown keys are skipped, so that either side may be
// the newer one. A frame with a version above kShimProtocolVersion is refused. An agent speaks to a
// shim in the version of its record file, so an upgraded agent understands older shims.
//
// The run directory <runs>/<container id>/, owned by the agent's user with mode 0700:
//
//   shim   frame kRecord: pid, start time, boot id of the shim     before `go` is awaited
//   task   frame kStarted: pid, start time of the task             before `started` is reported
//   exit   frame kExited: wait status, cause                       before `exited` is reported
//   sock   unix socket on which the shim answers a restarted agent
//
// Files appear whole (temporary name, then rename). They are not synced unless kSync is given: they
// must outlive processes, and after the machine's own death no task runs any more; what the files
// say is only used together with the boot id.
//
// Conversation over the inherited socket:    agent                    shim
//                                              -- kSpec -->             records itself
//                                              <-- kReady --
//                                              -- kGo -->               starts the task
//                                              <-- kStarted | kLaunchFailed --
//                                              -- kKill -->             any number of times
//                                              <-- kExited --           then closes
// Over `sock`: the agent sends kHello and is answered kStarted or kExited, then as above.
//
// Included by the shim, which has no heap and no C++ runtime library: no allocation here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace meseta::shim {

inline constexpr uint8_t kShimProtocolVersion = 1;
inline constexpr size_t kFrameHeaderBytes = 8;
inline constexpr size_t kFieldHeaderBytes = 6;
// Of a kSpec, which carries arguments and environment: twice what execve(2) takes.
inline constexpr uint32_t kMaxFrameBytes = 4U << 20;
// Of every other frame.
inline constexpr uint32_t kMaxSmallFrameBytes = 512;

inline constexpr const char* kRecordFile = "shim";
inline constexpr const char* kTaskFile = "task";
inline constexpr const char* kExitFile = "exit";
inline constexpr const char* kSocketFile = "sock";

// Values are part of the format: never renumber.
enum class FrameType : uint8_t {
  kSpec = 1,
  kReady = 2,
  kGo = 3,
  kStarted = 4,
  kLaunchFailed = 5,
  kExited = 6,
  kKill = 7,
  kHello = 8,
  kRecord = 9,
};

enum class Key : uint16_t {
  // kSpec.
  kRunDirectory = 1,   // Absolute path.
  kBootId = 2,         // Also in kRecord.
  kSandbox = 3,        // Absolute path; the task's working directory.
  kExecutable = 4,     // Searched in the task's PATH when it has no slash.
  kArgument = 5,       // Repeated: argv, the 0th included.
  kEnvironment = 6,    // Repeated: NAME=value.
  kUid = 7,            // With kGid and kGroup; absent: no switch.
  kGid = 8,
  kGroup = 9,          // Repeated: supplementary groups.
  kRlimit = 10,        // Repeated: three numbers: resource as in setrlimit(2), soft, hard.
  kKillGraceNs = 11,   // Default from SIGTERM to SIGKILL.
  kMaxCompletionNs = 12,  // Absent: none. Counted from the start of the task.
  kSync = 13,          // 1: fsync the run's files.
  // Others.
  kPid = 20,
  kStartTime = 21,     // Field 22 of /proc/<pid>/stat: clock ticks since boot.
  kErrno = 22,         // kLaunchFailed.
  kStage = 23,         // kLaunchFailed: a LaunchStage.
  kDetail = 24,        // kLaunchFailed: what the stage was about (a path, an rlimit's number).
  kWaitStatus = 25,    // kExited: as waitpid(2) gives it.
  kCause = 26,         // kExited: an ExitCause.
  kGraceNs = 27,       // kKill.
};

// What of a launch failed. Values are part of the format.
enum class LaunchStage : uint8_t {
  kSpec = 1,       // Malformed or too large.
  kRecord = 2,     // The run's files or socket.
  kFork = 3,
  kRlimit = 4,
  kSandbox = 5,    // chdir.
  kUser = 6,       // setgroups, setgid, setuid.
  kStdio = 7,
  kExec = 8,
};

enum class ExitCause : uint8_t { kSelf = 1, kKilled = 2, kMaxCompletionTime = 3 };

// Appends fields to a frame in a caller's buffer. Past its end only the needed size is counted, so
// a first pass over an empty buffer tells the size.
class FrameWriter {
 public:
  FrameWriter(char* buffer, size_t capacity, FrameType type);

  void Bytes(Key key, std::string_view value);
  void Number(Key key, int64_t value);
  void Numbers(Key key, const int64_t* values, size_t count);

  // Of the whole frame, header included.
  [[nodiscard]] size_t size() const { return size_; }
  [[nodiscard]] bool fits() const { return size_ <= capacity_; }
  // Fills in the header's length. REQUIRES: fits().
  void Finish();

 private:
  void Append(const void* data, size_t count);
  void AppendLittleEndian(uint64_t value, size_t bytes);

  char* buffer_;
  size_t capacity_;
  size_t size_ = 0;
};

struct FrameHeader {
  uint8_t version = 0;
  FrameType type{};
  uint32_t length = 0;  // Of the fields.
};

// False: not a frame, a version from the future, or one longer than `max_length`.
// REQUIRES: bytes.size() == kFrameHeaderBytes.
bool ReadFrameHeader(std::string_view bytes, uint32_t max_length, FrameHeader* header);

// Walks over the fields of a frame. Values point into the given bytes.
class FieldReader {
 public:
  explicit FieldReader(std::string_view fields) : rest_(fields) {}

  // False at the end or at a malformed field; ok() tells which.
  bool Next();
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] Key key() const { return key_; }
  [[nodiscard]] std::string_view value() const { return value_; }
  // The index-th number of the value; 0 when it is not there.
  [[nodiscard]] int64_t number(size_t index = 0) const;

 private:
  std::string_view rest_;
  Key key_{};
  std::string_view value_;
  bool ok_ = true;
};

// The first number under `key`, or `fallback`.
int64_t FindNumber(std::string_view fields, Key key, int64_t fallback);
// Empty when it is not there.
std::string_view FindBytes(std::string_view fields, Key key);

}  // namespace meseta::shim
