// Deadlines by kind and id, in order of time; what MasterCore wakes up for. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "actors/base/time.h"

namespace meseta::master {

enum class TimerKind {
  kAgentUnreachable,   // Id: agent whose link is down.
  kAgentRemoval,       // No id: the next permit to mark an agent unreachable.
  kRecoveredAgents,    // No id: agents that did not come back after a restart of the master.
  kRegistryGc,         // No id.
  kFrameworkFailover,  // Id: framework that is not connected.
  kHeartbeat,          // Id: connected framework.
  kOffer,              // Id: offer that is rescinded.
};

class TimerTable {
 public:
  struct Key {
    TimerKind kind = TimerKind::kHeartbeat;
    std::string id;
    friend auto operator<=>(const Key&, const Key&) = default;
  };

  // Replaces an earlier deadline of the same key.
  void Arm(const Key& key, Time at) {
    Disarm(key);
    due_[key] = at;
    order_.emplace(at, key);
  }
  void Disarm(const Key& key) {
    auto it = due_.find(key);
    if (it == due_.end()) return;
    order_.erase({it->second, key});
    due_.erase(it);
  }
  [[nodiscard]] bool armed(const Key& key) const { return due_.count(key) > 0; }
  [[nodiscard]] std::optional<Time> Next() const {
    if (order_.empty()) return std::nullopt;
    return order_.begin()->first;
  }
  // Removes and returns the earliest key that is due.
  [[nodiscard]] std::optional<Key> PopDue(Time now) {
    if (order_.empty() || order_.begin()->first > now) return std::nullopt;
    Key key = order_.begin()->second;
    Disarm(key);
    return key;
  }

 private:
  std::map<Key, Time> due_;
  std::set<std::pair<Time, Key>> order_;
};

}  // namespace meseta::master
