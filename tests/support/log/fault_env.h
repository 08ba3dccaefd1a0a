// FaultEnv: a file system under LevelDB that starts to fail at a given operation, and that can lose what
// was not synced.
//
// Operations are creating, writing, syncing and renaming; each is counted. From the chosen one on all of
// them fail with the given errno; the first leaves half of what it was to write. Thread-safe.
#pragma once

#include <leveldb/env.h>

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "actors/base/rng.h"

namespace meseta::log {

class FaultEnv : public leveldb::EnvWrapper {
 public:
  explicit FaultEnv(leveldb::Env* target) : leveldb::EnvWrapper(target) {}

  // `operation` counts from 1, over the env's life.
  void FailFrom(uint64_t operation, int error);
  [[nodiscard]] uint64_t operations() const;

  // Takes back what a power failure may: the ends of files behind their last sync, in part; sectors of
  // write-ahead files also out of order. Names stay: MakeLevelDbEnv syncs them. The database is closed.
  void PowerLoss(Rng* rng);

  leveldb::Status NewWritableFile(const std::string& path, leveldb::WritableFile** file) override;
  leveldb::Status RenameFile(const std::string& from, const std::string& to) override;
  leveldb::Status RemoveFile(const std::string& path) override;

 private:
  class File;
  // Counts one. False: it fails; *first: it is the first to.
  bool Begin(bool* first);
  [[nodiscard]] leveldb::Status Failure(const std::string& path) const;
  void Synced(const std::string& path, uint64_t size);

  mutable std::mutex mutex_;
  uint64_t operations_ = 0;
  uint64_t fail_from_ = 0;
  int error_ = 0;
  std::map<std::string, uint64_t> synced_bytes_;  // Of each file made.
};

}  // namespace meseta::log
