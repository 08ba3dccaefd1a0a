#include "frameworks/services/launch/launch_queue.h"

#include <algorithm>

namespace meseta::services {
namespace {

// By version: the same definition may come in several copies.
bool IsOther(const AppSpec& a, const AppSpec& b) {
  return a.version() != b.version() || a.last_config_change_at() != b.last_config_change_at();
}

}  // namespace

LaunchQueue::LaunchQueue(LaunchOptions options, Rng rng)
    : options_(std::move(options)), rng_(rng) {}

// ---- what is wanted

void LaunchQueue::SetWanted(const AppPtr& app, uint32_t count, int64_t now_ms) {
  const auto found = entries_.find(app->id());
  if (count == 0) {
    if (found == entries_.end()) return;
    changed_.insert(app->id());
    Dequeue(found->second);
    entries_.erase(found);
    return;
  }
  if (found == entries_.end()) {
    const auto added = entries_.emplace(app->id(), WaitingEntry(app, count, now_ms)).first;
    changed_.insert(app->id());
    Enqueue(added->second, now_ms);
    if (!added->second.delayed) WantRevive(app->role(), true);
    return;
  }
  WaitingEntry& entry = found->second;
  const bool other_app = IsOther(*entry.app(), *app);
  const bool more = count > entry.count();
  if (!other_app && count == entry.count()) return;
  changed_.insert(app->id());
  entry.SetCount(count);
  if (other_app) {
    Dequeue(entry);
    entry.SetApp(app, now_ms);
    Enqueue(entry, now_ms);
  }
  if ((more || other_app) && !entry.delayed) WantRevive(app->role(), true);
}

void LaunchQueue::Remove(const Path& app) {
  backoff_.Reset(app);
  const auto found = entries_.find(app);
  if (found == entries_.end()) return;
  changed_.insert(app);
  Dequeue(found->second);
  entries_.erase(found);
}

void LaunchQueue::Enqueue(WaitingEntry& entry, int64_t now_ms) {
  const BackoffTable::Held held = backoff_.Find(*entry.app(), now_ms);
  entry.SetDelay(held.until_ms, held.failures);
  entry.delayed = held.until_ms > now_ms;
  entry.order = next_order_++;
  if (entry.delayed)
    delayed_.emplace(held.until_ms, entry.app()->id());
  else
    ready_[entry.role()].emplace(entry.order, &entry);
}

void LaunchQueue::Dequeue(WaitingEntry& entry) {
  if (entry.delayed) {
    delayed_.erase({entry.delayed_until_ms(), entry.app()->id()});
    return;
  }
  const auto role = ready_.find(entry.role());
  if (role == ready_.end()) return;
  role->second.erase(entry.order);
  if (role->second.empty()) ready_.erase(role);
}

// ---- back-off

internal::BackoffRecord LaunchQueue::Failed(const AppSpec& app, int64_t now_ms) {
  internal::BackoffRecord record = backoff_.Failed(app, now_ms);
  if (const auto found = entries_.find(app.id()); found != entries_.end()) {
    changed_.insert(app.id());
    Dequeue(found->second);
    Enqueue(found->second, now_ms);
  }
  return record;
}

bool LaunchQueue::ResetDelay(const Path& app) {
  backoff_.Reset(app);
  const auto found = entries_.find(app);
  if (found == entries_.end()) return false;
  WaitingEntry& entry = found->second;
  const bool was_delayed = entry.delayed;
  changed_.insert(app);
  Dequeue(entry);
  Enqueue(entry, 0);
  if (was_delayed) WantRevive(entry.role(), true);
  return true;
}

void LaunchQueue::LoadBackoff(const internal::BackoffRecord& record) { backoff_.Load(record); }

void LaunchQueue::EndDelays(int64_t now_ms) {
  while (!delayed_.empty() && delayed_.begin()->first <= now_ms) {
    const Path app = delayed_.begin()->second;
    delayed_.erase(delayed_.begin());
    WaitingEntry& entry = entries_.at(app);
    entry.delayed = false;
    entry.order = next_order_++;
    ready_[entry.role()].emplace(entry.order, &entry);
    changed_.insert(app);
    WantRevive(entry.role(), false);
  }
}

// ---- offers

void LaunchQueue::RefillTokens(int64_t now_ms) {
  if (!options_.launch_tokens) return;
  if (refilled_ms_ && now_ms < *refilled_ms_ + options_.launch_token_refresh_ms) return;
  const bool were_out = refilled_ms_ && tokens_ == 0;
  tokens_ = *options_.launch_tokens;
  refilled_ms_ = now_ms;
  if (!were_out) return;
  for (const auto& [role, waiting] : ready_) WantRevive(role, false);
}

bool LaunchQueue::HasTokens(int64_t now_ms) const {
  if (!options_.launch_tokens || !refilled_ms_ || tokens_ > 0) return true;
  return now_ms >= *refilled_ms_ + options_.launch_token_refresh_ms;
}

uint32_t LaunchQueue::NumberOf(const v1::Offer& offer) {
  if (agents_.size() >= WaitingEntry::kMaxAgents && !agents_.count(offer.agent_id().value())) {
    agents_.clear();
    for (auto& [path, entry] : entries_) entry.ForgetAgents();
  }
  return agents_.emplace(offer.agent_id().value(), agents_.size()).first->second;
}

std::vector<OfferUse> LaunchQueue::UseOffers(const std::vector<v1::Offer>& offers,
                                             const InstancesOf& instances, int64_t now_ms) {
  EndDelays(now_ms);
  RefillTokens(now_ms);
  LaunchTurn::Limits limits;
  limits.instances_per_offer = options_.max_instances_per_offer;
  if (options_.launch_tokens) limits.launches = tokens_;
  LaunchTurn turn(options_.match, limits, instances, now_ms, rng_);
  std::set<std::string> roles;
  for (const v1::Offer& offer : offers) roles.insert(offer.allocation_info().role());
  for (const std::string& role : roles) {
    const auto found = ready_.find(role);
    if (found == ready_.end()) continue;
    std::vector<WaitingEntry*> waiting;
    for (const auto& [order, entry] : found->second) waiting.push_back(entry);
    turn.AddRole(role, waiting);
  }
  std::vector<LaunchTurn::Offered> offered = turn.Run(offers);
  const auto number = [this](const v1::Offer& offer) { return NumberOf(offer); };
  refusal_turn_ = turn.TellRefusals(number, refusal_turn_, &figures_changed_);
  std::vector<OfferUse> uses(offers.size());
  std::map<WaitingEntry*, uint32_t> served;
  for (size_t i = 0; i < offers.size(); ++i) {
    OfferUse& use = uses[i];
    use.offer_id = offers[i].id().value();
    use.refuse_seconds = offered[i].offer_again  ? 0
                         : offered[i].retry_soon ? kRetrySeconds
                                                 : options_.decline_seconds;
    for (LaunchTurn::Launched& launched : offered[i].launched) {
      launched.entry->Used(NumberOf(offers[i]), now_ms);
      ++served[launched.entry];
      LaunchedInstance& instance = use.launches.emplace_back();
      instance.record = std::move(launched.record);
      instance.task = std::move(launched.task);
    }
  }
  Serve(served);
  return uses;
}

// In order of who was served before whom, so that the next turn goes on in that order.
void LaunchQueue::Serve(const std::map<WaitingEntry*, uint32_t>& served) {
  std::map<uint64_t, std::pair<WaitingEntry*, uint32_t>> in_order;
  for (const auto& [entry, launched] : served) in_order[entry->order] = {entry, launched};
  for (const auto& [order, one] : in_order) {
    const auto& [entry, launched] = one;
    const Path path = entry->app()->id();
    if (options_.launch_tokens) tokens_ -= std::min(tokens_, launched);
    changed_.insert(path);
    Dequeue(*entry);
    if (launched >= entry->count()) {
      entries_.erase(path);
      continue;
    }
    entry->SetCount(entry->count() - launched);
    entry->order = next_order_++;
    ready_[entry->role()].emplace(entry->order, entry);
  }
}

// ---- whether offers are wanted

std::set<std::string> LaunchQueue::WantingRoles(int64_t now_ms) const {
  std::set<std::string> roles;
  if (!HasTokens(now_ms)) return roles;
  for (const auto& [role, waiting] : ready_) roles.insert(role);
  for (const auto& [until, app] : delayed_) {
    if (until > now_ms) break;
    roles.insert(entries_.at(app).role());
  }
  return roles;
}

void LaunchQueue::WantRevive(const std::string& role, bool urgent) { revive_[role] |= urgent; }

std::set<std::string> LaunchQueue::TakeRevive(int64_t now_ms) {
  EndDelays(now_ms);
  RefillTokens(now_ms);
  std::set<std::string> due;
  if (!HasTokens(now_ms)) return due;
  for (auto role = revive_.begin(); role != revive_.end();) {
    const int64_t interval = role->second ? kUrgentReviveMs : options_.min_revive_interval_ms;
    const bool wanted = ready_.count(role->first) > 0;
    if (wanted && revived_ms_ && now_ms < *revived_ms_ + interval) {
      ++role;
      continue;
    }
    if (wanted) due.insert(role->first);
    role = revive_.erase(role);
  }
  if (!due.empty()) revived_ms_ = now_ms;
  return due;
}

std::optional<int64_t> LaunchQueue::NextTimeMs() const {
  std::optional<int64_t> next;
  const auto at = [&](int64_t ms) { next = std::min(next.value_or(ms), ms); };
  if (!delayed_.empty()) at(delayed_.begin()->first);
  if (ready_.empty()) return next;
  if (options_.launch_tokens && refilled_ms_ && tokens_ == 0) {
    at(*refilled_ms_ + options_.launch_token_refresh_ms);
    return next;
  }
  for (const auto& [role, urgent] : revive_) {
    if (!ready_.count(role)) continue;
    at(revived_ms_.value_or(0) + (urgent ? kUrgentReviveMs : options_.min_revive_interval_ms));
  }
  return next;
}

// ---- how they wait

WaitingPtr LaunchQueue::Find(const Path& app) const {
  const auto found = entries_.find(app);
  return found == entries_.end() ? nullptr : found->second.Get();
}

std::vector<WaitingPtr> LaunchQueue::All() const {
  std::vector<WaitingPtr> all;
  for (const auto& [path, entry] : entries_) all.push_back(entry.Get());
  return all;
}

std::vector<Path> LaunchQueue::TakeChanged() {
  std::vector<Path> taken(changed_.begin(), changed_.end());
  for (size_t told = 0; told < kMaxFiguresTold && !figures_changed_.empty(); ++told) {
    auto next = figures_changed_.upper_bound(figures_told_);
    if (next == figures_changed_.end()) next = figures_changed_.begin();
    figures_told_ = *next;
    figures_changed_.erase(next);
    if (changed_.count(figures_told_) == 0 && entries_.count(figures_told_) > 0) {
      taken.push_back(figures_told_);
    }
  }
  changed_.clear();
  return taken;
}

}  // namespace meseta::services
