// Who takes part: questions to a LogConfiguration, and the configurations of a log. Pure.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "actors/base/status.h"
#include "state/log/types.h"

namespace meseta::log {

inline constexpr int kMaxMembers = 64;
inline constexpr int kMaxInvitations = 64;

[[nodiscard]] const internal::LogMember* FindMember(const Configuration& configuration,
                                                    MemberId id);
[[nodiscard]] const internal::LogMember* FindMemberAt(const Configuration& configuration,
                                                      const std::string& address);
[[nodiscard]] bool IsVoter(const Configuration& configuration, MemberId id);
[[nodiscard]] std::vector<MemberId> Voters(const Configuration& configuration);
// Of one from a peer or a disk: members with ids, none twice, at least one voter, within bounds.
[[nodiscard]] Status ValidateConfiguration(const Configuration& configuration);
// None when the entry's payload is not a valid one.
[[nodiscard]] std::optional<Configuration> ParseConfiguration(const std::string& payload);

// The configurations in a log, by index; the first is that of the snapshot (or empty, at 0).
class ConfigurationHistory {
 public:
  void Reset(Index index, Configuration configuration);
  void Append(Index index, Configuration configuration);
  // Whether the current one changed.
  bool TruncateAfter(Index after);
  // Forgets those that are older than the one in force at `index`.
  void CompactTo(Index index);

  [[nodiscard]] const Configuration& current() const { return history_.back().second; }
  [[nodiscard]] Index index() const { return history_.back().first; }
  // The one in force at `index`; the oldest known when that is too old.
  [[nodiscard]] const Configuration& At(Index index) const;

 private:
  // One more per membership change since the snapshot.
  std::vector<std::pair<Index, Configuration>> history_{{0, Configuration()}};
};

}  // namespace meseta::log
