// Decides about the life of tasks after their launch: updates from agents, acknowledgements, kills,
// and the updates that the master itself makes when an agent or framework goes away.
//
// A terminal task frees its resources at once and stays in the table until its framework
// acknowledged it; then it is history. The first terminal state of a task stays. An update is
// forwarded only to a connected framework; the agent repeats it until it is acknowledged, so
// nothing is stored here.
#pragma once

#include <optional>
#include <string>

#include "actors/base/ids.h"
#include "actors/base/time.h"
#include "actors/messages/internal/agent.pb.h"
#include "actors/messages/v1.h"
#include "master/core/core_state.h"

namespace meseta::master {

// A status made by the master: no uuid, so nobody acknowledges it.
[[nodiscard]] v1::TaskStatus MasterStatus(const std::string& task_id, const std::string& agent_id,
                                          v1::TaskState state, v1::TaskStatus::Reason reason,
                                          const std::string& message, WallTime now);
// The state as the framework may know it: DROPPED, UNREACHABLE, GONE, GONE_BY_OPERATOR and UNKNOWN
// are LOST without PARTITION_AWARE; KILLING is RUNNING without TASK_KILLING_STATE.
[[nodiscard]] v1::TaskState StateFor(const Framework& framework, v1::TaskState state);
// What only the master says of a task: UNREACHABLE, UNKNOWN. From an agent it is not believed: the
// task's resources are held there.
[[nodiscard]] bool OnlyMasterSays(v1::TaskState state);
void SendUpdate(CoreState* core, const Framework& framework, const v1::TaskStatus& status);

void HandleStatusUpdate(CoreState* core, LinkId link, const internal::StatusUpdate& update);
void HandleAcknowledge(CoreState* core, const Framework& framework,
                       const v1::scheduler::Call::Acknowledge& call);
void HandleKill(CoreState* core, const Framework& framework, const v1::scheduler::Call::Kill& kill,
                Now now);

// Puts a task that its agent brought along into the table and the ledger. What `task` holds is taken:
// a new leader adopts hundreds of thousands at once.
TaskPtr AdoptTask(CoreState* core, v1::Task* task);
// The agent is gone from sight: each of its tasks ends as `state` (see StateFor) for `reason`, is
// told to its framework and leaves the table; those that had ended become history.
struct AgentLoss {
  v1::TaskState state = v1::TASK_LOST;
  v1::TaskStatus::Reason reason = v1::TaskStatus::REASON_AGENT_REMOVED;
  std::string message;
  std::optional<WallTime> unreachable_since;  // Set: the tasks may come back.
};
void LoseTasks(CoreState* core, const AgentId& agent, const AgentLoss& loss, Now now);
// The framework is gone: its tasks end as KILLED without a word to it.
void EndTasks(CoreState* core, const Framework& framework, Now now);

}  // namespace meseta::master
