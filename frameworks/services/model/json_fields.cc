#include "frameworks/services/model/json_fields.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "actors/base/strings.h"

namespace meseta::services {
namespace {

constexpr double kMaxExactInt = 9'007'199'254'740'992;  // 2^53

// Also 5.0, which JSON does not tell from 5.
std::optional<int64_t> AsInt(const boost::json::value& value) {
  if (value.is_int64()) return value.get_int64();
  if (!value.is_double()) return std::nullopt;  // Unsigned ones are beyond int64.
  const double number = value.get_double();
  if (std::trunc(number) != number || std::abs(number) > kMaxExactInt) return std::nullopt;
  return static_cast<int64_t>(number);
}

}  // namespace

void ErrorList::Add(const std::string& path, std::string error) {
  const auto it = std::find_if(details_.begin(), details_.end(),
                               [&](const ApiError::Detail& detail) { return detail.path == path; });
  if (it == details_.end()) {
    details_.push_back({path, {std::move(error)}});
  } else if (std::find(it->errors.begin(), it->errors.end(), error) == it->errors.end()) {
    it->errors.push_back(std::move(error));
  }
}

void ErrorList::Add(std::vector<ApiError::Detail> details) {
  for (ApiError::Detail& detail : details) {
    for (std::string& error : detail.errors) Add(detail.path, std::move(error));
  }
}

ApiError ReadErrors::ToApiError() const {
  if (types.empty()) return ApiError::Invalid(rules.details());
  return {422, "Invalid JSON", types.details(), {}, {}};
}

std::string Fields::PathOf(std::string_view name) const {
  return std::string(path_).append("/").append(name);
}

void Fields::TypeError(std::string_view name, std::string error) const {
  errors_->types.Add(PathOf(name), std::move(error));
}

void Fields::Broken(std::string_view name, std::string rule) const {
  errors_->rules.Add(PathOf(name), std::move(rule));
}

const boost::json::value* Fields::Find(std::string_view name) const {
  const boost::json::value* value = json_.if_contains({name.data(), name.size()});
  return value == nullptr || value->is_null() ? nullptr : value;
}

std::optional<std::string> Fields::String(std::string_view name) const {
  const boost::json::value* value = Find(name);
  if (value == nullptr) return std::nullopt;
  if (value->is_string()) return std::string(value->get_string());
  TypeError(name, "error.expected.jsstring");
  return std::nullopt;
}

std::optional<bool> Fields::Bool(std::string_view name) const {
  const boost::json::value* value = Find(name);
  if (value == nullptr) return std::nullopt;
  if (value->is_bool()) return value->get_bool();
  TypeError(name, "error.expected.jsboolean");
  return std::nullopt;
}

std::optional<double> Fields::Number(std::string_view name) const {
  const boost::json::value* value = Find(name);
  if (value == nullptr) return std::nullopt;
  if (value->is_number()) return value->to_number<double>();
  TypeError(name, "error.expected.jsnumber");
  return std::nullopt;
}

std::optional<int64_t> Fields::Int(std::string_view name) const {
  const boost::json::value* value = Find(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_number()) {
    TypeError(name, "error.expected.jsnumber");
    return std::nullopt;
  }
  const std::optional<int64_t> number = AsInt(*value);
  if (!number) TypeError(name, "error.expected.int");
  return number;
}

const boost::json::array* Fields::Array(std::string_view name) const {
  const boost::json::value* value = Find(name);
  if (value == nullptr || value->is_array())
    return value == nullptr ? nullptr : &value->get_array();
  TypeError(name, "error.expected.jsarray");
  return nullptr;
}

const boost::json::object* Fields::Object(std::string_view name) const {
  const boost::json::value* value = Find(name);
  if (value == nullptr || value->is_object())
    return value == nullptr ? nullptr : &value->get_object();
  TypeError(name, "error.expected.jsobject");
  return nullptr;
}

std::optional<std::map<std::string, std::string>> Fields::Strings(std::string_view name) const {
  const boost::json::object* object = Object(name);
  if (object == nullptr) return std::nullopt;
  const Fields members(*object, PathOf(name), errors_);
  std::map<std::string, std::string> strings;
  for (const auto& member : *object) {
    const std::string_view key(member.key().data(), member.key().size());
    if (member.value().is_string()) {
      strings.emplace(key, member.value().get_string());
    } else {
      members.TypeError(key, "error.expected.jsstring");
    }
  }
  return strings;
}

std::optional<std::vector<std::string>> Fields::StringList(std::string_view name) const {
  const boost::json::array* array = Array(name);
  if (array == nullptr) return std::nullopt;
  std::vector<std::string> strings;
  for (size_t i = 0; i < array->size(); ++i) {
    if ((*array)[i].is_string()) {
      strings.emplace_back((*array)[i].get_string());
    } else {
      errors_->types.Add(Indexed(PathOf(name), i), "error.expected.jsstring");
    }
  }
  return strings;
}

std::optional<int64_t> Fields::IntIn(std::string_view name, int64_t min, int64_t max) const {
  const std::optional<int64_t> value = Int(name);
  if (!value || (*value >= min && *value <= max)) return value;
  Broken(name, "got " + std::to_string(*value) + ", expected between " + std::to_string(min) +
                   " and " + std::to_string(max));
  return std::nullopt;
}

std::optional<double> Fields::NumberIn(std::string_view name, double min, double max) const {
  const std::optional<double> value = Number(name);
  if (!value || (*value >= min && *value <= max)) return value;
  Broken(name, "got " + ShowNumber(*value) + ", expected between " + ShowNumber(min) + " and " +
                   ShowNumber(max));
  return std::nullopt;
}

std::optional<std::string> Fields::Word(std::string_view name,
                                        const std::vector<std::string>& words) const {
  std::optional<std::string> value = String(name);
  if (!value || std::find(words.begin(), words.end(), *value) != words.end()) return value;
  TypeError(name, "error.unknown.enum.literal");
  return std::nullopt;
}

std::string Fields::RequiredString(std::string_view name) const {
  const boost::json::value* value = json_.if_contains({name.data(), name.size()});
  if (value == nullptr) TypeError(name, "error.path.missing");
  if (value != nullptr && value->is_null()) TypeError(name, "error.expected.jsstring");
  return String(name).value_or("");
}

void Fields::ForEachObject(std::string_view name,
                           const std::function<void(const Fields&)>& f) const {
  const boost::json::array* array = Array(name);
  for (size_t i = 0; array != nullptr && i < array->size(); ++i) {
    const std::string path = Indexed(PathOf(name), i);
    if ((*array)[i].is_object()) {
      f(Fields((*array)[i].get_object(), path, errors_));
    } else {
      errors_->types.Add(path, "error.expected.jsobject");
    }
  }
}

std::string Indexed(std::string_view path, size_t index) {
  return std::string(path).append("(").append(std::to_string(index)).append(")");
}

void WriteNumber(double value, JsonWriter& writer) {
  if (std::trunc(value) == value && std::abs(value) <= kMaxExactInt) {
    writer.Int(static_cast<int64_t>(value));
  } else {
    writer.Double(value);
  }
}

std::string ShowNumber(double value) {
  std::string text;
  JsonWriter writer(&text);
  WriteNumber(value, writer);
  return text;
}

void WriteValue(const boost::json::value& value, JsonWriter& writer) {
  switch (value.kind()) {
    case boost::json::kind::null:
      return writer.Null();
    case boost::json::kind::bool_:
      return writer.Bool(value.get_bool());
    case boost::json::kind::int64:
      return writer.Int(value.get_int64());
    case boost::json::kind::uint64:
      return writer.UInt(value.get_uint64());
    case boost::json::kind::double_:
      return WriteNumber(value.get_double(), writer);
    case boost::json::kind::string: {
      const auto& text = value.get_string();
      return writer.String({text.data(), text.size()});
    }
    case boost::json::kind::array:
      writer.BeginArray();
      for (const auto& element : value.get_array()) WriteValue(element, writer);
      return writer.EndArray();
    case boost::json::kind::object:
      writer.BeginObject();
      for (const auto& member : value.get_object()) {
        writer.Key({member.key().data(), member.key().size()});
        WriteValue(member.value(), writer);
      }
      return writer.EndObject();
  }
}

std::string ShowValue(const boost::json::value& value) {
  std::string text;
  JsonWriter writer(&text);
  WriteValue(value, writer);
  return text;
}

}  // namespace meseta::services
