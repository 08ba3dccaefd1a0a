// Sums, and the parts of Resources by kind, reservation and allocation.
#include <algorithm>
#include <utility>

#include "actors/base/check.h"
#include "state/model/resource_format.h"
#include "state/model/resource_identity.h"
#include "state/model/resources.h"
#include "state/model/roles.h"

namespace meseta::model {

using Kind = ResourceIdentity::Kind;

template <class Keep>
Resources Resources::Select(Keep keep) const {
  Resources selected;
  // The entries stay unlike each other, so none needs merging.
  for (const Cell& cell : cells_) {
    if (keep(cell)) selected.cells_.push_back(cell);
  }
  return selected;
}

template <class Change>
Resources Resources::WithIdentities(Change change) const {
  Resources changed;
  for (Cell cell : cells_) {
    v1::Resource meta = cell.identity->meta;
    change(&meta);
    cell.identity = MakeIdentity(std::move(meta));
    changed.AddCell(std::move(cell));
  }
  return changed;
}

Scalar Resources::SumOf(std::string_view name) const {
  Scalar sum;
  for (const Cell& cell : cells_) {
    const auto* scalar = std::get_if<Scalar>(&cell.value);
    if (scalar != nullptr && cell.identity->meta.name() == name) sum += *scalar;
  }
  return sum;
}

Quantities Resources::ToQuantities() const {
  Quantities sums;
  for (const Cell& cell : cells_) {
    const auto* scalar = std::get_if<Scalar>(&cell.value);
    if (scalar != nullptr) sums[cell.identity->meta.name()] += *scalar;
  }
  return sums;
}

std::set<std::string> Resources::Names() const {
  std::set<std::string> names;
  for (const Cell& cell : cells_) names.insert(cell.identity->meta.name());
  return names;
}

Resources Resources::Unreserved() const {
  return Select([](const Cell& cell) { return !IsReserved(cell.identity->meta); });
}

Resources Resources::Reserved() const {
  return Select([](const Cell& cell) { return IsReserved(cell.identity->meta); });
}

std::map<std::string, Resources> Resources::ReservedByRole() const {
  std::map<std::string, Resources> by_role;
  for (const Cell& cell : cells_) {
    const v1::Resource& meta = cell.identity->meta;
    if (IsReserved(meta)) by_role[ReservationRole(meta)].cells_.push_back(cell);
  }
  return by_role;
}

Resources Resources::AllocatableTo(const std::string& role) const {
  return Select([&](const Cell& cell) {
    const v1::Resource& meta = cell.identity->meta;
    return !IsReserved(meta) || IsRoleWithin(role, ReservationRole(meta));
  });
}

Resources Resources::Revocable() const {
  return Select([](const Cell& cell) { return cell.identity->meta.has_revocable(); });
}

Resources Resources::NonRevocable() const {
  return Select([](const Cell& cell) { return !cell.identity->meta.has_revocable(); });
}

Resources Resources::Shared() const {
  return Select([](const Cell& cell) { return cell.identity->kind == Kind::kShared; });
}

Resources Resources::NonShared() const {
  return Select([](const Cell& cell) { return cell.identity->kind != Kind::kShared; });
}

Resources Resources::PersistentVolumes() const {
  return Select([](const Cell& cell) { return IsPersistentVolume(cell.identity->meta); });
}

Resources Resources::NonRefined() const {
  return Select([](const Cell& cell) { return cell.identity->meta.reservations_size() <= 1; });
}

bool Resources::IsPlain() const {
  return std::all_of(cells_.begin(), cells_.end(), [](const Cell& cell) {
    const v1::Resource& meta = cell.identity->meta;
    return !IsReserved(meta) && !meta.has_revocable() && !meta.has_shared();
  });
}

Resources Resources::Filter(const std::function<bool(const v1::Resource&)>& keep) const {
  return Select([&](const Cell& cell) { return keep(ToResource(cell)); });
}

Resources Resources::AllocatedTo(const std::string& role) const {
  Resources allocated;
  const auto shared_role = std::make_shared<const std::string>(role);
  for (Cell cell : cells_) {
    cell.allocated = shared_role;
    allocated.AddCell(std::move(cell));
  }
  return allocated;
}

Resources Resources::Unallocated() const {
  Resources unallocated;
  for (Cell cell : cells_) {
    cell.allocated = nullptr;
    unallocated.AddCell(std::move(cell));
  }
  return unallocated;
}

std::map<std::string, Resources> Resources::ByAllocationRole() const {
  std::map<std::string, Resources> by_role;
  for (const Cell& cell : cells_) {
    if (cell.allocated != nullptr) by_role[*cell.allocated].cells_.push_back(cell);
  }
  return by_role;
}

Resources Resources::ToUnreserved() const {
  return WithIdentities([](v1::Resource* meta) { meta->clear_reservations(); });
}

Resources Resources::WithReservation(const v1::Resource::ReservationInfo& reservation) const {
  return WithIdentities([&](v1::Resource* meta) { *meta->add_reservations() = reservation; });
}

Resources Resources::WithoutTopReservation() const {
  return WithIdentities([](v1::Resource* meta) {
    CHECK(IsReserved(*meta));
    meta->mutable_reservations()->RemoveLast();
  });
}

std::optional<Resources> Resources::Find(const Resources& wanted, const std::string& role) const {
  // Nearest reservation first: the role's own, its ancestors', then what nobody reserved.
  Resources pool = AllocatableTo(role);
  std::stable_sort(pool.cells_.begin(), pool.cells_.end(), [](const Cell& a, const Cell& b) {
    const auto depth = [](const Cell& cell) {
      const v1::Resource& meta = cell.identity->meta;
      return IsReserved(meta) ? ReservationRole(meta).size() : 0;
    };
    return depth(a) > depth(b);
  });
  Resources found;
  for (Cell rest : wanted.ToUnreserved().Unallocated().cells_) {
    for (const Cell& cell : pool.cells_) {
      Resources candidate;
      candidate.cells_.push_back(cell);
      candidate = candidate.ToUnreserved().Unallocated();
      Resources target;
      target.cells_.push_back(rest);
      // The part of the target that is in this cell.
      Resources part = target - (target - candidate);
      if (rest.identity->kind != Kind::kDivisible && !candidate.Contains(target)) continue;
      if (part.empty()) continue;
      part.cells_[0].identity = cell.identity;
      part.cells_[0].allocated = cell.allocated;
      found += part;
      target -= candidate;
      rest.shared_count = target.empty() ? 0 : rest.shared_count;
      if (target.empty()) break;
      rest = target.cells_[0];
    }
    if (!IsEmpty(rest)) return std::nullopt;
  }
  return found;
}

}  // namespace meseta::model
