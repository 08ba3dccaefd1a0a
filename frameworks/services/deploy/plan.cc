#include "frameworks/services/deploy/plan.h"

#include <algorithm>
#include <set>

#include "frameworks/services/model/dependencies.h"

namespace meseta::services {
namespace {

using internal::DeploymentAction;
using internal::DeploymentRecord;
using internal::DeploymentStep;

struct Difference {
  Path path;
  AppPtr before;
  AppPtr after;
};

std::vector<Difference> DifferencesOf(const PlanInput& input) {
  std::vector<Difference> differences;
  for (const Path& path : input.apps) {
    Difference difference{path, input.before.FindApp(path), input.after.FindApp(path)};
    if (difference.before != difference.after) differences.push_back(std::move(difference));
  }
  return differences;
}

void AddStep(DeploymentStep step, DeploymentRecord* plan) {
  if (step.actions_size() > 0) *plan->add_steps() = std::move(step);
}

DeploymentAction* Add(DeploymentAction::Kind kind, const Path& app, DeploymentStep* step) {
  DeploymentAction* action = step->add_actions();
  action->set_kind(kind);
  action->set_app(app);
  return action;
}

// What brings an app that is wanted to where it is wanted; none when it is there.
void AddScaleOrRestart(const Difference& difference, const PlanInput& input, DeploymentStep* step) {
  const AppPtr& before = difference.before;
  const AppPtr& after = difference.after;
  const bool restart =
      before && (NeedsRestart(*before, *after) ||
                 before->last_config_change_at() != after->last_config_change_at() ||
                 input.unfinished.count(difference.path) > 0);
  if (restart && after->instances() > 0) {
    Add(DeploymentAction::RESTART, difference.path, step);
    return;
  }
  const auto named = input.kill_first.find(difference.path);
  const bool kills = named != input.kill_first.end();
  if (before && !restart && !kills && before->instances() == after->instances()) return;
  DeploymentAction* action = Add(DeploymentAction::SCALE, difference.path, step);
  action->set_scale_to(after->instances());
  if (!kills) return;
  for (const std::string& id : named->second) action->add_kill(id);
}

void AddLayers(const std::vector<Difference>& differences, const PlanInput& input,
               DeploymentRecord* plan) {
  std::vector<Path> wanted;
  for (const Difference& difference : differences) {
    if (difference.after) wanted.push_back(difference.path);
  }
  // A catalog never has a cycle (ApplyChange refuses it); without ranks all would share one step.
  const DependencyRanks ranks = RankDependencies(input.after, wanted);
  std::map<uint32_t, DeploymentStep> layers;
  for (const Difference& difference : differences) {
    if (!difference.after) continue;
    const auto rank = ranks.rank.find(difference.path);
    AddScaleOrRestart(difference, input, &layers[rank == ranks.rank.end() ? 0 : rank->second]);
  }
  for (auto& [rank, step] : layers) AddStep(std::move(step), plan);
}

// The definitions that the plan acts on; others need no lock.
void AddChanges(const std::vector<Difference>& differences, DeploymentRecord* plan) {
  std::set<Path> acted;
  for (const DeploymentStep& step : plan->steps()) {
    for (const DeploymentAction& action : step.actions()) acted.insert(action.app());
  }
  for (const Difference& difference : differences) {
    if (acted.count(difference.path) == 0) continue;
    internal::DeploymentChange* change = plan->add_changes();
    change->set_app(difference.path);
    if (difference.before) *change->mutable_before() = *difference.before;
    if (difference.after) *change->mutable_after() = *difference.after;
  }
}

bool SameGroup(const GroupSpec& a, const GroupSpec& b) {
  return a.enforce_role() == b.enforce_role() &&
         std::equal(a.dependencies().begin(), a.dependencies().end(), b.dependencies().begin(),
                    b.dependencies().end());
}

void AddGroups(const PlanInput& input, DeploymentRecord* plan) {
  input.before.ForEachGroupBeneath("/", [&](const GroupPtr& before) {
    const GroupPtr after = input.after.FindGroup(before->id());
    if (after == before || (after && SameGroup(*before, *after))) return;
    *plan->add_groups_before() = *before;
    if (after) *plan->add_groups_after() = *after;
    else plan->add_groups_removed(before->id());
  });
  input.after.ForEachGroupBeneath("/", [&](const GroupPtr& after) {
    if (!input.before.FindGroup(after->id())) *plan->add_groups_after() = *after;
  });
}

}  // namespace

DeploymentRecord MakePlan(const PlanInput& input) {
  DeploymentRecord plan;
  plan.set_id(input.id);
  plan.set_version(input.version);
  plan.set_current_step(0);
  plan.set_started_at(input.now_ms);
  plan.set_last_progress_at(input.now_ms);
  const std::vector<Difference> differences = DifferencesOf(input);
  DeploymentStep stop;
  DeploymentStep start;
  for (const Difference& difference : differences) {
    if (!difference.after) Add(DeploymentAction::STOP, difference.path, &stop);
    if (!difference.before) Add(DeploymentAction::START, difference.path, &start);
  }
  AddStep(std::move(stop), &plan);
  AddStep(std::move(start), &plan);
  AddLayers(differences, input, &plan);
  AddChanges(differences, &plan);
  AddGroups(input, &plan);
  return plan;
}

bool HasCycle(const Catalog& catalog, const std::vector<Path>& from) {
  return RankDependencies(catalog, from).cyclic;
}

std::string_view ActionName(DeploymentAction::Kind kind) {
  switch (kind) {
    case DeploymentAction::START: return "StartApplication";
    case DeploymentAction::STOP: return "StopApplication";
    case DeploymentAction::SCALE: return "ScaleApplication";
    case DeploymentAction::RESTART: break;
  }
  return "RestartApplication";
}

}  // namespace meseta::services
