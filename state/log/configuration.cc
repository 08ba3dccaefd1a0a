#include "state/log/configuration.h"

#include <cstdio>
#include <set>
#include <string>

#include "actors/base/check.h"

namespace meseta::log {

std::string ShowMember(MemberId id) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(id));
  return text;
}

const internal::LogMember* FindMember(const Configuration& configuration, MemberId id) {
  for (const auto& member : configuration.members()) {
    if (member.id() == id) return &member;
  }
  return nullptr;
}

const internal::LogMember* FindMemberAt(const Configuration& configuration,
                                        const std::string& address) {
  for (const auto& member : configuration.members()) {
    if (member.address() == address) return &member;
  }
  return nullptr;
}

bool IsVoter(const Configuration& configuration, MemberId id) {
  const internal::LogMember* member = FindMember(configuration, id);
  return member != nullptr && !member->learner();
}

std::vector<MemberId> Voters(const Configuration& configuration) {
  std::vector<MemberId> voters;
  for (const auto& member : configuration.members()) {
    if (!member.learner()) voters.push_back(member.id());
  }
  return voters;
}

Status ValidateConfiguration(const Configuration& configuration) {
  if (configuration.members_size() > kMaxMembers ||
      configuration.invited_size() > kMaxInvitations) {
    return InvalidArgument("The configuration has more than " + std::to_string(kMaxMembers) +
                           " members or " + std::to_string(kMaxInvitations) + " invitations");
  }
  std::set<MemberId> ids;
  bool voter = false;
  for (const auto& member : configuration.members()) {
    if (member.id() == 0) return InvalidArgument("The configuration has a member without an id");
    if (!ids.insert(member.id()).second) {
      return InvalidArgument("The configuration has member " + ShowMember(member.id()) +
                             " twice");
    }
    voter |= !member.learner();
  }
  if (!voter) return InvalidArgument("The configuration has no voter");
  return OkStatus();
}

std::optional<Configuration> ParseConfiguration(const std::string& payload) {
  Configuration configuration;
  if (!configuration.ParseFromString(payload)) return std::nullopt;
  if (!ValidateConfiguration(configuration).ok()) return std::nullopt;
  return configuration;
}

void ConfigurationHistory::Reset(Index index, Configuration configuration) {
  history_.clear();
  history_.emplace_back(index, std::move(configuration));
}

void ConfigurationHistory::Append(Index index, Configuration configuration) {
  CHECK(index > history_.back().first);
  history_.emplace_back(index, std::move(configuration));
}

bool ConfigurationHistory::TruncateAfter(Index after) {
  bool changed = false;
  while (history_.size() > 1 && history_.back().first > after) {
    history_.pop_back();
    changed = true;
  }
  return changed;
}

void ConfigurationHistory::CompactTo(Index index) {
  size_t keep = 0;
  while (keep + 1 < history_.size() && history_[keep + 1].first <= index) ++keep;
  history_.erase(history_.begin(), history_.begin() + static_cast<ptrdiff_t>(keep));
}

const Configuration& ConfigurationHistory::At(Index index) const {
  size_t at = history_.size() - 1;
  while (at > 0 && history_[at].first > index) --at;
  return history_[at].second;
}

}  // namespace meseta::log
