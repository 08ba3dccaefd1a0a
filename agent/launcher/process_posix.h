// Starting helper programs and looking at processes, for the launcher, fetcher and recovery.
// Stateless; any thread; blocking, but for microseconds.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "actors/base/status.h"

namespace meseta::agent {

// A file descriptor that closes itself.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.Release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept;
  ~UniqueFd() { Reset(); }

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool ok() const { return fd_ >= 0; }
  int Release();
  void Reset();

 private:
  int fd_ = -1;
};

struct FdPair {
  UniqueFd ours;
  UniqueFd theirs;
};

// A connected pair of unix stream sockets, both closed on exec.
Result<FdPair> SocketPair();

struct SpawnOptions {
  std::string program;                 // Absolute path.
  std::vector<std::string> arguments;  // The 0th included.
  // Descriptor i of the child is inherited[i]; -1 means /dev/null. All others are closed on exec.
  std::vector<int> inherited;
};

// A child in a session of its own with an empty environment, clear signal mask and default
// handlers. vfork-like: as fast in a daemon of gigabytes as in a small one.
Result<pid_t> Spawn(const SpawnOptions& options);

// Field 22 of /proc/<pid>/stat, in clock ticks since boot; 0 when there is no such process or it
// is a zombie.
int64_t LiveStartTime(pid_t pid);

// Of this boot of this machine; empty when the kernel does not tell.
std::string ReadBootId();

// SIGKILLs what is left of the session `leader`, which began at `start_time`. For containers whose
// shim was killed; a stranger that got the same pid is left alone.
void KillSession(pid_t leader, int64_t start_time);

// Path of a program that is installed beside the running one.
std::string SiblingProgram(const std::string& name);

}  // namespace meseta::agent
