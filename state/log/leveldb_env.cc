#include "state/log/leveldb_env.h"

#include <fcntl.h>
#include <leveldb/env.h>
#include <leveldb/slice.h>
#include <leveldb/status.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "actors/base/files.h"

namespace meseta::log {
namespace {

leveldb::Status IoError(const std::string& path, int error) {
  if (error == ENOENT) return leveldb::Status::NotFound(path, std::strerror(error));
  return leveldb::Status::IOError(path, std::strerror(error));
}

class PreadFile : public leveldb::RandomAccessFile {
 public:
  PreadFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  ~PreadFile() override { ::close(fd_); }

  leveldb::Status Read(uint64_t offset, size_t size, leveldb::Slice* result,
                       char* scratch) const override {
    size_t done = 0;
    while (done < size) {
      const ssize_t n =
          ::pread(fd_, scratch + done, size - done, static_cast<off_t>(offset + done));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) {
        *result = leveldb::Slice(scratch, 0);
        return IoError(path_, errno);
      }
      if (n == 0) break;
      done += static_cast<size_t>(n);
    }
    *result = leveldb::Slice(scratch, done);
    return leveldb::Status::OK();
  }

 private:
  std::string path_;
  int fd_;
};

// A write-ahead file.
class PaddedFile : public leveldb::WritableFile {
 public:
  PaddedFile(std::unique_ptr<leveldb::WritableFile> file, Duration padding)
      : file_(std::move(file)), padding_(padding) {}

  leveldb::Status Append(const leveldb::Slice& data) override { return file_->Append(data); }
  leveldb::Status Close() override { return file_->Close(); }
  leveldb::Status Flush() override { return file_->Flush(); }
  leveldb::Status Sync() override {
    const auto end = std::chrono::steady_clock::now() + std::chrono::nanoseconds(padding_.nanos());
    const leveldb::Status status = file_->Sync();
    std::this_thread::sleep_until(end);
    return status;
  }

 private:
  std::unique_ptr<leveldb::WritableFile> file_;
  Duration padding_;
};

class ReplicaEnv : public leveldb::EnvWrapper {
 public:
  explicit ReplicaEnv(Duration padding)
      : leveldb::EnvWrapper(leveldb::Env::Default()), padding_(padding) {}

  leveldb::Status NewRandomAccessFile(const std::string& path,
                                      leveldb::RandomAccessFile** file) override {
    *file = nullptr;
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return IoError(path, errno);
    *file = new PreadFile(path, fd);
    return leveldb::Status::OK();
  }

  leveldb::Status NewWritableFile(const std::string& path, leveldb::WritableFile** file) override {
    leveldb::Status status = target()->NewWritableFile(path, file);
    if (!status.ok()) return status;
    status = SyncNames(path);
    if (!status.ok()) {
      delete *file;
      *file = nullptr;
      return status;
    }
    if (padding_ > Duration() && IsWriteAhead(path)) {
      *file = new PaddedFile(std::unique_ptr<leveldb::WritableFile>(*file), padding_);
    }
    return status;
  }

  leveldb::Status RenameFile(const std::string& from, const std::string& to) override {
    const leveldb::Status status = target()->RenameFile(from, to);
    return status.ok() ? SyncNames(to) : status;
  }

 private:
  // Of the folder that `path` is in.
  static leveldb::Status SyncNames(const std::string& path) {
    const Status synced = files::SyncDirectory(path.substr(0, path.rfind('/')));
    return synced.ok() ? leveldb::Status::OK() : leveldb::Status::IOError(synced.message());
  }
  static bool IsWriteAhead(std::string_view path) {
    return path.size() > 4 && path.substr(path.size() - 4) == ".log";
  }
  Duration padding_;
};

}  // namespace

std::unique_ptr<leveldb::Env> MakeLevelDbEnv(Duration sync_padding) {
  return std::make_unique<ReplicaEnv>(sync_padding);
}

}  // namespace meseta::log
