// Resources: what agents have, offers carry and tasks use.
//
// A value type over v1::Resource objects: scalars in fixed point (three decimals, as Mesos counts),
// ranges and sets kept normalised, and equal resources (same name, type, role, reservations, disk,
// revocability, sharing, provider, allocation role) merged into one entry. Internally reservations
// are always in the `reservations` stack (the post-refinement format); ToProto can write the older one.
//
// Invariants: no empty entries; entries with unlike identity are never merged; a + b - b == a; shared
// resources are counted, others are not; persistent volumes and MOUNT, BLOCK and identified RAW
// disks are never split or merged. Pure values; no failure once validated: Parse and Validate
// are where input of peers and users enters.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "actors/base/status.h"
#include "actors/messages/v1.h"
#include "state/model/values.h"

namespace meseta::model {

// Which of the two reservation formats a resource is written in (reference: RESERVATION_REFINEMENT).
enum class ReservationFormat {
  kPre,       // `role` and `reservation`; for frameworks without RESERVATION_REFINEMENT.
  kPost,      // `reservations`; for those with it, and internally.
  kEndpoint,  // Both, as HTTP endpoints of Mesos print them.
};

// Name -> amount over scalars only, for sums, shares and quota. Absent is zero.
using Quantities = std::map<std::string, Scalar>;

// Bounds on one resource of foreign input.
inline constexpr int kMaxRangesPerResource = 10'000;
inline constexpr int kMaxSetItemsPerResource = 10'000;

struct ResourceIdentity;  // resource_identity.h: all of a resource but its value and allocation.

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

  [[nodiscard]] bool empty() const { return cells_.empty(); }
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

  // The unreserved form of every entry (all reservations popped), and with `reservation` pushed.
  [[nodiscard]] Resources ToUnreserved() const;
  [[nodiscard]] Resources WithReservation(const v1::Resource::ReservationInfo& reservation) const;
  // Without the topmost reservation. REQUIRES: every entry is reserved.
  [[nodiscard]] Resources WithoutTopReservation() const;
  // Entries with more than one reservation (only for frameworks with RESERVATION_REFINEMENT).
  [[nodiscard]] Resources NonRefined() const;
  // Nothing reserved, revocable or shared: what may be offered to anybody as it is.
  [[nodiscard]] bool IsPlain() const;
  // How many entries.
  [[nodiscard]] size_t size() const { return cells_.size(); }

  // One entry as a message. Copies of it are cheap to make but not free: hot code uses the views.
  struct Entry {
    v1::Resource resource;
    int shared_count = 1;  // Copies of a shared resource; 1 for others.
  };
  // The entries, normalised, in a fixed order (as first added; merged entries keep their place).
  // Built on request from the compact form below: keep the returned list while using its parts.
  [[nodiscard]] std::vector<Entry> entries() const;
  // Adds one valid resource. REQUIRES: Validate(resource).ok().
  void Add(const v1::Resource& resource);
  void Subtract(const v1::Resource& resource);

 private:
  // An entry without a message of its own: identities are shared by all copies of a resource (and,
  // for plain cpus, mem, ... by the whole process), so that copying, += and Contains stay cheap.
  struct Cell {
    std::shared_ptr<const ResourceIdentity> identity;
    std::shared_ptr<const std::string> allocated;  // allocation_info.role; null: not allocated.
    std::variant<Scalar, std::shared_ptr<const Ranges>, std::shared_ptr<const Set>> value;
    int shared_count = 1;
  };
  static Cell ToCell(const v1::Resource& resource);
  static v1::Resource ToResource(const Cell& cell);
  static bool SameIdentity(const Cell& a, const Cell& b);
  static bool SameValue(const Cell& a, const Cell& b);
  static bool ValueContains(const Cell& a, const Cell& b);
  static bool IsEmpty(const Cell& cell);
  void AddCell(Cell cell);
  void SubtractCell(const Cell& cell);
  [[nodiscard]] bool ContainsCell(const Cell& cell) const;
  template <class Keep>
  [[nodiscard]] Resources Select(Keep keep) const;
  template <class Change>
  [[nodiscard]] Resources WithIdentities(Change change) const;

  std::vector<Cell> cells_;
};

std::ostream& operator<<(std::ostream& out, const Resources& resources);

}  // namespace meseta::model
