// Offers: what is launched with them, and whether the framework wants any.
#include <utility>

#include "frameworks/services/core/core_state.h"

namespace meseta::services {
namespace {

void Launch(CoreState& state, OfferUse use, Time now) {
  v1::scheduler::Call call;
  call.set_type(v1::scheduler::Call::ACCEPT);
  auto* accept = call.mutable_accept();
  accept->add_offer_ids()->set_value(use.offer_id);
  accept->mutable_filters()->set_refuse_seconds(use.refuse_seconds);
  auto* operation = accept->add_operations();
  operation->set_type(v1::Offer::Operation::LAUNCH);
  for (LaunchedInstance& launched : use.launches) {
    *operation->mutable_launch()->add_task_infos() = std::move(launched.task);
    InstanceChange change;
    change.kind = InstanceChange::Kind::kUpdated;
    change.instance = std::move(launched.record);
    Apply(state, change, now);
  }
  state.out.calls.push_back(std::move(call));
}

}  // namespace

void UseOffers(CoreState& state, const std::vector<v1::Offer>& offers, Time now) {
  const auto instances_of = [&](const Path& app) { return state.instances.OfApp(app); };
  std::vector<OfferUse> uses = state.queue.UseOffers(offers, instances_of, state.Ms(now));
  std::map<double, v1::scheduler::Call> declines;  // By how long they are refused.
  for (OfferUse& use : uses) {
    if (!use.launches.empty()) {
      Launch(state, std::move(use), now);
      continue;
    }
    v1::scheduler::Call& call = declines[use.refuse_seconds];
    call.set_type(v1::scheduler::Call::DECLINE);
    call.mutable_decline()->add_offer_ids()->set_value(use.offer_id);
    call.mutable_decline()->mutable_filters()->set_refuse_seconds(use.refuse_seconds);
  }
  for (auto& [seconds, call] : declines) state.out.calls.push_back(std::move(call));
}

void SettleOfferWishes(CoreState& state, Time now) {
  const int64_t now_ms = state.Ms(now);
  std::set<std::string> wanting = state.queue.WantingRoles(now_ms);
  std::set<std::string> revive = state.queue.TakeRevive(now_ms);
  if (!state.connected) return;
  if (!state.wanting_told || wanting != state.wanting) {
    state.wanting_told = true;
    state.wanting = wanting;
    state.out.wanting = std::move(wanting);
  }
  state.out.revive = std::move(revive);
}

}  // namespace meseta::services
