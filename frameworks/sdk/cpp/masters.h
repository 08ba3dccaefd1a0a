// The masters of a cluster as a scheduler knows them, and which of them to try next. Pure.
//
// Masters are base URLs without a slash at the end: "http://host:port". The list grows by leaders
// that others name, up to kMaxKnownMasters; then a newly named one takes the place of the last.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "actors/base/status.h"

namespace meseta::sdk {

inline constexpr size_t kMaxMasters = 16;
inline constexpr size_t kMaxKnownMasters = 2 * kMaxMasters;

// Each "host:port", "http://host:port" or "https://host:port"; an entry may itself be a list with
// commas. The port is 5050 when not given; `scheme` is for those without ("http" or "https").
[[nodiscard]] Result<std::vector<std::string>> ParseMasters(const std::vector<std::string>& texts,
                                                            std::string_view scheme);

// "host:port" of a base URL.
[[nodiscard]] std::string AddressOf(std::string_view base);

class MasterRing {
 public:
  // REQUIRES: `masters` is not empty.
  explicit MasterRing(std::vector<std::string> masters);

  [[nodiscard]] const std::string& current() const { return masters_[current_]; }
  [[nodiscard]] size_t size() const { return masters_.size(); }
  void Next();
  // Goes to the leader that the current master named: "//host:port/path" (of the current one's
  // scheme), a whole URL, or "host:port".
  Status Follow(std::string_view location);

 private:
  std::vector<std::string> masters_;
  size_t current_ = 0;
};

}  // namespace meseta::sdk
