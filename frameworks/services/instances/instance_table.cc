#include "frameworks/services/instances/instance_table.h"

#include "actors/base/check.h"

namespace meseta::services {
namespace {

std::string KeyOf(const Path& app, const std::string& id) { return app + " " + id; }

bool StartsWith(const std::string& text, const std::string& prefix) {
  return text.compare(0, prefix.size(), prefix) == 0;
}

}  // namespace

InstancePtr InstanceTable::Find(const std::string& id) const {
  const auto app = app_of_.find(id);
  if (app == app_of_.end()) return nullptr;
  const InstancePtr* found = by_app_.Find(KeyOf(app->second, id));
  CHECK(found != nullptr);  // Both indices change together.
  return *found;
}

std::vector<InstancePtr> InstanceTable::OfApp(const Path& app) const {
  std::vector<InstancePtr> instances;
  const std::string prefix = KeyOf(app, "");
  by_app_.ForEachFrom(prefix, [&](const std::string& key, const InstancePtr& instance) {
    if (!StartsWith(key, prefix)) return false;
    instances.push_back(instance);
    return true;
  });
  return instances;
}

std::vector<InstancePtr> InstanceTable::OnAgent(const std::string& agent_id) const {
  std::vector<InstancePtr> instances;
  const auto ids = on_agent_.find(agent_id);
  if (ids == on_agent_.end()) return instances;
  for (const std::string& id : ids->second) instances.push_back(Find(id));
  return instances;
}

void InstanceTable::ForEach(const std::function<void(const InstancePtr&)>& visit) const {
  by_app_.ForEach([&](const std::string&, const InstancePtr& instance) { visit(instance); });
}

std::vector<Path> InstanceTable::Apps() const {
  std::vector<Path> apps;
  std::string from;
  while (true) {
    const size_t before = apps.size();
    by_app_.ForEachFrom(from, [&](const std::string&, const InstancePtr& instance) {
      apps.push_back(instance->app());
      return false;
    });
    if (apps.size() == before) return apps;
    from = apps.back() + "!";  // Behind all "<app> ...", before any other app's: '!' follows ' '.
  }
}

void InstanceTable::Put(InstancePtr instance) {
  const std::string id = instance->id();
  const std::string key = KeyOf(instance->app(), id);
  if (const InstancePtr old = Find(id)) {
    if (old->app() == instance->app() && old->agent_id() == instance->agent_id()) {
      by_app_.Set(key, std::move(instance));
      return;
    }
    Erase(id);
  }
  app_of_[id] = instance->app();
  if (!instance->agent_id().empty()) on_agent_[instance->agent_id()].insert(id);
  by_app_.Set(key, std::move(instance));
  ++size_;
}

void InstanceTable::Erase(const std::string& id) {
  const InstancePtr old = Find(id);
  if (!old) return;
  by_app_.Erase(KeyOf(old->app(), id));
  app_of_.erase(id);
  const auto agent = on_agent_.find(old->agent_id());
  if (agent != on_agent_.end()) {
    agent->second.erase(id);
    if (agent->second.empty()) on_agent_.erase(agent);
  }
  --size_;
}

SharedMap<std::string, InstancePtr> InstanceTable::Freeze() { return by_app_.Freeze(); }

}  // namespace meseta::services
