// Tasks by framework and by agent. State only.
//
// A task stays until its framework acknowledged its terminal update. Tasks of unreachable agents
// are kept apart, the newest max_unreachable per framework. The table shares its tasks with the
// read model: an update replaces a task, it never changes one.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "actors/base/ids.h"
#include "actors/messages/v1.h"
#include "master/view/records.h"

namespace meseta::master {

class TaskTable {
 public:
  using TaskMap = std::map<TaskId, TaskPtr>;
  using TaskKey = std::pair<FrameworkId, TaskId>;

  explicit TaskTable(size_t max_unreachable) : max_unreachable_(max_unreachable) {}

  [[nodiscard]] TaskPtr Find(const FrameworkId& framework, const TaskId& task) const;
  [[nodiscard]] bool IsUnreachable(const FrameworkId& framework, const TaskId& task) const;
  // Adds it or replaces the one with its ids.
  void Put(const TaskPtr& task);
  void Remove(const FrameworkId& framework, const TaskId& task);
  void PutUnreachable(const TaskPtr& task);
  void RemoveUnreachable(const FrameworkId& framework, const TaskId& task);
  void RemoveFramework(const FrameworkId& framework);

  [[nodiscard]] const TaskMap& OfFramework(const FrameworkId& framework) const;
  // A copy: callers change the table while they go through it.
  [[nodiscard]] std::vector<TaskKey> OnAgent(const AgentId& agent) const;
  [[nodiscard]] bool AnyOnAgent(const AgentId& agent, const FrameworkId& framework) const;
  [[nodiscard]] std::set<AgentId> AgentsOf(const FrameworkId& framework) const;
  [[nodiscard]] size_t size() const { return size_; }

 private:
  struct Unreachable {
    TaskMap tasks;
    std::deque<TaskId> order;  // Oldest first; may name tasks that returned.
  };

  size_t max_unreachable_;
  size_t size_ = 0;
  std::map<FrameworkId, TaskMap> by_framework_;
  std::map<AgentId, std::set<TaskKey>> by_agent_;
  std::map<FrameworkId, Unreachable> unreachable_;
};

}  // namespace meseta::master
