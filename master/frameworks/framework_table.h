// The frameworks as this master knows them. State only; the cores decide.
//
// A framework is known once it subscribed or an agent brought tasks of it along (recovered).
// Completed ones are remembered by id, the newest max_completed_frameworks of them, and never
// admitted again.
#pragma once

#include <deque>
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
  bool recovered = false;                         // Not subscribed since this master started.
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
  explicit FrameworkTable(size_t max_completed) : max_completed_(max_completed) {}

  Framework* Find(const FrameworkId& id);
  [[nodiscard]] const Framework* Find(const FrameworkId& id) const;
  // REQUIRES: not known.
  Framework* Add(Framework framework);
  // To the completed ones.
  void Complete(const FrameworkId& id);
  [[nodiscard]] bool IsCompleted(const FrameworkId& id) const { return completed_.count(id) > 0; }
  // The framework whose stream this is.
  Framework* FindBySession(const StreamId& session);
  void SetSession(Framework* framework, std::optional<StreamId> session);

  [[nodiscard]] const std::map<FrameworkId, Framework>& all() const { return frameworks_; }

 private:
  size_t max_completed_;
  std::map<FrameworkId, Framework> frameworks_;
  std::map<StreamId, FrameworkId> by_session_;
  std::set<FrameworkId> completed_;
  std::deque<FrameworkId> completed_order_;
};

}  // namespace meseta::master
