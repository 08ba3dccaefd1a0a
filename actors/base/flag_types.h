// How the types of flags are read and shown. Specialize FlagType to add one:
//
//   template <>
//   struct meseta::FlagType<HostPort> {
//     static constexpr char kName[] = "HOST:PORT";               // In the help text.
//     static Status Parse(std::string_view text, HostPort* out); // One sentence on failure.
//     static std::string Text(const HostPort& value);            // Parse(Text(v)) == v.
//   };
#pragma once

#include <charconv>
#include <concepts>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/base/bytes.h"
#include "actors/base/status.h"
#include "actors/base/time.h"

namespace meseta {

// The name of a file or folder. "file:///etc/x" is accepted for "/etc/x"; unlike with all other
// types the file is not read when the flags are parsed.
struct Path {
  std::string value;
  [[nodiscard]] bool empty() const { return value.empty(); }
  friend bool operator==(const Path&, const Path&) = default;
};

template <class T>
struct FlagType;

namespace internal {
Status BadInteger(std::string_view text, std::string_view lowest, std::string_view highest);
}  // namespace internal

template <std::integral T>
struct FlagType<T> {
  static constexpr char kName[] = "INTEGER";
  static Status Parse(std::string_view text, T* out) {
    const char* end = text.data() + text.size();
    const auto [used, error] = std::from_chars(text.data(), end, *out);
    if (error == std::errc() && used == end) return OkStatus();
    return internal::BadInteger(text, std::to_string(std::numeric_limits<T>::min()),
                                std::to_string(std::numeric_limits<T>::max()));
  }
  static std::string Text(T value) { return std::to_string(value); }
};

template <>
struct FlagType<bool> {
  static constexpr char kName[] = "BOOL";
  static Status Parse(std::string_view text, bool* out);  // true, false, 1, 0.
  static std::string Text(bool value) { return value ? "true" : "false"; }
};

template <>
struct FlagType<double> {
  static constexpr char kName[] = "NUMBER";
  static Status Parse(std::string_view text, double* out);  // Finite.
  static std::string Text(double value);
};

template <>
struct FlagType<std::string> {
  static constexpr char kName[] = "TEXT";
  static Status Parse(std::string_view text, std::string* out);
  static std::string Text(const std::string& value) { return value; }
};

template <>
struct FlagType<Path> {
  static constexpr char kName[] = "PATH";
  static Status Parse(std::string_view text, Path* out);
  static std::string Text(const Path& value) { return value.value; }
};

template <>
struct FlagType<Duration> {
  static constexpr char kName[] = "DURATION";
  static Status Parse(std::string_view text, Duration* out);
  static std::string Text(Duration value) { return value.ToString(); }
};

template <>
struct FlagType<Bytes> {
  static constexpr char kName[] = "SIZE";
  static Status Parse(std::string_view text, Bytes* out);
  static std::string Text(Bytes value) { return value.ToString(); }
};

// Separated by commas; blanks around items are dropped.
template <>
struct FlagType<std::vector<std::string>> {
  static constexpr char kName[] = "LIST";
  static Status Parse(std::string_view text, std::vector<std::string>* out);
  static std::string Text(const std::vector<std::string>& value);
};

}  // namespace meseta
