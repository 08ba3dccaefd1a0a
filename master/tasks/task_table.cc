#include "master/tasks/task_table.h"

namespace meseta::master {
namespace {

FrameworkId FrameworkOf(const v1::Task& task) { return FrameworkId(task.framework_id().value()); }
TaskId IdOf(const v1::Task& task) { return TaskId(task.task_id().value()); }
AgentId AgentOf(const v1::Task& task) { return AgentId(task.agent_id().value()); }

}  // namespace

TaskPtr TaskTable::Find(const FrameworkId& framework, const TaskId& task) const {
  auto it = by_framework_.find(framework);
  if (it == by_framework_.end()) return nullptr;
  auto found = it->second.find(task);
  return found == it->second.end() ? nullptr : found->second;
}

bool TaskTable::IsUnreachable(const FrameworkId& framework, const TaskId& task) const {
  auto it = unreachable_.find(framework);
  return it != unreachable_.end() && it->second.tasks.count(task) > 0;
}

void TaskTable::Put(const TaskPtr& task) {
  const FrameworkId framework = FrameworkOf(*task);
  TaskPtr& slot = by_framework_[framework][IdOf(*task)];
  if (slot == nullptr) {
    ++size_;
  } else if (slot->agent_id().value() != task->agent_id().value()) {
    by_agent_[AgentOf(*slot)].erase({framework, IdOf(*task)});
  }
  slot = task;
  by_agent_[AgentOf(*task)].emplace(framework, IdOf(*task));
}

void TaskTable::Remove(const FrameworkId& framework, const TaskId& task) {
  auto it = by_framework_.find(framework);
  if (it == by_framework_.end()) return;
  auto found = it->second.find(task);
  if (found == it->second.end()) return;
  auto agent = by_agent_.find(AgentOf(*found->second));
  if (agent != by_agent_.end()) {
    agent->second.erase({framework, task});
    if (agent->second.empty()) by_agent_.erase(agent);
  }
  it->second.erase(found);
  --size_;
  if (it->second.empty()) by_framework_.erase(it);
}

void TaskTable::PutUnreachable(const TaskPtr& task) {
  Unreachable& entry = unreachable_[FrameworkOf(*task)];
  if (entry.tasks.insert_or_assign(IdOf(*task), task).second) entry.order.push_back(IdOf(*task));
  while (entry.order.size() > max_unreachable_) {
    entry.tasks.erase(entry.order.front());
    entry.order.pop_front();
  }
}

void TaskTable::RemoveUnreachable(const FrameworkId& framework, const TaskId& task) {
  auto it = unreachable_.find(framework);
  if (it == unreachable_.end()) return;
  it->second.tasks.erase(task);
  std::erase(it->second.order, task);
  if (it->second.tasks.empty()) unreachable_.erase(it);
}

void TaskTable::RemoveFramework(const FrameworkId& framework) { unreachable_.erase(framework); }

const TaskTable::TaskMap& TaskTable::OfFramework(const FrameworkId& framework) const {
  static const TaskMap kNone;
  auto it = by_framework_.find(framework);
  return it == by_framework_.end() ? kNone : it->second;
}

std::vector<TaskTable::TaskKey> TaskTable::OnAgent(const AgentId& agent) const {
  auto it = by_agent_.find(agent);
  if (it == by_agent_.end()) return {};
  return {it->second.begin(), it->second.end()};
}

bool TaskTable::AnyOnAgent(const AgentId& agent, const FrameworkId& framework) const {
  auto it = by_agent_.find(agent);
  if (it == by_agent_.end()) return false;
  auto first = it->second.lower_bound({framework, TaskId()});
  return first != it->second.end() && first->first == framework;
}

std::set<AgentId> TaskTable::AgentsOf(const FrameworkId& framework) const {
  std::set<AgentId> agents;
  for (const auto& [id, task] : OfFramework(framework)) agents.insert(AgentOf(*task));
  return agents;
}

}  // namespace meseta::master
