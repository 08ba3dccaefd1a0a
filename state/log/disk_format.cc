#include "state/log/disk_format.h"

#include <memory>
#include <utility>

#include "actors/base/check.h"
#include "actors/base/crc32c.h"

namespace meseta::log::disk {
namespace {

constexpr size_t kCrcBytes = 4;
constexpr size_t kSingleKeyBytes = 1;
constexpr size_t kEntryKeyBytes = 1 + 8;
constexpr size_t kPieceKeyBytes = 1 + 8 + 4;
constexpr size_t kHeadBytes = 4 * 8 + 4 * 4;
constexpr size_t kEntryHeaderBytes = 4 + 8 + 1;  // Before the payload.

void WriteU32(uint32_t value, char* at) {
  for (int i = 3; i >= 0; --i) {
    at[i] = static_cast<char>(value & 0xff);
    value >>= 8;
  }
}

// Fills in the checksum that stands before the body.
uint32_t Seal(std::string_view key, std::string* value) {
  const std::string_view body = std::string_view(*value).substr(kCrcBytes);
  const uint32_t crc = Crc32c(body, Crc32c(key));
  WriteU32(crc, value->data());
  return crc;
}

}  // namespace

void AppendU32(uint32_t value, std::string* out) {
  char bytes[4];
  WriteU32(value, bytes);
  out->append(bytes, sizeof bytes);
}

void AppendU64(uint64_t value, std::string* out) {
  AppendU32(static_cast<uint32_t>(value >> 32), out);
  AppendU32(static_cast<uint32_t>(value), out);
}

uint32_t ReadU32(std::string_view bytes) {
  CHECK(bytes.size() >= 4);
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<uint8_t>(bytes[i]);
  return value;
}

uint64_t ReadU64(std::string_view bytes) {
  return uint64_t{ReadU32(bytes)} << 32 | ReadU32(bytes.substr(4));
}

std::string EncodeKey(const Key& key) {
  std::string out(1, static_cast<char>(key.type));
  if (key.type == RecordType::kEntry || key.type == RecordType::kPiece) AppendU64(key.index, &out);
  if (key.type == RecordType::kPiece) AppendU32(key.number, &out);
  return out;
}

std::optional<Key> DecodeKey(std::string_view key) {
  if (key.empty()) return std::nullopt;
  Key out;
  out.type = static_cast<RecordType>(key[0]);
  size_t expected = 0;
  switch (out.type) {
    case RecordType::kHead:
    case RecordType::kIdentity:
    case RecordType::kHardState:
    case RecordType::kSnapshot:
      expected = kSingleKeyBytes;
      break;
    case RecordType::kEntry: expected = kEntryKeyBytes; break;
    case RecordType::kPiece: expected = kPieceKeyBytes; break;
  }
  if (expected == 0 || key.size() != expected) return std::nullopt;
  if (expected >= kEntryKeyBytes) out.index = ReadU64(key.substr(1));
  if (expected == kPieceKeyBytes) out.number = ReadU32(key.substr(kEntryKeyBytes));
  return out;
}

std::string Describe(const Key& key) {
  switch (key.type) {
    case RecordType::kHead: return "the head record";
    case RecordType::kIdentity: return "the identity";
    case RecordType::kHardState: return "the record of term and vote";
    case RecordType::kSnapshot: return "the snapshot's description";
    case RecordType::kEntry: return "entry " + std::to_string(key.index);
    case RecordType::kPiece:
      return "piece " + std::to_string(key.number) + " of the snapshot at " +
             std::to_string(key.index);
  }
  return "a record of unknown kind";
}

uint32_t Frame(std::string_view key, std::string_view body, std::string* value) {
  value->assign(kCrcBytes, '\0');
  value->append(body);
  return Seal(key, value);
}

Result<Framed> Unframe(std::string_view key, std::string_view value, std::string_view name) {
  if (value.size() < kCrcBytes) return DataLoss(std::string(name) + " is cut short");
  Framed framed;
  framed.crc = ReadU32(value);
  framed.body = value.substr(kCrcBytes);
  if (framed.crc != Crc32c(framed.body, Crc32c(key))) {
    return DataLoss(std::string(name) + " does not match its checksum");
  }
  return framed;
}

std::string EncodeHead(const Head& head) {
  std::string body;
  AppendU64(head.sequence, &body);
  AppendU64(head.oldest, &body);
  AppendU64(head.first, &body);
  AppendU64(head.last, &body);
  AppendU32(head.last_crc, &body);
  AppendU32(head.identity_crc, &body);
  AppendU32(head.hard_crc, &body);
  AppendU32(head.snapshot_crc, &body);
  return body;
}

std::optional<Head> DecodeHead(std::string_view body) {
  if (body.size() != kHeadBytes) return std::nullopt;
  Head head;
  head.sequence = ReadU64(body);
  head.oldest = ReadU64(body.substr(8));
  head.first = ReadU64(body.substr(16));
  head.last = ReadU64(body.substr(24));
  head.last_crc = ReadU32(body.substr(32));
  head.identity_crc = ReadU32(body.substr(36));
  head.hard_crc = ReadU32(body.substr(40));
  head.snapshot_crc = ReadU32(body.substr(44));
  const bool sound = head.sequence > 0 && head.oldest > 0 && head.oldest <= head.first &&
                     head.first - 1 <= head.last;
  return sound ? std::optional<Head>(head) : std::nullopt;
}

uint32_t FrameEntry(std::string_view key, const Entry& entry, uint32_t previous_crc,
                    std::string* value) {
  value->clear();
  value->reserve(kCrcBytes + kEntryHeaderBytes + entry.payload.size());
  value->append(kCrcBytes, '\0');
  AppendU32(previous_crc, value);
  AppendU64(entry.term, value);
  value->push_back(static_cast<char>(entry.kind));
  value->append(entry.payload);
  return Seal(key, value);
}

Result<StoredEntry> DecodeEntry(std::string_view key, std::string_view value) {
  const std::optional<Key> decoded = DecodeKey(key);
  if (!decoded || decoded->type != RecordType::kEntry) return DataLoss("An entry's key is malformed");
  const std::string name = Describe(*decoded);
  ASSIGN_OR_RETURN(const Framed framed, Unframe(key, value, name));
  if (framed.body.size() < kEntryHeaderBytes) return DataLoss(name + " is cut short");
  const auto kind = static_cast<uint8_t>(framed.body[kEntryHeaderBytes - 1]);
  if (kind > static_cast<uint8_t>(EntryKind::kConfiguration)) {
    return DataLoss(name + " is of the unknown kind " + std::to_string(kind));
  }
  auto entry = std::make_shared<Entry>();
  entry->index = decoded->index;
  entry->term = ReadU64(framed.body.substr(4));
  entry->kind = static_cast<EntryKind>(kind);
  entry->payload.assign(framed.body.substr(kEntryHeaderBytes));
  StoredEntry stored;
  stored.entry = std::move(entry);
  stored.previous_crc = ReadU32(framed.body);
  stored.crc = framed.crc;
  return stored;
}

}  // namespace meseta::log::disk
