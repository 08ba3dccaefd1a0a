// What is left of completed tasks: their history, and sandboxes until they are deleted.
#include <algorithm>
#include <utility>

#include "agent/agent_core.h"

namespace meseta::agent {

void AgentCore::AddGarbage(ExecutorPtr executor, WallTime ended) {
  const ContainerId container = executor->container;
  ++frameworks_.at(FrameworkId(executor->task.framework_id().value())).completed;
  garbage_[container] = Garbage{std::move(executor), false};
  garbage_by_end_.emplace(ended, container);
  stats_.sandboxes_pending = garbage_.size();
  stats_.sandbox_max_age_seconds = SandboxMaxAge().seconds();
}

void AgentCore::RestoreCompleted(const internal::CompletedCheckpoint& completed) {
  // A record of a framework that has none of its own cannot be shown, yet its sandbox must go.
  FrameworkEntry& framework = frameworks_[FrameworkId(completed.task().framework_id().value())];
  if (!framework.info.has_id()) *framework.info.mutable_id() = completed.task().framework_id();
  auto record = std::make_shared<ExecutorRecord>();
  record->info = completed.executor();
  record->task = completed.task();
  record->container = ContainerId(completed.container_id());
  record->sandbox = completed.sandbox();
  record->stage = ExecutorRecord::Stage::kCompleted;
  AddGarbage(std::move(record), WallTime::FromNanos(completed.ended_nanos()));
}

Duration AgentCore::SandboxMaxAge() const {
  const double share = std::max(0.0, 1.0 - options_.gc_disk_headroom - disk_used_);
  return Duration::FromSecondsDouble(options_.gc_delay.seconds() * share);
}

AgentEffects AgentCore::DiskUsed(double fraction, Now now) {
  disk_used_ = std::clamp(fraction, 0.0, 1.0);
  stats_.sandbox_max_age_seconds = SandboxMaxAge().seconds();
  CollectGarbage(now);
  return Finish(now);
}

void AgentCore::CollectGarbage(Now now) {
  const Duration age = SandboxMaxAge();
  size_t excess = garbage_.size() > kMaxSandboxes ? garbage_.size() - kMaxSandboxes : 0;
  for (const auto& [ended, container] : garbage_by_end_) {
    const bool due = ended + age <= now.wall || excess > 0;
    if (!due) break;
    if (excess > 0) --excess;
    Garbage& garbage = garbage_.at(container);
    if (garbage.deleting) continue;
    garbage.deleting = true;
    turn_.delete_sandboxes.push_back({container, garbage.executor->sandbox});
  }
}

AgentEffects AgentCore::SandboxDeleted(const ContainerId& container, const Status& status,
                                       Now now) {
  const auto it = garbage_.find(container);
  if (it == garbage_.end()) return Finish(now);
  if (status.ok()) {
    ++stats_.sandboxes_deleted;
  } else {
    // Its record goes all the same: retrying what the file system refuses would go on for ever.
    ++stats_.sandbox_deletions_failed;
    Log("The sandbox " + it->second.executor->sandbox + " stays: " + status.message());
  }
  const ExecutorPtr executor = it->second.executor;
  for (auto end = garbage_by_end_.begin(); end != garbage_by_end_.end(); ++end) {
    if (end->second != container) continue;
    garbage_by_end_.erase(end);  // Near the front: deletion goes by age.
    break;
  }
  garbage_.erase(it);
  stats_.sandboxes_pending = garbage_.size();
  batch_.erase.push_back(CompletedRecordKey(container));
  turn_.view.push_back(SandboxGone{executor});
  const FrameworkId framework(executor->task.framework_id().value());
  --frameworks_.at(framework).completed;
  FrameworkMaybeIdle(framework);
  return Finish(now);
}

}  // namespace meseta::agent
