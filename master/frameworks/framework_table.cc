#include "master/frameworks/framework_table.h"

#include <algorithm>
#include <utility>

#include "actors/base/check.h"

namespace meseta::master {

using Capability = v1::FrameworkInfo::Capability;

bool HasCapability(const v1::FrameworkInfo& info, Capability::Type capability) {
  return std::any_of(info.capabilities().begin(), info.capabilities().end(),
                     [&](const Capability& c) { return c.type() == capability; });
}

std::set<std::string> RolesOf(const v1::FrameworkInfo& info) {
  if (HasCapability(info, Capability::MULTI_ROLE))
    return {info.roles().begin(), info.roles().end()};
  return {info.role()};
}

void Framework::SetInfo(const v1::FrameworkInfo& new_info) {
  info = std::make_shared<const v1::FrameworkInfo>(new_info);
  roles = RolesOf(new_info);
  partition_aware = HasCapability(new_info, Capability::PARTITION_AWARE);
  task_killing_state = HasCapability(new_info, Capability::TASK_KILLING_STATE);
  reservation_refinement = HasCapability(new_info, Capability::RESERVATION_REFINEMENT);
}

Framework* FrameworkTable::Find(const FrameworkId& id) {
  auto it = frameworks_.find(id);
  return it == frameworks_.end() ? nullptr : &it->second;
}

const Framework* FrameworkTable::Find(const FrameworkId& id) const {
  auto it = frameworks_.find(id);
  return it == frameworks_.end() ? nullptr : &it->second;
}

Framework* FrameworkTable::Add(Framework framework) {
  const FrameworkId id = framework.id;
  const std::optional<StreamId> session = std::exchange(framework.session, std::nullopt);
  auto [it, added] = frameworks_.emplace(id, std::move(framework));
  CHECK(added) << id;
  SetSession(&it->second, session);
  return &it->second;
}

void FrameworkTable::Complete(const FrameworkId& id) {
  Framework* framework = Find(id);
  CHECK(framework != nullptr) << id;
  const FrameworkId kept = id;  // `id` may live in the entry that goes.
  SetSession(framework, std::nullopt);
  frameworks_.erase(kept);
  completed_.insert(kept);
}

Framework* FrameworkTable::FindBySession(const StreamId& session) {
  auto it = by_session_.find(session);
  return it == by_session_.end() ? nullptr : Find(it->second);
}

void FrameworkTable::SetSession(Framework* framework, std::optional<StreamId> session) {
  if (framework->session) by_session_.erase(*framework->session);
  framework->session = session;
  if (session) by_session_[*session] = framework->id;
}

}  // namespace meseta::master
