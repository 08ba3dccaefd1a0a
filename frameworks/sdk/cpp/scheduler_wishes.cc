#include "frameworks/sdk/cpp/scheduler_wishes.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace meseta::sdk {
namespace {

std::set<std::string> Intersection(const std::set<std::string>& a, const std::set<std::string>& b) {
  std::set<std::string> both;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::inserter(both, both.end()));
  return both;
}

std::set<std::string> Difference(const std::set<std::string>& a, const std::set<std::string>& b) {
  std::set<std::string> rest;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::inserter(rest, rest.end()));
  return rest;
}

}  // namespace

std::set<std::string> RolesOf(const v1::FrameworkInfo& info) {
  const bool multi_role = std::any_of(
      info.capabilities().begin(), info.capabilities().end(), [](const auto& capability) {
        return capability.type() == v1::FrameworkInfo::Capability::MULTI_ROLE;
      });
  if (multi_role) return {info.roles().begin(), info.roles().end()};
  return {info.role()};
}

SchedulerWishes::SchedulerWishes(v1::FrameworkInfo info,
                                 const std::set<std::string>& suppressed_roles,
                                 v1::scheduler::OfferConstraints constraints) {
  wanted_.info = std::move(info);
  wanted_.constraints = std::move(constraints);
  accepted_ = wanted_;
  suppressed_ = Intersection(suppressed_roles, RolesOf(wanted_.info));
}

std::set<std::string> SchedulerWishes::Own(const std::set<std::string>& roles) const {
  const std::set<std::string> own = RolesOf(wanted_.info);
  return roles.empty() ? own : Intersection(roles, own);
}

SchedulerWishes::Call SchedulerWishes::NewCall(Call::Type type) const {
  Call call;
  call.set_type(type);
  if (wanted_.info.has_id()) *call.mutable_framework_id() = wanted_.info.id();
  return call;
}

SchedulerWishes::Call SchedulerWishes::NewUpdate() const {
  Call call = NewCall(Call::UPDATE_FRAMEWORK);
  Call::UpdateFramework* update = call.mutable_update_framework();
  *update->mutable_framework_info() = wanted_.info;
  *update->mutable_offer_constraints() = wanted_.constraints;
  for (const std::string& role : suppressed_) update->add_suppressed_roles(role);
  return call;
}

SchedulerWishes::Call SchedulerWishes::Suppress(const std::set<std::string>& roles) {
  for (const std::string& role : Own(roles)) {
    suppressed_.insert(role);
    revived_.erase(role);
  }
  Call call = NewCall(Call::SUPPRESS);
  call.mutable_suppress();
  for (const std::string& role : roles) call.mutable_suppress()->add_roles(role);
  return call;
}

SchedulerWishes::Call SchedulerWishes::Revive(const std::set<std::string>& roles) {
  for (const std::string& role : Own(roles)) {
    suppressed_.erase(role);
    revived_.insert(role);
  }
  Call call = NewCall(Call::REVIVE);
  call.mutable_revive();
  for (const std::string& role : roles) call.mutable_revive()->add_roles(role);
  return call;
}

SchedulerWishes::Call SchedulerWishes::Update(Call::UpdateFramework update) {
  const FrameworkId id = framework_id();
  wanted_.info = std::move(*update.mutable_framework_info());
  wanted_.constraints = std::move(*update.mutable_offer_constraints());
  wanted_.info.clear_id();
  if (!id.empty()) wanted_.info.mutable_id()->set_value(id.value());
  const std::set<std::string> roles = RolesOf(wanted_.info);
  suppressed_ = Intersection(suppressed_, roles);
  revived_ = Intersection(revived_, roles);
  ++version_;
  return NewUpdate();
}

void SchedulerWishes::UpdateAccepted(const Call::UpdateFramework& update) {
  accepted_ = {update.framework_info(), update.offer_constraints()};
}

void SchedulerWishes::UpdateRefused(const Call::UpdateFramework& update) {
  if (update.framework_info().SerializeAsString() != wanted_.info.SerializeAsString()) return;
  wanted_ = accepted_;
  suppressed_ = Intersection(suppressed_, RolesOf(wanted_.info));
}

void SchedulerWishes::SetFrameworkId(const FrameworkId& id) {
  for (Description* description : {&wanted_, &accepted_, &said_}) {
    description->info.mutable_id()->set_value(id.value());
  }
}

SchedulerWishes::Call SchedulerWishes::Subscribe() {
  said_ = wanted_;
  said_suppressed_ = suppressed_;
  said_version_ = version_;
  revived_.clear();
  Call call = NewCall(Call::SUBSCRIBE);
  Call::Subscribe* subscribe = call.mutable_subscribe();
  *subscribe->mutable_framework_info() = wanted_.info;
  for (const std::string& role : suppressed_) subscribe->add_suppressed_roles(role);
  if (wanted_.constraints.role_constraints_size() > 0) {
    *subscribe->mutable_offer_constraints() = wanted_.constraints;
  }
  return call;
}

std::vector<SchedulerWishes::Call> SchedulerWishes::Missing() {
  accepted_ = said_;
  std::vector<Call> calls;
  if (version_ != said_version_) calls.push_back(NewUpdate());
  if (const auto more = Difference(suppressed_, said_suppressed_); !more.empty()) {
    calls.push_back(Suppress(more));
  }
  if (!revived_.empty()) calls.push_back(Revive(std::set<std::string>(revived_)));
  return calls;
}

}  // namespace meseta::sdk
