// Backup files on a disk. Blocking.
#pragma once

#include <string>
#include <string_view>

#include "actors/base/status.h"
#include "state/store/backup.h"

namespace meseta::store {

// A new file that appears, durable, when it is complete; dropped before, nothing is left.
class BackupFile {
 public:
  // kAlreadyExists: nothing is overwritten.
  [[nodiscard]] static Result<BackupFile> Create(const std::string& path);
  BackupFile(BackupFile&& other) noexcept;
  BackupFile& operator=(BackupFile&&) = delete;
  ~BackupFile();

  [[nodiscard]] Status Append(std::string_view bytes);
  [[nodiscard]] Status Commit();

 private:
  BackupFile(std::string path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}

  std::string path_;
  int descriptor_ = -1;
};

// Feeds the whole file to `reader`.
[[nodiscard]] Status ReadBackupFile(const std::string& path, BackupReader* reader);

}  // namespace meseta::store
