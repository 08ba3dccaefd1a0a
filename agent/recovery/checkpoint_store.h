// CheckpointStore: the agent's records in LevelDB, under <work_dir>/meta/checkpoint.
//
// Several batches are written as one, with one sync (group commit). Blocks on the disk: one thread
// at a time, never the actor's. A store that is locked, corrupt or unreadable is refused with a
// sentence that names the path and the way out; nothing is repaired by guessing.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "actors/base/status.h"
#include "agent/recovery/checkpoint.h"

namespace leveldb {
class DB;
}

namespace meseta::agent {

class CheckpointStore {
 public:
  // Creates what is missing.
  static Result<std::unique_ptr<CheckpointStore>> Open(const std::string& path);
  ~CheckpointStore();

  // Everything, in order of keys. DataLoss for a record that cannot be read.
  [[nodiscard]] Result<std::vector<internal::CheckpointRecord>> ReadAll() const;
  // Applies the batches in order, atomically; on disk when it returns if any of them asks for it.
  // After a failure the outcome is unknown and the store takes no further batch.
  Status Write(const std::vector<CheckpointBatch>& batches);
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  CheckpointStore(std::string path, std::unique_ptr<leveldb::DB> db);
  std::string path_;
  std::unique_ptr<leveldb::DB> db_;
  Status failed_;
};

}  // namespace meseta::agent
