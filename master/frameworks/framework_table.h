// The frameworks as this master knows them. State only; the cores decide.
//
// A framework is known once it subscribed, or when the registry or an agent knows it (recovered).
// Completed ones are remembered by id as long as the registry does, and never admitted again.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "actors/base/ids.h"
#include "actors/base/time.h"
#include "actors/messages/v1.h"

namespace meseta::master {

struct Framework {
  FrameworkId id;
  std::shared_ptr<const v1::FrameworkInfo> info;  // With id.
  std::optional<StreamId> session;                // None: not connected.
  bool recovered = false;                         // Not subscribed in this term.
  bool removing = false;                          // Its removal is on the way to the disk.
  WallTime registered;
  std::optional<WallTime> reregistered;
  std::set<std::string> roles;
  std::set<std::string> suppressed_roles;
  std::set<OfferId> offers;
  // Capabilities that decide often.
  bool partition_aware = false;
  bool task_killing_state = false;
  bool reservation_refinement = false;

  [[nodiscard]] bool connected() const { return session.has_value(); }
  // Sets info, roles and capabilities.
  void SetInfo(const v1::FrameworkInfo& new_info);
};

// `roles` of a MULTI_ROLE framework, else its `role`.
[[nodiscard]] std::set<std::string> RolesOf(const v1::FrameworkInfo& info);
[[nodiscard]] bool HasCapability(const v1::FrameworkInfo& info,
                                 v1::FrameworkInfo::Capability::Type capability);

class FrameworkTable {
 public:
  Framework* Find(const FrameworkId& id);
  [[nodiscard]] const Framework* Find(const FrameworkId& id) const;
  // REQUIRES: not known.
  Framework* Add(Framework framework);
  // To the completed ones.
  void Complete(const FrameworkId& id);
  void RememberCompleted(const FrameworkId& id) { completed_.insert(id); }
  void ForgetCompleted(const FrameworkId& id) { completed_.erase(id); }
  [[nodiscard]] bool IsCompleted(const FrameworkId& id) const { return completed_.count(id) > 0; }
  // The framework whose stream this is.
  Framework* FindBySession(const StreamId& session);
  void SetSession(Framework* framework, std::optional<StreamId> session);

  [[nodiscard]] const std::map<FrameworkId, Framework>& all() const { return frameworks_; }

 private:
  std::map<FrameworkId, Framework> frameworks_;
  std::map<StreamId, FrameworkId> by_session_;
  std::set<FrameworkId> completed_;
};

}  // namespace meseta::master
