#include "state/store/backup.h"

#include <algorithm>
#include <utility>

#include "actors/base/crc32c.h"
#include "state/store/little_endian.h"

namespace meseta::store {
namespace {

constexpr std::string_view kMagic = "MSBK";
constexpr std::string_view kEndMagic = "KBSM";
constexpr size_t kHead = 4 + 4 + 4 + 4;
constexpr size_t kPieceHead = 4 + 4;
constexpr size_t kEnd = 4 + 4 + 8 + 4 + 4;
constexpr size_t kMaxHeader = size_t{64} << 10;

Status Bad(const std::string& what) {
  return DataLoss("This is not a whole backup of a store: " + what + "; take another one");
}

internal::StoreBackupHeader Complete(internal::StoreBackupHeader header, const KvContent& content,
                                     Version version) {
  header.set_index(version);
  header.set_keys(content.items.size());
  header.set_bytes(content.bytes);
  return header;
}

}  // namespace

BackupSource::BackupSource(const SnapshotPtr& snapshot, internal::StoreBackupHeader header)
    : BackupSource(ItemsOf(*snapshot), snapshot->version(), std::move(header)) {}

BackupSource::BackupSource(KvContent content, Version version, internal::StoreBackupHeader header)
    : header_(Complete(std::move(header), content, version)), writer_(std::move(content)) {}

bool BackupSource::Next(std::string* bytes) {
  bytes->clear();
  if (ended_) return false;
  if (!begun_) {
    begun_ = true;
    const std::string header = header_.SerializeAsString();
    *bytes = kMagic;
    PutU32(kBackupFormat, bytes);
    PutU32(static_cast<uint32_t>(header.size()), bytes);
    PutU32(Crc32c(header), bytes);
    *bytes += header;
    return true;
  }
  std::string piece;
  if (writer_.Next(&piece)) {
    ++pieces_;
    bytes_ += piece.size();
    checksum_ = Crc32c(piece, checksum_);
    PutU32(static_cast<uint32_t>(piece.size()), bytes);
    PutU32(Crc32c(piece), bytes);
    *bytes += piece;
    return true;
  }
  ended_ = true;
  PutU32(0, bytes);
  PutU32(pieces_, bytes);
  PutU64(bytes_, bytes);
  PutU32(checksum_, bytes);
  *bytes += kEndMagic;
  return true;
}

Status BackupReader::Add(std::string_view bytes) {
  RETURN_IF_ERROR(failure_);
  buffer_ += bytes;
  while (true) {
    const Result<bool> stepped = Step();
    if (!stepped.ok()) return failure_ = stepped.status();
    if (!*stepped) return OkStatus();
  }
}

Result<bool> BackupReader::Step() {
  if (buffer_.empty()) return false;
  if (ended_) return Bad("there is something behind its end");
  if (!begun_) return StepHeader();
  if (buffer_.size() < kPieceHead) return false;
  const size_t size = GetU32(buffer_, 0);
  if (size == 0) return StepEnd();
  const std::string name = "its piece " + std::to_string(pieces_);
  if (size > log::kMaxSnapshotPiece) return Bad(name + " is damaged");
  if (buffer_.size() < kPieceHead + size) return false;
  const std::string_view piece = std::string_view(buffer_).substr(kPieceHead, size);
  if (Crc32c(piece) != GetU32(buffer_, 4)) return Bad(name + " is damaged");
  RETURN_IF_ERROR(reader_.Add(piece));
  if (on_piece_) RETURN_IF_ERROR(on_piece_(piece));
  ++pieces_;
  bytes_ += size;
  checksum_ = Crc32c(piece, checksum_);
  buffer_.erase(0, kPieceHead + size);
  return true;
}

Result<bool> BackupReader::StepHeader() {
  const size_t known = std::min(buffer_.size(), kMagic.size());
  if (std::string_view(buffer_).substr(0, known) != kMagic.substr(0, known)) {
    return Bad("it does not begin as one");
  }
  if (buffer_.size() < kHead) return false;
  const uint32_t format = GetU32(buffer_, 4);
  if (format != kBackupFormat) {
    return Status(FailedPrecondition("This backup has format " + std::to_string(format) +
                                     ", this program reads format " + std::to_string(kBackupFormat) +
                                     "; use the version that wrote it, or a newer one"));
  }
  const size_t size = GetU32(buffer_, 8);
  if (size > kMaxHeader) return Bad("its header is damaged");
  if (buffer_.size() < kHead + size) return false;
  const std::string_view header = std::string_view(buffer_).substr(kHead, size);
  if (Crc32c(header) != GetU32(buffer_, 12) ||
      !header_.ParseFromArray(header.data(), static_cast<int>(size))) {
    return Bad("its header is damaged");
  }
  begun_ = true;
  if (on_header_) RETURN_IF_ERROR(on_header_(header_));
  buffer_.erase(0, kHead + size);
  return true;
}

Result<bool> BackupReader::StepEnd() {
  if (buffer_.size() < kEnd) return false;
  const bool fits = GetU32(buffer_, 4) == pieces_ && GetU64(buffer_, 8) == bytes_ &&
                    GetU32(buffer_, 16) == checksum_ &&
                    std::string_view(buffer_).substr(20, 4) == kEndMagic;
  if (!fits) return Bad("its end does not fit to its pieces");
  ended_ = true;
  buffer_.erase(0, kEnd);
  return true;
}

Result<KvContent> BackupReader::Finish() {
  RETURN_IF_ERROR(failure_);
  if (!ended_) return Bad("its end is missing");
  ASSIGN_OR_RETURN(KvContent content, reader_.Finish());
  if (content.items.size() != header_.keys()) return Bad("its header does not fit to its items");
  return content;
}

}  // namespace meseta::store
