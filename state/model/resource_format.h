// The two ways to write reservations, and what may be asked of one resource message.
//
// Older ("pre-refinement"): `role`, and `reservation` when dynamic. Newer ("post-refinement"): the
// stack `reservations`, bottom first. Pure functions.
#pragma once

#include <string>

#include "actors/base/status.h"
#include "actors/messages/v1.h"
#include "state/model/resources.h"

namespace meseta::model {

// Rewrites a valid resource of either format into the newer one, which is what is used inside.
void UpgradeReservations(v1::Resource* resource);
// Rewrites an upgraded resource. A refined reservation (more than one) has no older form and stays
// as it is; Resources::NonRefined leaves those out.
void WriteReservations(v1::Resource* resource, ReservationFormat format);

// As Mesos prints it: "cpus(allocated: *)(reservations: [(STATIC,web)]):1.5". Any resource, also an
// invalid one.
[[nodiscard]] std::string ToString(const v1::Resource& resource);

// Of an upgraded resource.
[[nodiscard]] inline bool IsReserved(const v1::Resource& r) { return r.reservations_size() > 0; }
[[nodiscard]] inline bool IsDynamicallyReserved(const v1::Resource& r) {
  return IsReserved(r) && r.reservations(r.reservations_size() - 1).type() ==
                              v1::Resource::ReservationInfo::DYNAMIC;
}
// The role that it is reserved for: the topmost. REQUIRES: IsReserved(r).
[[nodiscard]] inline const std::string& ReservationRole(const v1::Resource& r) {
  return r.reservations(r.reservations_size() - 1).role();
}
[[nodiscard]] inline bool IsPersistentVolume(const v1::Resource& r) {
  return r.has_disk() && r.disk().has_persistence();
}
// The disk space that a persistent volume was made of: without persistence, volume and sharing.
[[nodiscard]] v1::Resource WithoutPersistence(v1::Resource volume);

}  // namespace meseta::model
