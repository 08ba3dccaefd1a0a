#include "agent/launcher/shim_protocol.h"

#include <cstring>

namespace meseta::shim {
namespace {

constexpr char kMagic0 = 'M';
constexpr char kMagic1 = 'S';

uint64_t LittleEndian(const char* bytes, size_t count) {
  uint64_t value = 0;
  for (size_t i = count; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

}  // namespace

FrameWriter::FrameWriter(char* buffer, size_t capacity, FrameType type)
    : buffer_(buffer), capacity_(capacity) {
  const char head[4] = {kMagic0, kMagic1, static_cast<char>(kShimProtocolVersion),
                        static_cast<char>(type)};
  Append(head, sizeof(head));
  AppendLittleEndian(0, 4);
}

void FrameWriter::Append(const void* data, size_t count) {
  if (count > 0 && size_ + count <= capacity_) memcpy(buffer_ + size_, data, count);
  size_ += count;
}

void FrameWriter::AppendLittleEndian(uint64_t value, size_t bytes) {
  char text[8];
  for (size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>(value >> (8 * i) & 0xff);
  Append(text, bytes);
}

void FrameWriter::Bytes(Key key, std::string_view value) {
  AppendLittleEndian(static_cast<uint64_t>(key), 2);
  AppendLittleEndian(value.size(), 4);
  Append(value.data(), value.size());
}

void FrameWriter::Number(Key key, int64_t value) { Numbers(key, &value, 1); }

void FrameWriter::Numbers(Key key, const int64_t* values, size_t count) {
  AppendLittleEndian(static_cast<uint64_t>(key), 2);
  AppendLittleEndian(8 * count, 4);
  for (size_t i = 0; i < count; ++i) AppendLittleEndian(static_cast<uint64_t>(values[i]), 8);
}

void FrameWriter::Finish() {
  const size_t length = size_ - kFrameHeaderBytes;
  for (size_t i = 0; i < 4; ++i) buffer_[4 + i] = static_cast<char>(length >> (8 * i) & 0xff);
}

bool ReadFrameHeader(std::string_view bytes, uint32_t max_length, FrameHeader* header) {
  if (bytes[0] != kMagic0 || bytes[1] != kMagic1) return false;
  header->version = static_cast<uint8_t>(bytes[2]);
  header->type = static_cast<FrameType>(bytes[3]);
  header->length = static_cast<uint32_t>(LittleEndian(bytes.data() + 4, 4));
  return header->version >= 1 && header->version <= kShimProtocolVersion &&
         header->length <= max_length;
}

bool FieldReader::Next() {
  if (rest_.empty() || !ok_) return false;
  if (rest_.size() < kFieldHeaderBytes) return ok_ = false;
  const size_t length = LittleEndian(rest_.data() + 2, 4);
  if (length > rest_.size() - kFieldHeaderBytes) return ok_ = false;
  key_ = static_cast<Key>(LittleEndian(rest_.data(), 2));
  value_ = std::string_view(rest_.data() + kFieldHeaderBytes, length);
  rest_.remove_prefix(kFieldHeaderBytes + length);
  return true;
}

int64_t FieldReader::number(size_t index) const {
  if (value_.size() < 8 * (index + 1)) return 0;
  return static_cast<int64_t>(LittleEndian(value_.data() + 8 * index, 8));
}

int64_t FindNumber(std::string_view fields, Key key, int64_t fallback) {
  FieldReader reader(fields);
  while (reader.Next()) {
    if (reader.key() == key && reader.value().size() >= 8) return reader.number();
  }
  return fallback;
}

std::string_view FindBytes(std::string_view fields, Key key) {
  FieldReader reader(fields);
  while (reader.Next()) {
    if (reader.key() == key) return reader.value();
  }
  return {};
}

}  // namespace meseta::shim
