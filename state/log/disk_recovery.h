// DiskRecovery: reads all records of a replica's disk, in the order of their keys, and checks that
// they are one state that this replica has once written, and not an older one.
//
// Pure; one thread. Failure modes: kDataLoss, a sentence without the directory's name (the caller
// adds it with the way out); kFailedPrecondition for a newer format.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "actors/base/status.h"
#include "state/log/disk_catalog.h"
#include "state/log/disk_format.h"
#include "state/log/types.h"

namespace meseta::log::disk {

class DiskRecovery {
 public:
  // In the order of keys, each once; those before SkipTo() may be left out. After a failure no further call makes sense.
  [[nodiscard]] Status Add(std::string_view key, std::string_view value);
  // After the record at `key`: the least key that is needed, when it is not simply the next one. To
  // walk over what is deleted can be slow. Who skips looks for AbsentKey() at the end, and adds it if
  // it is there: no entry may follow the last one.
  [[nodiscard]] std::optional<std::string> SkipTo(std::string_view key) const;
  [[nodiscard]] std::string AbsentKey() const;
  // After the last record. `watermark`: the sequence of the last batch that was reported durable.
  [[nodiscard]] Result<Recovered> Finish(uint64_t watermark);
  // After Finish.
  [[nodiscard]] DiskCatalog TakeCatalog() { return std::move(catalog_); }

 private:
  [[nodiscard]] Status AddHead(const Framed& framed);
  [[nodiscard]] Status AddIdentity(const Framed& framed);
  [[nodiscard]] Status AddHardState(const Framed& framed);
  [[nodiscard]] Status AddSnapshot(const Framed& framed);
  [[nodiscard]] Status AddEntry(const Key& key, std::string_view raw, std::string_view value);
  [[nodiscard]] Status AddPiece(const Key& key, std::string_view data);
  [[nodiscard]] Status CheckSingles() const;
  [[nodiscard]] Status CheckEntries() const;
  [[nodiscard]] Status CheckSnapshot() const;

  DiskCatalog catalog_;
  Recovered recovered_;
  bool has_head_ = false;
  uint32_t identity_crc_ = 0, hard_crc_ = 0, snapshot_crc_ = 0;
  uint32_t last_crc_ = 0;        // Of the entry read last.
  uint32_t pieces_ = 0;          // Of the snapshot, read so far.
  uint64_t piece_bytes_ = 0;
  uint32_t piece_checksum_ = 0;
};

}  // namespace meseta::log::disk
