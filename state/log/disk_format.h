// The disk format of the replicated log: ordered keys and values, whatever store holds them (LevelDB
// in production, a map in memory). Integers are big-endian. Format 1:
//
//   key                             value: crc u32 | body, where body is
//   "0"                             head: sequence u64 | oldest u64 | first u64 | last u64 |
//                                         last_crc u32 | identity_crc u32 | hard_crc u32 |
//                                         snapshot_crc u32
//   "1"                             LogIdentity
//   "2"                             LogHardState
//   "3"                             LogSnapshotMeta of the snapshot
//   "4" | index u64                 entry: previous_crc u32 | term u64 | kind u8 | payload
//   "5" | snapshot u64 | number u32 bytes of that piece of the snapshot at that index
//
// crc is the CRC32C of key and body: a record that was changed, or moved to another key, is found.
// The head is in every batch and names the checksums of the single records and the range of entries;
// each entry names the checksum of the one before it (0 when there is none or it is not known). So a
// batch that is missing among others is found, too, though every record that is left is intact.
//
// What the head does not name does not count: entries from `oldest` to `first` and pieces of a newer
// snapshot than the one in "3" wait for being deleted. Older ones than these are deleted: nobody has
// to look for them, which would be slow where LevelDB still keeps what was there.
//
// Pure. Failure modes: kDataLoss, a sentence that names the record.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "actors/base/status.h"
#include "state/log/types.h"

namespace meseta::log::disk {

inline constexpr uint32_t kFormat = 1;

enum class RecordType : char {
  kHead = '0',
  kIdentity = '1',
  kHardState = '2',
  kSnapshot = '3',
  kEntry = '4',
  kPiece = '5',
};

struct Key {
  RecordType type = RecordType::kHead;
  Index index = 0;      // Of an entry; of a piece: of its snapshot.
  uint32_t number = 0;  // Of a piece.
  friend bool operator==(const Key&, const Key&) = default;
};

struct Head {
  uint64_t sequence = 0;  // Of the batch; from 1, one more each time.
  Index oldest = 1;       // Entries before it are deleted.
  Index first = 1;        // Of the entries; last + 1 when there is none.
  Index last = 0;
  uint32_t last_crc = 0;  // Of the entry at `last`, also when it is not kept any more.
  uint32_t identity_crc = 0;  // Of the records "1" to "3"; 0: absent.
  uint32_t hard_crc = 0;
  uint32_t snapshot_crc = 0;
  friend bool operator==(const Head&, const Head&) = default;
};

[[nodiscard]] std::string EncodeKey(const Key& key);
[[nodiscard]] std::optional<Key> DecodeKey(std::string_view key);
// For messages: "entry 17", "piece 3 of the snapshot at 90".
[[nodiscard]] std::string Describe(const Key& key);

// Replaces *value by the framed body; its checksum.
uint32_t Frame(std::string_view key, std::string_view body, std::string* value);

struct Framed {
  uint32_t crc = 0;
  std::string_view body;  // Into the value.
};
// `name`: how to call the record.
[[nodiscard]] Result<Framed> Unframe(std::string_view key, std::string_view value,
                                     std::string_view name);

[[nodiscard]] std::string EncodeHead(const Head& head);
[[nodiscard]] std::optional<Head> DecodeHead(std::string_view body);

// Replaces *value by the framed entry; its checksum.
uint32_t FrameEntry(std::string_view key, const Entry& entry, uint32_t previous_crc,
                    std::string* value);

struct StoredEntry {
  EntryPtr entry;
  uint32_t previous_crc = 0;
  uint32_t crc = 0;
};
[[nodiscard]] Result<StoredEntry> DecodeEntry(std::string_view key, std::string_view value);

// For the other files that stand beside the records.
void AppendU32(uint32_t value, std::string* out);
void AppendU64(uint64_t value, std::string* out);
// REQUIRES: at least 4 (8) bytes.
[[nodiscard]] uint32_t ReadU32(std::string_view bytes);
[[nodiscard]] uint64_t ReadU64(std::string_view bytes);

}  // namespace meseta::log::disk
