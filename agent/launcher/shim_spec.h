// What the shim is told to run, as C strings and numbers inside the buffer that was received.
// Parsing changes the buffer: each string gets its terminating zero in place.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

namespace meseta::shim {

inline constexpr size_t kMaxGroups = 1024;
inline constexpr size_t kMaxRlimits = 16;

struct Rlimit {
  int resource = 0;
  uint64_t soft = 0;
  uint64_t hard = 0;
};

struct TaskSpec {
  char* run_directory = nullptr;
  char* boot_id = nullptr;
  char* sandbox = nullptr;
  char* executable = nullptr;
  char** arguments = nullptr;    // Ends with nullptr.
  char** environment = nullptr;  // Ends with nullptr.
  bool switch_user = false;
  uid_t uid = 0;
  gid_t gid = 0;
  gid_t groups[kMaxGroups];
  size_t group_count = 0;
  Rlimit rlimits[kMaxRlimits];
  size_t rlimit_count = 0;
  int64_t kill_grace_ns = 0;
  int64_t max_completion_ns = -1;  // < 0: none.
  bool sync = false;
  bool discard_output = false;     // Not told: of probes.
};

// How many pointers ParseSpec needs: arguments, environment and their ends.
size_t CountPointers(const char* fields, size_t length);

// REQUIRES: fields[length] is writable; `pointers` has CountPointers() places; `spec` is fresh.
// False: malformed, out of bounds, or without one of the required fields.
bool ParseSpec(char* fields, size_t length, char** pointers, TaskSpec* spec);

}  // namespace meseta::shim
