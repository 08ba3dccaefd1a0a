// DiskCatalog: what a replica's disk holds, and which records change with a write.
//
// Owns a small picture of the disk: the head, for each entry its term and checksum, which pieces are
// stored, and what waits for being deleted. Apply() turns writes into puts and deletes; deletions of
// many old entries are spread over later writes (kMaxDeletes each), which is safe because records
// that the head does not name do not count. Truncated entries, whose keys are used again, and pieces,
// of which there are few, go at once.
//
// Pure; one thread. Failure modes: a write that contradicts the log (a gap, a falling term, a
// snapshot without its pieces) is kInternal: nothing of it may reach the disk, and the catalog is
// of no use afterwards.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "actors/base/status.h"
#include "state/log/disk_format.h"
#include "state/log/types.h"

namespace meseta::log::disk {

// Takes the changes of one atomic batch, in order.
class BatchSink {
 public:
  virtual ~BatchSink() = default;
  virtual void Put(std::string_view key, std::string_view value) = 0;
  virtual void Delete(std::string_view key) = 0;
};

class DiskCatalog {
 public:
  // Of entries that do not count any more, per batch.
  static constexpr size_t kMaxDeletes = 10'000;

  // The group as one batch, with the new head.
  [[nodiscard]] Status Apply(const std::vector<LogWrite>& group, BatchSink* sink);

  [[nodiscard]] const Head& head() const { return head_; }
  [[nodiscard]] const std::optional<SnapshotMeta>& snapshot() const { return snapshot_; }
  // Whether it can be read: a piece of the snapshot, or of one that is being stored.
  [[nodiscard]] bool HasPiece(Index snapshot, uint32_t number) const;

 private:
  friend class DiskRecovery;  // Fills it from the disk.

  struct Mark {
    Term term = 0;
    uint32_t crc = 0;
  };
  using PieceId = std::pair<Index, uint32_t>;

  [[nodiscard]] Status ApplyOne(const LogWrite& write, BatchSink* sink);
  void PutIdentity(const internal::LogIdentity& identity, BatchSink* sink);
  void PutHardState(const HardState& hard, BatchSink* sink);
  void PutPiece(const SnapshotPiece& piece, BatchSink* sink);
  [[nodiscard]] Status PutSnapshot(const LogWrite& write, BatchSink* sink);
  [[nodiscard]] Status Compact(Index to);
  [[nodiscard]] Status TruncateAfter(Index index, BatchSink* sink);
  [[nodiscard]] Status Append(const Entry& entry, BatchSink* sink);
  void DropOtherPieces(const SnapshotMeta& meta);
  void DropOld(BatchSink* sink);
  uint32_t PutSingle(RecordType type, const std::string& body, BatchSink* sink);
  [[nodiscard]] Term last_term() const;

  Head head_;
  HardState hard_;
  std::optional<SnapshotMeta> snapshot_;
  std::deque<Mark> entries_;    // From head_.first.
  Mark before_first_;           // The entry before them, as far as known.
  std::set<PieceId> pieces_;    // Of the snapshot and of newer ones.
  std::deque<std::pair<Index, Index>> old_entries_;  // [begin, end) to be deleted.
  std::set<PieceId> old_pieces_;                     // The same; not between writes.
  std::string key_, value_;     // Reused.
};

}  // namespace meseta::log::disk
