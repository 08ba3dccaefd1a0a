#include "state/model/values.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>

namespace meseta::model {
namespace {

constexpr uint64_t kMaxUint = std::numeric_limits<uint64_t>::max();

bool Touches(const Ranges::Range& left, const Ranges::Range& right) {
  // REQUIRES: left.begin <= right.begin.
  return left.end == kMaxUint || right.begin <= left.end + 1;
}

}  // namespace

Scalar Scalar::FromDouble(double value) {
  if (std::isnan(value)) return {};
  const double scaled = value * 1000.0;
  constexpr auto kLimit = static_cast<double>(kMaxThousandths);
  if (scaled >= kLimit) return FromThousandths(kMaxThousandths);
  if (scaled <= -kLimit) return FromThousandths(-kMaxThousandths);
  return FromThousandths(std::llround(scaled));
}

double Scalar::value() const {
  // Whole and fraction apart: each converts exactly, so that equal scalars print alike.
  return static_cast<double>(thousandths_ / 1000) + static_cast<double>(thousandths_ % 1000) / 1000.0;
}

std::string Scalar::ToString() const {
  char buffer[64];
  const int length =
      std::snprintf(buffer, sizeof(buffer), "%.*g", std::numeric_limits<double>::digits10, value());
  return {buffer, static_cast<size_t>(length)};
}

Scalar& Scalar::operator+=(Scalar other) {
  // Both are at most 10^18 in size, so the sum fits 64 bits.
  thousandths_ =
      std::clamp(thousandths_ + other.thousandths_, -kMaxThousandths, kMaxThousandths);
  return *this;
}

Scalar& Scalar::operator-=(Scalar other) {
  thousandths_ =
      std::clamp(thousandths_ - other.thousandths_, -kMaxThousandths, kMaxThousandths);
  return *this;
}

Ranges::Ranges(std::vector<Range> ranges) {
  std::sort(ranges.begin(), ranges.end(),
            [](const Range& a, const Range& b) { return a.begin < b.begin; });
  for (const Range& range : ranges) {
    if (range.begin > range.end) continue;
    if (!ranges_.empty() && Touches(ranges_.back(), range)) {
      ranges_.back().end = std::max(ranges_.back().end, range.end);
    } else {
      ranges_.push_back(range);
    }
  }
}

Ranges Ranges::FromProto(const v1::Value::Ranges& proto) {
  std::vector<Range> ranges;
  ranges.reserve(proto.range_size());
  for (const auto& range : proto.range()) ranges.push_back(Range{range.begin(), range.end()});
  return Ranges(std::move(ranges));
}

void Ranges::ToProto(v1::Value::Ranges* proto) const {
  proto->Clear();
  for (const Range& range : ranges_) {
    auto* added = proto->add_range();
    added->set_begin(range.begin);
    added->set_end(range.end);
  }
}

uint64_t Ranges::Count() const {
  uint64_t count = 0;
  for (const Range& range : ranges_) {
    const uint64_t width = range.end - range.begin;
    if (width == kMaxUint || count > kMaxUint - width - 1) return kMaxUint;
    count += width + 1;
  }
  return count;
}

bool Ranges::Contains(const Ranges& other) const {
  // Both are coalesced, so each range of `other` must lie within a single one of ours.
  auto mine = ranges_.begin();
  for (const Range& range : other.ranges_) {
    while (mine != ranges_.end() && mine->end < range.begin) ++mine;
    if (mine == ranges_.end() || mine->begin > range.begin || mine->end < range.end) return false;
  }
  return true;
}

bool Ranges::Contains(uint64_t value) const {
  return std::any_of(ranges_.begin(), ranges_.end(),
                     [value](const Range& r) { return r.begin <= value && value <= r.end; });
}

std::string Ranges::ToString() const {
  std::string text = "[";
  for (const Range& range : ranges_) {
    if (text.size() > 1) text += ", ";
    text += std::to_string(range.begin) + "-" + std::to_string(range.end);
  }
  return text + "]";
}

Ranges& Ranges::operator+=(const Ranges& other) {
  std::vector<Range> all = std::move(ranges_);
  all.insert(all.end(), other.ranges_.begin(), other.ranges_.end());
  *this = Ranges(std::move(all));
  return *this;
}

Ranges& Ranges::operator-=(const Ranges& other) {
  std::vector<Range> left;
  auto hole = other.ranges_.begin();
  for (Range range : ranges_) {
    while (hole != other.ranges_.end() && hole->end < range.begin) ++hole;
    bool rest = true;  // Whether a part of `range` lies after the holes seen.
    for (auto h = hole; h != other.ranges_.end() && h->begin <= range.end; ++h) {
      if (h->begin > range.begin) left.push_back(Range{range.begin, h->begin - 1});
      if (h->end >= range.end) {
        rest = false;
        break;
      }
      range.begin = h->end + 1;
    }
    if (rest) left.push_back(range);
  }
  ranges_ = std::move(left);
  return *this;
}

Set::Set(std::vector<std::string> items) : items_(std::move(items)) {
  std::sort(items_.begin(), items_.end());
  items_.erase(std::unique(items_.begin(), items_.end()), items_.end());
}

Set Set::FromProto(const v1::Value::Set& proto) {
  return Set(std::vector<std::string>(proto.item().begin(), proto.item().end()));
}

void Set::ToProto(v1::Value::Set* proto) const {
  proto->Clear();
  for (const std::string& item : items_) proto->add_item(item);
}

bool Set::Contains(const Set& other) const {
  return std::includes(items_.begin(), items_.end(), other.items_.begin(), other.items_.end());
}

std::string Set::ToString() const {
  std::string text = "{";
  for (const std::string& item : items_) {
    if (text.size() > 1) text += ", ";
    text += item;
  }
  return text + "}";
}

Set& Set::operator+=(const Set& other) {
  std::vector<std::string> sum;
  std::set_union(items_.begin(), items_.end(), other.items_.begin(), other.items_.end(),
                 std::back_inserter(sum));
  items_ = std::move(sum);
  return *this;
}

Set& Set::operator-=(const Set& other) {
  std::vector<std::string> rest;
  std::set_difference(items_.begin(), items_.end(), other.items_.begin(), other.items_.end(),
                      std::back_inserter(rest));
  items_ = std::move(rest);
  return *this;
}

}  // namespace meseta::model
