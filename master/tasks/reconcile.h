// Decides what a framework is told about its tasks when it asks (RECONCILE).
//
// No tasks named: the latest state of every task in the table. Named ones:
//   known                                     its latest state
//   agent not back in this term               nothing yet: one of the others, once it is back or lost
//   agent registered                          TASK_GONE
//   agent unreachable                         TASK_UNREACHABLE
//   agent gone                                TASK_GONE_BY_OPERATOR
//   else                                      TASK_UNKNOWN
// The last four are TASK_LOST without PARTITION_AWARE. A question without agent is about any agent
// that is not back: it is answered when the task turns up, or when no agent is awaited any more.
#pragma once

#include "actors/base/time.h"
#include "actors/messages/v1.h"
#include "master/core/core_state.h"

namespace meseta::master {

void HandleReconcile(CoreState* core, const Framework& framework,
                     const v1::scheduler::Call::Reconcile& call, Now now);
// The agent is back, with its tasks in the table, or it is given up: answers what waited for it.
void AnswerReconciles(CoreState* core, const AgentId& agent, Now now);

}  // namespace meseta::master
