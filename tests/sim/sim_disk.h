// SimDisk: a store of records that is as bad as a real one may be.
//
// Writes are applied in order, several at once, after a while. A crash of the process keeps some
// prefix of what was not reported yet; a power failure takes back what was not synced, too. A write
// may fail: its outcome is then unknown, and its owner is expected to start over.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actors/base/status.h"
#include "tests/sim/world.h"

namespace meseta::sim {

class SimDisk {
 public:
  using Changes = std::vector<std::pair<std::string, std::optional<std::string>>>;
  using Done = std::function<void(Status)>;
  static constexpr size_t kMaxPerWrite = 8;

  explicit SimDisk(World* world) : world_(world) {}

  void Write(Changes changes, bool sync, Done done);
  // Durable on return: while a daemon starts.
  void WriteNow(const Changes& changes);
  // The process that writes here dies; `done` of what is outstanding is never called.
  void Crash(bool power);
  // What a process that starts now reads.
  [[nodiscard]] const std::map<std::string, std::string>& records() const { return cache_; }

 private:
  struct Request {
    Changes changes;
    bool sync = false;
    Done done;
  };

  void StartWrite();
  void FinishWrite(size_t count);
  void Apply(const Changes& changes, bool sync);

  World* world_;
  std::map<std::string, std::string> cache_;    // What reads see.
  std::map<std::string, std::string> durable_;  // What a power failure leaves for certain.
  std::vector<Changes> unsynced_;               // In cache_, not in durable_.
  std::deque<Request> queue_;
  bool busy_ = false;
  uint64_t epoch_ = 0;
};

}  // namespace meseta::sim
