// What AgentCore tells the read model: immutable records and the changes between them.
//
// A record is never modified after it was emitted; a change replaces it, so that snapshots share it
// with the core without locks. A change is emitted once what it shows is durable.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "actors/base/ids.h"
#include "actors/base/time.h"
#include "actors/messages/v1.h"

namespace meseta::agent {

struct AgentRecord {
  v1::AgentInfo info;   // Without id until a master gave one.
  std::string pid;      // slave(1)@ip:port
  bool registered = false;  // With a master on the present link.
  std::string master_id;
  std::string master_hostname;
  WallTime started;
};
using AgentPtr = std::shared_ptr<const AgentRecord>;

using FrameworkPtr = std::shared_ptr<const v1::FrameworkInfo>;  // With id.

// A command task and the executor that endpoints show around it.
struct ExecutorRecord {
  enum class Stage {
    kQueued,      // Being launched.
    kLaunched,    // Its process was started.
    kTerminated,  // Over, its last update not yet acknowledged.
    kCompleted,   // Over and acknowledged; its sandbox is still there.
  };
  v1::ExecutorInfo info;
  v1::TaskInfo task_info;  // Empty for completed ones of an earlier run of the agent.
  v1::Task task;           // With all statuses.
  ContainerId container;
  std::string sandbox;
  int64_t pid = 0;  // 0: not started.
  Stage stage = Stage::kQueued;
};
using ExecutorPtr = std::shared_ptr<const ExecutorRecord>;

struct AgentChanged { AgentPtr agent; };
struct FrameworkUpserted { FrameworkPtr framework; };
struct FrameworkIdle { FrameworkId id; };      // No task is left: moves to the completed ones.
struct FrameworkForgotten { FrameworkId id; }; // Nor any completed task or sandbox.
struct ExecutorUpserted { ExecutorPtr executor; };
struct ExecutorCompleted { ExecutorPtr executor; };
struct SandboxGone { ExecutorPtr executor; };  // Deleted; the executor leaves the history, too.

using ViewChange = std::variant<AgentChanged, FrameworkUpserted, FrameworkIdle, FrameworkForgotten,
                                ExecutorUpserted, ExecutorCompleted, SandboxGone>;

}  // namespace meseta::agent
