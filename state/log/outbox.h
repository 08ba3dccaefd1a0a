// Outbox: messages on their way out, some of which wait for the disk. Pure.
//
// A message names the write that must be durable before it leaves. A message that waits is not
// overtaken by a later one to the same member. Bounded per member: what does not fit is lost, as a
// network might lose it.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <utility>
#include <vector>

#include "state/log/types.h"

namespace meseta::log {

inline constexpr size_t kMaxParkedMessages = 4096;  // Per member.

class Outbox {
 public:
  // `needed` 0: nothing.
  void Add(Message message, uint64_t needed, uint64_t durable, std::vector<Message>* out);
  void Release(uint64_t durable, std::vector<Message>* out);
  void Clear() { parked_.clear(); }

  [[nodiscard]] bool empty() const { return parked_.empty(); }

 private:
  struct Parked {
    uint64_t needed = 0;
    Message message;
  };
  std::map<MemberId, std::deque<Parked>> parked_;  // No empty queues.
};

}  // namespace meseta::log
