#include "state/log/wal_tail.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <map>

#include "actors/base/crc32c.h"
#include "actors/base/files.h"
#include "state/log/disk_format.h"

namespace meseta::log {
namespace {

constexpr size_t kBlockBytes = 32 * 1024;
constexpr size_t kHeaderBytes = 7;
constexpr uint32_t kMaskDelta = 0xa282ead8;
constexpr size_t kMaxWalBytes = size_t{1} << 30;  // Of one file; LevelDB's buffer is far smaller.

enum PhysicalType : uint8_t { kWhole = 1, kFirst = 2, kMiddle = 3, kLast = 4 };

uint64_t LittleEndian(std::string_view bytes, size_t size) {
  uint64_t value = 0;
  for (size_t i = size; i > 0; --i) value = value << 8 | static_cast<uint8_t>(bytes[i - 1]);
  return value;
}

struct Physical {
  uint8_t type = 0;
  std::string_view data;
};

// The record at `at`, if it is intact.
std::optional<Physical> ReadPhysical(std::string_view file, size_t at) {
  if (at + kHeaderBytes > file.size()) return std::nullopt;
  const size_t block_end = std::min(file.size(), (at / kBlockBytes + 1) * kBlockBytes);
  const size_t length = LittleEndian(file.substr(at + 4), 2);
  Physical record;
  record.type = static_cast<uint8_t>(file[at + 6]);
  if (record.type < kWhole || record.type > kLast) return std::nullopt;
  if (at + kHeaderBytes + length > block_end) return std::nullopt;
  record.data = file.substr(at + kHeaderBytes, length);
  const uint32_t crc = Crc32c(file.substr(at + 6, 1 + length));
  const uint32_t masked = (crc >> 15 | crc << 17) + kMaskDelta;
  if (masked != LittleEndian(file.substr(at), 4)) return std::nullopt;
  return record;
}

// Where the next record begins when one ends at `at`.
size_t SkipFill(size_t at) {
  const size_t left = kBlockBytes - at % kBlockBytes;
  return left < kHeaderBytes ? at + left : at;
}

// Whether a batch begins intact somewhere from `at` on.
bool BatchBegins(std::string_view file, size_t at) {
  for (; at + kHeaderBytes <= file.size(); ++at) {
    const auto type = static_cast<uint8_t>(file[at + 6]);
    if ((type == kWhole || type == kFirst) && ReadPhysical(file, at)) return true;
  }
  return false;
}

std::optional<std::string_view> ReadVarText(std::string_view* bytes) {
  uint64_t size = 0;
  for (int shift = 0; shift < 35; shift += 7) {
    if (bytes->empty()) return std::nullopt;
    const auto byte = static_cast<uint8_t>(bytes->front());
    bytes->remove_prefix(1);
    size |= uint64_t{byte & 0x7fU} << shift;
    if ((byte & 0x80) != 0) continue;
    if (size > bytes->size()) return std::nullopt;
    const std::string_view text = bytes->substr(0, size);
    bytes->remove_prefix(size);
    return text;
  }
  return std::nullopt;
}

// Of the head record in a batch of LevelDB's.
std::optional<uint64_t> SequenceOf(std::string_view batch) {
  constexpr size_t kBatchHeaderBytes = 12;
  if (batch.size() < kBatchHeaderBytes) return std::nullopt;
  batch.remove_prefix(kBatchHeaderBytes);
  const std::string head_key = disk::EncodeKey(disk::Key());
  std::optional<uint64_t> sequence;
  while (!batch.empty()) {
    const bool put = batch.front() == 1;
    batch.remove_prefix(1);
    const auto key = ReadVarText(&batch);
    const auto value = put && key ? ReadVarText(&batch) : key;
    if (!key || !value) return std::nullopt;
    if (!put || *key != head_key) continue;
    const auto framed = disk::Unframe(*key, *value, "head");
    const auto head = framed.ok() ? disk::DecodeHead(framed->body) : std::nullopt;
    if (head) sequence = head->sequence;
  }
  return sequence;
}

// By number.
Result<std::map<uint64_t, std::string>> WalFiles(const std::string& directory) {
  std::map<uint64_t, std::string> files;
  std::error_code error;
  for (std::filesystem::directory_iterator it(directory, error), end; !error && it != end;
       it.increment(error)) {
    if (it->path().extension() != ".log") continue;
    const std::string stem = it->path().stem().string();
    uint64_t number = 0;
    const auto parsed = std::from_chars(stem.data(), stem.data() + stem.size(), number);
    if (parsed.ec == std::errc() && parsed.ptr == stem.data() + stem.size()) {
      files[number] = it->path().string();
    }
  }
  if (error) return Unavailable("Cannot read '" + directory + "': " + error.message());
  return files;
}

}  // namespace

WalScan ScanWal(std::string_view file) {
  WalScan scan;
  std::string parts;  // Of a batch that spans records.
  bool within = false;
  size_t at = 0;
  while (at < file.size()) {
    const std::optional<Physical> record = ReadPhysical(file, at);
    const bool begins = record && (record->type == kWhole || record->type == kFirst);
    if (!record || begins == within) break;
    parts.append(record->data);
    at += kHeaderBytes + record->data.size();
    within = record->type == kFirst || record->type == kMiddle;
    if (!within) {
      scan.intact_bytes = at;
      scan.sequence = SequenceOf(parts);
      parts.clear();
    }
    at = SkipFill(at);
  }
  // Fill bytes at the very end belong to nothing.
  scan.broken = within || at < file.size();
  if (scan.broken && at < file.size()) {
    // The broken record itself may be a beginning that is intact, where a continuation was due.
    scan.batch_after = BatchBegins(file, within ? at : at + 1);
  }
  return scan;
}

Result<WalTail> FindTornTail(const std::string& directory, uint64_t reported) {
  using FileMap = std::map<uint64_t, std::string>;
  ASSIGN_OR_RETURN(const FileMap files, WalFiles(directory));
  WalTail tail;
  bool newest = true;
  for (auto it = files.rbegin(); it != files.rend(); ++it) {
    ASSIGN_OR_RETURN(const std::string content, files::ReadFile(it->second, kMaxWalBytes));
    if (content.empty()) continue;
    const WalScan scan = ScanWal(content);
    const std::string name = "'" + std::filesystem::path(it->second).filename().string() + "'";
    if (scan.broken && (!newest || scan.batch_after)) {
      return DataLoss("a record in its file " + name + " behind byte " +
                      std::to_string(scan.intact_bytes) + " is corrupt");
    }
    if (scan.broken) {
      if (scan.sequence && *scan.sequence < reported) {
        return DataLoss("it has lost acknowledged writes " + std::to_string(*scan.sequence + 1) +
                        ".." + std::to_string(reported) + " at the end of its file " + name);
      }
      tail.path = it->second;
      tail.keep_bytes = scan.intact_bytes;
      tail.cut_bytes = content.size() - scan.intact_bytes;
    }
    newest = false;
  }
  return tail;
}

Status CutTail(const WalTail& tail) {
  const int fd = ::open(tail.path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return ErrnoStatus(errno, "Cannot open '" + tail.path + "'");
  Status status;
  if (::ftruncate(fd, static_cast<off_t>(tail.keep_bytes)) != 0 || ::fsync(fd) != 0) {
    status = ErrnoStatus(errno, "Cannot shorten '" + tail.path + "'");
  }
  ::close(fd);
  return status;
}

}  // namespace meseta::log
