#include "state/store/batch_wire.h"

#include "state/store/little_endian.h"

namespace meseta::store {
namespace {

// Tags: field number << 3 | wire type.
constexpr uint32_t kVarint = 0;
constexpr uint32_t kFixed64 = 1;
constexpr uint32_t kBytes = 2;
constexpr uint32_t kFixed32 = 5;
constexpr uint32_t Tag(uint32_t field, uint32_t type) { return field << 3 | type; }

constexpr size_t kMaxVarint = 10;

size_t VarintSize(uint64_t value) {
  size_t size = 1;
  for (; value >= 0x80; value >>= 7) ++size;
  return size;
}

void PutVarint(uint64_t value, std::string* out) {
  for (; value >= 0x80; value >>= 7) out->push_back(static_cast<char>(value | 0x80));
  out->push_back(static_cast<char>(value));
}

void PutBytes(uint32_t field, std::string_view bytes, std::string* out) {
  PutVarint(Tag(field, kBytes), out);
  PutVarint(bytes.size(), out);
  out->append(bytes);
}

size_t BytesSize(size_t size) { return 1 + VarintSize(size) + size; }  // Of fields below 16.

// Takes fields off the front of a message's bytes.
class Reader {
 public:
  explicit Reader(std::string_view in) : in_(in) {}

  // False at the end, or when the bytes make no sense: then !ok().
  bool Next() {
    if (in_.empty() || !ok_) return false;
    uint64_t tag = 0;
    if (!TakeVarint(&tag) || tag >> 3 == 0 || tag > UINT32_MAX) return Fail();
    tag_ = static_cast<uint32_t>(tag);
    switch (tag_ & 7) {
      case kVarint:
        return TakeVarint(&number_) || Fail();
      case kFixed64:
        return TakeFixed(8) || Fail();
      case kFixed32:
        return TakeFixed(4) || Fail();
      case kBytes: {
        uint64_t size = 0;
        if (!TakeVarint(&size) || size > in_.size()) return Fail();
        bytes_ = in_.substr(0, size);
        in_.remove_prefix(size);
        return true;
      }
      default:
        return Fail();
    }
  }
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] uint32_t tag() const { return tag_; }
  [[nodiscard]] uint64_t number() const { return number_; }
  [[nodiscard]] std::string_view bytes() const { return bytes_; }

 private:
  bool Fail() {
    ok_ = false;
    return false;
  }
  bool TakeVarint(uint64_t* value) {
    *value = 0;
    for (size_t i = 0; i < kMaxVarint && i < in_.size(); ++i) {
      const auto byte = static_cast<unsigned char>(in_[i]);
      *value |= static_cast<uint64_t>(byte & 0x7f) << (7 * i);
      if (byte >= 0x80) continue;
      in_.remove_prefix(i + 1);
      return true;
    }
    return false;
  }
  bool TakeFixed(size_t size) {
    if (in_.size() < size) return false;
    number_ = 0;
    for (size_t i = 0; i < size; ++i) {
      number_ |= static_cast<uint64_t>(static_cast<unsigned char>(in_[i])) << (8 * i);
    }
    in_.remove_prefix(size);
    return true;
  }

  std::string_view in_;
  bool ok_ = true;
  uint32_t tag_ = 0;
  uint64_t number_ = 0;
  std::string_view bytes_;
};

bool ParseCondition(std::string_view bytes, ConditionView* out) {
  Reader reader(bytes);
  while (reader.Next()) {
    if (reader.tag() == Tag(1, kBytes)) out->key = reader.bytes();
    if (reader.tag() == Tag(2, kVarint)) out->version = reader.number();
  }
  return reader.ok();
}

bool ParseChange(std::string_view bytes, ChangeView* out) {
  Reader reader(bytes);
  while (reader.Next()) {
    if (reader.tag() == Tag(1, kBytes)) out->key = reader.bytes();
    if (reader.tag() == Tag(2, kBytes)) {
      out->value = reader.bytes();
      out->has_value = true;
    }
    if (reader.tag() == Tag(3, kVarint)) out->deleted = reader.number() != 0;
  }
  return reader.ok();
}

bool ParsePiece(std::string_view bytes, CommandView::Piece* out) {
  Reader reader(bytes);
  while (reader.Next()) {
    if (reader.tag() == Tag(1, kFixed64)) out->upload = reader.number();
    if (reader.tag() == Tag(2, kVarint)) out->number = static_cast<uint32_t>(reader.number());
    if (reader.tag() == Tag(3, kBytes)) out->data = reader.bytes();
  }
  return reader.ok();
}

// Numbers that a protobuf writer may have packed into one field.
bool ParsePacked(std::string_view bytes, std::vector<uint64_t>* out) {
  if (bytes.size() % 8 != 0) return false;
  for (; !bytes.empty(); bytes.remove_prefix(8)) out->push_back(GetU64(bytes, 0));
  return true;
}

size_t SizeOf(const Condition& condition) {
  return BytesSize(condition.key.size()) + 1 + VarintSize(condition.version);
}

size_t SizeOf(const Change& change) {
  return BytesSize(change.key.size()) + (change.value ? BytesSize(change.value->size()) : 2);
}

}  // namespace

bool ParseBatch(std::string_view bytes, BatchView* out) {
  out->conditions.clear();
  out->changes.clear();
  Reader reader(bytes);
  while (reader.Next()) {
    if (reader.tag() == Tag(1, kBytes)) {
      out->conditions.emplace_back();
      if (!ParseCondition(reader.bytes(), &out->conditions.back())) return false;
    } else if (reader.tag() == Tag(2, kBytes)) {
      out->changes.emplace_back();
      if (!ParseChange(reader.bytes(), &out->changes.back())) return false;
    }
  }
  return reader.ok();
}

bool ParseCommand(std::string_view bytes, CommandView* out) {
  *out = CommandView();
  Reader reader(bytes);
  while (reader.Next()) {
    if (reader.tag() == Tag(1, kBytes)) {
      out->batches.push_back(reader.bytes());
    } else if (reader.tag() == Tag(2, kBytes)) {
      out->pieces.emplace_back();
      if (out->pieces.size() > 1 || !ParsePiece(reader.bytes(), &out->pieces.back())) return false;
    } else if (reader.tag() == Tag(3, kFixed64)) {
      out->uploaded_batches.push_back(reader.number());
    } else if (reader.tag() == Tag(4, kFixed64)) {
      out->dropped_uploads.push_back(reader.number());
    } else if (reader.tag() == Tag(4, kBytes)) {
      if (!ParsePacked(reader.bytes(), &out->dropped_uploads)) return false;
    }
  }
  return reader.ok() && out->uploaded_batches.size() <= 1;
}

size_t SizeOfBatch(const Batch& batch) {
  size_t size = 0;
  for (const Condition& condition : batch.conditions) size += BytesSize(SizeOf(condition));
  for (const Change& change : batch.changes) size += BytesSize(SizeOf(change));
  return size;
}

void SerializeBatch(const Batch& batch, std::string* out) {
  out->reserve(out->size() + SizeOfBatch(batch));
  for (const Condition& condition : batch.conditions) {
    PutVarint(Tag(1, kBytes), out);
    PutVarint(SizeOf(condition), out);
    PutBytes(1, condition.key, out);
    PutVarint(Tag(2, kVarint), out);
    PutVarint(condition.version, out);
  }
  for (const Change& change : batch.changes) {
    PutVarint(Tag(2, kBytes), out);
    PutVarint(SizeOf(change), out);
    PutBytes(1, change.key, out);
    if (change.value) {
      PutBytes(2, *change.value, out);
    } else {
      PutVarint(Tag(3, kVarint), out);
      PutVarint(1, out);
    }
  }
}

void AppendVersionResult(Version version, std::string* results) {
  PutVarint(Tag(1, kBytes), results);
  PutVarint(1 + VarintSize(version), results);
  PutVarint(Tag(1, kVarint), results);
  PutVarint(version, results);
}

}  // namespace meseta::store
