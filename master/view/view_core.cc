#include "master/view/view_core.h"

#include <utility>

#include "actors/base/check.h"

namespace meseta::master {
namespace {

void AddTo(model::Quantities& to, const model::Quantities& from, int sign) {
  for (const auto& [name, amount] : from) {
    model::Scalar& sum = to[name];
    sum = model::Scalar::FromThousandths(sum.thousandths() + sign * amount.thousandths());
  }
}

TaskId IdOf(const v1::Task& task) { return TaskId(task.task_id().value()); }

}  // namespace

ViewCore::ViewCore(MasterRecord master, Options options) : options_(options) {
  now_.master = std::move(master);
}

void ViewCore::Apply(uint64_t first, const std::vector<ViewChange>& changes) {
  CHECK(changes.empty() || first == version_ + 1) << "change " << first << " after " << version_;
  for (const ViewChange& change : changes) {
    std::visit([this](const auto& c) { Handle(c); }, change);
    ++version_;
  }
}

SnapshotPtr ViewCore::Publish() {
  for (const FrameworkId& id : dirty_) {
    const auto it = frameworks_.find(id);
    if (it != frameworks_.end()) now_.frameworks.Set(id, Freeze(it->second));
  }
  dirty_.clear();
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->version = version_;
  snapshot->master = now_.master;
  snapshot->agents = now_.agents.Freeze();
  snapshot->recovered_agents = now_.recovered_agents.Freeze();
  snapshot->unreachable_agents = now_.unreachable_agents.Freeze();
  snapshot->frameworks = now_.frameworks.Freeze();
  snapshot->completed_frameworks = now_.completed_frameworks.Freeze();
  snapshot->offers = now_.offers.Freeze();
  snapshot->totals = now_.totals;
  return snapshot;
}

FrameworkViewPtr ViewCore::Freeze(Framework& framework) {
  auto view = std::make_shared<FrameworkView>();
  view->record = framework.view.record;
  view->tasks = framework.view.tasks.Freeze();
  view->unreachable_tasks = framework.view.unreachable_tasks.Freeze();
  view->completed_tasks = framework.view.completed_tasks.Freeze();
  return view;
}

void ViewCore::SetSums(const AgentId& id, AgentSums sums) {
  AgentSums& old = sums_[id];
  ClusterTotals& totals = now_.totals;
  for (const int sign : {-1, 1}) {
    AddTo(totals.total, old.total, sign);
    AddTo(totals.used, old.used, sign);
    AddTo(totals.revocable_total, old.revocable_total, sign);
    AddTo(totals.revocable_used, old.revocable_used, sign);
    if (sign == -1) old = std::move(sums);
  }
}

void ViewCore::Handle(const AgentUpserted& change) {
  const AgentId id(change.agent->info->id().value());
  AgentSums sums;
  sums.total = change.agent->total.NonRevocable().ToQuantities();
  sums.revocable_total = change.agent->total.Revocable().ToQuantities();
  for (const auto& [framework, resources] : change.agent->used) {
    AddTo(sums.used, resources.NonRevocable().ToQuantities(), 1);
    AddTo(sums.revocable_used, resources.Revocable().ToQuantities(), 1);
  }
  SetSums(id, std::move(sums));
  now_.recovered_agents.Erase(id);
  now_.unreachable_agents.Erase(id);
  now_.agents.Set(id, change.agent);
}

void ViewCore::Handle(const AgentDropped& change) {
  SetSums(change.id, {});
  sums_.erase(change.id);
  now_.agents.Erase(change.id);
  now_.recovered_agents.Erase(change.id);
  now_.unreachable_agents.Erase(change.id);
}

void ViewCore::Handle(const AgentRecovered& change) {
  now_.recovered_agents.Set(AgentId(change.info->id().value()), change.info);
}

void ViewCore::Handle(const AgentUnreachable& change) {
  Handle(AgentDropped{change.id});
  now_.unreachable_agents.Set(change.id, change.since);
}

void ViewCore::Handle(const FrameworkUpserted& change) {
  const FrameworkId id(change.framework->info->id().value());
  frameworks_[id].view.record = change.framework;
  dirty_.insert(id);
}

void ViewCore::Handle(const FrameworkCompleted& change) {
  const FrameworkId id(change.framework->info->id().value());
  Framework& framework = frameworks_[id];
  framework.view.record = change.framework;
  now_.completed_frameworks.Set(next_completed_framework_++, Freeze(framework));
  if (now_.completed_frameworks.size() > options_.max_completed_frameworks) {
    now_.completed_frameworks.Erase(next_completed_framework_ - 1 -
                                    options_.max_completed_frameworks);
  }
  framework.view.tasks.ForEach(
      [this](const TaskId&, const TaskPtr& task) { CountLive(&task, nullptr); });
  framework.view.unreachable_tasks.ForEach(
      [this](const TaskId&, const TaskPtr& task) { CountLive(&task, nullptr); });
  frameworks_.erase(id);
  now_.frameworks.Erase(id);
  dirty_.erase(id);
}

ViewCore::Framework& ViewCore::FrameworkOf(const v1::Task& task) {
  const FrameworkId id(task.framework_id().value());
  dirty_.insert(id);
  return frameworks_[id];
}

void ViewCore::CountLive(const TaskPtr* before, const v1::Task* after) {
  if (before != nullptr) --now_.totals.live_tasks[(*before)->state()];
  if (after != nullptr) ++now_.totals.live_tasks[after->state()];
}

void ViewCore::Handle(const TaskUpserted& change) {
  Framework& framework = FrameworkOf(*change.task);
  const TaskId id = IdOf(*change.task);
  if (const TaskPtr* was = framework.view.unreachable_tasks.Find(id)) {
    CountLive(was, nullptr);
    framework.view.unreachable_tasks.Erase(id);
  }
  CountLive(framework.view.tasks.Find(id), change.task.get());
  framework.view.tasks.Set(id, change.task);
}

void ViewCore::Handle(const TaskCompleted& change) {
  Framework& framework = FrameworkOf(*change.task);
  const TaskId id = IdOf(*change.task);
  for (auto* live : {&framework.view.tasks, &framework.view.unreachable_tasks}) {
    CountLive(live->Find(id), nullptr);
    live->Erase(id);
  }
  framework.view.completed_tasks.Set(framework.next_completed++, change.task);
  if (framework.view.completed_tasks.size() > options_.max_completed_tasks_per_framework) {
    framework.view.completed_tasks.Erase(framework.next_completed - 1 -
                                         options_.max_completed_tasks_per_framework);
  }
  ++now_.totals.terminal_tasks[change.task->state()];
  if (!change.task->statuses().empty()) {
    const v1::TaskStatus& last = *change.task->statuses().rbegin();
    if (last.has_reason()) {
      ++now_.totals.causes[{change.task->state(), last.source(), last.reason()}];
    }
  }
}

void ViewCore::Handle(const TaskUnreachable& change) {
  Framework& framework = FrameworkOf(*change.task);
  const TaskId id = IdOf(*change.task);
  CountLive(framework.view.tasks.Find(id), nullptr);
  framework.view.tasks.Erase(id);
  CountLive(framework.view.unreachable_tasks.Find(id), change.task.get());
  framework.view.unreachable_tasks.Set(id, change.task);
  if (framework.view.unreachable_tasks.size() > options_.max_unreachable_tasks_per_framework) {
    const TaskPtr* oldest = nullptr;
    framework.view.unreachable_tasks.ForEach([&](const TaskId&, const TaskPtr& task) {
      if (oldest == nullptr) oldest = &task;
    });
    const TaskPtr dropped = *oldest;
    CountLive(&dropped, nullptr);
    framework.view.unreachable_tasks.Erase(IdOf(*dropped));
  }
}

void ViewCore::Handle(const OfferAdded& change) {
  now_.offers.Set(OfferId(change.offer->id().value()), change.offer);
}

void ViewCore::Handle(const OfferGone& change) { now_.offers.Erase(change.id); }

}  // namespace meseta::master
