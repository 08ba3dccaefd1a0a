// Writing half of json_codec.h.
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>  // FieldOptions

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "actors/base/json/base64.h"
#include "actors/base/json/json_codec.h"

namespace meseta {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

void WriteText(const FieldDescriptor& field, const std::string& value, JsonWriter& writer) {
  if (field.type() == FieldDescriptor::TYPE_BYTES) {
    writer.String(Base64Encode(value));
  } else {
    writer.String(value);
  }
}

// The value of a field that is neither repeated nor a map.
void WriteSingular(const Message& message, const Reflection& reflection,
                   const FieldDescriptor& field, JsonWriter& writer) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return writer.Int(reflection.GetInt32(message, &field));
    case FieldDescriptor::CPPTYPE_INT64:
      return writer.Int(reflection.GetInt64(message, &field));
    case FieldDescriptor::CPPTYPE_UINT32:
      return writer.UInt(reflection.GetUInt32(message, &field));
    case FieldDescriptor::CPPTYPE_UINT64:
      return writer.UInt(reflection.GetUInt64(message, &field));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return writer.Double(reflection.GetDouble(message, &field));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return writer.Double(static_cast<double>(reflection.GetFloat(message, &field)));
    case FieldDescriptor::CPPTYPE_BOOL:
      return writer.Bool(reflection.GetBool(message, &field));
    case FieldDescriptor::CPPTYPE_ENUM:
      return writer.String(reflection.GetEnum(message, &field)->name());
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return AppendJson(reflection.GetMessage(message, &field), writer);
    case FieldDescriptor::CPPTYPE_STRING: {
      std::string scratch;
      return WriteText(field, reflection.GetStringReference(message, &field, &scratch), writer);
    }
  }
}

void WriteElement(const Message& message, const Reflection& reflection,
                  const FieldDescriptor& field, int index, JsonWriter& writer) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return writer.Int(reflection.GetRepeatedInt32(message, &field, index));
    case FieldDescriptor::CPPTYPE_INT64:
      return writer.Int(reflection.GetRepeatedInt64(message, &field, index));
    case FieldDescriptor::CPPTYPE_UINT32:
      return writer.UInt(reflection.GetRepeatedUInt32(message, &field, index));
    case FieldDescriptor::CPPTYPE_UINT64:
      return writer.UInt(reflection.GetRepeatedUInt64(message, &field, index));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return writer.Double(reflection.GetRepeatedDouble(message, &field, index));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return writer.Double(
          static_cast<double>(reflection.GetRepeatedFloat(message, &field, index)));
    case FieldDescriptor::CPPTYPE_BOOL:
      return writer.Bool(reflection.GetRepeatedBool(message, &field, index));
    case FieldDescriptor::CPPTYPE_ENUM:
      return writer.String(reflection.GetRepeatedEnum(message, &field, index)->name());
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return AppendJson(reflection.GetRepeatedMessage(message, &field, index), writer);
    case FieldDescriptor::CPPTYPE_STRING: {
      std::string scratch;
      return WriteText(
          field, reflection.GetRepeatedStringReference(message, &field, index, &scratch), writer);
    }
  }
}

// A map key as text: strings as they are, the other kinds as JSON writes them.
std::string KeyText(const Message& entry, const FieldDescriptor& key) {
  const Reflection& reflection = *entry.GetReflection();
  if (key.cpp_type() == FieldDescriptor::CPPTYPE_STRING) return reflection.GetString(entry, &key);
  std::string text;
  JsonWriter writer(&text);
  WriteSingular(entry, reflection, key, writer);
  return text;
}

void WriteMap(const Message& message, const Reflection& reflection, const FieldDescriptor& field,
              JsonWriter& writer) {
  const FieldDescriptor& key = *field.message_type()->map_key();
  const FieldDescriptor& value = *field.message_type()->map_value();
  std::vector<std::pair<std::string, const Message*>> entries;
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    const Message& entry = reflection.GetRepeatedMessage(message, &field, i);
    entries.emplace_back(KeyText(entry, key), &entry);
  }
  std::sort(entries.begin(), entries.end(),  // Protobuf's own order is not defined.
            [](const auto& a, const auto& b) { return a.first < b.first; });
  writer.BeginObject();
  for (const auto& [text, entry] : entries) {
    writer.Key(text);
    WriteSingular(*entry, *entry->GetReflection(), value, writer);
  }
  writer.EndObject();
}

void WriteRepeated(const Message& message, const Reflection& reflection,
                   const FieldDescriptor& field, int size, JsonWriter& writer) {
  writer.BeginArray();
  for (int i = 0; i < size; ++i) WriteElement(message, reflection, field, i, writer);
  writer.EndArray();
}

}  // namespace

void AppendJson(const Message& message, JsonWriter& writer) {
  const google::protobuf::Descriptor& type = *message.GetDescriptor();
  const Reflection& reflection = *message.GetReflection();
  writer.BeginObject();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    if (field.is_repeated()) {
      const int size = reflection.FieldSize(message, &field);
      if (size == 0) continue;
      writer.Key(field.name());
      if (field.is_map()) {
        WriteMap(message, reflection, field, writer);
      } else {
        WriteRepeated(message, reflection, field, size, writer);
      }
    } else if (reflection.HasField(message, &field) ||
               (field.has_default_value() && !field.options().deprecated())) {
      writer.Key(field.name());
      WriteSingular(message, reflection, field, writer);
    }
  }
  writer.EndObject();
}

std::string ToJson(const Message& message) {
  std::string out;
  JsonWriter writer(&out);
  AppendJson(message, writer);
  return out;
}

}  // namespace meseta
