#include "state/log/watermark.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "actors/base/crc32c.h"
#include "actors/base/files.h"
#include "state/log/disk_format.h"

namespace meseta::log {
namespace {

constexpr size_t kSlotDistance = 512;
constexpr size_t kSlotBytes = 12;
constexpr size_t kFileBytes = kSlotDistance + kSlotBytes;
constexpr size_t kMaxFileBytes = 64 << 10;  // What is read of it at most.

std::string PathIn(const std::string& directory) {
  return directory + "/" + Watermark::kFileName;
}

std::string Slot(uint64_t sequence) {
  std::string slot;
  disk::AppendU64(sequence, &slot);
  disk::AppendU32(Crc32c(slot), &slot);
  return slot;
}

std::optional<uint64_t> ReadSlot(std::string_view file, size_t offset) {
  if (file.size() < offset + kSlotBytes) return std::nullopt;
  const std::string_view slot = file.substr(offset, kSlotBytes);
  if (disk::ReadU32(slot.substr(8)) != Crc32c(slot.substr(0, 8))) return std::nullopt;
  return disk::ReadU64(slot);
}

}  // namespace

Status Watermark::Create(const std::string& directory) {
  std::string content(kFileBytes, '\0');
  content.replace(0, kSlotBytes, Slot(0));
  content.replace(kSlotDistance, kSlotBytes, Slot(0));
  return files::WriteFileDurably(PathIn(directory), content);
}

Result<std::optional<uint64_t>> Watermark::Read(const std::string& directory) {
  const Result<std::string> file = files::ReadFile(PathIn(directory), kMaxFileBytes);
  if (!file.ok()) {
    if (file.status().code() == StatusCode::kNotFound) return std::optional<uint64_t>();
    return file.status();
  }
  const std::optional<uint64_t> even = ReadSlot(*file, 0);
  const std::optional<uint64_t> odd = ReadSlot(*file, kSlotDistance);
  if (!even && !odd) return DataLoss("its file '" + std::string(kFileName) + "' is garbled");
  return std::optional<uint64_t>(std::max(even.value_or(0), odd.value_or(0)));
}

Watermark::~Watermark() {
  if (fd_ >= 0) ::close(fd_);
}

Status Watermark::Open(const std::string& directory) {
  path_ = PathIn(directory);
  fd_ = ::open(path_.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd_ < 0) return ErrnoStatus(errno, "Cannot open '" + path_ + "'");
  return OkStatus();
}

Status Watermark::Write(uint64_t sequence) {
  const std::string slot = Slot(sequence);
  const auto offset = static_cast<off_t>(sequence % 2 * kSlotDistance);
  ssize_t n = 0;
  do {
    n = ::pwrite(fd_, slot.data(), slot.size(), offset);
  } while (n < 0 && errno == EINTR);
  if (n == static_cast<ssize_t>(slot.size())) return OkStatus();
  return ErrnoStatus(n < 0 ? errno : EIO, "Cannot write '" + path_ + "'");
}

Status Watermark::Sync() {
  if (::fdatasync(fd_) == 0) return OkStatus();
  return ErrnoStatus(errno, "Cannot sync '" + path_ + "'");
}

}  // namespace meseta::log
