#include "frameworks/services/view/snapshot.h"

namespace meseta::services {

std::vector<InstancePtr> Snapshot::InstancesOf(const Path& app) const {
  std::vector<InstancePtr> found;
  const std::string prefix = app + " ";
  instances.ForEachFrom(prefix, [&](const std::string& key, const InstancePtr& instance) {
    if (!key.starts_with(prefix)) return false;
    found.push_back(instance);
    return true;
  });
  return found;
}

}  // namespace meseta::services
