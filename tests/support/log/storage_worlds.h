// Disks that tests open storages on: each World is one disk that outlives its storages.
#pragma once

#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>

#include "actors/base/check.h"
#include "state/log/leveldb_storage.h"
#include "state/log/memory_storage.h"

namespace meseta::log {

// A directory of its own, removed at the end.
class TemporaryDirectory {
 public:
  enum Where { kOnDisk, kInMemory };  // In memory, where there is such a file system: syncs are free.

  explicit TemporaryDirectory(Where where = kOnDisk) {
    std::filesystem::path parent = std::filesystem::temp_directory_path();
    if (where == kInMemory && ::access("/dev/shm", W_OK) == 0) parent = "/dev/shm";
    std::string name = (parent / "meseta_log_XXXXXX").string();
    CHECK(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~TemporaryDirectory() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class LevelDbWorld {
 public:
  [[nodiscard]] Result<std::unique_ptr<Storage>> Open() {
    LevelDbStorageOptions options;
    options.directory = directory();
    ASSIGN_OR_RETURN(std::unique_ptr<Storage> storage, LevelDbStorage::Open(options));
    return storage;
  }
  [[nodiscard]] std::string directory() const { return temporary_.path() + "/log"; }

 private:
  TemporaryDirectory temporary_;
};

class MemoryWorld {
 public:
  [[nodiscard]] Result<std::unique_ptr<Storage>> Open() {
    ASSIGN_OR_RETURN(std::unique_ptr<Storage> storage, MemoryStorage::Open(disk, "memory"));
    return storage;
  }
  std::shared_ptr<MemoryDisk> disk = std::make_shared<MemoryDisk>();
};

}  // namespace meseta::log
