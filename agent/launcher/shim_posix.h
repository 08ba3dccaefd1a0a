// The shim's system calls: files of the run, start of the task, the processes of the container.
// No heap, no exceptions, no locale: each failure is an errno value with a LaunchStage.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "agent/launcher/shim_protocol.h"
#include "agent/launcher/shim_spec.h"

namespace meseta::shim {

inline constexpr int kAgentFd = 3;  // The inherited socket.
inline constexpr size_t kMaxDetailBytes = 256;

struct LaunchError {
  LaunchStage stage = LaunchStage::kSpec;
  int error = 0;  // errno.
  char detail[kMaxDetailBytes] = {};
};

int64_t MonotonicNanos();
// Field 22 of /proc/<pid>/stat; 0 when it cannot be read.
int64_t StartTime(pid_t pid);

// Replaces `name` in the working directory. Returns 0 or an errno value.
int WriteFile(const char* name, const char* data, size_t size, bool sync);
// A listening unix socket `name` in the working directory, or -1 with errno.
int Listen(const char* name);

// Forks and executes the task. Returns its pid once it has been executed, or -1 and the error.
pid_t StartTask(const TaskSpec& spec, LaunchError* error);

// Signals every process below this one.
void SignalTree(int signal);
// SIGKILLs and reaps what is left below this process, at most for `limit_ns`.
void ReapAll(int64_t limit_ns);

}  // namespace meseta::shim
