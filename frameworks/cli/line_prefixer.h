// Cuts a task's output into lines with a prefix, so that several tasks can share a terminal. Pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace meseta::cli {

// A longer line is passed on in pieces.
inline constexpr size_t kMaxHeldLine = 64 * 1024;

class LinePrefixer {
 public:
  explicit LinePrefixer(std::string prefix) : prefix_(std::move(prefix)) {}
  // Whole lines with their prefix. With an empty prefix the bytes are passed on at once.
  [[nodiscard]] std::string Put(std::string_view data);
  // What is left of an unfinished line, ended by '\n'.
  [[nodiscard]] std::string End();

 private:
  const std::string prefix_;
  std::string held_;  // The unfinished line.
};

}  // namespace meseta::cli
