// Values of the replicated log that its core, its storage and its shells share.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/messages/internal/log.pb.h"

namespace meseta::log {

// Of a replica's disk; 0 is none.
using MemberId = uint64_t;
// As users see it, everywhere: 16 hexadecimal digits.
[[nodiscard]] std::string ShowMember(MemberId id);
using Index = uint64_t;  // Of entries, from 1; 0: before all.
using Term = uint64_t;

enum class EntryKind { kNoop, kCommand, kConfiguration };

struct Entry {
  Index index = 0;
  Term term = 0;
  EntryKind kind = EntryKind::kNoop;
  std::string payload;
  friend bool operator==(const Entry&, const Entry&) = default;
};
// Entries are immutable and shared between the core, the disk's writer and the state machine.
using EntryPtr = std::shared_ptr<const Entry>;

using Configuration = internal::LogConfiguration;
using SnapshotMeta = internal::LogSnapshotMeta;
using Message = internal::LogMessage;

struct HardState {
  Term term = 0;
  MemberId voted_for = 0;  // In `term`; 0: none.
  friend bool operator==(const HardState&, const HardState&) = default;
};

// What a replica finds on its disk.
struct Recovered {
  internal::LogIdentity identity;        // member_id 0: the disk is new.
  HardState hard;
  std::optional<SnapshotMeta> snapshot;  // Its chunks are complete.
  std::vector<EntryPtr> entries;         // Without gaps; the first is at most snapshot.index + 1.
  // Durable writes so far, and the bytes of a torn tail that was cut.
  uint64_t sequence = 0;
  uint64_t cut_bytes = 0;
};

// A piece of a snapshot that is being stored; pieces of an older or unfinished one are dropped when
// a newer becomes the snapshot.
struct SnapshotPiece {
  Index snapshot = 0;   // Its index.
  uint32_t number = 0;  // From 0.
  std::string data;
};

// One write. Its parts take effect together and in this order.
struct LogWrite {
  uint64_t number = 0;                             // Rising; told back when durable.
  std::optional<internal::LogIdentity> identity;
  std::optional<HardState> hard;
  std::vector<SnapshotPiece> pieces;
  // Makes the stored pieces of its index the snapshot, if it is newer than the one there is. Entries up
  // to `compact_to` are dropped; with `reset_log` (an installed one) all of them, and the log goes on
  // behind the snapshot.
  std::optional<SnapshotMeta> snapshot;
  Index compact_to = 0;
  bool reset_log = false;
  std::optional<Index> truncate_after;             // Entries behind it are dropped.
  std::vector<EntryPtr> append;                    // Follow the last one without a gap.
};

}  // namespace meseta::log
