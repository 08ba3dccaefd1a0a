#include "state/store/kv_snapshot.h"

#include <algorithm>
#include <utility>

#include "state/store/little_endian.h"

namespace meseta::store {
namespace {

constexpr std::string_view kMagic = "MSKV";
constexpr size_t kItemHeader = 1 + 4 + 4 + 8;
constexpr size_t kUploadHeader = 1 + 8 + 8 + 4;
constexpr size_t kPieceHeader = 1 + 4;
constexpr size_t kEndRecord = 1 + 8 + 8;
constexpr size_t kMaxReserved = size_t{4} << 20;  // Before the bytes are there.

Status Bad(const std::string& what) {
  return DataLoss("This is not a snapshot of the store: " + what);
}

}  // namespace

bool KvSnapshotWriter::Next(std::string* piece) {
  piece->clear();
  while (piece->size() < log::kMaxSnapshotPiece) {
    const size_t room = log::kMaxSnapshotPiece - piece->size();
    if (written_ < buffer_.size()) {
      const size_t size = std::min(room, buffer_.size() - written_);
      piece->append(buffer_, written_, size);
      written_ += size;
    } else if (!rest_.empty()) {
      const size_t size = std::min(room, rest_.size());
      piece->append(rest_.substr(0, size));
      rest_.remove_prefix(size);
    } else if (!NextRecord()) {
      break;
    }
  }
  return !piece->empty();
}

bool KvSnapshotWriter::NextRecord() {
  buffer_.clear();
  written_ = 0;
  if (phase_ == Phase::kHeader) {
    buffer_ = kMagic;
    PutU32(kSnapshotFormat, &buffer_);
    phase_ = Phase::kItems;
  } else if (phase_ == Phase::kItems) {
    NextItem();
  } else if (phase_ == Phase::kUploads) {
    NextUploadRecord();
  } else if (phase_ == Phase::kEnd) {
    buffer_.push_back('E');
    PutU64(content_.items.size(), &buffer_);
    PutU64(content_.uploads.size(), &buffer_);
    phase_ = Phase::kDone;
  } else {
    return false;
  }
  return true;
}

void KvSnapshotWriter::NextItem() {
  // Small records are gathered, so that the map is searched once for many.
  const KvItemPtr last = item_;
  const std::string_view from = last == nullptr ? std::string_view() : last->key;
  bool more = false;
  content_.items.ForEachFrom(from, [&](std::string_view key, const KvItemPtr& item) {
    if (last != nullptr && key == from) return true;
    more = true;
    item_ = item;
    buffer_.push_back('K');
    PutU32(static_cast<uint32_t>(item->key.size()), &buffer_);
    PutU32(static_cast<uint32_t>(item->value.size()), &buffer_);
    PutU64(item->version, &buffer_);
    buffer_ += item->key;
    if (item->value.size() <= 4096 && buffer_.size() < 64 * 1024) {
      buffer_ += item->value;
      return true;
    }
    rest_ = item->value;
    return false;
  });
  if (more) return;
  phase_ = Phase::kUploads;
  upload_ = content_.uploads.begin();
}

void KvSnapshotWriter::NextUploadRecord() {
  if (upload_ == content_.uploads.end()) {
    phase_ = Phase::kEnd;
    return;
  }
  const KvUpload& upload = upload_->second;
  if (!in_upload_) {
    buffer_.push_back('U');
    PutU64(upload_->first, &buffer_);
    PutU64(upload.term, &buffer_);
    PutU32(static_cast<uint32_t>(upload.pieces.size()), &buffer_);
    in_upload_ = true;
    upload_piece_ = 0;
    return;
  }
  if (upload_piece_ == upload.pieces.size()) {
    in_upload_ = false;
    ++upload_;
    return;
  }
  const std::string& data = *upload.pieces[upload_piece_++];
  buffer_.push_back('P');
  PutU32(static_cast<uint32_t>(data.size()), &buffer_);
  rest_ = data;
}

Status KvSnapshotReader::Add(std::string_view piece) {
  RETURN_IF_ERROR(failure_);
  std::string_view in = piece;
  std::string joined;
  if (!buffer_.empty()) {
    buffer_ += piece;
    if (buffer_.size() < wanted_) return OkStatus();
    joined.swap(buffer_);
    in = joined;
  }
  while (true) {
    wanted_ = 0;
    const Result<bool> stepped = Step(&in);
    if (!stepped.ok()) return failure_ = stepped.status();
    if (!*stepped) break;
  }
  // Room for the record and the piece that ends it; a size that is only claimed costs little.
  if (wanted_ > in.size()) buffer_.reserve(std::min(wanted_, kMaxReserved) + piece.size());
  buffer_ += in;
  return OkStatus();
}

Result<bool> KvSnapshotReader::Step(std::string_view* in) {
  if (in->empty()) return false;
  if (ended_) return Bad("there is something behind its end");
  if (!header_) {
    if (in->size() < kMagic.size() + 4) return false;
    if (in->substr(0, kMagic.size()) != kMagic) return Bad("it does not begin as one");
    const uint32_t format = GetU32(*in, kMagic.size());
    if (format != kSnapshotFormat) {
      return Bad("its format is " + std::to_string(format) + ", this program reads format " +
                 std::to_string(kSnapshotFormat) + "; use the version that wrote it, or a newer one");
    }
    in->remove_prefix(kMagic.size() + 4);
    header_ = true;
    return true;
  }
  const char kind = in->front();
  if (upload_pieces_left_ > 0) {
    return kind == 'P' ? StepPiece(in) : Bad("pieces of an upload are missing");
  }
  if (kind == 'K' && content_.uploads.empty()) return StepItem(in);
  if (kind == 'U') return StepUpload(in);
  if (kind == 'E') return StepEnd(in);
  return Bad("it has a record of an unknown kind");
}

Result<bool> KvSnapshotReader::StepItem(std::string_view* in) {
  if (in->size() < kItemHeader) return false;
  const size_t key_size = GetU32(*in, 1);
  const size_t value_size = GetU32(*in, 5);
  if (key_size == 0 || key_size > kMaxKey || value_size > kMaxValue) {
    return Bad("an item of it is too large");
  }
  wanted_ = kItemHeader + key_size + value_size;
  if (in->size() < wanted_) return false;
  auto item = std::make_shared<KvItem>();
  item->version = GetU64(*in, 9);
  item->key = in->substr(kItemHeader, key_size);
  item->value = in->substr(kItemHeader + key_size, value_size);
  in->remove_prefix(wanted_);
  if (item->key <= last_key_) return Bad("its keys are not in order");
  last_key_ = item->key;
  content_.bytes += key_size + value_size;
  const std::string_view key = item->key;
  content_.items.Set(key, std::move(item));
  return true;
}

Result<bool> KvSnapshotReader::StepUpload(std::string_view* in) {
  if (in->size() < kUploadHeader) return false;
  const uint64_t id = GetU64(*in, 1);
  KvUpload upload;
  upload.term = GetU64(*in, 9);
  upload_pieces_left_ = GetU32(*in, 17);
  in->remove_prefix(kUploadHeader);
  if (upload_pieces_left_ == 0) return Bad("an upload of it is empty");
  const bool rising = content_.uploads.empty() || content_.uploads.rbegin()->first < id;
  if (!rising) return Bad("its uploads are not in order");
  if (content_.uploads.size() >= KvState::kMaxUploads) return Bad("it has too many uploads");
  content_.uploads.emplace(id, std::move(upload));
  return true;
}

Result<bool> KvSnapshotReader::StepPiece(std::string_view* in) {
  if (in->size() < kPieceHeader) return false;
  const size_t size = GetU32(*in, 1);
  if (size == 0 || staged_bytes_ + size > KvState::kMaxStagedBytes) {
    return Bad("an upload of it is too large");
  }
  wanted_ = kPieceHeader + size;
  if (in->size() < wanted_) return false;
  KvUpload& upload = content_.uploads.rbegin()->second;
  upload.pieces.push_back(std::make_shared<const std::string>(in->substr(kPieceHeader, size)));
  upload.bytes += size;
  staged_bytes_ += size;
  --upload_pieces_left_;
  in->remove_prefix(wanted_);
  return true;
}

Result<bool> KvSnapshotReader::StepEnd(std::string_view* in) {
  if (in->size() < kEndRecord) return false;
  if (GetU64(*in, 1) != content_.items.size() || GetU64(*in, 9) != content_.uploads.size()) {
    return Bad("items of it are missing");
  }
  in->remove_prefix(kEndRecord);
  ended_ = true;
  return true;
}

Result<KvContent> KvSnapshotReader::Finish() {
  RETURN_IF_ERROR(failure_);
  if (!ended_) return Bad("its end is missing");
  return std::move(content_);
}

std::string EmptySnapshotPiece() {
  KvSnapshotWriter writer(KvContent{});
  std::string piece;
  writer.Next(&piece);
  return piece;
}

}  // namespace meseta::store
