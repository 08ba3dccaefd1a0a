// Outstanding offers by id. State only.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "actors/base/ids.h"
#include "master/view/records.h"
#include "state/model/resources.h"

namespace meseta::master {

struct OutstandingOffer {
  OfferPtr offer;  // As it was sent.
  OfferId id;
  FrameworkId framework;
  AgentId agent;
  std::string role;
  model::Resources resources;  // With the allocation role.
};

class OfferTable {
 public:
  [[nodiscard]] const OutstandingOffer* Find(const OfferId& id) const {
    auto it = offers_.find(id);
    return it == offers_.end() ? nullptr : &it->second;
  }
  void Add(OutstandingOffer offer) {
    OfferId id = offer.id;
    offers_[std::move(id)] = std::move(offer);
  }
  void Remove(const OfferId& id) { offers_.erase(id); }
  [[nodiscard]] const std::map<OfferId, OutstandingOffer>& all() const { return offers_; }

 private:
  std::map<OfferId, OutstandingOffer> offers_;
};

}  // namespace meseta::master
