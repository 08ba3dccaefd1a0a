// Reading half of json_codec.h.
#include <google/protobuf/descriptor.h>

#include <boost/json/monotonic_resource.hpp>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "actors/base/json/base64.h"
#include "actors/base/json/json_codec.h"
#include "actors/base/time.h"

namespace meseta {
namespace {

namespace json = boost::json;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

Status ReadObject(const json::object& object, size_t depth, Message* out);

std::string_view View(const json::string& text) { return {text.data(), text.size()}; }

Status Unexpected(std::string_view kind, const FieldDescriptor& field) {
  return InvalidArgument("Not expecting a JSON " + std::string(kind) + " for field '" +
                         field.name() + "'");
}

Status OutOfRange(const FieldDescriptor& field) {
  return InvalidArgument("The number for field '" + field.name() + "' does not fit into " +
                         field.type_name());
}

// A JSON number as it was written: whole and signed, whole and unsigned, or with a fraction.
struct Number {
  enum class Kind { kSigned, kUnsigned, kDouble } kind = Kind::kSigned;
  int64_t as_signed = 0;
  uint64_t as_unsigned = 0;
  double as_double = 0;

  static Number Signed(int64_t v) { return {Kind::kSigned, v, 0, 0}; }
  static Number Unsigned(uint64_t v) { return {Kind::kUnsigned, 0, v, 0}; }
  static Number Double(double v) { return {Kind::kDouble, 0, 0, v}; }

  [[nodiscard]] double ToDouble() const {
    if (kind == Kind::kSigned) return static_cast<double>(as_signed);
    if (kind == Kind::kUnsigned) return static_cast<double>(as_unsigned);
    return as_double;
  }

  // Nothing when there is a fraction or the type is too small.
  template <class Integer>
  [[nodiscard]] std::optional<Integer> To() const {
    if (kind == Kind::kSigned) return InRange<Integer>(as_signed);
    if (kind == Kind::kUnsigned) return InRange<Integer>(as_unsigned);
    // Both limits are powers of two (or zero), so exact as doubles.
    const double limit = std::ldexp(1.0, std::numeric_limits<Integer>::digits);
    const double lowest = std::numeric_limits<Integer>::is_signed ? -limit : 0.0;
    if (!(as_double >= lowest && as_double < limit)) return std::nullopt;
    if (std::trunc(as_double) != as_double) return std::nullopt;
    return static_cast<Integer>(as_double);
  }

 private:
  template <class Integer, class From>
  static std::optional<Integer> InRange(From value) {
    if (!std::in_range<Integer>(value)) return std::nullopt;
    return static_cast<Integer>(value);
  }
};

std::optional<Number> AsNumber(const json::value& value) {
  switch (value.kind()) {
    case json::kind::int64: return Number::Signed(value.get_int64());
    case json::kind::uint64: return Number::Unsigned(value.get_uint64());
    case json::kind::double_: return Number::Double(value.get_double());
    default: return std::nullopt;
  }
}

// ---- One value into one field: set, or added when the field is repeated.

template <class Value>
using Setter = void (Reflection::*)(Message*, const FieldDescriptor*, Value) const;

template <class Value>
void Store(Message* out, const FieldDescriptor& field, Setter<Value> set, Setter<Value> add,
           Value value) {
  (out->GetReflection()->*(field.is_repeated() ? add : set))(out, &field, value);
}

template <class Integer>
Status StoreInteger(const Number& number, Message* out, const FieldDescriptor& field,
                    Setter<Integer> set, Setter<Integer> add) {
  const std::optional<Integer> value = number.To<Integer>();
  if (!value) return OutOfRange(field);
  Store(out, field, set, add, *value);
  return OkStatus();
}

Status StoreFloat(double value, Message* out, const FieldDescriptor& field) {
  const auto narrow = static_cast<float>(value);
  if (std::isinf(narrow) && !std::isinf(value)) return OutOfRange(field);
  Store(out, field, &Reflection::SetFloat, &Reflection::AddFloat, narrow);
  return OkStatus();
}

Status ReadNumber(const Number& number, Message* out, const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return StoreInteger<int32_t>(number, out, field, &Reflection::SetInt32,
                                   &Reflection::AddInt32);
    case FieldDescriptor::CPPTYPE_INT64:
      return StoreInteger<int64_t>(number, out, field, &Reflection::SetInt64,
                                   &Reflection::AddInt64);
    case FieldDescriptor::CPPTYPE_UINT32:
      return StoreInteger<uint32_t>(number, out, field, &Reflection::SetUInt32,
                                    &Reflection::AddUInt32);
    case FieldDescriptor::CPPTYPE_UINT64:
      return StoreInteger<uint64_t>(number, out, field, &Reflection::SetUInt64,
                                    &Reflection::AddUInt64);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      Store(out, field, &Reflection::SetDouble, &Reflection::AddDouble, number.ToDouble());
      return OkStatus();
    case FieldDescriptor::CPPTYPE_FLOAT:
      return StoreFloat(number.ToDouble(), out, field);
    default:
      return Unexpected("number", field);
  }
}

Status ReadBool(bool value, Message* out, const FieldDescriptor& field) {
  if (field.cpp_type() != FieldDescriptor::CPPTYPE_BOOL) return Unexpected("boolean", field);
  Store(out, field, &Reflection::SetBool, &Reflection::AddBool, value);
  return OkStatus();
}

void StoreString(std::string value, Message* out, const FieldDescriptor& field) {
  const Reflection& reflection = *out->GetReflection();
  if (field.is_repeated()) {
    reflection.AddString(out, &field, std::move(value));
  } else {
    reflection.SetString(out, &field, std::move(value));
  }
}

Status ReadBytes(std::string_view text, Message* out, const FieldDescriptor& field) {
  Result<std::string> bytes = Base64Decode(text);
  if (!bytes.ok()) {
    return bytes.status().WithContext("Failed to base64 decode bytes field '" + field.name() + "'");
  }
  StoreString(*std::move(bytes), out, field);
  return OkStatus();
}

Status ReadEnum(std::string_view name, Message* out, const FieldDescriptor& field) {
  const EnumValueDescriptor* value = field.enum_type()->FindValueByName(std::string(name));
  if (value != nullptr) {
    Store(out, field, &Reflection::SetEnum, &Reflection::AddEnum, value);
  } else if (field.is_required()) {
    return InvalidArgument("Failed to find enum for '" + std::string(name) + "'");
  }
  return OkStatus();
}

Status NotANumber(std::string_view text, const FieldDescriptor& field) {
  return InvalidArgument("Failed to parse '" + std::string(text) +
                         "' as a JSON number for field '" + field.name() + "'");
}

Status ReadNumberText(std::string_view text, Message* out, const FieldDescriptor& field) {
  const bool real = field.cpp_type() == FieldDescriptor::CPPTYPE_DOUBLE ||
                    field.cpp_type() == FieldDescriptor::CPPTYPE_FLOAT;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (real && text == "Infinity") return ReadNumber(Number::Double(kInfinity), out, field);
  if (real && text == "-Infinity") return ReadNumber(Number::Double(-kInfinity), out, field);
  const Result<json::value> parsed = ParseJson(text);
  if (!parsed.ok()) return NotANumber(text, field);
  const std::optional<Number> number = AsNumber(*parsed);
  return number ? ReadNumber(*number, out, field) : NotANumber(text, field);
}

Status ReadBoolText(std::string_view text, Message* out, const FieldDescriptor& field) {
  if (text == "true") return ReadBool(true, out, field);
  if (text == "false") return ReadBool(false, out, field);
  return InvalidArgument("Failed to parse '" + std::string(text) +
                         "' as a JSON boolean for field '" + field.name() + "'");
}

// Texts for google.protobuf.Duration, the one message that may be written as a string.
Status ReadDurationText(std::string_view text, Message* out, const FieldDescriptor& field) {
  const google::protobuf::Descriptor& type = *field.message_type();
  const FieldDescriptor* seconds = type.FindFieldByName("seconds");
  const FieldDescriptor* nanos = type.FindFieldByName("nanos");
  if (type.full_name() != "google.protobuf.Duration" || seconds == nullptr || nanos == nullptr) {
    return Unexpected("string", field);
  }
  const Result<Duration> duration = Duration::Parse(text);
  if (!duration.ok()) return duration.status().WithContext("Field '" + field.name() + "'");
  const Reflection& reflection = *out->GetReflection();
  Message* target = field.is_repeated() ? reflection.AddMessage(out, &field)
                                        : reflection.MutableMessage(out, &field);
  constexpr int64_t kNanosPerSecond = 1'000'000'000;
  const Reflection& inner = *target->GetReflection();
  inner.SetInt64(target, seconds, duration->nanos() / kNanosPerSecond);
  inner.SetInt32(target, nanos, static_cast<int32_t>(duration->nanos() % kNanosPerSecond));
  return OkStatus();
}

Status ReadString(std::string_view text, Message* out, const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      if (field.type() == FieldDescriptor::TYPE_BYTES) return ReadBytes(text, out, field);
      StoreString(std::string(text), out, field);
      return OkStatus();
    case FieldDescriptor::CPPTYPE_ENUM:
      return ReadEnum(text, out, field);
    case FieldDescriptor::CPPTYPE_BOOL:
      return ReadBoolText(text, out, field);
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return ReadDurationText(text, out, field);
    default:
      return ReadNumberText(text, out, field);
  }
}

Status ReadField(const json::value& value, size_t depth, Message* out,
                 const FieldDescriptor& field);

Status ReadMap(const json::object& object, size_t depth, Message* out,
               const FieldDescriptor& field) {
  const Reflection& reflection = *out->GetReflection();
  const FieldDescriptor& key = *field.message_type()->map_key();
  const FieldDescriptor& value = *field.message_type()->map_value();
  for (const json::key_value_pair& member : object) {
    Message* entry = reflection.AddMessage(out, &field);
    RETURN_IF_ERROR(ReadString({member.key().data(), member.key().size()}, entry, key));
    RETURN_IF_ERROR(ReadField(member.value(), depth, entry, value));
    // A null or an unknown enum name leaves no value: then there is no entry, either.
    if (!entry->GetReflection()->HasField(*entry, &value)) reflection.RemoveLast(out, &field);
  }
  return OkStatus();
}

Status ReadArray(const json::array& array, size_t depth, Message* out,
                 const FieldDescriptor& field) {
  if (!field.is_repeated() || field.is_map()) return Unexpected("array", field);
  for (const json::value& element : array) {
    if (element.is_array()) return Unexpected("array inside an array", field);
    RETURN_IF_ERROR(ReadField(element, depth, out, field));
  }
  return OkStatus();
}

Status ReadField(const json::value& value, size_t depth, Message* out,
                 const FieldDescriptor& field) {
  switch (value.kind()) {
    case json::kind::null:
      return OkStatus();
    case json::kind::bool_:
      return ReadBool(value.get_bool(), out, field);
    case json::kind::string:
      return ReadString(View(value.get_string()), out, field);
    case json::kind::array:
      return ReadArray(value.get_array(), depth, out, field);
    case json::kind::object: {
      if (field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) return Unexpected("object", field);
      if (field.is_map()) return ReadMap(value.get_object(), depth, out, field);
      const Reflection& reflection = *out->GetReflection();
      return ReadObject(value.get_object(), depth + 1,
                        field.is_repeated() ? reflection.AddMessage(out, &field)
                                            : reflection.MutableMessage(out, &field));
    }
    default:
      return ReadNumber(*AsNumber(value), out, field);
  }
}

Status ReadObject(const json::object& object, size_t depth, Message* out) {
  // ParseJson keeps to this, too; trees made otherwise may not.
  if (depth > kMaxJsonDepth) {
    return InvalidArgument("Nested deeper than " + std::to_string(kMaxJsonDepth) + " levels");
  }
  const google::protobuf::Descriptor& type = *out->GetDescriptor();
  std::string name;
  for (const json::key_value_pair& member : object) {
    name.assign(member.key().data(), member.key().size());
    const FieldDescriptor* field = type.FindFieldByName(name);
    if (field == nullptr) continue;
    RETURN_IF_ERROR(ReadField(member.value(), depth, out, *field));
  }
  return OkStatus();
}

}  // namespace

Status FromJson(const json::value& value, Message* out) {
  out->Clear();
  if (!value.is_object()) return InvalidArgument("Expecting a JSON object");
  RETURN_IF_ERROR(ReadObject(value.get_object(), 1, out));
  if (!out->IsInitialized()) {
    return InvalidArgument("Missing required fields: " + out->InitializationErrorString());
  }
  return OkStatus();
}

Status FromJson(std::string_view text, Message* out) {
  json::monotonic_resource storage;
  const Result<json::value> value = ParseJson(text, &storage);
  if (!value.ok()) return value.status();
  return FromJson(*value, out);
}

}  // namespace meseta
