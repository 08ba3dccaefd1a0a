// Resources: what agents have, offers carry and tasks use.
//
// A value type over v1::Resource objects: scalars in fixed point (three decimals, as Mesos counts),
// ranges and sets kept normalised, and equal resources (same name, type, role, reservations, disk,
// revocability, sharing, provider, allocation role) merged into one entry. Internally reservations
// are always in the `reservations` stack (the post-refinement format); ToProto can write the older one.
//
// Invariants: no empty entries; entries with unlike identity are never merged; a + b - b == a; shared
// resources are counted, others are not. Pure values; no failure once validated: Parse and Validate
// are where input of peers and users enters.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "actors/base/status.h"
#include "actors/messages/v1.h"

namespace meseta::model {

// Which of the two reservation formats a resource is written in (reference: RESERVATION_REFINEMENT).
enum class ReservationFormat {
  kPre,       // `role` and `reservation`; for frameworks without RESERVATION_REFINEMENT.
  kPost,      // `reservations`; for those with it, and internally.
  kEndpoint,  // Both, as HTTP endpoints of Mesos print them.
};

// Scalars: thousandths. 0.1 + 0.2 is exactly 0.3.
class Scalar {
 public:
  constexpr Scalar() = default;
  static Scalar FromDouble(double value);  // Rounds to the nearest thousandth.
  static constexpr Scalar FromThousandths(int64_t n) { Scalar s; s.thousandths_ = n; return s; }
  [[nodiscard]] constexpr int64_t thousandths() const { return thousandths_; }
  [[nodiscard]] double value() const { return static_cast<double>(thousandths_) / 1000.0; }
  friend constexpr auto operator<=>(Scalar, Scalar) = default;

 private:
  int64_t thousandths_ = 0;
};

// Name -> amount over scalars only, for sums, shares and quota. Absent is zero.
using Quantities = std::map<std::string, Scalar>;

class Resources {
 public:
  Resources() = default;

  // "cpus:4;mem:1024;ports:[31000-32000];disks:{a,b};cpus(role):2", or a JSON array of Resource
  // objects. `default_role` for those without one.
  static Result<Resources> Parse(std::string_view text, const std::string& default_role = "*");
  // Validates each (name, type, value, role, reservations, disk, shared, revocable) and converts the
  // older reservation format. The sentence names the resource.
  static Result<Resources> FromProto(const google::protobuf::RepeatedPtrField<v1::Resource>& protos);
  static Status Validate(const v1::Resource& resource);

  [[nodiscard]] google::protobuf::RepeatedPtrField<v1::Resource> ToProto(
      ReservationFormat format = ReservationFormat::kPost) const;
  // Human form, as in error texts of Mesos: "cpus(allocated: *):1; mem(allocated: *):32".
  [[nodiscard]] std::string ToString() const;

  [[nodiscard]] bool empty() const { return entries_.empty(); }
  [[nodiscard]] bool Contains(const Resources& other) const;

  Resources& operator+=(const Resources& other);
  // Subtracts what is there; what is not there is ignored, amounts never go below zero.
  Resources& operator-=(const Resources& other);
  friend Resources operator+(Resources a, const Resources& b) { return a += b; }
  friend Resources operator-(Resources a, const Resources& b) { return a -= b; }
  friend bool operator==(const Resources& a, const Resources& b);

  // Sum over all entries of one scalar name, whatever its role or reservation.
  [[nodiscard]] Scalar SumOf(std::string_view name) const;
  [[nodiscard]] Quantities ToQuantities() const;  // All scalars.
  [[nodiscard]] std::set<std::string> Names() const;

  // Views by kind. `role` empty in ReservedBy: all reserved ones, by any role.
  [[nodiscard]] Resources Unreserved() const;
  [[nodiscard]] Resources Reserved() const;
  [[nodiscard]] std::map<std::string, Resources> ReservedByRole() const;
  // What may be offered to `role`: unreserved, or reserved for it or (hierarchical) an ancestor of it.
  [[nodiscard]] Resources AllocatableTo(const std::string& role) const;
  [[nodiscard]] Resources Revocable() const;
  [[nodiscard]] Resources NonRevocable() const;
  [[nodiscard]] Resources Shared() const;
  [[nodiscard]] Resources NonShared() const;
  [[nodiscard]] Resources PersistentVolumes() const;
  [[nodiscard]] Resources Filter(const std::function<bool(const v1::Resource&)>& keep) const;

  // allocation_info.role on every entry; and without it.
  [[nodiscard]] Resources AllocatedTo(const std::string& role) const;
  [[nodiscard]] Resources Unallocated() const;
  [[nodiscard]] std::map<std::string, Resources> ByAllocationRole() const;

  // Finds `wanted` (quantities without regard to reservation) preferring reserved ones of `role`.
  [[nodiscard]] std::optional<Resources> Find(const Resources& wanted, const std::string& role) const;

  // The entries, normalised, in a fixed order (as first added; merged entries keep their place).
  struct Entry {
    v1::Resource resource;
    int shared_count = 1;  // Copies of a shared resource; 1 for others.
  };
  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }
  // Adds one valid resource. REQUIRES: Validate(resource).ok().
  void Add(const v1::Resource& resource);
  void Subtract(const v1::Resource& resource);

 private:
  std::vector<Entry> entries_;
};

std::ostream& operator<<(std::ostream& out, const Resources& resources);

}  // namespace meseta::model
