// States of tasks and operations: which end them, and which a framework can be told.
#pragma once

#include "actors/messages/v1.h"

namespace meseta::model {

// No further update can follow; the resources are free.
[[nodiscard]] bool IsTerminal(v1::TaskState state);
[[nodiscard]] bool IsTerminal(v1::OperationState state);

// How far along a task is: STAGING 0, STARTING 1, RUNNING 2, KILLING 3, UNREACHABLE and UNKNOWN 4,
// terminal 5. A live task's rank does not shrink, except when an unreachable agent comes back.
[[nodiscard]] int RankOf(v1::TaskState state);

// States that only frameworks with PARTITION_AWARE know; the others are told TASK_LOST instead.
[[nodiscard]] bool NeedsPartitionAware(v1::TaskState state);
[[nodiscard]] v1::TaskState StateFor(v1::TaskState state, bool partition_aware);

}  // namespace meseta::model
