#include "state/model/task_state.h"

namespace meseta::model {

int RankOf(v1::TaskState state) {
  switch (state) {
    case v1::TASK_STAGING: return 0;
    case v1::TASK_STARTING: return 1;
    case v1::TASK_RUNNING: return 2;
    case v1::TASK_KILLING: return 3;
    case v1::TASK_UNREACHABLE:
    case v1::TASK_UNKNOWN: return 4;
    case v1::TASK_FINISHED:
    case v1::TASK_FAILED:
    case v1::TASK_KILLED:
    case v1::TASK_ERROR:
    case v1::TASK_LOST:
    case v1::TASK_DROPPED:
    case v1::TASK_GONE:
    case v1::TASK_GONE_BY_OPERATOR: return 5;
  }
  return 4;  // A state of a newer peer: known to exist, not known to have ended.
}

bool IsTerminal(v1::TaskState state) { return RankOf(state) == 5; }

bool IsTerminal(v1::OperationState state) {
  switch (state) {
    case v1::OPERATION_DROPPED:
    case v1::OPERATION_ERROR:
    case v1::OPERATION_FAILED:
    case v1::OPERATION_FINISHED:
    case v1::OPERATION_GONE_BY_OPERATOR: return true;
    case v1::OPERATION_PENDING:
    case v1::OPERATION_RECOVERING:
    case v1::OPERATION_UNKNOWN:
    case v1::OPERATION_UNREACHABLE:
    case v1::OPERATION_UNSUPPORTED: return false;
  }
  return false;
}

bool NeedsPartitionAware(v1::TaskState state) {
  switch (state) {
    case v1::TASK_DROPPED:
    case v1::TASK_UNREACHABLE:
    case v1::TASK_GONE:
    case v1::TASK_GONE_BY_OPERATOR:
    case v1::TASK_UNKNOWN: return true;
    default: return false;
  }
}

v1::TaskState StateFor(v1::TaskState state, bool partition_aware) {
  return NeedsPartitionAware(state) && !partition_aware ? v1::TASK_LOST : state;
}

}  // namespace meseta::model
