// Calls of schedulers that take more than one line to write. Pure.
//
// The framework's id is left out: the library fills it in.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "actors/messages/v1.h"

namespace meseta::sdk {

// Nothing for an update that wants none: one that the master made up has no uuid.
[[nodiscard]] std::optional<v1::scheduler::Call> AcknowledgeCall(const v1::TaskStatus& status);
[[nodiscard]] std::optional<v1::scheduler::Call> AcknowledgeCall(const v1::OperationStatus& status);

// Uses the offer for these operations, or gives it back when there are none. What is left is not
// offered again for refuse_seconds.
[[nodiscard]] v1::scheduler::Call AcceptCall(const v1::OfferID& offer,
                                             std::vector<v1::Offer::Operation> operations,
                                             double refuse_seconds);
[[nodiscard]] v1::scheduler::Call DeclineCall(const std::vector<v1::OfferID>& offers,
                                              double refuse_seconds);
// `agent_id` may be empty.
[[nodiscard]] v1::scheduler::Call KillCall(const std::string& task_id, const std::string& agent_id);

// The states of these tasks, by id with their agents, which may be empty. REQUIRES: not empty, as that
// would ask for all tasks.
[[nodiscard]] v1::scheduler::Call ReconcileCall(const std::map<std::string, std::string>& tasks);

[[nodiscard]] v1::Offer::Operation LaunchOperation(std::vector<v1::TaskInfo> tasks);

// Amount of a scalar in an offer that any task may use: not reserved, not revocable, not a volume.
[[nodiscard]] double FreeScalar(const v1::Offer& offer, const std::string& name);
// So much of the offer, as a resource of a task.
[[nodiscard]] v1::Resource ScalarOf(const v1::Offer& offer, const std::string& name, double value);

}  // namespace meseta::sdk
