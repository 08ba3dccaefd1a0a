#include "frameworks/services/launch/waiting_entry.h"

#include <algorithm>
#include <utility>

namespace meseta::services {
namespace {

constexpr uint8_t kMatched = 1 + kRejectReasons;

}  // namespace

WaitingEntry::WaitingEntry(AppPtr app, uint32_t count, int64_t now_ms) {
  needs_ = NeedsOf(*app);
  waiting_.app = std::move(app);
  waiting_.count = count;
  waiting_.since_ms = now_ms;
}

void WaitingEntry::SetApp(AppPtr app, int64_t now_ms) {
  shown_ = nullptr;
  if (app->last_config_change_at() != waiting_.app->last_config_change_at()) {
    const uint32_t count = waiting_.count;
    waiting_ = WaitingApp();
    waiting_.count = count;
    waiting_.since_ms = now_ms;
    unused_.clear();
    outcomes_.clear();
  }
  needs_ = NeedsOf(*app);
  waiting_.app = std::move(app);
}

void WaitingEntry::SetCount(uint32_t count) {
  shown_ = nullptr;
  waiting_.count = count;
}

void WaitingEntry::SetDelay(int64_t until_ms, uint32_t failures) {
  shown_ = nullptr;
  waiting_.delayed_until_ms = until_ms;
  waiting_.failures = failures;
}

void WaitingEntry::Used(uint32_t agent, int64_t now_ms) {
  shown_ = nullptr;
  ++waiting_.offers_processed;
  waiting_.last_used_ms = now_ms;
  for (uint64_t& processed : waiting_.processed_all) ++processed;
  SetOutcome(agent, kMatched);
}

void WaitingEntry::Refused(uint32_t agent, const std::shared_ptr<const v1::Offer>& offer,
                           MatchRefusal refusal, int64_t now_ms) {
  shown_ = nullptr;
  ++waiting_.offers_processed;
  ++waiting_.offers_unused;
  waiting_.last_unused_ms = now_ms;
  const auto reason = static_cast<size_t>(refusal.reason);
  for (size_t i = 0; i <= reason; ++i) ++waiting_.processed_all[i];
  ++waiting_.declined_all[reason];
  SetOutcome(agent, static_cast<uint8_t>(reason + 1));
  RememberNearest(offer->hostname(), refusal, now_ms);
  WaitingApp::Unused unused;
  unused.offer = offer;
  unused.refusal = std::move(refusal);
  unused.at_ms = now_ms;
  Remember(agent, std::move(unused));
}

void WaitingEntry::SetOutcome(uint32_t agent, uint8_t outcome) {
  if (agent >= kMaxAgents) return;
  if (agent >= outcomes_.size()) outcomes_.resize(agent + 1, 0);
  Count(outcomes_[agent], -1);
  Count(outcome, 1);
  outcomes_[agent] = outcome;
}

void WaitingEntry::Count(uint8_t outcome, int by) {
  if (outcome == 0) return;
  const auto delta = static_cast<uint64_t>(by);
  const size_t steps = outcome == kMatched ? kRejectReasons : outcome;
  for (size_t i = 0; i < steps; ++i) waiting_.processed_last[i] += delta;
  if (outcome != kMatched) waiting_.declined_last[outcome - 1U] += delta;
}

void WaitingEntry::ForgetAgents() {
  shown_ = nullptr;
  outcomes_.clear();
  unused_.clear();
  waiting_.declined_last.fill(0);
  waiting_.processed_last.fill(0);
}

void WaitingEntry::Remember(uint32_t agent, WaitingApp::Unused unused) {
  auto place = std::find_if(unused_.begin(), unused_.end(),
                            [&](const Stored& stored) { return stored.agent == agent; });
  if (place == unused_.end() && unused_.size() < WaitingApp::kMaxUnused) {
    place = unused_.insert(unused_.end(), Stored());
  } else if (place == unused_.end()) {
    place = std::min_element(unused_.begin(), unused_.end(),
                             [](const Stored& a, const Stored& b) { return a.number < b.number; });
  }
  place->agent = agent;
  place->number = ++stored_;
  place->unused = std::move(unused);
}

void WaitingEntry::RememberNearest(const std::string& host, const MatchRefusal& refusal,
                                   int64_t now_ms) {
  WaitingApp::Nearest& nearest = waiting_.nearest[static_cast<size_t>(refusal.reason)];
  const bool replace = nearest.host.empty() || nearest.host == host ||
                       refusal.offered > nearest.offered || now_ms - nearest.at_ms > kNearestMs;
  if (!replace) return;
  nearest.needed = refusal.needed;
  nearest.offered = refusal.offered;
  nearest.host = host;
  nearest.at_ms = now_ms;
}

WaitingPtr WaitingEntry::Get() const {
  if (shown_ != nullptr) return shown_;
  auto shown = std::make_shared<WaitingApp>(waiting_);
  std::vector<const Stored*> newest;
  for (const Stored& stored : unused_) newest.push_back(&stored);
  std::sort(newest.begin(), newest.end(),
            [](const Stored* a, const Stored* b) { return a->number > b->number; });
  for (const Stored* stored : newest) shown->unused.push_back(stored->unused);
  shown_ = std::move(shown);
  return shown_;
}

}  // namespace meseta::services
