// The end of LevelDB's write-ahead files, looked at before LevelDB opens them.
//
// LevelDB itself forgives a file that ends within a record, but refuses one whose last record arrived
// in part (sectors reach a disk in any order), and skips blocks of zeros without a word. Here a tail
// is told by what follows it: a batch is written only when the one before it is durable, so a broken
// record with an intact batch behind it is damage; one with nothing behind it is torn.
//
//   file:    blocks of 32 KiB, each with records and less than 7 bytes of zeros to fill up
//   record:  masked CRC32C u32 | length u16 | type u8 (1 whole, 2 first, 3 middle, 4 last) | bytes
//   batch:   sequence u64 | count u32 | {1, key, value | 0, key}*, texts with a varint length before
//            (LevelDB's integers are little-endian)
//
// The scan is pure. Blocking otherwise; one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "actors/base/status.h"

namespace meseta::log {

struct WalScan {
  size_t intact_bytes = 0;      // Up to the end of the last whole batch before anything broken.
  bool broken = false;          // Something follows them that is not a whole batch.
  bool batch_after = false;     // An intact batch, or the beginning of one, follows what is broken.
  std::optional<uint64_t> sequence;  // Of the last whole batch: the head record in it (disk_format.h).
};
[[nodiscard]] WalScan ScanWal(std::string_view file);

struct WalTail {
  std::string path;         // Of the file with the torn tail; empty: none.
  uint64_t keep_bytes = 0;  // Before the tail.
  uint64_t cut_bytes = 0;
};
// Looks at all write-ahead files in `directory`. kDataLoss (a clause without the directory) when one
// is damaged, or has lost a batch up to `reported`.
[[nodiscard]] Result<WalTail> FindTornTail(const std::string& directory, uint64_t reported);
// Shortens the file, durably.
[[nodiscard]] Status CutTail(const WalTail& tail);

}  // namespace meseta::log
