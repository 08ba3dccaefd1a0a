// Small values in the API's JSON. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "actors/base/json/json_writer.h"
#include "frameworks/services/model/json_fields.h"

namespace meseta::services {

inline void WriteText(std::string_view key, std::string_view value, JsonWriter& writer) {
  writer.Key(key);
  writer.String(value);
}
inline void WriteInt(std::string_view key, int64_t value, JsonWriter& writer) {
  writer.Key(key);
  writer.Int(value);
}
inline void WriteBool(std::string_view key, bool value, JsonWriter& writer) {
  writer.Key(key);
  writer.Bool(value);
}
// "2026-11-22T14:00:00.000Z"
void WriteTime(std::string_view key, int64_t ms, JsonWriter& writer);

}  // namespace meseta::services
