#include "state/model/resource_identity.h"

#include <algorithm>
#include <array>
#include <utility>

namespace meseta::model {
namespace {

std::string KeyOf(v1::Resource meta) {
  if (meta.has_disk()) {
    meta.mutable_disk()->clear_volume();
    if (meta.disk().has_persistence()) meta.mutable_disk()->mutable_persistence()->clear_principal();
  }
  for (auto& reservation : *meta.mutable_reservations()) {
    if (!reservation.has_labels()) continue;
    auto* labels = reservation.mutable_labels()->mutable_labels();
    std::sort(labels->begin(), labels->end(), [](const v1::Label& a, const v1::Label& b) {
      return std::pair(a.key(), a.value()) < std::pair(b.key(), b.value());
    });
  }
  return meta.SerializePartialAsString();
}

ResourceIdentity::Kind KindOf(const v1::Resource& meta) {
  using Source = v1::Resource::DiskInfo::Source;
  if (meta.has_shared()) return ResourceIdentity::Kind::kShared;
  if (!meta.has_disk()) return ResourceIdentity::Kind::kDivisible;
  if (meta.disk().has_persistence()) return ResourceIdentity::Kind::kExclusive;
  if (!meta.disk().has_source()) return ResourceIdentity::Kind::kDivisible;
  switch (meta.disk().source().type()) {
    case Source::MOUNT:
    case Source::BLOCK: return ResourceIdentity::Kind::kExclusive;
    case Source::RAW:
      return meta.disk().source().has_id() ? ResourceIdentity::Kind::kExclusive
                                           : ResourceIdentity::Kind::kDivisible;
    case Source::PATH:
    case Source::UNKNOWN: break;
  }
  return ResourceIdentity::Kind::kDivisible;
}

ResourceIdentity Build(v1::Resource meta) {
  ResourceIdentity identity;
  identity.key = KeyOf(meta);
  identity.kind = KindOf(meta);
  identity.meta = std::move(meta);
  return identity;
}

bool IsPlain(const v1::Resource& meta) {
  return meta.reservations_size() == 0 && !meta.has_disk() && !meta.has_revocable() &&
         !meta.has_shared() && !meta.has_provider_id();
}

ResourceIdentity BuildPlain(const char* name, v1::Value::Type type) {
  v1::Resource meta;
  meta.set_name(name);
  meta.set_type(type);
  return Build(std::move(meta));
}

}  // namespace

std::shared_ptr<const ResourceIdentity> MakeIdentity(v1::Resource meta) {
  // Never destroyed, and pointed at without a reference count that threads would contend for.
  static const auto* const plain = new std::array<ResourceIdentity, 5>{
      BuildPlain("cpus", v1::Value::SCALAR), BuildPlain("mem", v1::Value::SCALAR),
      BuildPlain("disk", v1::Value::SCALAR), BuildPlain("ports", v1::Value::RANGES),
      BuildPlain("gpus", v1::Value::SCALAR)};
  if (IsPlain(meta)) {
    for (const ResourceIdentity& identity : *plain) {
      if (identity.meta.type() == meta.type() && identity.meta.name() == meta.name()) {
        return {std::shared_ptr<const void>(), &identity};
      }
    }
  }
  return std::make_shared<const ResourceIdentity>(Build(std::move(meta)));
}

}  // namespace meseta::model
