#include "tests/support/log/fault_env.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>

namespace meseta::log {
namespace {

bool EndsWith(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

// Fills some sectors behind `from` with zeros.
void LoseSectors(const std::string& path, uint64_t from, uint64_t size, Rng* rng) {
  constexpr uint64_t kSector = 512;
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  for (uint64_t at = from; at < size; at = (at / kSector + 1) * kSector) {
    if (rng->Below(2) == 0) continue;
    const std::string zeros(std::min((at / kSector + 1) * kSector, size) - at, '\0');
    file.seekp(static_cast<std::streamoff>(at));
    file.write(zeros.data(), static_cast<std::streamsize>(zeros.size()));
  }
}

}  // namespace

class FaultEnv::File : public leveldb::WritableFile {
 public:
  File(FaultEnv* env, std::string path, leveldb::WritableFile* file)
      : env_(env), path_(std::move(path)), file_(file) {}

  leveldb::Status Append(const leveldb::Slice& data) override {
    bool first = false;
    if (!env_->Begin(&first)) {
      if (first) (void)file_->Append(leveldb::Slice(data.data(), data.size() / 2));
      return env_->Failure(path_);
    }
    size_ += data.size();
    return file_->Append(data);
  }
  leveldb::Status Close() override { return file_->Close(); }
  leveldb::Status Flush() override { return file_->Flush(); }
  leveldb::Status Sync() override {
    bool first = false;
    if (!env_->Begin(&first)) return env_->Failure(path_);
    const leveldb::Status status = file_->Sync();
    if (status.ok()) env_->Synced(path_, size_);
    return status;
  }

 private:
  FaultEnv* env_;
  std::string path_;
  std::unique_ptr<leveldb::WritableFile> file_;
  uint64_t size_ = 0;
};

void FaultEnv::FailFrom(uint64_t operation, int error) {
  const std::lock_guard<std::mutex> lock(mutex_);
  fail_from_ = operation;
  error_ = error;
}

uint64_t FaultEnv::operations() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return operations_;
}

bool FaultEnv::Begin(bool* first) {
  const std::lock_guard<std::mutex> lock(mutex_);
  ++operations_;
  *first = operations_ == fail_from_;
  return fail_from_ == 0 || operations_ < fail_from_;
}

leveldb::Status FaultEnv::Failure(const std::string& path) const {
  return leveldb::Status::IOError(path, std::strerror(error_));
}

void FaultEnv::Synced(const std::string& path, uint64_t size) {
  const std::lock_guard<std::mutex> lock(mutex_);
  synced_bytes_[path] = size;
}

leveldb::Status FaultEnv::NewWritableFile(const std::string& path, leveldb::WritableFile** file) {
  *file = nullptr;
  bool first = false;
  if (!Begin(&first)) return Failure(path);
  leveldb::WritableFile* made = nullptr;
  const leveldb::Status status = target()->NewWritableFile(path, &made);
  if (!status.ok()) return status;
  *file = new File(this, path, made);
  const std::lock_guard<std::mutex> lock(mutex_);
  synced_bytes_[path] = 0;
  return status;
}

leveldb::Status FaultEnv::RenameFile(const std::string& from, const std::string& to) {
  bool first = false;
  if (!EndsWith(from, "LOG") && !Begin(&first)) return Failure(from);
  const leveldb::Status status = target()->RenameFile(from, to);
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto size = synced_bytes_.find(from);
  if (size != synced_bytes_.end()) {
    synced_bytes_[to] = size->second;
    synced_bytes_.erase(from);
  }
  return status;
}

leveldb::Status FaultEnv::RemoveFile(const std::string& path) {
  const leveldb::Status status = target()->RemoveFile(path);
  const std::lock_guard<std::mutex> lock(mutex_);
  synced_bytes_.erase(path);
  return status;
}

void FaultEnv::PowerLoss(Rng* rng) {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const auto& [path, synced] : synced_bytes_) {
    if (!std::filesystem::exists(path)) continue;
    const uint64_t size = std::filesystem::file_size(path);
    if (size <= synced) continue;
    const uint64_t kept = synced + rng->Below(size - synced + 1);
    std::filesystem::resize_file(path, kept);
    if (EndsWith(path, ".log")) LoseSectors(path, synced, kept, rng);
  }
}

}  // namespace meseta::log
