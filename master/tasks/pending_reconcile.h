// Questions of frameworks about tasks that only an agent can answer which is not back yet.
//
// Mesos drops them and lets the framework ask again. Here they are answered as soon as the agent has
// registered again, or is given up: a framework that reconciles right after a change of the leader
// hears of every launch that was lost with the old one. A question ends with the framework's session.
// State only; reconcile.cc decides. On the master core's thread.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "actors/base/ids.h"

namespace meseta::master {

class PendingReconciles {
 public:
  // What is beyond is not remembered: the framework asks again, as with Mesos.
  static constexpr size_t kMaxPerFramework = 100'000;
  static constexpr size_t kMaxQuestions = 1'000'000;

  struct Question {
    FrameworkId framework;
    TaskId task;
    AgentId agent;  // Empty: the framework does not know.
  };

  void Ask(const Question& question);
  // After every task: those that an agent brings along.
  void AskAll(const FrameworkId& framework) { all_.insert(framework); }
  [[nodiscard]] bool AsksAll(const FrameworkId& framework) const { return all_.count(framework) > 0; }
  // The questions about this agent's tasks; they are forgotten.
  [[nodiscard]] std::vector<Question> TakeOf(const AgentId& agent);
  // The question about this task that names no agent.
  [[nodiscard]] bool TakeHomeless(const FrameworkId& framework, const TaskId& task);
  // All that are left.
  [[nodiscard]] std::vector<Question> TakeRest();
  void Forget(const FrameworkId& framework);

  [[nodiscard]] size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0 && all_.empty(); }

 private:
  using Key = std::pair<FrameworkId, TaskId>;
  bool Erase(const Key& key);

  std::map<FrameworkId, std::map<TaskId, AgentId>> questions_;
  std::map<AgentId, std::set<Key>> by_agent_;  // Also of the empty agent.
  std::set<FrameworkId> all_;
  size_t size_ = 0;
};

}  // namespace meseta::master
