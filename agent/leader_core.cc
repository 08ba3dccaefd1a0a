#include "agent/leader_core.h"

#include <algorithm>
#include <utility>

namespace meseta::agent {
namespace {

// Each address once, the first ones.
std::vector<std::string> Listed(const std::vector<std::string>& masters) {
  std::vector<std::string> listed;
  for (const std::string& master : masters) {
    if (listed.size() >= LeaderCore::kMaxListed) break;
    if (std::find(listed.begin(), listed.end(), master) == listed.end()) listed.push_back(master);
  }
  return listed;
}

}  // namespace

LeaderCore::LeaderCore(std::vector<std::string> masters) : listed_(Listed(masters)) {}

std::vector<std::string> LeaderCore::Dials() const {
  std::vector<std::string> dials = listed_;
  dials.insert(dials.end(), learned_.begin(), learned_.end());
  return dials;
}

void LeaderCore::Up(MasterLink link, const std::string& address, Time now, Rng& rng) {
  links_[link] = address;
  if (present_) return;
  if (single()) {
    PlanRegister(link, now);
  } else if (!leader_.empty() && address == leader_) {
    PlanRegister(link, now + Spread(rng));
  } else {
    PlanAsk(now, rng);
  }
}

void LeaderCore::Down(MasterLink link, Time now, Rng& rng) {
  links_.erase(link);
  if (plan_ && plan_->link == link) plan_.reset();
  if (present_ == link) present_.reset();
  if (present_) return;
  if (links_.empty()) {
    ask_at_.reset();
    ask_pause_ = kAskMin;
  } else {
    PlanAsk(now, rng);
  }
}

void LeaderCore::Leads(MasterLink link, Time now, Rng& rng) {
  if (present_ == link || links_.count(link) == 0) return;
  leader_.clear();
  const Time at = now + Spread(rng);
  if (plan_ && plan_->link == link && plan_->at <= at) return;
  PlanRegister(link, at);
}

void LeaderCore::DoesNotLead(MasterLink link, const std::string& leader, Time now, Rng& rng) {
  if (plan_ && plan_->link == link) plan_.reset();
  if (present_ == link) present_.reset();
  Learn(leader);
  if (present_ || plan_) return;
  leader_ = leader;
  for (const auto& [other, address] : links_) {
    if (other == link || leader.empty() || address != leader) continue;
    // Slower each time that it turns out not to lead, either.
    PlanRegister(other, now + Spread(rng) + follow_pause_);
    follow_pause_ = std::clamp(follow_pause_ * 2, kAskMin, kAskMax);
    return;
  }
  PlanAsk(now, rng);
}

void LeaderCore::Registered() {
  ask_pause_ = kAskMin;
  follow_pause_ = Duration();
  was_registered_ = true;
}

std::optional<LeaderCore::Step> LeaderCore::Poll(Time now, Rng& rng) {
  if (plan_ && plan_->at <= now) {
    present_ = plan_->link;
    plan_.reset();
    ask_at_.reset();
    return Step{Step::Kind::kRegister, *present_};
  }
  if (!ask_at_ || *ask_at_ > now || plan_) return std::nullopt;
  ask_at_.reset();
  if (links_.empty() || present_) return std::nullopt;
  auto next = links_.upper_bound(asked_);
  if (next == links_.end()) next = links_.begin();
  asked_ = next->first;
  PlanAsk(now, rng);
  return Step{Step::Kind::kAsk, asked_};
}

std::optional<Time> LeaderCore::wake_at() const {
  if (plan_) return plan_->at;
  return ask_at_;
}

void LeaderCore::Learn(const std::string& leader) {
  if (leader.empty()) return;
  const std::vector<std::string> known = Dials();
  if (std::find(known.begin(), known.end(), leader) != known.end()) return;
  // A listed name may be the same master under another address: its link says so.
  for (const auto& [link, address] : links_) {
    if (address == leader) return;
  }
  if (learned_.size() >= kMaxLearned) learned_.erase(learned_.begin());
  learned_.push_back(leader);
}

void LeaderCore::PlanAsk(Time now, Rng& rng) {
  if (ask_at_ || plan_) return;
  ask_at_ = now + Duration::FromSecondsDouble(ask_pause_.seconds() * (0.5 + rng.Uniform() / 2));
  ask_pause_ = std::min(ask_pause_ * 2, kAskMax);
}

// The first registration of a process is not one of a crowd.
Duration LeaderCore::Spread(Rng& rng) const {
  if (!was_registered_) return Duration();
  return Duration::FromSecondsDouble(kSpread.seconds() * rng.Uniform());
}

}  // namespace meseta::agent
