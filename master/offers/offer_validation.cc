#include "master/offers/offer_validation.h"

#include <set>
#include <string>
#include <vector>

namespace meseta::master {
namespace {

Status ValidateOneRoleAndAgent(const std::vector<const OutstandingOffer*>& found) {
  const OutstandingOffer& first = *found.front();
  for (const OutstandingOffer* offer : found) {
    if (offer->role != first.role) {
      return InvalidArgument("Aggregated offers must be allocated to the same role. Offer " +
                             offer->id.value() + " uses role '" + offer->role +
                             " but another is using role '" + first.role);
    }
  }
  for (const OutstandingOffer* offer : found) {
    if (offer->agent != first.agent) {
      return InvalidArgument("Aggregated offers must belong to one single agent. Offer " +
                             offer->id.value() + " uses agent " + offer->agent.value() +
                             " and agent " + first.agent.value());
    }
  }
  return OkStatus();
}

}  // namespace

Status ValidateOffers(const google::protobuf::RepeatedPtrField<v1::OfferID>& ids,
                      const OfferTable& offers, const FrameworkId& framework) {
  if (ids.empty()) return InvalidArgument("No offers specified");
  std::set<std::string> seen;
  for (const v1::OfferID& id : ids) {
    if (!seen.insert(id.value()).second) {
      return InvalidArgument("Duplicate offer " + id.value() + " in offer list");
    }
  }
  std::vector<const OutstandingOffer*> found;
  for (const v1::OfferID& id : ids) {
    const OutstandingOffer* offer = offers.Find(OfferId(id.value()));
    if (offer == nullptr) return NotFound("Offer " + id.value() + " is no longer valid");
    found.push_back(offer);
  }
  for (const OutstandingOffer* offer : found) {
    if (offer->framework != framework) {
      return PermissionDenied("Offer " + offer->id.value() + " has invalid framework " +
                              offer->framework.value() + " while framework " + framework.value() +
                              " is expected");
    }
  }
  return ValidateOneRoleAndAgent(found);
}

}  // namespace meseta::master
