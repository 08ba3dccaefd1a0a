#include "state/log/membership.h"

#include <algorithm>
#include <string>
#include <utility>

namespace meseta::log {
namespace {

std::string Name(const internal::LogMember& member) {
  return "Member " + ShowMember(member.id()) + " at " + member.address();
}

void EraseInvitation(Configuration* configuration, const std::string& address) {
  auto* invited = configuration->mutable_invited();
  invited->erase(std::remove(invited->begin(), invited->end(), address), invited->end());
}

void EraseMember(Configuration* configuration, MemberId id) {
  auto* members = configuration->mutable_members();
  for (auto member = members->begin(); member != members->end(); ++member) {
    if (member->id() != id) continue;
    members->erase(member);
    return;
  }
}

void SortMembers(Configuration* configuration) {
  auto* members = configuration->mutable_members();
  std::sort(members->begin(), members->end(),
            [](const auto& a, const auto& b) { return a.id() < b.id(); });
}

internal::LogMember* MutableMember(Configuration* configuration, MemberId id) {
  for (auto& member : *configuration->mutable_members()) {
    if (member.id() == id) return &member;
  }
  return nullptr;
}

Status NoSuchMember(MemberId id) {
  return NotFound("There is no member " + ShowMember(id) + " in this cluster");
}

class Change {
 public:
  Change(const Configuration& current, MemberId leader) : next_(current), leader_(leader) {}

  Result<Configuration> operator()(const InviteMember& change) {
    if (change.address.empty()) return InvalidArgument("An invitation needs an address");
    const auto& invited = next_.invited();
    if (std::find(invited.begin(), invited.end(), change.address) != invited.end()) return next_;
    if (const auto* member = FindMemberAt(next_, change.address)) {
      return AlreadyExists(Name(*member) + " takes part already");
    }
    if (next_.invited_size() >= kMaxInvitations) {
      return ResourceExhausted("There are " + std::to_string(kMaxInvitations) +
                               " invitations already; take one back first");
    }
    next_.add_invited(change.address);
    return next_;
  }

  Result<Configuration> operator()(const UninviteMember& change) {
    EraseInvitation(&next_, change.address);
    return next_;
  }

  Result<Configuration> operator()(const AddMember& change) {
    if (change.id == 0 || change.address.empty()) {
      return InvalidArgument("A member needs an id and an address");
    }
    if (const auto* member = FindMember(next_, change.id)) {
      if (member->address() == change.address) return next_;
      return AlreadyExists(Name(*member) + " takes part already; move it to give it the address " +
                           change.address);
    }
    bool promote = change.promote;
    if (const auto* old = FindMemberAt(next_, change.address)) {
      if (old->id() == leader_) {
        return AlreadyExists(Name(*old) + " leads; a new member cannot take its place");
      }
      promote = promote || !old->learner() || old->promote();
      EraseMember(&next_, old->id());
    } else if (next_.members_size() >= kMaxMembers) {
      return ResourceExhausted("A cluster has at most " + std::to_string(kMaxMembers) + " members");
    }
    internal::LogMember* added = next_.add_members();
    added->set_id(change.id);
    added->set_address(change.address);
    added->set_learner(true);
    added->set_promote(promote);
    EraseInvitation(&next_, change.address);
    SortMembers(&next_);
    return next_;
  }

  Result<Configuration> operator()(const PromoteMember& change) {
    internal::LogMember* member = MutableMember(&next_, change.id);
    if (member == nullptr) return NoSuchMember(change.id);
    member->clear_learner();
    member->clear_promote();
    return next_;
  }

  Result<Configuration> operator()(const RemoveMember& change) {
    const internal::LogMember* member = FindMember(next_, change.id);
    if (member == nullptr) return NoSuchMember(change.id);
    if (!member->learner() && Voters(next_).size() == 1) {
      return FailedPrecondition(Name(*member) +
                                " is the only one with a vote; promote another member first");
    }
    EraseMember(&next_, change.id);
    return next_;
  }

  Result<Configuration> operator()(const MoveMember& change) {
    internal::LogMember* member = MutableMember(&next_, change.id);
    if (member == nullptr) return NoSuchMember(change.id);
    if (change.address.empty()) return InvalidArgument("A member needs an address");
    const auto* there = FindMemberAt(next_, change.address);
    if (there != nullptr && there->id() != change.id) {
      return AlreadyExists(Name(*there) + " has that address");
    }
    member->set_address(change.address);
    EraseInvitation(&next_, change.address);
    return next_;
  }

 private:
  Configuration next_;
  MemberId leader_;
};

}  // namespace

Result<Configuration> ChangedConfiguration(const Configuration& current, const MemberChange& change,
                                           MemberId leader) {
  return std::visit(Change(current, leader), change);
}

std::string ConfigurationBytes(const Configuration& configuration) {
  return configuration.SerializeAsString();
}

}  // namespace meseta::log
