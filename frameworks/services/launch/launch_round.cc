#include "frameworks/services/launch/launch_round.h"

#include <algorithm>
#include <utility>

namespace meseta::services {
namespace {

void Lower(Needs& smallest, const Needs& needs) {
  smallest.cpus = std::min(smallest.cpus, needs.cpus);
  smallest.mem = std::min(smallest.mem, needs.mem);
  smallest.disk = std::min(smallest.disk, needs.disk);
  smallest.gpus = std::min(smallest.gpus, needs.gpus);
  smallest.ports = std::min(smallest.ports, needs.ports);
}

model::Ranges PortsOfRecord(const Instance& record) {
  std::vector<model::Ranges::Range> ranges;
  for (const uint32_t port : record.host_ports()) ranges.push_back({port, port});
  return model::Ranges(std::move(ranges));
}

}  // namespace

LaunchTurn::LaunchTurn(const MatchOptions& options, Limits limits, const InstancesOf& instances,
                       int64_t now_ms, Rng& rng)
    : options_(options), limits_(limits), instances_(instances), now_ms_(now_ms), rng_(rng) {
  limits_.launches = std::min(limits_.launches, kMaxLaunches);
}

void LaunchTurn::AddRole(const std::string& name, const std::vector<WaitingEntry*>& waiting) {
  if (waiting.empty()) return;
  Role& role = roles_[name];
  role.smallest = waiting.front()->needs();
  role.candidates.reserve(waiting.size());
  role.spreads.resize(waiting.size());
  for (WaitingEntry* entry : waiting) {
    Candidate& candidate = role.candidates.emplace_back();
    candidate.entry = entry;
    candidate.needs = entry->needs();
    candidate.left = entry->count();
    role.left += candidate.left;
    Lower(role.smallest, entry->needs());
  }
}

std::vector<LaunchTurn::Offered> LaunchTurn::Run(const std::vector<v1::Offer>& offers) {
  for (const v1::Offer& offer : offers) {
    Visit& visit = visits_.emplace_back(offer);
    const auto role = roles_.find(visit.left.role());
    if (role == roles_.end()) continue;
    visit.role = &role->second;
    visit.active = true;
  }
  while (Round()) {
  }
  std::vector<Offered> results;
  results.reserve(visits_.size());
  for (Visit& visit : visits_) {
    const bool bounded = visit.offered.launched.size() >= limits_.instances_per_offer ||
                         launches_ >= limits_.launches;
    visit.offered.offer_again = bounded && WorthVisiting(visit);
    visit.offered.retry_soon =
        visit.waits_for_others && visit.role != nullptr && visit.role->left > 0;
    results.push_back(std::move(visit.offered));
  }
  return results;
}

bool LaunchTurn::WorthVisiting(const Visit& visit) const {
  return visit.role != nullptr && visit.role->left > 0 &&
         visit.left.all().Cover(visit.role->smallest);
}

// False: nothing was launched, nor will be.
bool LaunchTurn::Round() {
  for (auto& [name, role] : roles_) role.active_offers = 0;
  for (Visit& visit : visits_) {
    visit.active = visit.active && WorthVisiting(visit) &&
                   visit.offered.launched.size() < limits_.instances_per_offer;
    if (visit.active) ++visit.role->active_offers;
  }
  bool launched = false;
  for (Visit& visit : visits_) {
    if (!visit.active || launches_ >= limits_.launches) continue;
    const uint64_t even = visit.role->left / visit.role->active_offers;
    const auto room = limits_.instances_per_offer - visit.offered.launched.size();
    const uint32_t share = static_cast<uint32_t>(std::clamp<uint64_t>(even, 1, room));
    const uint32_t count = VisitOnce(visit, share);
    launched |= count > 0;
    visit.active = count > 0 || visit.waits_for_others;
  }
  return launched && launches_ < limits_.launches;
}

// Launches up to `share` instances on this offer, at most one of each app.
uint32_t LaunchTurn::VisitOnce(Visit& visit, uint32_t share) {
  Role& role = *visit.role;
  uint32_t count = 0;
  visit.waits_for_others = false;
  std::vector<uint32_t> again;
  const auto try_one = [&](uint32_t index) {
    Candidate& candidate = role.candidates[index];
    // A misfit stays one, as long as the turn lasts.
    if (candidate.left == 0 || !visit.left.AmountsFor(candidate.needs).Cover(candidate.needs))
      return;
    const Tried tried = Try(visit, index);
    if (tried == Tried::kLaunched) ++count;
    if (tried == Tried::kMayChange) visit.waits_for_others = true;
    if (tried != Tried::kNeverHere && candidate.left > 0) again.push_back(index);
  };
  const auto full = [&] { return count >= share || launches_ >= limits_.launches; };
  while (role.first_live < role.candidates.size() && role.candidates[role.first_live].left == 0) {
    ++role.first_live;
  }
  visit.next = std::max(visit.next, role.first_live);
  while (!full() && visit.next < role.candidates.size() && WorthVisiting(visit)) {
    try_one(static_cast<uint32_t>(visit.next++));
  }
  const std::vector<uint32_t> before = std::exchange(visit.again, {});
  size_t i = 0;
  for (; i < before.size() && !full() && WorthVisiting(visit); ++i) try_one(before[i]);
  // Those that were not reached come first the next time.
  visit.again.assign(before.begin() + static_cast<ptrdiff_t>(i), before.end());
  visit.again.insert(visit.again.end(), again.begin(), again.end());
  return count;
}

LaunchTurn::Tried LaunchTurn::Try(Visit& visit, size_t index) {
  Role& role = *visit.role;
  Candidate& candidate = role.candidates[index];
  Spread& spread = SpreadOf(role, index);
  if (const std::optional<int> constraint = spread.Unsatisfied(visit.left.place())) {
    return spread.MayChange(*constraint) ? Tried::kMayChange : Tried::kNeverHere;
  }
  MatchOutcome outcome = MatchLeft(*candidate.entry->app(), candidate.needs, visit.left, spread,
                                   options_, now_ms_, rng_);
  auto* matched = std::get_if<MatchedInstance>(&outcome);
  if (matched == nullptr) return Tried::kNeverHere;
  visit.left.Take(candidate.needs, PortsOfRecord(matched->record), matched->used);
  spread.Add(visit.left.place());
  --candidate.left;
  --role.left;
  ++launches_;
  Launched& launched = visit.offered.launched.emplace_back();
  launched.entry = candidate.entry;
  launched.record = std::move(matched->record);
  launched.task = std::move(matched->task);
  return Tried::kLaunched;
}

Spread& LaunchTurn::SpreadOf(Role& role, size_t index) {
  std::optional<Spread>& spread = role.spreads[index];
  if (spread) return *spread;
  const Candidate& candidate = role.candidates[index];
  const AppSpec& app = *candidate.entry->app();
  std::vector<InstancePtr> instances;
  if (app.constraints_size() > 0) instances = instances_(app.id());
  spread.emplace(app, instances);
  if (!spread->WantsToSee()) return *spread;
  for (const Visit& visit : visits_) {
    if (visit.role != &role || !visit.left.AmountsFor(candidate.needs).Cover(candidate.needs))
      continue;
    spread->See(visit.left.place());
  }
  return *spread;
}

size_t LaunchTurn::TellRefusals(const std::function<uint32_t(const v1::Offer&)>& number,
                                size_t first, std::set<Path>* told) {
  std::map<Role*, std::vector<size_t>> waiting;
  for (auto& [name, role] : roles_) {
    for (size_t i = 0; i < role.candidates.size(); ++i) {
      if (role.candidates[i].left > 0) waiting[&role].push_back(i);
    }
  }
  const size_t quota =
      std::max(kMaxRefusals / std::max<size_t>(visits_.size(), 1), kMinRefusalsPerOffer);
  for (Visit& visit : visits_) {
    const auto found = waiting.find(visit.role);
    if (found == waiting.end()) continue;
    const std::vector<size_t>& candidates = found->second;
    std::shared_ptr<const v1::Offer> shared;
    const uint32_t agent = number(visit.left.offer());
    const size_t count = std::min(quota, candidates.size());
    for (size_t i = 0; i < count; ++i) {
      const size_t index = candidates[(first + i) % candidates.size()];
      const Candidate& candidate = visit.role->candidates[index];
      auto refusal = Refuse(*candidate.entry->app(), candidate.needs, visit.left,
                            SpreadOf(*visit.role, index), options_, now_ms_);
      if (!refusal) continue;  // It suits; a bound of ours stood in the way.
      if (!shared) shared = std::make_shared<const v1::Offer>(visit.left.offer());
      candidate.entry->Refused(agent, shared, *std::move(refusal), now_ms_);
      told->insert(candidate.entry->app()->id());
    }
    if (count < candidates.size()) first += count;
  }
  return first;
}

}  // namespace meseta::services
