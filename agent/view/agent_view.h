// AgentView: the agent's read model. Applies the core's changes and makes immutable snapshots, which
// every answer of the HTTP API is rendered from, on other threads.
//
// The actor's thread; snapshots are shared freely. Bounded as Mesos bounds it: completed executors
// per framework, completed frameworks.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "agent/agent_core.h"
#include "agent/view/records.h"
#include "state/model/resources.h"

namespace meseta::agent {

struct FrameworkView {
  FrameworkPtr info;
  std::vector<ExecutorPtr> executors;  // With a task that is not acknowledged as over, by task id.
  std::vector<ExecutorPtr> completed;  // Oldest first.
};
using FrameworkViewPtr = std::shared_ptr<const FrameworkView>;

struct AgentSnapshot {
  AgentPtr agent;  // Never null.
  AgentStats stats;
  model::Resources total;
  model::Resources used;  // By executors whose container is there, with allocation roles.
  std::map<FrameworkId, FrameworkViewPtr> frameworks;
  std::vector<FrameworkViewPtr> completed_frameworks;  // Oldest first.
};
using AgentSnapshotPtr = std::shared_ptr<const AgentSnapshot>;

class AgentView {
 public:
  struct Options {
    size_t max_completed_executors = 150;  // Per framework.
    size_t max_completed_frameworks = 50;
  };
  explicit AgentView(Options options) : options_(options) {}

  void Apply(const ViewChange& change);
  [[nodiscard]] bool has_agent() const { return agent_ != nullptr; }
  // Work in proportion to the frameworks that changed since the last snapshot. REQUIRES: has_agent(),
  // which every reader of the snapshot relies on.
  [[nodiscard]] AgentSnapshotPtr Snapshot(const AgentStats& stats);

 private:
  struct Entry {
    FrameworkPtr info;
    std::map<std::string, ExecutorPtr> executors;
    std::deque<ExecutorPtr> completed;
    bool idle = false;
    FrameworkViewPtr built;  // Null: changed since.
  };
  Entry& EntryOf(const FrameworkId& id);
  Entry& EntryOf(const ExecutorRecord& executor);
  void Count(const ExecutorPtr& before, const ExecutorPtr& after);

  const Options options_;
  AgentPtr agent_;
  model::Resources total_, used_;
  std::map<FrameworkId, Entry> entries_;
  std::deque<FrameworkId> idle_;  // Oldest first.
};


}  // namespace meseta::agent
