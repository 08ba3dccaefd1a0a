// What a scheduler wants of its framework, whether or not it is subscribed: how the framework
// describes itself, and which roles want offers. Pure.
//
// A SUBSCRIBE carries all of it. What changed since it was made is said by the calls of Missing() once
// it is accepted, so that the master ends up with the last wish.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "actors/base/ids.h"
#include "actors/messages/v1.h"

namespace meseta::sdk {

class SchedulerWishes {
 public:
  using Call = v1::scheduler::Call;

  SchedulerWishes(v1::FrameworkInfo info, const std::set<std::string>& suppressed_roles,
                  v1::scheduler::OfferConstraints constraints);

  // Roles empty: all. Return the call that says so. Roles that are not the framework's count for
  // nothing here; the master ignores the call.
  Call Suppress(const std::set<std::string>& roles);
  Call Revive(const std::set<std::string>& roles);
  // Its suppressed_roles and the framework's id are filled in.
  Call Update(Call::UpdateFramework update);

  // The master's answer to an Update.
  void UpdateAccepted(const Call::UpdateFramework& update);
  // What it had before holds, unless something newer is wanted already.
  void UpdateRefused(const Call::UpdateFramework& update);

  void SetFrameworkId(const FrameworkId& id);
  [[nodiscard]] FrameworkId framework_id() const { return FrameworkId(wanted_.info.id().value()); }

  // A SUBSCRIBE with everything.
  [[nodiscard]] Call Subscribe();
  // The last one was accepted.
  [[nodiscard]] std::vector<Call> Missing();

 private:
  struct Description {
    v1::FrameworkInfo info;
    v1::scheduler::OfferConstraints constraints;
  };

  [[nodiscard]] Call NewCall(Call::Type type) const;
  [[nodiscard]] Call NewUpdate() const;
  // All of the framework's roles, or those of `roles` that are.
  [[nodiscard]] std::set<std::string> Own(const std::set<std::string>& roles) const;

  Description wanted_;
  Description accepted_;             // By a master.
  std::set<std::string> suppressed_;  // All are the framework's roles.
  uint64_t version_ = 0;             // Of wanted_; one more by each Update.

  // As of the last SUBSCRIBE.
  Description said_;
  std::set<std::string> said_suppressed_;
  uint64_t said_version_ = 0;
  std::set<std::string> revived_;  // Since then: filters of that session are to be forgotten.
};

// `roles` of a MULTI_ROLE framework, else its `role`.
[[nodiscard]] std::set<std::string> RolesOf(const v1::FrameworkInfo& info);

}  // namespace meseta::sdk
