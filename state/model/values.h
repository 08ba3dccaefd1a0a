// Values of resources: exact scalars, and normalised ranges and sets.
//
// Scalar counts thousandths, as Mesos does, so that 0.1 + 0.2 is exactly 0.3. Ranges are sorted,
// disjoint and coalesced; Set is sorted without duplicates. Differences ignore what is not there.
// Pure values; sums of scalars saturate at kMaxThousandths. Foreign input is bounded where it is
// validated (resources.h).
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "actors/base/status.h"
#include "actors/messages/v1.h"

namespace meseta::model {

class Scalar {
 public:
  // 10^15 units: above it a double no longer holds thousandths.
  static constexpr int64_t kMaxThousandths = 1'000'000'000'000'000'000;

  constexpr Scalar() = default;
  static Scalar FromDouble(double value);  // Rounds to the nearest thousandth; NaN is zero.
  static constexpr Scalar FromThousandths(int64_t n) {
    Scalar s;
    s.thousandths_ = n;
    return s;
  }
  [[nodiscard]] constexpr int64_t thousandths() const { return thousandths_; }
  [[nodiscard]] double value() const;
  [[nodiscard]] std::string ToString() const;  // "0.5", "32".

  Scalar& operator+=(Scalar other);
  Scalar& operator-=(Scalar other);
  friend Scalar operator+(Scalar a, Scalar b) { return a += b; }
  friend Scalar operator-(Scalar a, Scalar b) { return a -= b; }
  friend constexpr auto operator<=>(Scalar, Scalar) = default;

 private:
  int64_t thousandths_ = 0;
};

class Ranges {
 public:
  struct Range {
    uint64_t begin = 0;  // Both ends belong to it; begin <= end.
    uint64_t end = 0;
    friend bool operator==(const Range&, const Range&) = default;
  };

  Ranges() = default;
  // Sorts, drops inverted ranges and coalesces.
  explicit Ranges(std::vector<Range> ranges);
  static Ranges FromProto(const v1::Value::Ranges& proto);
  void ToProto(v1::Value::Ranges* proto) const;

  [[nodiscard]] bool empty() const { return ranges_.empty(); }
  [[nodiscard]] const std::vector<Range>& ranges() const { return ranges_; }
  // How many values are in it; saturates.
  [[nodiscard]] uint64_t Count() const;
  [[nodiscard]] bool Contains(const Ranges& other) const;
  [[nodiscard]] bool Contains(uint64_t value) const;
  [[nodiscard]] std::string ToString() const;  // "[1-2, 4-5]".

  Ranges& operator+=(const Ranges& other);
  Ranges& operator-=(const Ranges& other);
  friend bool operator==(const Ranges&, const Ranges&) = default;

 private:
  std::vector<Range> ranges_;
};

class Set {
 public:
  Set() = default;
  explicit Set(std::vector<std::string> items);
  static Set FromProto(const v1::Value::Set& proto);
  void ToProto(v1::Value::Set* proto) const;

  [[nodiscard]] bool empty() const { return items_.empty(); }
  [[nodiscard]] const std::vector<std::string>& items() const { return items_; }
  [[nodiscard]] bool Contains(const Set& other) const;
  [[nodiscard]] std::string ToString() const;  // "{a, b}".

  Set& operator+=(const Set& other);
  Set& operator-=(const Set& other);
  friend bool operator==(const Set&, const Set&) = default;

 private:
  std::vector<std::string> items_;
};

// Text of the --resources and --attributes flags: "4", "0.5", "[1-5,7-9]", "{a,b}", else TEXT.
struct Text {
  std::string value;
  friend bool operator==(const Text&, const Text&) = default;
};
using ParsedValue = std::variant<Scalar, Ranges, Set, Text>;
Result<ParsedValue> ParseValue(std::string_view text);

// Helpers of the textual flags: pieces between any of the separators (empty ones left out), and
// without spaces around.
std::vector<std::string> Tokenize(std::string_view text, std::string_view separators);
std::string_view Trim(std::string_view text);

}  // namespace meseta::model
