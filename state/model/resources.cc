#include "state/model/resources.h"

#include <algorithm>
#include <utility>

#include "actors/base/check.h"
#include "state/model/resource_format.h"
#include "state/model/resource_identity.h"

namespace meseta::model {

using Kind = ResourceIdentity::Kind;

Resources::Cell Resources::ToCell(const v1::Resource& resource) {
  Cell cell;
  v1::Resource meta = resource;
  UpgradeReservations(&meta);
  if (meta.allocation_info().has_role()) {
    cell.allocated = std::make_shared<const std::string>(meta.allocation_info().role());
  }
  meta.clear_allocation_info();
  meta.clear_scalar();
  meta.clear_ranges();
  meta.clear_set();
  switch (meta.type()) {
    case v1::Value::SCALAR: cell.value = Scalar::FromDouble(resource.scalar().value()); break;
    case v1::Value::RANGES:
      cell.value = std::make_shared<const Ranges>(Ranges::FromProto(resource.ranges()));
      break;
    case v1::Value::SET:
      cell.value = std::make_shared<const Set>(Set::FromProto(resource.set()));
      break;
    case v1::Value::TEXT: CHECK(false) << "a resource of type TEXT was not validated"; break;
  }
  cell.identity = MakeIdentity(std::move(meta));
  return cell;
}

v1::Resource Resources::ToResource(const Cell& cell) {
  v1::Resource resource = cell.identity->meta;
  if (cell.allocated != nullptr) resource.mutable_allocation_info()->set_role(*cell.allocated);
  if (const auto* scalar = std::get_if<Scalar>(&cell.value)) {
    resource.mutable_scalar()->set_value(scalar->value());
  } else if (const auto* ranges = std::get_if<std::shared_ptr<const Ranges>>(&cell.value)) {
    (*ranges)->ToProto(resource.mutable_ranges());
  } else {
    std::get<std::shared_ptr<const Set>>(cell.value)->ToProto(resource.mutable_set());
  }
  return resource;
}

bool Resources::SameIdentity(const Cell& a, const Cell& b) {
  if (a.identity != b.identity && a.identity->key != b.identity->key) return false;
  if (a.allocated == b.allocated) return true;
  return a.allocated != nullptr && b.allocated != nullptr && *a.allocated == *b.allocated;
}

// REQUIRES of the next two: SameIdentity(a, b), hence the same type of value.
bool Resources::SameValue(const Cell& a, const Cell& b) {
  if (const auto* scalar = std::get_if<Scalar>(&a.value)) return *scalar == std::get<Scalar>(b.value);
  if (const auto* ranges = std::get_if<std::shared_ptr<const Ranges>>(&a.value)) {
    return **ranges == *std::get<std::shared_ptr<const Ranges>>(b.value);
  }
  return *std::get<std::shared_ptr<const Set>>(a.value) ==
         *std::get<std::shared_ptr<const Set>>(b.value);
}

bool Resources::ValueContains(const Cell& a, const Cell& b) {
  if (const auto* scalar = std::get_if<Scalar>(&a.value)) return *scalar >= std::get<Scalar>(b.value);
  if (const auto* ranges = std::get_if<std::shared_ptr<const Ranges>>(&a.value)) {
    return (*ranges)->Contains(*std::get<std::shared_ptr<const Ranges>>(b.value));
  }
  return std::get<std::shared_ptr<const Set>>(a.value)->Contains(
      *std::get<std::shared_ptr<const Set>>(b.value));
}

bool Resources::IsEmpty(const Cell& cell) {
  if (cell.shared_count <= 0) return true;
  if (const auto* scalar = std::get_if<Scalar>(&cell.value)) return *scalar <= Scalar();
  if (const auto* ranges = std::get_if<std::shared_ptr<const Ranges>>(&cell.value)) {
    return (*ranges)->empty();
  }
  return std::get<std::shared_ptr<const Set>>(cell.value)->empty();
}

void Resources::AddCell(Cell added) {
  if (IsEmpty(added)) return;
  const Kind kind = added.identity->kind;
  if (kind != Kind::kExclusive) {
    for (Cell& cell : cells_) {
      if (!SameIdentity(cell, added)) continue;
      if (kind == Kind::kShared) {
        if (!SameValue(cell, added)) continue;
        cell.shared_count += added.shared_count;
      } else if (auto* scalar = std::get_if<Scalar>(&cell.value)) {
        *scalar += std::get<Scalar>(added.value);
      } else if (auto* ranges = std::get_if<std::shared_ptr<const Ranges>>(&cell.value)) {
        auto sum = std::make_shared<Ranges>(**ranges);
        *sum += *std::get<std::shared_ptr<const Ranges>>(added.value);
        *ranges = std::move(sum);
      } else {
        auto& set = std::get<std::shared_ptr<const Set>>(cell.value);
        auto sum = std::make_shared<Set>(*set);
        *sum += *std::get<std::shared_ptr<const Set>>(added.value);
        set = std::move(sum);
      }
      return;
    }
  }
  cells_.push_back(std::move(added));
}

void Resources::SubtractCell(const Cell& removed) {
  const Kind kind = removed.identity->kind;
  for (auto it = cells_.begin(); it != cells_.end(); ++it) {
    if (!SameIdentity(*it, removed)) continue;
    if (kind != Kind::kDivisible) {
      if (!SameValue(*it, removed)) continue;
      it->shared_count -= removed.shared_count;
    } else if (auto* scalar = std::get_if<Scalar>(&it->value)) {
      *scalar -= std::get<Scalar>(removed.value);
    } else if (auto* ranges = std::get_if<std::shared_ptr<const Ranges>>(&it->value)) {
      auto rest = std::make_shared<Ranges>(**ranges);
      *rest -= *std::get<std::shared_ptr<const Ranges>>(removed.value);
      *ranges = std::move(rest);
    } else {
      auto& set = std::get<std::shared_ptr<const Set>>(it->value);
      auto rest = std::make_shared<Set>(*set);
      *rest -= *std::get<std::shared_ptr<const Set>>(removed.value);
      set = std::move(rest);
    }
    if (IsEmpty(*it)) cells_.erase(it);
    return;
  }
}

bool Resources::ContainsCell(const Cell& wanted) const {
  const Kind kind = wanted.identity->kind;
  return std::any_of(cells_.begin(), cells_.end(), [&](const Cell& cell) {
    if (!SameIdentity(cell, wanted)) return false;
    if (kind == Kind::kDivisible) return ValueContains(cell, wanted);
    return SameValue(cell, wanted) && cell.shared_count >= wanted.shared_count;
  });
}

bool Resources::Contains(const Resources& other) const {
  // Only exclusive entries may occur twice in `other`; each occurrence then needs one of ours.
  const auto occurrences = [](const Resources& in, const Cell& cell) {
    return std::count_if(in.cells_.begin(), in.cells_.end(), [&](const Cell& c) {
      return SameIdentity(c, cell) && SameValue(c, cell);
    });
  };
  return std::all_of(other.cells_.begin(), other.cells_.end(), [&](const Cell& cell) {
    if (cell.identity->kind == Kind::kExclusive) {
      return occurrences(*this, cell) >= occurrences(other, cell);
    }
    return ContainsCell(cell);
  });
}

bool operator==(const Resources& a, const Resources& b) {
  return a.cells_.size() == b.cells_.size() && a.Contains(b) && b.Contains(a);
}

Resources& Resources::operator+=(const Resources& other) {
  if (cells_.empty()) {
    cells_ = other.cells_;
    return *this;
  }
  if (&other == this) return *this += Resources(other);
  for (const Cell& cell : other.cells_) AddCell(cell);
  return *this;
}

Resources& Resources::operator-=(const Resources& other) {
  if (&other == this) {
    cells_.clear();
    return *this;
  }
  for (const Cell& cell : other.cells_) {
    if (cells_.empty()) break;
    SubtractCell(cell);
  }
  return *this;
}

void Resources::Add(const v1::Resource& resource) { AddCell(ToCell(resource)); }

void Resources::Subtract(const v1::Resource& resource) { SubtractCell(ToCell(resource)); }

std::vector<Resources::Entry> Resources::entries() const {
  std::vector<Entry> list;
  list.reserve(cells_.size());
  for (const Cell& cell : cells_) list.push_back(Entry{ToResource(cell), cell.shared_count});
  return list;
}

google::protobuf::RepeatedPtrField<v1::Resource> Resources::ToProto(
    ReservationFormat format) const {
  google::protobuf::RepeatedPtrField<v1::Resource> protos;
  for (const Cell& cell : cells_) {
    v1::Resource resource = ToResource(cell);
    WriteReservations(&resource, format);
    for (int copy = 1; copy < cell.shared_count; ++copy) *protos.Add() = resource;
    *protos.Add() = std::move(resource);
  }
  return protos;
}

std::string Resources::ToString() const {
  if (cells_.empty()) return "{}";
  std::string text;
  for (const Cell& cell : cells_) {
    if (!text.empty()) text += "; ";
    text += model::ToString(ToResource(cell));
    if (cell.identity->kind == Kind::kShared) text += "<" + std::to_string(cell.shared_count) + ">";
  }
  return text;
}

std::ostream& operator<<(std::ostream& out, const Resources& resources) {
  return out << resources.ToString();
}

}  // namespace meseta::model
