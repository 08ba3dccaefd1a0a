// What a change makes of a configuration. Pure.
#pragma once

#include "actors/base/status.h"
#include "state/log/raft_core.h"

namespace meseta::log {

// The configuration after `change`, equal to `current` when there is nothing to do. At most one
// voter differs. `leader` is who makes the change. Refused with a sentence: a member that is not
// there, the last voter, the leader's own address.
[[nodiscard]] Result<Configuration> ChangedConfiguration(const Configuration& current,
                                                         const MemberChange& change,
                                                         MemberId leader);

// A configuration by its bytes, as entries and comparisons use it.
[[nodiscard]] std::string ConfigurationBytes(const Configuration& configuration);

}  // namespace meseta::log
