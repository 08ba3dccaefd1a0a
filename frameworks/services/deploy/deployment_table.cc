#include "frameworks/services/deploy/deployment_table.h"

#include <algorithm>
#include <utility>

#include "actors/base/check.h"

namespace meseta::services {
namespace {

using internal::DeploymentChange;
using internal::DeploymentRecord;

AppPtr BeforeOf(const DeploymentPtr& record, const DeploymentChange& change) {
  return {record, &change.before()};  // Shares the record.
}

AppGoal Keep(AppPtr app, uint32_t target) {
  return {AppGoal::Mode::kKeep, std::move(app), target, {}};
}

// Seconds without progress that an action allows; 0: for ever.
double PatienceOf(const DeploymentChange& change) {
  return change.has_after() ? change.after().progress_deadline_seconds() : 0;
}

}  // namespace

DeploymentTable::Running* DeploymentTable::Add(DeploymentPtr deployment) {
  Running running;
  running.record = std::move(deployment);
  const DeploymentRecord& record = *running.record;
  for (const DeploymentChange& change : record.changes()) {
    CHECK(by_app_.try_emplace(change.app(), record.id()).second);  // Conflicts() was asked.
    running.changes[change.app()] = &change;
  }
  for (int i = 0; i < record.steps_size(); ++i) {
    for (const Action& action : record.steps(i).actions()) running.step_of[action.app()] = i;
  }
  const auto [place, is_new] = running_.emplace(record.id(), std::move(running));
  CHECK(is_new);
  return &place->second;
}

void DeploymentTable::Remove(const std::string& id) {
  const auto found = running_.find(id);
  if (found == running_.end()) return;
  Running& running = found->second;
  for (const auto& [app, change] : running.changes) by_app_.erase(app);
  if (running.deadline_ms) deadlines_.erase({*running.deadline_ms, id});
  running_.erase(found);
}

bool DeploymentTable::Load(DeploymentPtr deployment) {
  std::set<Path> apps;
  for (const DeploymentChange& change : deployment->changes()) {
    if (!apps.insert(change.app()).second || by_app_.count(change.app()) > 0) return false;
  }
  if (running_.count(deployment->id()) > 0) return false;
  Running* running = Add(std::move(deployment));
  ReadStep(running);
  SetDeadline(running);
  if (running->not_done == 0) loaded_at_end_.insert(running->record->id());
  return true;
}

std::vector<std::string> DeploymentTable::Conflicts(const std::vector<Path>& apps) const {
  std::set<std::string> ids;
  for (const Path& app : apps) {
    const auto found = by_app_.find(app);
    if (found != by_app_.end()) ids.insert(found->second);
  }
  return {ids.begin(), ids.end()};
}

std::set<Path> DeploymentTable::Upgrading(const std::vector<Path>& apps) const {
  std::set<Path> upgrading;
  for (const Path& app : apps) {
    const auto id = by_app_.find(app);
    if (id == by_app_.end()) continue;
    const Running& running = running_.at(id->second);
    const auto step = running.step_of.find(app);
    if (step == running.step_of.end()) continue;
    const auto begun = static_cast<int>(running.record->current_step());
    if (step->second < begun) continue;
    const auto in_step = running.step.find(app);
    if (in_step != running.step.end() && step->second == begun && in_step->second.done) continue;
    for (const Action& action : running.record->steps(step->second).actions()) {
      if (action.app() == app && action.kind() == Action::RESTART) upgrading.insert(app);
    }
  }
  return upgrading;
}

void DeploymentTable::ReadStep(Running* running) {
  running->step.clear();
  running->not_done = 0;
  const DeploymentRecord& record = *running->record;
  if (static_cast<int>(record.current_step()) >= record.steps_size()) return;
  for (const Action& action : record.steps(static_cast<int>(record.current_step())).actions()) {
    if (action.kind() == Action::START) continue;  // With no instances yet: nothing to wait for.
    running->step[action.app()].action = &action;
  }
  running->not_done = running->step.size();
}

void DeploymentTable::SetDeadline(Running* running) {
  const std::string& id = running->record->id();
  if (running->deadline_ms) deadlines_.erase({*running->deadline_ms, id});
  running->deadline_ms.reset();
  double patience = 0;
  for (const auto& [app, of_step] : running->step) {
    const auto change = running->changes.find(app);
    if (change == running->changes.end()) continue;
    const double seconds = PatienceOf(*change->second);
    if (seconds > 0 && (patience == 0 || seconds < patience)) patience = seconds;
  }
  if (patience == 0) return;
  running->deadline_ms =
      running->record->last_progress_at() + static_cast<int64_t>(patience * 1'000);
  deadlines_[{*running->deadline_ms, id}] = running;
}

void DeploymentTable::SetRecord(Running* running, DeploymentPtr record) {
  running->record = std::move(record);
  for (const DeploymentChange& change : running->record->changes()) {
    running->changes[change.app()] = &change;
  }
}

void DeploymentTable::GoOn(Running* running, Progress* progress, int64_t now_ms) {
  while (running->not_done == 0 &&
         static_cast<int>(running->record->current_step()) < running->record->steps_size()) {
    for (const auto& [app, of_step] : running->step) progress->touched.push_back(app);
    progress->steps_done.push_back(running->record);
    auto next = std::make_shared<DeploymentRecord>(*running->record);
    next->set_current_step(next->current_step() + 1);
    next->set_last_progress_at(now_ms);
    SetRecord(running, std::move(next));
    ReadStep(running);
  }
  if (running->not_done == 0) {
    progress->succeeded.push_back(running->record);
    Remove(std::string(running->record->id()));
    return;
  }
  for (const auto& [app, of_step] : running->step) progress->touched.push_back(app);
  SetDeadline(running);
  progress->changed.push_back(running->record);
}

DeploymentTable::Progress DeploymentTable::Start(DeploymentPtr deployment, int64_t now_ms) {
  Progress progress;
  Running* running = Add(std::move(deployment));
  for (const auto& [app, change] : running->changes) progress.touched.push_back(app);
  ReadStep(running);
  GoOn(running, &progress, now_ms);
  return progress;
}

DeploymentTable::Progress DeploymentTable::Cancel(const std::string& id) {
  Progress progress;
  const auto found = running_.find(id);
  if (found == running_.end()) return progress;
  for (const auto& [app, change] : found->second.changes) progress.touched.push_back(app);
  Remove(id);
  return progress;
}

AppGoal DeploymentTable::GoalOf(const Path& app, const AppPtr& wanted) const {
  const auto id = by_app_.find(app);
  const AppGoal stop{AppGoal::Mode::kStop, wanted, 0, {}};
  if (id == by_app_.end()) return wanted ? Keep(wanted, wanted->instances()) : stop;

  const Running& running = running_.at(id->second);
  const DeploymentChange& change = *running.changes.at(app);
  const auto of_step = running.step.find(app);
  if (of_step == running.step.end()) {
    const auto last = running.step_of.find(app);
    const bool passed = last == running.step_of.end() ||
                        last->second < static_cast<int>(running.record->current_step());
    if (passed) return wanted ? Keep(wanted, wanted->instances()) : stop;
    if (!change.has_before()) return Keep(wanted, 0);
    AppPtr before = BeforeOf(running.record, change);
    const uint32_t instances = before->instances();
    return Keep(std::move(before), instances);
  }
  const Action& action = *of_step->second.action;
  if (action.kind() == Action::STOP || wanted == nullptr) {
    return {AppGoal::Mode::kStop, BeforeOf(running.record, change), 0, {}};
  }
  AppGoal goal{AppGoal::Mode::kRestart, wanted, wanted->instances(), {}};
  if (action.kind() == Action::SCALE) {
    goal.mode = AppGoal::Mode::kScale;
    goal.target = action.scale_to();
    goal.kill_first.assign(action.kill().begin(), action.kill().end());
  }
  return goal;
}

void DeploymentTable::NoteProgress(Running* running, int64_t now_ms, Progress* progress) {
  if (!running->deadline_ms) return;  // Nobody asks when it was.
  auto record = std::make_shared<DeploymentRecord>(*running->record);
  record->set_last_progress_at(now_ms);
  SetRecord(running, std::move(record));
  for (const Action& action :
       running->record->steps(static_cast<int>(running->record->current_step())).actions()) {
    const auto of_step = running->step.find(action.app());
    if (of_step != running->step.end()) of_step->second.action = &action;
  }
  SetDeadline(running);
  progress->changed.push_back(running->record);
}

DeploymentTable::Progress DeploymentTable::Decided(const Path& app, const AppDecision& decision,
                                                   int64_t now_ms) {
  Progress progress;
  const auto id = by_app_.find(app);
  if (id == by_app_.end()) return progress;
  Running& running = running_.at(id->second);
  const auto found = running.step.find(app);
  if (found == running.step.end()) return progress;
  OfStep& of_step = found->second;
  const bool better =
      of_step.seen && (decision.good > of_step.good || decision.left < of_step.left);
  of_step.good = of_step.seen ? std::max(of_step.good, decision.good) : decision.good;
  of_step.left = of_step.seen ? std::min(of_step.left, decision.left) : decision.left;
  of_step.seen = true;
  if (decision.done && !of_step.done) {
    of_step.done = true;
    --running.not_done;
    if (running.not_done == 0) {
      GoOn(&running, &progress, now_ms);
      return progress;
    }
  }
  if (better) NoteProgress(&running, now_ms, &progress);
  return progress;
}

DeploymentTable::Progress DeploymentTable::Tick(int64_t now_ms) {
  Progress progress;
  for (const std::string& id : std::exchange(loaded_at_end_, {})) {
    const auto found = running_.find(id);
    if (found != running_.end()) GoOn(&found->second, &progress, now_ms);
  }
  while (!deadlines_.empty() && deadlines_.begin()->first.first <= now_ms) {
    Running* running = deadlines_.begin()->second;
    deadlines_.erase(deadlines_.begin());
    running->deadline_ms.reset();  // Told once.
    progress.past_deadline.push_back(running->record);
  }
  return progress;
}

std::optional<int64_t> DeploymentTable::NextDeadlineMs() const {
  if (!loaded_at_end_.empty()) return 0;
  if (deadlines_.empty()) return std::nullopt;
  return deadlines_.begin()->first.first;
}

DeploymentPtr DeploymentTable::Find(const std::string& id) const {
  const auto found = running_.find(id);
  return found == running_.end() ? nullptr : found->second.record;
}

DeploymentPtr DeploymentTable::OfApp(const Path& app) const {
  const auto found = by_app_.find(app);
  return found == by_app_.end() ? nullptr : Find(found->second);
}

std::vector<DeploymentPtr> DeploymentTable::All() const {
  std::vector<DeploymentPtr> all;
  for (const auto& [id, running] : running_) all.push_back(running.record);
  std::sort(all.begin(), all.end(), [](const DeploymentPtr& a, const DeploymentPtr& b) {
    return std::pair(a->started_at(), a->version()) < std::pair(b->started_at(), b->version());
  });
  return all;
}

}  // namespace meseta::services
