// KvState: the state machine of the store. Commands in, results and changes out. Pure.
//
// Owns the ordered map of items, and the uploads: pieces of large batches that wait for the command that
// refers to them. Items are immutable and shared with snapshots; the map's copies share structure, so
// that a snapshot costs little and writes go on.
//
// Invariants: all members that applied the same commands hold the same state. A key's version is the
// index of the entry that changed it last; one entry changes a key once. Uploads belong to the term
// of their entries and are dropped by the first command of another.
//
// Failure modes: a command that makes no sense changes nothing and is answered by a StoreProblem.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/base/shared_map.h"
#include "actors/messages/internal/store.pb.h"
#include "state/store/batch_wire.h"
#include "state/store/store_types.h"

namespace meseta::store {

struct KvItem {
  std::string key;
  std::string value;
  Version version = 0;
};
using KvItemPtr = std::shared_ptr<const KvItem>;
using KvMap = SharedMap<std::string_view, KvItemPtr>;  // Keys are views into their items.

struct KvUpload {
  log::Term term = 0;
  size_t bytes = 0;
  std::vector<std::shared_ptr<const std::string>> pieces;  // The next one is number pieces.size().
};
using KvUploads = std::map<uint64_t, KvUpload>;

// Everything that a snapshot holds. A copy shares items and pieces.
struct KvContent {
  KvMap items;
  size_t bytes = 0;  // Of keys and values.
  KvUploads uploads;
};

struct KvChange {
  KvItemPtr item;  // Of a deletion: the item that was.
  bool deleted = false;
};

// What one entry changed; each key once.
struct KvRecord {
  Version version = 0;
  std::vector<KvChange> changes;
};

class KvState {
 public:
  // Staged at once; further pieces are refused.
  static constexpr size_t kMaxStagedBytes = kMaxBatchBytes + (size_t{64} << 20);
  static constexpr size_t kMaxUploads = 4096;

  struct Outcome {
    std::string results;  // A StoreResults.
    std::vector<KvChange> changes;
    [[nodiscard]] internal::StoreResults Parsed() const;
  };
  [[nodiscard]] Outcome Apply(log::Index index, log::Term term, std::string_view command);
  // All entries up to `version` are applied.
  void Advance(Version version) { version_ = version; }

  [[nodiscard]] Version version() const { return version_; }
  // Items only, for readers.
  [[nodiscard]] SnapshotPtr View();
  // Also uploads, for a snapshot of the log.
  [[nodiscard]] KvContent Freeze();
  void Replace(KvContent content, Version version);

  // For tests.
  [[nodiscard]] size_t staged_bytes() const { return staged_bytes_; }

 private:
  void ApplyBatch(std::string_view bytes, bool first, Version version, Outcome* outcome);
  [[nodiscard]] std::optional<internal::StoreResult> Refusal(const BatchView& batch, bool first,
                                                             Version version) const;
  [[nodiscard]] internal::StoreResult ApplyPiece(const CommandView::Piece& piece, log::Term term);
  void ApplyUploaded(uint64_t id, bool first, Version version, Outcome* outcome);
  void ApplyChange(const ChangeView& change, Version version, std::vector<KvChange>* changes);
  void DropUpload(uint64_t id);
  [[nodiscard]] Version VersionOf(std::string_view key) const;

  KvMap items_;
  size_t bytes_ = 0;
  KvUploads uploads_;
  size_t staged_bytes_ = 0;
  Version version_ = 0;
  CommandView command_;  // Being applied; kept for their capacity.
  BatchView batch_;
};

// The items of a view, which shares them. REQUIRES: made by MakeView, as all snapshots of stores are.
[[nodiscard]] KvContent ItemsOf(const Snapshot& view);
// A reader's view of items.
[[nodiscard]] SnapshotPtr MakeView(KvMap items, size_t bytes, Version version);

}  // namespace meseta::store
