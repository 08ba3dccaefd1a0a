#include "master/tasks/pending_reconcile.h"

namespace meseta::master {

void PendingReconciles::Ask(const Question& question) {
  const Key key{question.framework, question.task};
  Erase(key);
  std::map<TaskId, AgentId>& asked = questions_[question.framework];
  if (asked.size() >= kMaxPerFramework || size_ >= kMaxQuestions) return;
  asked[question.task] = question.agent;
  by_agent_[question.agent].insert(key);
  ++size_;
}

bool PendingReconciles::Erase(const Key& key) {
  auto framework = questions_.find(key.first);
  if (framework == questions_.end()) return false;
  auto question = framework->second.find(key.second);
  if (question == framework->second.end()) return false;
  auto agent = by_agent_.find(question->second);
  agent->second.erase(key);
  if (agent->second.empty()) by_agent_.erase(agent);
  framework->second.erase(question);
  if (framework->second.empty()) questions_.erase(framework);
  --size_;
  return true;
}

std::vector<PendingReconciles::Question> PendingReconciles::TakeOf(const AgentId& agent) {
  std::vector<Question> taken;
  auto it = by_agent_.find(agent);
  if (it == by_agent_.end()) return taken;
  const std::set<Key> keys = it->second;
  for (const Key& key : keys) {
    taken.push_back(Question{key.first, key.second, agent});
    Erase(key);
  }
  return taken;
}

bool PendingReconciles::TakeHomeless(const FrameworkId& framework, const TaskId& task) {
  auto it = questions_.find(framework);
  if (it == questions_.end()) return false;
  auto question = it->second.find(task);
  if (question == it->second.end() || !question->second.empty()) return false;
  return Erase({framework, task});
}

std::vector<PendingReconciles::Question> PendingReconciles::TakeRest() {
  std::vector<Question> taken;
  for (const auto& [framework, tasks] : questions_) {
    for (const auto& [task, agent] : tasks) taken.push_back(Question{framework, task, agent});
  }
  questions_.clear();
  by_agent_.clear();
  all_.clear();
  size_ = 0;
  return taken;
}

void PendingReconciles::Forget(const FrameworkId& framework) {
  all_.erase(framework);
  auto it = questions_.find(framework);
  if (it == questions_.end()) return;
  const std::map<TaskId, AgentId> tasks = it->second;
  for (const auto& [task, agent] : tasks) Erase({framework, task});
}

}  // namespace meseta::master
