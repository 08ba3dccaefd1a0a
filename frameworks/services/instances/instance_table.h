// InstanceTable: every instance that is recorded, by id, app and agent. A value-like index: snapshots
// of it share structure. Pure.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "actors/base/shared_map.h"
#include "frameworks/services/model/types.h"

namespace meseta::services {

// Instances of one app, in order of id.
using InstanceList = std::shared_ptr<const std::vector<InstancePtr>>;

class InstanceTable {
 public:
  [[nodiscard]] InstancePtr Find(const std::string& id) const;  // Null: none.
  [[nodiscard]] std::vector<InstancePtr> OfApp(const Path& app) const;
  [[nodiscard]] std::vector<InstancePtr> OnAgent(const std::string& agent_id) const;
  void ForEach(const std::function<void(const InstancePtr&)>& visit) const;
  // Apps that have instances, in order.
  [[nodiscard]] std::vector<Path> Apps() const;
  [[nodiscard]] size_t size() const { return size_; }

  void Put(InstancePtr instance);  // Adds or replaces.
  void Erase(const std::string& id);

  [[nodiscard]] SharedMap<std::string, InstancePtr> Freeze();  // By "<app> <id>".

 private:
  SharedMap<std::string, InstancePtr> by_app_;        // "<app> <id>": a scan gives an app's.
  std::map<std::string, Path> app_of_;                // By instance id.
  std::map<std::string, std::set<std::string>> on_agent_;
  size_t size_ = 0;
};

}  // namespace meseta::services
