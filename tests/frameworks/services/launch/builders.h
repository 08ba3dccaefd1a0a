// Apps, offers and instances for the tests of launching, in one line each.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "frameworks/services/launch/constraints.h"
#include "frameworks/services/launch/launch_queue.h"
#include "frameworks/services/model/paths.h"
#include "state/model/resources.h"

namespace meseta::services::testing {

using Operator = internal::AppConstraint;

inline AppSpec AnApp(const std::string& id, uint32_t instances = 1, double cpus = 1,
                     double mem = 128) {
  AppSpec app;
  app.set_id(id);
  app.set_cmd("sleep 1000");
  app.set_instances(instances);
  app.mutable_resources()->set_cpus(cpus);
  app.mutable_resources()->set_mem(mem);
  app.set_role("web");
  app.set_backoff_seconds(1);
  app.set_backoff_factor(2);
  app.set_max_launch_delay_seconds(300);
  app.set_version(1'000);
  app.set_last_config_change_at(1'000);
  return app;
}

inline AppPtr Shared(AppSpec app) { return std::make_shared<const AppSpec>(std::move(app)); }

inline internal::AppConstraint AConstraint(const std::string& field, Operator::Operator op,
                                           const std::string& value = "") {
  internal::AppConstraint constraint;
  constraint.set_field(field);
  constraint.set_op(op);
  if (!value.empty()) constraint.set_value(value);
  return constraint;
}

// `resources`: "cpus:4;mem:1024;ports:[31000-31009]", of role "web" where it says so:
// "cpus(web):4".
inline v1::Offer AnOffer(const std::string& agent, const std::string& resources,
                         const std::string& role = "web") {
  v1::Offer offer;
  offer.mutable_id()->set_value("offer-" + agent);
  offer.mutable_framework_id()->set_value("framework");
  offer.mutable_agent_id()->set_value("id-" + agent);
  offer.set_hostname(agent);
  offer.mutable_allocation_info()->set_role(role);
  *offer.mutable_resources() =
      model::Resources::Parse(resources).value().AllocatedTo(role).ToProto();
  return offer;
}

inline void AddText(v1::Offer* offer, const std::string& name, const std::string& value) {
  v1::Attribute* attribute = offer->add_attributes();
  attribute->set_name(name);
  attribute->set_type(v1::Value::TEXT);
  attribute->mutable_text()->set_value(value);
}

inline v1::Offer OnRack(const std::string& agent, const std::string& rack,
                        const std::string& resources = "cpus:8;mem:8192") {
  v1::Offer offer = AnOffer(agent, resources);
  AddText(&offer, "rack", rack);
  return offer;
}

inline InstancePtr InstanceOn(const std::string& host, const std::string& rack = "",
                              int64_t config_version = 1'000) {
  auto instance = std::make_shared<Instance>();
  instance->set_host(host);
  instance->set_config_version(config_version);
  if (!rack.empty()) (*instance->mutable_attributes())["rack"] = rack;
  return instance;
}

inline std::vector<InstancePtr> OnRacks(const std::vector<std::string>& racks) {
  std::vector<InstancePtr> instances;
  for (const std::string& rack : racks) instances.push_back(InstanceOn("host", rack));
  return instances;
}

inline LaunchQueue::InstancesOf NoInstances() {
  return [](const Path&) { return std::vector<InstancePtr>(); };
}

inline size_t LaunchesIn(const std::vector<OfferUse>& uses) {
  size_t launches = 0;
  for (const OfferUse& use : uses) launches += use.launches.size();
  return launches;
}

}  // namespace meseta::services::testing
