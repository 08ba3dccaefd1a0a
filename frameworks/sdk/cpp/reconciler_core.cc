#include "frameworks/sdk/cpp/reconciler_core.h"

#include <algorithm>

#include "actors/base/check.h"

namespace meseta::sdk {

using Call = v1::scheduler::Call;

ReconcilerCore::ReconcilerCore(Options options, Rng rng) : options_(options), rng_(rng) {
  CHECK(options_.chunk > 0 && options_.window > 0);
}

Duration ReconcilerCore::WaitAfter(int times) {
  const Duration most =
      std::min(options_.longest_wait, options_.first_wait * (int64_t{1} << std::min(times, 20)));
  return Duration::FromSecondsDouble(most.seconds() * (0.75 + rng_.Uniform() / 4));
}

void ReconcilerCore::Stop() {
  active_ = false;
  tasks_.clear();
  queue_.clear();
  chunks_.clear();
  implicit_at_ = Time::Max();
}

ReconcilerCore::Effects ReconcilerCore::Start(const std::vector<Task>& tasks, Time now) {
  Stop();
  active_ = true;
  for (const Task& task : tasks) {
    Asked& asked = tasks_[task.task_id];
    asked.agent_id = task.agent_id;
    asked.due = now;
    queue_.emplace(now, task.task_id);
  }
  Effects effects;
  effects.all_answered = tasks_.empty();
  if (tasks_.empty()) implicit_at_ = now + options_.implicit_interval;
  Ask(now, &effects);
  return effects;
}

ReconcilerCore::Effects ReconcilerCore::Handle(const v1::TaskStatus& status, Time now) {
  return Answered(status.task_id().value(), now);
}

ReconcilerCore::Effects ReconcilerCore::Forget(const std::string& task_id, Time now) {
  Effects effects = Answered(task_id, now);
  effects.answered = false;
  return effects;
}

ReconcilerCore::Effects ReconcilerCore::Answered(const std::string& task_id, Time now) {
  Effects effects;
  const auto task = tasks_.find(task_id);
  if (task != tasks_.end()) {
    effects.answered = true;
    if (const auto chunk = chunks_.find(task->second.chunk); chunk != chunks_.end()) {
      if (--chunk->second.open == 0) chunks_.erase(chunk);
    }
    queue_.erase({task->second.due, task_id});
    tasks_.erase(task);
    if (tasks_.empty()) {
      effects.all_answered = true;
      implicit_at_ = now + options_.implicit_interval;
    }
  }
  Ask(now, &effects);
  return effects;
}

ReconcilerCore::Effects ReconcilerCore::Tick(Time now) {
  Effects effects;
  Ask(now, &effects);
  return effects;
}

void ReconcilerCore::Ask(Time now, Effects* effects) {
  if (!active_) return;
  for (auto chunk = chunks_.begin(); chunk != chunks_.end();) {
    chunk = chunk->second.until <= now ? chunks_.erase(chunk) : std::next(chunk);
  }
  while (!queue_.empty() && queue_.begin()->first <= now && chunks_.size() < options_.window) {
    AskChunk(now, effects);
  }
  if (tasks_.empty() && implicit_at_ <= now) {
    implicit_at_ = now + options_.implicit_interval;
    Call call;
    call.set_type(Call::RECONCILE);
    call.mutable_reconcile();
    effects->send.push_back(std::move(call));
  }
  Time wake = tasks_.empty() ? implicit_at_ : queue_.begin()->first;
  if (!queue_.empty() && wake <= now) {
    // No place: until the first gives its own.
    wake = Time::Max();
    for (const auto& [number, chunk] : chunks_) wake = std::min(wake, chunk.until);
  }
  if (wake != Time::Max()) effects->wake_at = wake;
}

void ReconcilerCore::AskChunk(Time now, Effects* effects) {
  const uint64_t number = next_chunk_++;
  Chunk& chunk = chunks_[number];
  chunk.until = now + options_.pace;
  Call call;
  call.set_type(Call::RECONCILE);
  while (!queue_.empty() && queue_.begin()->first <= now && chunk.open < options_.chunk) {
    const std::string id = queue_.begin()->second;
    queue_.erase(queue_.begin());
    Asked& asked = tasks_.at(id);
    Call::Reconcile::Task* task = call.mutable_reconcile()->add_tasks();
    task->mutable_task_id()->set_value(id);
    if (!asked.agent_id.empty()) task->mutable_agent_id()->set_value(asked.agent_id);
    // A task is asked for again only once it is due, and then counts in its new chunk.
    if (const auto old = chunks_.find(asked.chunk); old != chunks_.end()) {
      if (--old->second.open == 0) chunks_.erase(old);
    }
    asked.chunk = number;
    asked.due = now + WaitAfter(asked.times++);
    queue_.emplace(asked.due, id);
    ++chunk.open;
  }
  effects->send.push_back(std::move(call));
}

}  // namespace meseta::sdk
