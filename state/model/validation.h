// Checks of resources in calls, beyond what each must be by itself (Resources::Validate).
//
// Pure functions; the sentences are those of Mesos.
#pragma once

#include "actors/base/status.h"
#include "actors/messages/v1.h"
#include "state/model/resources.h"

namespace meseta::model {

// All that a resource of a call must be: valid, whole gpus, a complete DiskInfo, no revocable
// reservation. "Invalid resources: ...", "Invalid 'gpus' resource: ...", "Invalid DiskInfo: ...".
Status ValidateResources(const google::protobuf::RepeatedPtrField<v1::Resource>& resources);

// Gpus come whole.
Status ValidateGpus(const google::protobuf::RepeatedPtrField<v1::Resource>& resources);
// Disks: volumes need a reservation, a container path and an id.
Status ValidateDiskInfo(const google::protobuf::RepeatedPtrField<v1::Resource>& resources);
// Of the volumes of a CREATE, DESTROY, GROW_VOLUME or SHRINK_VOLUME.
Status ValidatePersistentVolumes(const google::protobuf::RepeatedPtrField<v1::Resource>& volumes);

// One allocation role, on all of them.
Status ValidateOneAllocationRole(const Resources& resources);
// No name both revocable and not.
Status ValidateRevocableApart(const Resources& resources);
// Ids of persistent volumes are unique per role.
Status ValidateUniquePersistenceIds(const Resources& resources);
// All of one resource provider, or all of the agent.
Status ValidateOneResourceProvider(
    const google::protobuf::RepeatedPtrField<v1::Resource>& resources);

}  // namespace meseta::model
