#include "state/model/validation.h"

#include <cmath>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "state/model/ids.h"
#include "state/model/resource_format.h"

namespace meseta::model {
namespace {

using ResourceList = google::protobuf::RepeatedPtrField<v1::Resource>;

v1::Resource Upgraded(v1::Resource resource) {
  UpgradeReservations(&resource);
  return resource;
}

Status ValidateVolume(const v1::Resource& volume) {
  if (volume.has_revocable()) {
    return InvalidArgument("Persistent volumes cannot be created from revocable resources");
  }
  if (!IsReserved(volume)) {
    return InvalidArgument("Persistent volumes cannot be created from unreserved resources");
  }
  if (!volume.disk().has_volume()) {
    return InvalidArgument("Expecting 'volume' to be set for persistent volume");
  }
  if (volume.disk().volume().has_host_path()) {
    return InvalidArgument("Expecting 'host_path' to be unset for persistent volume");
  }
  return ValidateId(volume.disk().persistence().id())
      .WithContext("Invalid persistence ID for persistent volume");
}

Status ValidateDynamicReservations(const ResourceList& resources) {
  for (const v1::Resource& given : resources) {
    const v1::Resource resource = Upgraded(given);
    if (IsDynamicallyReserved(resource) && resource.has_revocable()) {
      return InvalidArgument("Dynamically reserved resource " + ToString(resource) +
                             " cannot be created from revocable resources");
    }
  }
  return OkStatus();
}

}  // namespace

Status ValidateGpus(const ResourceList& resources) {
  for (const v1::Resource& resource : resources) {
    if (resource.name() != "gpus") continue;
    const double gpus = resource.scalar().value();
    if (Scalar::FromDouble(gpus).thousandths() % 1000 != 0) {
      return InvalidArgument("The 'gpus' resource must be an unsigned integer");
    }
  }
  return OkStatus();
}

Status ValidateDiskInfo(const ResourceList& resources) {
  for (const v1::Resource& given : resources) {
    if (!given.has_disk()) continue;
    if (given.disk().has_persistence()) {
      RETURN_IF_ERROR(ValidateVolume(Upgraded(given)));
    } else if (given.disk().has_volume()) {
      return InvalidArgument("Non-persistent volume not supported");
    } else if (!given.disk().has_source()) {
      return InvalidArgument("DiskInfo is set but empty");
    }
  }
  return OkStatus();
}

Status ValidateResources(const ResourceList& resources) {
  RETURN_IF_ERROR(Resources::FromProto(resources).status().WithContext("Invalid resources"));
  RETURN_IF_ERROR(ValidateGpus(resources).WithContext("Invalid 'gpus' resource"));
  RETURN_IF_ERROR(ValidateDiskInfo(resources).WithContext("Invalid DiskInfo"));
  return ValidateDynamicReservations(resources).WithContext("Invalid ReservationInfo");
}

Status ValidatePersistentVolumes(const ResourceList& volumes) {
  for (const v1::Resource& volume : volumes) {
    if (!volume.has_disk()) {
      return InvalidArgument("Resource " + ToString(volume) + " does not have DiskInfo");
    }
    if (!volume.disk().has_persistence()) {
      return InvalidArgument("'persistence' is not set in DiskInfo");
    }
    if (!volume.disk().has_volume()) {
      return InvalidArgument("Expecting 'volume' to be set for persistent volume");
    }
    if (volume.disk().volume().mode() == v1::Volume::RO) {
      return InvalidArgument("Read-only persistent volume not supported");
    }
  }
  return OkStatus();
}

Status ValidateOneAllocationRole(const Resources& resources) {
  const auto by_role = resources.ByAllocationRole();
  size_t allocated = 0;
  for (const auto& [role, part] : by_role) allocated += part.size();
  if (allocated != resources.size()) {
    return InvalidArgument("The resources are not allocated to a role");
  }
  if (by_role.size() > 1) {
    return InvalidArgument("The resources have multiple allocation roles ('" +
                           std::next(by_role.begin())->first + "' and '" + by_role.begin()->first +
                           "') but only one allocation role is allowed");
  }
  return OkStatus();
}

Status ValidateRevocableApart(const Resources& resources) {
  const std::set<std::string> revocable = resources.Revocable().Names();
  for (const std::string& name : resources.NonRevocable().Names()) {
    if (revocable.contains(name)) {
      return InvalidArgument("Cannot use both revocable and non-revocable '" + name +
                             "' at the same time");
    }
  }
  return OkStatus();
}

Status ValidateUniquePersistenceIds(const Resources& resources) {
  std::set<std::pair<std::string, std::string>> seen;
  for (const auto& entry : resources.PersistentVolumes().entries()) {
    const std::string role = IsReserved(entry.resource) ? ReservationRole(entry.resource) : "*";
    const std::string& id = entry.resource.disk().persistence().id();
    if (!seen.emplace(role, id).second) {
      return InvalidArgument("Persistence ID '" + id + "' is not unique");
    }
  }
  return OkStatus();
}

Status ValidateOneResourceProvider(const ResourceList& resources) {
  std::set<std::string> providers;
  bool without = false;
  for (const v1::Resource& resource : resources) {
    without = without || !resource.has_provider_id();
    if (resource.has_provider_id()) providers.insert(resource.provider_id().value());
  }
  if (without && !providers.empty()) {
    return InvalidArgument("Some resources have a resource provider and some do not");
  }
  if (providers.size() > 1) {
    std::string list;
    for (const std::string& provider : providers) list += (list.empty() ? "" : ", ") + provider;
    return InvalidArgument("The resources have multiple resource providers: " + list);
  }
  return OkStatus();
}

}  // namespace meseta::model
