// Takes the parts of a fuzz target's input off its front. What is missing at its end is zeros, or
// shorter.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace meseta::fuzz {

class Input {
 public:
  Input(const uint8_t* data, size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}

  [[nodiscard]] bool empty() const { return rest_.empty(); }
  uint8_t Byte() {
    const std::string_view taken = Take(1);
    return taken.empty() ? 0 : static_cast<uint8_t>(taken[0]);
  }
  // Two bytes, the higher one first.
  size_t Short() {
    const size_t high = Byte();
    return high << 8 | Byte();
  }
  std::string_view Take(size_t size) {
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(taken.size());
    return taken;
  }
  std::string_view TakeSized() { return Take(Short()); }
  std::string_view TakeRest() { return Take(rest_.size()); }

 private:
  std::string_view rest_;
};

}  // namespace meseta::fuzz
