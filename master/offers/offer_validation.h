// Whether the offers of an ACCEPT fit together, with Mesos' sentences. Pure functions.
#pragma once

#include "actors/base/ids.h"
#include "actors/base/status.h"
#include "actors/messages/v1.h"
#include "master/offers/offer_table.h"

namespace meseta::master {

// Not empty, no duplicates, all outstanding, all of this framework, one role, one agent.
Status ValidateOffers(const google::protobuf::RepeatedPtrField<v1::OfferID>& ids,
                      const OfferTable& offers, const FrameworkId& framework);

}  // namespace meseta::master
