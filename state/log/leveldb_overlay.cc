#include "state/log/leveldb_overlay.h"

#include <leveldb/env.h>
#include <leveldb/helpers/memenv.h>
#include <leveldb/slice.h>
#include <leveldb/status.h>

#include <algorithm>
#include <cstdarg>
#include <utility>
#include <vector>

namespace meseta::log {
namespace {

class NoLock : public leveldb::FileLock {};

class NoLogger : public leveldb::Logger {
 public:
  void Logv(const char* /*format*/, std::va_list /*arguments*/) override {}
};

class ShortenedFile : public leveldb::SequentialFile {
 public:
  ShortenedFile(leveldb::SequentialFile* file, uint64_t left) : file_(file), left_(left) {}
  leveldb::Status Read(size_t n, leveldb::Slice* result, char* scratch) override {
    const leveldb::Status status = file_->Read(std::min<uint64_t>(n, left_), result, scratch);
    left_ -= result->size();
    return status;
  }
  leveldb::Status Skip(uint64_t n) override {
    n = std::min(n, left_);
    left_ -= n;
    return file_->Skip(n);
  }

 private:
  std::unique_ptr<leveldb::SequentialFile> file_;
  uint64_t left_;
};

class OverlayEnv : public leveldb::EnvWrapper {
 public:
  OverlayEnv(leveldb::Env* base, std::string shortened, uint64_t keep_bytes)
      : leveldb::EnvWrapper(base),
        memory_(leveldb::NewMemEnv(base)),
        shortened_(std::move(shortened)),
        keep_bytes_(keep_bytes) {}

  leveldb::Status NewSequentialFile(const std::string& path,
                                    leveldb::SequentialFile** file) override {
    const leveldb::Status status = Holder(path)->NewSequentialFile(path, file);
    if (status.ok() && path == shortened_) *file = new ShortenedFile(*file, keep_bytes_);
    return status;
  }
  leveldb::Status NewRandomAccessFile(const std::string& path,
                                      leveldb::RandomAccessFile** file) override {
    return Holder(path)->NewRandomAccessFile(path, file);
  }
  leveldb::Status NewWritableFile(const std::string& path, leveldb::WritableFile** file) override {
    return memory_->NewWritableFile(path, file);
  }
  leveldb::Status NewAppendableFile(const std::string& path,
                                    leveldb::WritableFile** file) override {
    return memory_->NewWritableFile(path, file);
  }
  bool FileExists(const std::string& path) override { return Holder(path)->FileExists(path); }
  leveldb::Status GetChildren(const std::string& path, std::vector<std::string>* names) override {
    std::vector<std::string> made;
    (void)memory_->GetChildren(path, &made);
    const leveldb::Status status = target()->GetChildren(path, names);
    for (std::string& name : made) {
      if (std::find(names->begin(), names->end(), name) == names->end()) {
        names->push_back(std::move(name));
      }
    }
    return status;
  }
  leveldb::Status RemoveFile(const std::string& path) override {
    return memory_->FileExists(path) ? memory_->RemoveFile(path) : leveldb::Status::OK();
  }
  leveldb::Status CreateDir(const std::string& /*path*/) override { return leveldb::Status::OK(); }
  leveldb::Status RemoveDir(const std::string& /*path*/) override { return leveldb::Status::OK(); }
  leveldb::Status GetFileSize(const std::string& path, uint64_t* size) override {
    return Holder(path)->GetFileSize(path, size);
  }
  leveldb::Status RenameFile(const std::string& from, const std::string& to) override {
    return memory_->FileExists(from) ? memory_->RenameFile(from, to) : leveldb::Status::OK();
  }
  // The directory is locked by whoever opened it.
  leveldb::Status LockFile(const std::string& /*path*/, leveldb::FileLock** lock) override {
    *lock = new NoLock();
    return leveldb::Status::OK();
  }
  leveldb::Status UnlockFile(leveldb::FileLock* lock) override {
    delete lock;
    return leveldb::Status::OK();
  }
  leveldb::Status NewLogger(const std::string& /*path*/, leveldb::Logger** logger) override {
    *logger = new NoLogger();
    return leveldb::Status::OK();
  }

 private:
  [[nodiscard]] leveldb::Env* Holder(const std::string& path) {
    return memory_->FileExists(path) ? memory_.get() : target();
  }

  std::unique_ptr<leveldb::Env> memory_;
  std::string shortened_;
  uint64_t keep_bytes_;
};

}  // namespace

std::unique_ptr<leveldb::Env> MakeOverlayEnv(leveldb::Env* base, std::string shortened,
                                             uint64_t keep_bytes) {
  return std::make_unique<OverlayEnv>(base, std::move(shortened), keep_bytes);
}

}  // namespace meseta::log
