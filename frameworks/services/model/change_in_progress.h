// ChangeInProgress: a catalog that ApplyChange is changing, and the rules that need all of it: places of
// apps and groups, roles, service ports, versions, dependencies. What breaks a rule is refused, and
// then the whole change is given up. Pure.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "frameworks/services/model/changes.h"

namespace meseta::services {

using Refusal = std::optional<ApiError>;

inline constexpr char kSameName[] = "Groups and Applications may not have the same identifier.";

// One rule of the whole object is broken.
[[nodiscard]] ApiError InvalidAt(std::string path, std::string problem);

class ChangeInProgress {
 public:
  ChangeInProgress(const Catalog& before, const ChangeContext& context);

  [[nodiscard]] const Catalog& before() const { return before_; }
  [[nodiscard]] const Catalog& now() const { return changed_.catalog; }
  [[nodiscard]] const ChangeContext& context() const { return context_; }
  [[nodiscard]] Changed& changed() { return changed_; }

  // Defaults as they are for an app there: its group may give it another role.
  [[nodiscard]] Defaults DefaultsFor(const Path& app) const;
  // Puts a definition without versions: checks it against the catalog, gives it service ports and
  // versions. One that changes nothing is not put. `restart`: even if nothing else changes.
  [[nodiscard]] Refusal PutApp(AppSpec app, bool restart = false);
  // The same with a definition of an older version, whose automatic service ports may be taken.
  [[nodiscard]] Refusal RestoreApp(AppSpec app);
  // Goes back to a definition of before, config version and all: its instances may still be there, and
  // are not to be restarted.
  [[nodiscard]] Refusal RevertApp(const AppSpec& before);
  void RemoveApp(const Path& path);
  // Sets the version of `group`; an equal one is not put.
  [[nodiscard]] Refusal PutGroup(GroupSpec group);
  void RemoveGroup(const Path& path);
  // `app` is to be in Changed::apps even if it is as before.
  void Name(const Path& app) { named_.insert(app); }

  // What needs everything to be in place. REQUIRES: nothing is put afterwards.
  [[nodiscard]] Answer<Changed> Finish();

 private:
  [[nodiscard]] Refusal CheckPlace(const Path& path);
  [[nodiscard]] Refusal CheckRole(const AppSpec& app, const AppPtr& old) const;
  void GiveUpTakenPorts(AppSpec* app, const AppPtr& old) const;
  [[nodiscard]] Refusal AssignServicePorts(AppSpec* app, const AppPtr& old);
  void Put(AppSpec app);
  void RaiseVersions(const Path& path);

  const Catalog& before_;
  const ChangeContext& context_;
  Changed changed_;
  std::set<Path> put_;      // Apps that were put or removed.
  std::set<Path> named_;
  std::set<Path> regrouped_;  // Groups whose dependencies may differ.
  std::set<Path> raised_;     // Groups that have the new version.
  uint32_t next_port_;        // Below it, no service port of the range is free.
};

// Changes of groups, in group_changes.cc. REQUIRES: `change` is new.
[[nodiscard]] Refusal Apply(ChangeInProgress& change, const CreateGroup& create);
[[nodiscard]] Refusal Apply(ChangeInProgress& change, const PutGroup& put);
[[nodiscard]] Refusal Apply(ChangeInProgress& change, const ScaleGroup& scale);
[[nodiscard]] Refusal Apply(ChangeInProgress& change, const RollBackGroup& back);
[[nodiscard]] Refusal Apply(ChangeInProgress& change, const EnforceRole& enforce);
[[nodiscard]] Refusal Apply(ChangeInProgress& change, const DeleteGroup& remove);
[[nodiscard]] Refusal Apply(ChangeInProgress& change, const UndoDeployment& undo);

}  // namespace meseta::services
