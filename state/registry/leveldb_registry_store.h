// The registry in a LevelDB of its own: one key per record, paranoid checks, one synced batch per
// write.
//
// Blocking; called from one thread at a time. Opening locks the directory: a second master on the
// same directory is refused. Failure modes: kDataLoss (corrupt), kUnavailable (locked, full disk,
// I/O), each naming the directory and the way out.
#pragma once

#include <memory>
#include <string>

#include "state/registry/registry_store.h"

namespace leveldb {
class DB;
class Status;
}  // namespace leveldb

namespace meseta::registry {

class LevelDbRegistryStore : public RegistryStore {
 public:
  // Creates the directory (not its parents) when absent.
  [[nodiscard]] static Result<std::unique_ptr<LevelDbRegistryStore>> Open(const std::string& path);
  ~LevelDbRegistryStore() override;

  [[nodiscard]] Result<RegistryDelta> Load() override;
  [[nodiscard]] Status Write(const RegistryDelta& changes) override;

 private:
  LevelDbRegistryStore(std::string path, std::unique_ptr<leveldb::DB> db);
  [[nodiscard]] Status Explain(const leveldb::Status& status, const std::string& doing) const;

  std::string path_;
  std::unique_ptr<leveldb::DB> db_;
};

}  // namespace meseta::registry
