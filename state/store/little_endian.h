// Fixed-size numbers of the store's file formats: little-endian.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace meseta::store {

inline void PutU32(uint32_t value, std::string* out) {
  for (int shift = 0; shift < 32; shift += 8) out->push_back(static_cast<char>(value >> shift));
}
inline void PutU64(uint64_t value, std::string* out) {
  for (int shift = 0; shift < 64; shift += 8) out->push_back(static_cast<char>(value >> shift));
}
// REQUIRES: that many bytes at `at`.
inline uint32_t GetU32(std::string_view in, size_t at) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) {
    value |= static_cast<uint32_t>(static_cast<unsigned char>(in[at + i])) << (8 * i);
  }
  return value;
}
inline uint64_t GetU64(std::string_view in, size_t at) {
  return GetU32(in, at) | static_cast<uint64_t>(GetU32(in, at + 4)) << 32;
}

}  // namespace meseta::store
