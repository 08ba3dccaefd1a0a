// KvMachine: the replicated state of the simulation: a map from small keys to numbers, with put and
// compare-and-swap. Reads look at it directly.
//
// Its snapshot is its text in pieces of a few bytes, so that even a small state takes many
// messages.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "state/log/state_machine.h"

namespace meseta::logsim {

enum class OpKind { kRead, kPut, kCas };

// One operation of a client. Values of puts and swaps are unique in a run; 0 is an absent key's.
struct Op {
  OpKind kind = OpKind::kRead;
  int key = 0;
  uint64_t expected = 0;  // Of a swap.
  uint64_t value = 0;     // To be written.
  size_t padding = 0;     // Bytes that only make the command larger.
};

// The command of a put or swap.
std::string EncodeOp(const Op& op);

class KvMachine : public log::StateMachine {
 public:
  struct Cell {
    uint64_t value = 0;
    uint64_t version = 0;  // How often it was written.
  };

  explicit KvMachine(size_t piece_bytes) : piece_bytes_(piece_bytes) {}

  // "1": done; "0": a swap whose expectation was wrong.
  std::string Apply(const log::Entry& command) override;
  void Applied(log::Index index) override { applied_ = index; }
  std::unique_ptr<log::SnapshotSource> Snapshot() override;
  std::unique_ptr<log::SnapshotSink> Restore() override;

  [[nodiscard]] uint64_t Get(int key) const;
  [[nodiscard]] log::Index applied() const { return applied_; }
  // Of the whole state; equal states have equal hashes, whatever led to them.
  [[nodiscard]] uint64_t hash() const { return hash_; }

 private:
  class Source;
  class Sink;
  void Set(int key, Cell cell);

  size_t piece_bytes_;
  log::Index applied_ = 0;
  std::map<int, Cell> cells_;
  uint64_t hash_ = 0;  // Exclusive or over the cells' hashes.
};

// The only piece of an empty state's snapshot.
std::string EmptyState();

}  // namespace meseta::logsim
