// Decides about offers: which proposals of the allocator become offers, and how offers end.
//
// Invariant: an outstanding offer's agent is connected, its framework too, and its resources are
// held as offered in the ledger.
#pragma once

#include <optional>
#include <vector>

#include "actors/base/time.h"
#include "actors/messages/v1.h"
#include "master/allocator/allocator.h"
#include "master/core/core_state.h"

namespace meseta::master {

// Turns those proposals into offers that fit the ledger as the allocator saw it; answers all of
// them.
void HandleProposals(CoreState* core, const std::vector<Proposal>& proposals, Now now);
void HandleDecline(CoreState* core, const Framework& framework,
                   const v1::scheduler::Call::Decline& call);

// The end of an offer whose resources go on elsewhere: out of the tables, the ledger untouched.
void ForgetOffer(CoreState* core, const OfferId& id);
// The end of an offer: its resources are free again. `rescind` tells the framework.
void RemoveOffer(CoreState* core, const OfferId& id, const std::optional<v1::Filters>& filters,
                 bool rescind);
void DiscardOffersOf(CoreState* core, const Framework& framework, bool rescind);
// Told to their frameworks.
void RescindOffersOf(CoreState* core, const Agent& agent);

}  // namespace meseta::master
