// Watermark: the file beside a replica's LevelDB that says how far writes were reported durable, so
// that a log whose acknowledged end is gone is told from one with a torn, never acknowledged tail.
//
// Two slots, written in turn, each in a disk sector of its own (integers big-endian):
//
//   offset 0 and 512:   sequence u64 | crc u32 (CRC32C of the sequence)
//
// The file is made, and synced, before LevelDB is: where LevelDB's files are, it must be, too. Later
// it is written after each synced batch, before that is reported, mostly without a sync of its own:
// it survives the death of the process at once; after a power failure it may be older than the log,
// which is harmless, but never newer.
//
// Blocking; one thread. Failure modes: errno as a Status; kDataLoss when both slots are garbled.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "actors/base/status.h"

namespace meseta::log {

class Watermark {
 public:
  static constexpr const char* kFileName = "watermark";

  // Makes the file in `directory`, durably, saying 0.
  [[nodiscard]] static Status Create(const std::string& directory);
  // None: there is no file.
  [[nodiscard]] static Result<std::optional<uint64_t>> Read(const std::string& directory);

  Watermark() = default;
  ~Watermark();
  Watermark(const Watermark&) = delete;
  Watermark& operator=(const Watermark&) = delete;

  // Before the first Write. The file exists.
  [[nodiscard]] Status Open(const std::string& directory);
  [[nodiscard]] Status Write(uint64_t sequence);
  [[nodiscard]] Status Sync();

 private:
  std::string path_;
  int fd_ = -1;
};

}  // namespace meseta::log
