// Decides what a framework is told about its tasks when it asks (RECONCILE).
//
// No tasks named: the latest state of every task in the table. Named ones:
//   known                                     its latest state
//   agent not back since the master started   nothing; ask again
//   agent registered                          TASK_GONE
//   agent unreachable                         TASK_UNREACHABLE
//   agent gone                                TASK_GONE_BY_OPERATOR
//   else                                      TASK_UNKNOWN
// The last four are TASK_LOST without PARTITION_AWARE.
#pragma once

#include "actors/base/time.h"
#include "actors/messages/v1.h"
#include "master/core/core_state.h"

namespace meseta::master {

void HandleReconcile(CoreState* core, const Framework& framework,
                     const v1::scheduler::Call::Reconcile& call, Now now);

}  // namespace meseta::master
