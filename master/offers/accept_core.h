// Decides about ACCEPT: the offers end, tasks of LAUNCH that are valid go to the agent, what is
// left of the resources is free again under the call's filters.
//
// Refused, never ignored: invalid offers make each task TASK_DROPPED (TASK_LOST without
// PARTITION_AWARE) and give back those of the named offers that are the framework's; an invalid
// task is TASK_ERROR. Task groups are TASK_ERROR for each of their tasks. The other operations
// (reservations, volumes, disks) are OPERATION_ERROR when they carry an id, else only a line in the
// log, as Mesos drops what is invalid.
#pragma once

#include "actors/base/time.h"
#include "actors/messages/v1.h"
#include "master/core/core_state.h"

namespace meseta::master {

void HandleAccept(CoreState* core, const Framework& framework,
                  const v1::scheduler::Call::Accept& call, Now now);

}  // namespace meseta::master
