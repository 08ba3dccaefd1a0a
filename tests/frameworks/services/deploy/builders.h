// Short ways to apps and instances for the tests of this folder.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "frameworks/services/model/catalog.h"
#include "frameworks/services/model/types.h"

namespace meseta::services {

inline std::shared_ptr<AppSpec> App(const Path& id, uint32_t instances, VersionMs config = 1) {
  auto app = std::make_shared<AppSpec>();
  app->set_id(id);
  app->set_cmd("v" + std::to_string(config));
  app->set_instances(instances);
  app->set_version(config);
  app->set_last_scaling_at(config);
  app->set_last_config_change_at(config);
  return app;
}

inline std::shared_ptr<Instance> One(const std::string& id, VersionMs config = 1,
                                     Condition condition = Instance::RUNNING) {
  auto instance = std::make_shared<Instance>();
  instance->set_id(id);
  instance->set_app("/a");
  instance->set_config_version(config);
  instance->set_condition(condition);
  if (condition == Instance::RUNNING) instance->set_started_at(1);
  return instance;
}

inline std::vector<std::string> IdsOf(const std::vector<InstancePtr>& instances) {
  std::vector<std::string> ids;
  for (const InstancePtr& instance : instances) ids.push_back(instance->id());
  return ids;
}

using Ids = std::vector<std::string>;

}  // namespace meseta::services
