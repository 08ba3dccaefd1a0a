// The agents as this master knows them, by id and by link. State only; the cores decide.
//
// An agent is in one of four places: registered (it holds a link, or lost one not long ago),
// recovered (in the registry, not back since this master started), unreachable, gone. A transition
// that waits for the disk leaves it where it is.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "actors/base/ids.h"
#include "actors/base/time.h"
#include "actors/messages/v1.h"
#include "master/core/effects.h"
#include "state/model/resources.h"

namespace meseta::master {

struct Agent {
  AgentId id;
  std::string registration_id;
  std::shared_ptr<const v1::AgentInfo> info;  // With id.
  std::string version;
  std::string pid;  // "slave(1)@ip:port"
  std::vector<v1::AgentInfo::Capability> capabilities;
  model::Resources total;
  WallTime registered;
  std::optional<WallTime> reregistered;
  std::optional<LinkId> link;  // None: disconnected.
  bool deactivated = false;    // By an operator.
  std::set<OfferId> offers;    // Outstanding ones of its resources.
  // Kills asked for; repeated when the agent comes back with these tasks still running.
  std::set<std::pair<FrameworkId, TaskId>> kills;
  // Frameworks that ended while it was disconnected.
  std::set<FrameworkId> shutdowns;

  [[nodiscard]] bool connected() const { return link.has_value(); }
  [[nodiscard]] bool active() const { return connected() && !deactivated; }
  [[nodiscard]] bool Has(v1::AgentInfo::Capability::Type capability) const;
};

// In the registry, not back yet.
struct RecoveredAgent {
  // Kills of its tasks that were asked for meanwhile; beyond kMaxKills the framework has to ask
  // again.
  static constexpr size_t kMaxKills = 100'000;

  std::shared_ptr<const v1::AgentInfo> info;
  std::string registration_id;
  std::set<std::pair<FrameworkId, TaskId>> kills;
};

class AgentTable {
 public:
  Agent* Find(const AgentId& id);
  [[nodiscard]] const Agent* Find(const AgentId& id) const;
  // The registered agent at the other end of the link.
  Agent* FindByLink(LinkId link);
  // REQUIRES: not registered. Leaves the other places.
  Agent* Add(Agent agent);
  void SetLink(Agent* agent, std::optional<LinkId> link);
  // From any place to nowhere.
  void Remove(const AgentId& id);

  [[nodiscard]] const std::map<AgentId, Agent>& registered() const { return registered_; }

  // The registered agent whose process was at this address last.
  [[nodiscard]] const Agent* FindByPid(const std::string& pid) const;
  void SetPid(Agent* agent, const std::string& pid);

  void AddRecovered(const AgentId& id, RecoveredAgent agent);
  [[nodiscard]] const std::map<AgentId, RecoveredAgent>& recovered() const { return recovered_; }
  RecoveredAgent* FindRecovered(const AgentId& id);
  // Among registered, recovered and unreachable agents.
  [[nodiscard]] std::optional<AgentId> FindByRegistration(const std::string& registration_id) const;

  // REQUIRES: neither registered nor recovered.
  void AddUnreachable(const AgentId& id, WallTime since, const std::string& registration_id);
  // False: it is not unreachable.
  bool ForgetUnreachable(const AgentId& id);
  // Since when.
  [[nodiscard]] const std::map<AgentId, WallTime>& unreachable() const { return unreachable_; }

  std::map<AgentId, WallTime> gone;

 private:
  std::map<AgentId, Agent> registered_;
  std::map<AgentId, RecoveredAgent> recovered_;
  std::map<LinkId, AgentId> by_link_;
  std::map<std::string, AgentId> by_pid_;
  std::map<std::string, AgentId> by_registration_;
  std::map<AgentId, WallTime> unreachable_;
  std::map<AgentId, std::string> unreachable_registrations_;
};

}  // namespace meseta::master
