// What a resource of a peer or user must be; the sentences are those of Mesos.
#include <algorithm>
#include <set>

#include "state/model/resource_format.h"
#include "state/model/resources.h"
#include "state/model/roles.h"

namespace meseta::model {
namespace {

using Reservation = v1::Resource::ReservationInfo;
using Source = v1::Resource::DiskInfo::Source;

Status ValidateScalar(const v1::Resource& resource) {
  if (!resource.has_scalar() || resource.has_ranges() || resource.has_set()) {
    return InvalidArgument("Invalid scalar resource");
  }
  const double value = resource.scalar().value();
  if (value != 0 && Scalar::FromDouble(value) <= Scalar()) {
    return InvalidArgument("Invalid scalar resource: value <= 0");
  }
  if (Scalar::FromDouble(value).thousandths() == Scalar::kMaxThousandths) {
    return InvalidArgument("Invalid scalar resource: value is too large");
  }
  return OkStatus();
}

Status ValidateRanges(const v1::Resource& resource) {
  if (resource.has_scalar() || !resource.has_ranges() || resource.has_set()) {
    return InvalidArgument("Invalid ranges resource");
  }
  if (resource.ranges().range_size() > kMaxRangesPerResource) {
    return InvalidArgument("Invalid ranges resource: more than " +
                           std::to_string(kMaxRangesPerResource) + " ranges");
  }
  std::vector<Ranges::Range> ranges;
  for (const auto& range : resource.ranges().range()) {
    if (range.begin() > range.end()) {
      return InvalidArgument("Invalid ranges resource: begin > end");
    }
    ranges.push_back(Ranges::Range{range.begin(), range.end()});
  }
  std::sort(ranges.begin(), ranges.end(),
            [](const auto& a, const auto& b) { return a.begin < b.begin; });
  for (size_t i = 1; i < ranges.size(); ++i) {
    if (ranges[i].begin <= ranges[i - 1].end) {
      return InvalidArgument("Invalid ranges resource: overlapping ranges");
    }
  }
  return OkStatus();
}

Status ValidateSet(const v1::Resource& resource) {
  if (resource.has_scalar() || resource.has_ranges() || !resource.has_set()) {
    return InvalidArgument("Invalid set resource");
  }
  if (resource.set().item_size() > kMaxSetItemsPerResource) {
    return InvalidArgument("Invalid set resource: more than " +
                           std::to_string(kMaxSetItemsPerResource) + " elements");
  }
  std::set<std::string> seen;
  for (const std::string& item : resource.set().item()) {
    if (!seen.insert(item).second) {
      return InvalidArgument("Invalid set resource: duplicated elements");
    }
  }
  return OkStatus();
}

Status ValidateValue(const v1::Resource& resource) {
  switch (resource.type()) {
    case v1::Value::SCALAR: return ValidateScalar(resource);
    case v1::Value::RANGES: return ValidateRanges(resource);
    case v1::Value::SET: return ValidateSet(resource);
    case v1::Value::TEXT: break;
  }
  return InvalidArgument("Unsupported resource type");
}

Status ValidateDisk(const v1::Resource& resource) {
  if (!resource.has_disk()) return OkStatus();
  if (resource.name() != "disk") {
    return InvalidArgument("DiskInfo should not be set for " + resource.name() + " resource");
  }
  if (!resource.disk().has_source()) return OkStatus();
  const Source& source = resource.disk().source();
  const std::string type = Source::Type_Name(source.type());
  if (source.type() == Source::UNKNOWN) {
    return InvalidArgument("Unsupported 'DiskInfo.Source.Type' in '" + type + "'");
  }
  if (source.type() == Source::BLOCK || source.type() == Source::RAW) {
    if (source.has_mount()) {
      return InvalidArgument("Mount should not be set for " + type + " disk source");
    }
    if (source.has_path()) {
      return InvalidArgument("Path should not be set for " + type + " disk source");
    }
  }
  return OkStatus();
}

Status ValidateOlderReservation(const v1::Resource& resource) {
  RETURN_IF_ERROR(ValidateRole(resource.role()));
  if (!resource.has_reservation()) return OkStatus();
  for (const char* field : {"type", "role"}) {
    const bool set = std::string_view(field) == "type" ? resource.reservation().has_type()
                                                       : resource.reservation().has_role();
    if (set) {
      return InvalidArgument(std::string("'Resource.ReservationInfo.") + field +
                             "' must not be set for the 'Resource.reservation' field");
    }
  }
  if (resource.role() == "*") {
    return InvalidArgument("Invalid reservation: role \"*\" cannot be dynamically reserved");
  }
  return OkStatus();
}

Status ValidateReservation(const Reservation& reservation) {
  if (!reservation.has_type()) {
    return InvalidArgument(
        "Invalid reservation: 'Resource.ReservationInfo.type' field must be set.");
  }
  if (!reservation.has_role()) {
    return InvalidArgument(
        "Invalid reservation: 'Resource.ReservationInfo.role' field must be set.");
  }
  RETURN_IF_ERROR(ValidateRole(reservation.role()));
  if (reservation.role() == "*") {
    return InvalidArgument("Invalid reservation: role \"*\" cannot be reserved");
  }
  return OkStatus();
}

// Both formats at once, as endpoints print them, must say the same.
Status ValidateOlderAgrees(const v1::Resource& resource) {
  const Reservation& only = resource.reservations(0);
  if (only.type() == Reservation::UNKNOWN) {
    return InvalidArgument("Unsupported 'Resource.ReservationInfo.Type'");
  }
  if (resource.has_role() && resource.role() != only.role()) {
    return InvalidArgument("Invalid resource format: 'Resource.role' field with '" +
                           resource.role() + "' does not match the role '" + only.role() +
                           "' in 'Resource.reservations'");
  }
  if (only.type() == Reservation::STATIC) {
    if (!resource.has_reservation()) return OkStatus();
    return InvalidArgument(
        "Invalid resource format: 'Resource.reservation' must not be set if the single reservation "
        "in 'Resource.reservations' is STATIC");
  }
  if (resource.has_role() != resource.has_reservation()) {
    return InvalidArgument(
        "Invalid resource format: 'Resource.role' and 'Resource.reservation' must either be both "
        "set or both not set if the single reservation in 'Resource.reservations' is DYNAMIC");
  }
  if (!resource.has_reservation()) return OkStatus();
  if (resource.reservation().principal() != only.principal()) {
    return InvalidArgument("Invalid resource format: 'Resource.reservation.principal' field with '" +
                           resource.reservation().principal() + "' does not match the principal '" +
                           only.principal() + "' in 'Resource.reservations'");
  }
  if (resource.reservation().labels().SerializeAsString() != only.labels().SerializeAsString()) {
    return InvalidArgument(
        "Invalid resource format: 'Resource.reservation.labels' field does not match the labels in "
        "'Resource.reservations'");
  }
  return OkStatus();
}

Status ValidateReservations(const v1::Resource& resource) {
  for (const Reservation& reservation : resource.reservations()) {
    RETURN_IF_ERROR(ValidateReservation(reservation));
  }
  for (int i = 1; i < resource.reservations_size(); ++i) {
    const Reservation& refined = resource.reservations(i);
    const std::string& ancestor = resource.reservations(i - 1).role();
    if (refined.type() == Reservation::STATIC) {
      return InvalidArgument(
          "Invalid refined reservation: A refined reservation cannot be STATIC");
    }
    if (!IsStrictSubroleOf(refined.role(), ancestor)) {
      return InvalidArgument("Invalid refined reservation: role '" + refined.role() +
                             "' is not a refinement of '" + ancestor + "'");
    }
  }
  if (resource.reservations_size() == 1) return ValidateOlderAgrees(resource);
  for (const char* field : {"role", "reservation"}) {
    const bool set =
        std::string_view(field) == "role" ? resource.has_role() : resource.has_reservation();
    if (set) {
      return InvalidArgument(std::string("Invalid resource format: 'Resource.") + field +
                             "' must not be set if there is more than one reservation in "
                             "'Resource.reservations'");
    }
  }
  return OkStatus();
}

}  // namespace

Status Resources::Validate(const v1::Resource& resource) {
  if (resource.name().empty()) return InvalidArgument("Empty resource name");
  RETURN_IF_ERROR(ValidateValue(resource));
  RETURN_IF_ERROR(ValidateDisk(resource));
  RETURN_IF_ERROR(resource.reservations_size() == 0 ? ValidateOlderReservation(resource)
                                                    : ValidateReservations(resource));
  if (resource.has_shared()) {
    if (resource.name() != "disk") {
      return InvalidArgument("Resource " + resource.name() + " cannot be shared");
    }
    if (!IsPersistentVolume(resource)) {
      return InvalidArgument("Only persistent volumes can be shared");
    }
  }
  return OkStatus();
}

Result<Resources> Resources::FromProto(
    const google::protobuf::RepeatedPtrField<v1::Resource>& protos) {
  Resources resources;
  for (const v1::Resource& resource : protos) {
    const Status status = Validate(resource);
    if (!status.ok()) {
      return status.WithContext("Resource '" + model::ToString(resource) + "' is invalid");
    }
    resources.Add(resource);
  }
  return resources;
}

}  // namespace meseta::model
