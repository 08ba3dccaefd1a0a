// KvMachine: the replicated state of the simulation: the store's own state machine, as daemons run
// it, with what the simulation wants to know of it. Reads look at its published view.
//
// A put or swap of a key is one batch that changes two: the key, and a shadow of it, which holds an
// odd value too and is absent beside an even one. Some batches come as uploads of several entries.
// The snapshot is the store's, cut into pieces of a few bytes, so that even a small state takes
// many messages.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "state/log/state_machine.h"
#include "state/store/kv_machine.h"

namespace meseta::logsim {

enum class OpKind { kRead, kPut, kCas };

// One operation of a client. Values of puts and swaps are unique in a run; 0 is an absent key's.
struct Op {
  OpKind kind = OpKind::kRead;
  int key = 0;
  uint64_t expected = 0;  // Of a swap.
  uint64_t expected_version =
      0;               // The version under which that value was seen: what the store compares.
  uint64_t value = 0;  // To be written.
  size_t padding = 0;  // Bytes that only make the command larger.
};

// The commands of a put or swap: all in this order in one term; the last one's result counts.
std::vector<std::string> EncodeOp(const Op& op);

class KvMachine : public log::StateMachine {
 public:
  struct Cell {
    uint64_t value = 0;
    uint64_t version = 0;
  };

  explicit KvMachine(size_t piece_bytes);

  // The store's results.
  std::string Apply(const log::Entry& command) override { return store_.Apply(command); }
  void Applied(log::Index index) override;
  std::unique_ptr<log::SnapshotSource> Snapshot() override;
  std::unique_ptr<log::SnapshotSink> Restore() override;

  // None: the batch that wrote it was torn.
  [[nodiscard]] std::optional<Cell> Get(int key) const;
  [[nodiscard]] log::Index applied() const { return applied_; }
  // Of the whole state, by the changes that the store tells; equal states have equal hashes,
  // whatever led to them.
  [[nodiscard]] uint64_t hash() const { return hash_; }
  // The view holds what those changes amount to.
  [[nodiscard]] bool ViewFitsChanges() const;

 private:
  class Source;
  class Sink;
  void OnRun(const store::KvRun& run);
  void Set(std::string_view key, uint64_t hash);  // 0: it is absent.

  size_t piece_bytes_;
  log::Index applied_ = 0;
  std::map<std::string, uint64_t, std::less<>> hashes_;  // Of items, by key.
  uint64_t hash_ = 0;                                    // Exclusive or over them.
  store::KvMachine store_;
};

// The only piece of an empty state's snapshot.
std::string EmptyState();

}  // namespace meseta::logsim
