// LevelDbDirectory: a replica's directory, locked and opened: LevelDB and the watermark beside it.
//
// Opening looks at the files before LevelDB does, so that LevelDB never makes a new database where
// there was one, and cuts the torn tail that a power failure may have left (wal_tail.h). Opened read-only nothing
// in the directory changes: what LevelDB wants to write then stays in memory.
//
// Blocking; one thread. Failure modes: those of LevelDbStorage::Open.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "actors/base/status.h"
#include "actors/base/time.h"
#include "state/log/watermark.h"

namespace leveldb {
class DB;
class Env;
class Status;
}  // namespace leveldb

namespace meseta::log {

struct LevelDbStorageOptions {
  std::string directory;         // Created with its parents.
  bool read_only = false;        // Of a stopped replica: nothing is created or changed.
  size_t write_buffer_bytes = size_t{16} << 20;  // Of LevelDB; its write-ahead files grow as large.
  Duration sync_padding;         // Benchmarks: what a sync takes at least.
  leveldb::Env* env = nullptr;   // Tests: in place of MakeLevelDbEnv(); outlives the storage.
};

class LevelDbDirectory {
 public:
  [[nodiscard]] static Result<std::unique_ptr<LevelDbDirectory>> Open(
      LevelDbStorageOptions options);
  ~LevelDbDirectory();

  [[nodiscard]] leveldb::DB* db() { return db_.get(); }
  [[nodiscard]] const std::string& path() const { return options_.directory; }
  [[nodiscard]] bool read_only() const { return options_.read_only; }
  // The watermark found on opening; bytes of a torn tail.
  [[nodiscard]] uint64_t reported() const { return reported_; }
  [[nodiscard]] uint64_t cut_bytes() const { return cut_bytes_; }
  // Not when read-only.
  [[nodiscard]] Watermark& watermark() { return watermark_; }

  // The sentence about what LevelDB says. `doing`: "read", "write to".
  [[nodiscard]] Status Explain(const leveldb::Status& status, const std::string& doing) const;

 private:
  class Lock;
  explicit LevelDbDirectory(LevelDbStorageOptions options);
  [[nodiscard]] Status Create();
  [[nodiscard]] Status Look(bool* is_new);
  [[nodiscard]] Status TreatTail();
  [[nodiscard]] Status OpenDatabase(bool create);

  LevelDbStorageOptions options_;
  std::unique_ptr<Lock> lock_;
  std::unique_ptr<leveldb::Env> own_env_, overlay_;
  std::unique_ptr<leveldb::DB> db_;  // Ends before its env.
  uint64_t reported_ = 0;
  uint64_t cut_bytes_ = 0;
  Watermark watermark_;
};

}  // namespace meseta::log
