#include "actors/net/envelope_codec.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include "actors/messages/internal/link.pb.h"

namespace meseta::net {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;
using google::protobuf::io::CodedOutputStream;
using internal::LinkEnvelope;

constexpr uint32_t TagOf(int field) {
  return WireFormatLite::MakeTag(field, WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
}

size_t FieldBytes(const std::string& value) {
  return 1 + CodedOutputStream::VarintSize32(static_cast<uint32_t>(value.size())) + value.size();
}

uint8_t* WriteField(int field, const std::string& value, uint8_t* at) {
  at = CodedOutputStream::WriteTagToArray(TagOf(field), at);
  at = CodedOutputStream::WriteVarint32ToArray(static_cast<uint32_t>(value.size()), at);
  return CodedOutputStream::WriteStringToArray(value, at);
}

std::string* FieldOf(uint32_t tag, Envelope* envelope) {
  switch (tag) {
    case TagOf(LinkEnvelope::kToFieldNumber): return &envelope->to;
    case TagOf(LinkEnvelope::kFromFieldNumber): return &envelope->from;
    case TagOf(LinkEnvelope::kTypeFieldNumber): return &envelope->type;
    case TagOf(LinkEnvelope::kPayloadFieldNumber): return &envelope->payload;
    default: return nullptr;
  }
}

}  // namespace

std::string EncodeEnvelope(const Envelope& envelope) {
  std::string bytes(FieldBytes(envelope.to) + FieldBytes(envelope.from) +
                        FieldBytes(envelope.type) + FieldBytes(envelope.payload),
                    '\0');
  auto* at = reinterpret_cast<uint8_t*>(bytes.data());
  at = WriteField(LinkEnvelope::kToFieldNumber, envelope.to, at);
  at = WriteField(LinkEnvelope::kFromFieldNumber, envelope.from, at);
  at = WriteField(LinkEnvelope::kTypeFieldNumber, envelope.type, at);
  WriteField(LinkEnvelope::kPayloadFieldNumber, envelope.payload, at);
  return bytes;
}

bool DecodeEnvelope(std::string_view bytes, Envelope* envelope) {
  CodedInputStream in(reinterpret_cast<const uint8_t*>(bytes.data()),
                      static_cast<int>(bytes.size()));
  while (const uint32_t tag = in.ReadTag()) {
    std::string* field = FieldOf(tag, envelope);
    if (field == nullptr) {
      if (WireFormatLite::GetTagFieldNumber(tag) == 0) return false;
      if (!WireFormatLite::SkipField(&in, tag)) return false;
      continue;
    }
    uint32_t size = 0;
    if (!in.ReadVarint32(&size) || size > bytes.size()) return false;
    if (!in.ReadString(field, static_cast<int>(size))) return false;
  }
  return in.ConsumedEntireMessage();
}

}  // namespace meseta::net
