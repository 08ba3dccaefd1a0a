#include "master/offers/offer_core.h"

#include <cstdlib>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

namespace meseta::master {
namespace {

TimerTable::Key OfferKey(const OfferId& id) { return {TimerKind::kOffer, id.value()}; }

// "slave(1)@10.0.0.1:5051" -> http://10.0.0.1:5051/slave(1)
v1::URL UrlOf(const Agent& agent) {
  v1::URL url;
  url.set_scheme("http");
  const size_t at = agent.pid.find('@');
  const size_t colon = agent.pid.rfind(':');
  v1::Address* address = url.mutable_address();
  address->set_hostname(agent.info->hostname());
  if (at != std::string::npos && colon != std::string::npos && at < colon) {
    address->set_ip(agent.pid.substr(at + 1, colon - at - 1));
    address->set_port(std::atoi(agent.pid.c_str() + colon + 1));
    url.set_path("/" + agent.pid.substr(0, at));
  } else {
    address->set_port(agent.info->port());
    url.set_path("/slave(1)");
  }
  return url;
}

std::shared_ptr<const v1::Offer> MakeOffer(const OfferId& id, const Framework& framework,
                                           const Agent& agent, const std::string& role,
                                           const model::Resources& resources) {
  auto offer = std::make_shared<v1::Offer>();
  offer->mutable_id()->set_value(id.value());
  offer->mutable_framework_id()->set_value(framework.id.value());
  offer->mutable_agent_id()->set_value(agent.id.value());
  offer->set_hostname(agent.info->hostname());
  *offer->mutable_url() = UrlOf(agent);
  if (agent.info->has_domain()) *offer->mutable_domain() = agent.info->domain();
  *offer->mutable_resources() =
      resources.ToProto(framework.reservation_refinement ? model::ReservationFormat::kPost
                                                         : model::ReservationFormat::kPre);
  *offer->mutable_attributes() = agent.info->attributes();
  offer->mutable_allocation_info()->set_role(role);
  return offer;
}

// The proposal as an offer in the tables and the ledger; nothing when it does not fit any more.
OfferPtr AcceptProposal(CoreState* core, const Proposal& proposal, Now now) {
  Framework* framework = core->frameworks.Find(proposal.framework);
  Agent* agent = core->agents.Find(proposal.agent);
  if (framework == nullptr || !framework->connected() || !framework->roles.count(proposal.role)) {
    return nullptr;
  }
  if (agent == nullptr || !agent->active()) return nullptr;
  const model::Resources resources = proposal.resources.AllocatedTo(proposal.role);
  if (!core->ledger.Offer(framework->id, agent->id, resources)) return nullptr;

  OutstandingOffer offer;
  offer.id = core->NextOfferId();
  offer.framework = framework->id;
  offer.agent = agent->id;
  offer.role = proposal.role;
  offer.resources = resources;
  offer.offer = MakeOffer(offer.id, *framework, *agent, proposal.role, resources);
  OfferPtr sent = offer.offer;
  framework->offers.insert(offer.id);
  agent->offers.insert(offer.id);
  if (core->options.offer_timeout) {
    core->timers.Arm(OfferKey(offer.id), now.mono + *core->options.offer_timeout);
  }
  core->offers.Add(std::move(offer));
  core->Touch(framework->id);
  core->Touch(agent->id);
  OfferAdded change;
  change.offer = sent;
  core->Tell(std::move(change));
  return sent;
}

}  // namespace

void HandleProposals(CoreState* core, const std::vector<Proposal>& proposals, Now now) {
  // Versions as they are before this batch: its own offers do not make the rest of it stale.
  std::map<AgentId, uint64_t> versions;
  for (const Proposal& proposal : proposals) {
    const Ledger::AgentAccount* account = core->ledger.FindAgent(proposal.agent);
    if (account != nullptr) versions.emplace(proposal.agent, account->version);
  }
  std::map<FrameworkId, v1::scheduler::Event> events;
  for (const Proposal& proposal : proposals) {
    auto version = versions.find(proposal.agent);
    if (version != versions.end() && version->second == proposal.agent_version) {
      if (const OfferPtr offer = AcceptProposal(core, proposal, now)) {
        v1::scheduler::Event& event = events[proposal.framework];
        event.set_type(v1::scheduler::Event::OFFERS);
        *event.mutable_offers()->add_offers() = *offer;
      }
    }
    ProposalAnswered answered;
    answered.framework = proposal.framework;
    answered.agent = proposal.agent;
    core->ledger.Tell(std::move(answered));
  }
  for (auto& [id, event] : events) core->Send(*core->frameworks.Find(id), std::move(event));
}

void HandleDecline(CoreState* core, const Framework& framework,
                   const v1::scheduler::Call::Decline& call) {
  for (const v1::OfferID& offer_id : call.offer_ids()) {
    const OfferId id(offer_id.value());
    const OutstandingOffer* offer = core->offers.Find(id);
    if (offer == nullptr || offer->framework != framework.id) {
      core->Warn("Ignoring decline of offer " + id.value() + " since it is no longer valid");
      continue;
    }
    RemoveOffer(core, id, call.filters(), false);
  }
}

void ForgetOffer(CoreState* core, const OfferId& id) {
  const OutstandingOffer* offer = core->offers.Find(id);
  if (offer == nullptr) return;
  if (Framework* framework = core->frameworks.Find(offer->framework)) framework->offers.erase(id);
  if (Agent* agent = core->agents.Find(offer->agent)) agent->offers.erase(id);
  core->timers.Disarm(OfferKey(id));
  core->Touch(offer->framework);
  core->Touch(offer->agent);
  OfferGone change;
  change.id = offer->id;
  core->offers.Remove(change.id);
  core->Tell(std::move(change));
}

void RemoveOffer(CoreState* core, const OfferId& id, const std::optional<v1::Filters>& filters,
                 bool rescind) {
  const OutstandingOffer* offer = core->offers.Find(id);
  if (offer == nullptr) return;
  core->ledger.ReturnOffer(offer->framework, offer->agent, offer->resources, filters);
  const Framework* framework = core->frameworks.Find(offer->framework);
  if (rescind && framework != nullptr) {
    v1::scheduler::Event event;
    event.set_type(v1::scheduler::Event::RESCIND);
    event.mutable_rescind()->mutable_offer_id()->set_value(id.value());
    core->Send(*framework, std::move(event));
  }
  ForgetOffer(core, id);
}

void DiscardOffersOf(CoreState* core, const Framework& framework, bool rescind) {
  const std::set<OfferId> offers = framework.offers;
  for (const OfferId& id : offers) RemoveOffer(core, id, std::nullopt, rescind);
}

void RescindOffersOf(CoreState* core, const Agent& agent) {
  const std::set<OfferId> offers = agent.offers;
  for (const OfferId& id : offers) RemoveOffer(core, id, std::nullopt, true);
}

}  // namespace meseta::master
