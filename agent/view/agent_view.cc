#include "agent/view/agent_view.h"

#include <algorithm>

namespace meseta::agent {
namespace {

model::Resources ResourcesOf(const ExecutorPtr& executor) {
  // Those of a container that is gone are free again, acknowledged or not.
  if (executor == nullptr || executor->stage == ExecutorRecord::Stage::kTerminated ||
      executor->stage == ExecutorRecord::Stage::kCompleted) {
    return {};
  }
  return model::Resources::FromProto(executor->task.resources()).value_or(model::Resources());
}

}  // namespace

AgentView::Entry& AgentView::EntryOf(const FrameworkId& id) {
  Entry& entry = entries_[id];
  entry.built.reset();
  return entry;
}

AgentView::Entry& AgentView::EntryOf(const ExecutorRecord& executor) {
  return EntryOf(FrameworkId(executor.task.framework_id().value()));
}

void AgentView::Count(const ExecutorPtr& before, const ExecutorPtr& after) {
  used_ -= ResourcesOf(before);
  used_ += ResourcesOf(after);
}

void AgentView::Apply(const ViewChange& change) {
  if (const auto* agent = std::get_if<AgentChanged>(&change)) {
    agent_ = agent->agent;
    total_ = model::Resources::FromProto(agent_->info.resources()).value_or(model::Resources());
  } else if (const auto* framework = std::get_if<FrameworkUpserted>(&change)) {
    EntryOf(FrameworkId(framework->framework->id().value())).info = framework->framework;
  } else if (const auto* idle = std::get_if<FrameworkIdle>(&change)) {
    Entry& entry = EntryOf(idle->id);
    if (!entry.idle) idle_.push_back(idle->id);
    entry.idle = true;
  } else if (const auto* gone = std::get_if<FrameworkForgotten>(&change)) {
    entries_.erase(gone->id);
    idle_.erase(std::remove(idle_.begin(), idle_.end(), gone->id), idle_.end());
  } else if (const auto* upsert = std::get_if<ExecutorUpserted>(&change)) {
    Entry& entry = EntryOf(*upsert->executor);
    if (entry.idle) {
      entry.idle = false;
      const FrameworkId id(upsert->executor->task.framework_id().value());
      idle_.erase(std::remove(idle_.begin(), idle_.end(), id), idle_.end());
    }
    ExecutorPtr& slot = entry.executors[upsert->executor->info.executor_id().value()];
    Count(slot, upsert->executor);
    slot = upsert->executor;
  } else if (const auto* completed = std::get_if<ExecutorCompleted>(&change)) {
    Entry& entry = EntryOf(*completed->executor);
    const auto it = entry.executors.find(completed->executor->info.executor_id().value());
    if (it != entry.executors.end()) {
      Count(it->second, nullptr);
      entry.executors.erase(it);
    }
    entry.completed.push_back(completed->executor);
    if (entry.completed.size() > options_.max_completed_executors) entry.completed.pop_front();
  } else if (const auto* sandbox = std::get_if<SandboxGone>(&change)) {
    auto& history = EntryOf(*sandbox->executor).completed;
    history.erase(std::remove_if(history.begin(), history.end(),
                                 [&](const ExecutorPtr& executor) {
                                   return executor->container == sandbox->executor->container;
                                 }),
                  history.end());
  }
}

AgentSnapshotPtr AgentView::Snapshot(const AgentStats& stats) {
  auto snapshot = std::make_shared<AgentSnapshot>();
  snapshot->agent = agent_;
  snapshot->stats = stats;
  snapshot->total = total_;
  snapshot->used = used_;
  for (auto& [id, entry] : entries_) {
    if (entry.info == nullptr) continue;
    if (entry.built == nullptr) {
      auto view = std::make_shared<FrameworkView>();
      view->info = entry.info;
      for (const auto& [name, executor] : entry.executors) view->executors.push_back(executor);
      view->completed.assign(entry.completed.begin(), entry.completed.end());
      entry.built = std::move(view);
    }
    if (!entry.idle) snapshot->frameworks[id] = entry.built;
  }
  const size_t skip = idle_.size() > options_.max_completed_frameworks
                          ? idle_.size() - options_.max_completed_frameworks
                          : 0;
  for (size_t i = skip; i < idle_.size(); ++i) {
    const auto it = entries_.find(idle_[i]);
    if (it != entries_.end() && it->second.built) {
      snapshot->completed_frameworks.push_back(it->second.built);
    }
  }
  return snapshot;
}

}  // namespace meseta::agent
