#include "state/model/resource_format.h"

namespace meseta::model {
namespace {

std::string SourceText(const v1::Resource::DiskInfo::Source& source) {
  using Source = v1::Resource::DiskInfo::Source;
  std::string text = Source::Type_Name(source.type());
  if (source.has_id() || source.has_profile()) {
    return text + "(" + source.vendor() + "," + source.id() + "," + source.profile() + ")";
  }
  if (source.type() == Source::MOUNT && source.mount().has_root()) {
    return text + ":" + source.mount().root();
  }
  if (source.type() == Source::PATH && source.path().has_root()) {
    return text + ":" + source.path().root();
  }
  return text;
}

std::string VolumeText(const v1::Volume& volume) {
  if (!volume.has_host_path()) return volume.container_path();
  std::string text = volume.host_path() + ":" + volume.container_path();
  if (volume.has_mode()) text += volume.mode() == v1::Volume::RW ? ":rw" : ":ro";
  return text;
}

std::string DiskText(const v1::Resource::DiskInfo& disk) {
  std::string text;
  if (disk.has_source()) text += SourceText(disk.source());
  if (disk.has_persistence()) {
    if (disk.has_source()) text += ",";
    text += disk.persistence().id();
  }
  if (disk.has_volume()) text += ":" + VolumeText(disk.volume());
  return text;
}

std::string LabelsText(const v1::Labels& labels) {
  std::string text = "{";
  for (const v1::Label& label : labels.labels()) {
    if (text.size() > 1) text += ", ";
    text += label.key();
    if (label.has_value()) text += ": " + label.value();
  }
  return text + "}";
}

std::string ReservationText(const v1::Resource::ReservationInfo& reservation) {
  std::string text =
      v1::Resource::ReservationInfo::Type_Name(reservation.type()) + "," + reservation.role();
  if (reservation.has_principal()) text += "," + reservation.principal();
  if (reservation.has_labels()) text += "," + LabelsText(reservation.labels());
  return text;
}

std::string ValueText(const v1::Resource& resource) {
  switch (resource.type()) {
    case v1::Value::SCALAR: return Scalar::FromDouble(resource.scalar().value()).ToString();
    case v1::Value::RANGES: return Ranges::FromProto(resource.ranges()).ToString();
    case v1::Value::SET: return Set::FromProto(resource.set()).ToString();
    case v1::Value::TEXT: break;
  }
  return "";
}

}  // namespace

void UpgradeReservations(v1::Resource* resource) {
  if (resource->reservations_size() == 0 && resource->role() != "*") {
    auto* reservation = resource->add_reservations();
    reservation->set_type(v1::Resource::ReservationInfo::STATIC);
    if (resource->has_reservation()) {
      *reservation = resource->reservation();
      reservation->set_type(v1::Resource::ReservationInfo::DYNAMIC);
    }
    reservation->set_role(resource->role());
  }
  resource->clear_role();
  resource->clear_reservation();
}

void WriteReservations(v1::Resource* resource, ReservationFormat format) {
  if (format == ReservationFormat::kPost || resource->reservations_size() > 1) return;
  if (resource->reservations_size() == 0) {
    resource->set_role("*");
    return;
  }
  const v1::Resource::ReservationInfo& source = resource->reservations(0);
  if (source.type() == v1::Resource::ReservationInfo::DYNAMIC) {
    auto* target = resource->mutable_reservation();
    if (source.has_principal()) target->set_principal(source.principal());
    if (source.has_labels()) *target->mutable_labels() = source.labels();
  }
  resource->set_role(source.role());
  if (format == ReservationFormat::kPre) resource->clear_reservations();
}

std::string ToString(const v1::Resource& resource) {
  std::string text = resource.name();
  if (resource.has_allocation_info()) {
    text += "(allocated: " + resource.allocation_info().role() + ")";
  }
  if (resource.reservations_size() > 0) {
    text += "(reservations: [";
    for (int i = 0; i < resource.reservations_size(); ++i) {
      if (i > 0) text += ",";
      text += "(" + ReservationText(resource.reservations(i)) + ")";
    }
    text += "])";
  }
  if (resource.has_disk()) text += "[" + DiskText(resource.disk()) + "]";
  if (resource.has_revocable()) text += "{REV}";
  if (resource.has_shared()) text += "<SHARED>";
  return text + ":" + ValueText(resource);
}

v1::Resource WithoutPersistence(v1::Resource volume) {
  if (volume.disk().has_source()) {
    volume.mutable_disk()->clear_persistence();
    volume.mutable_disk()->clear_volume();
  } else {
    volume.clear_disk();
  }
  volume.clear_shared();
  return volume;
}

}  // namespace meseta::model
