#include "tests/sim/log/faults.h"

#include <algorithm>
#include <string>

namespace meseta::logsim {

void Faults::Start() { Next(); }

void Faults::Next() {
  world_->heap.After(world_->Between(Duration(), world_->options.fault_every * 2), [this] {
    if (!world_->faults) return;
    Strike();
    Next();
  });
}

int Faults::AnySlot() { return static_cast<int>(world_->rng.Below(replicas_->size())); }

Duration Faults::CutTime() { return world_->Between(Duration::Millis(1), world_->options.cut_max); }

SimReplica* Faults::Leader() const {
  // The newest: a deposed one may not know yet.
  SimReplica* leader = nullptr;
  for (const auto& replica : *replicas_) {
    if (!replica->up() || replica->core().role() != log::Role::kLeader) continue;
    if (leader == nullptr || replica->core().term() > leader->core().term()) {
      leader = replica.get();
    }
  }
  return leader;
}

void Faults::Strike() {
  const LogSimOptions& o = world_->options;
  const std::vector<int> weights = {
      o.crash, o.crash_all,  o.pause,   o.cut_link, o.isolate,   o.isolate_leader, o.split,
      o.flap,  o.break_link, o.corrupt, o.wipe,     o.disk_full, o.change,         o.transfer};
  int sum = 0;
  for (const int weight : weights) sum += weight;
  if (sum == 0) return;
  int drawn = static_cast<int>(world_->rng.Below(static_cast<uint64_t>(sum)));
  size_t kind = 0;
  while (drawn >= weights[kind]) drawn -= weights[kind++];
  switch (kind) {
    case 0:
      return Crash();
    case 1:
      return CrashAll();
    case 2:
      return Any()->Pause(CutTime());
    case 3:
      return CutLink();
    case 4:
      return Isolate(AnySlot());
    case 5: {
      const SimReplica* leader = Leader();
      return Isolate(leader != nullptr ? leader->slot() : AnySlot());
    }
    case 6:
      return Split();
    case 7:
      return Flap(AnySlot(), AnySlot(), 5);
    case 8:
      return BreakLink();
    case 9:
      return LoseDisk(false);
    case 10:
      return LoseDisk(true);
    case 11:
      return Any()->DiskFullFor(CutTime());
    case 12:
      return Change();
    default:
      return Transfer();
  }
}

// --- Machines ---

void Faults::Crash() {
  SimReplica* victim = Any();
  // Half of the time the leader, where there is most to lose.
  if (SimReplica* leader = Leader(); leader != nullptr && world_->Chance(0.5)) victim = leader;
  if (victim->up()) victim->Crash(world_->Between(Duration::Millis(1), world_->options.down_max));
}

void Faults::CrashAll() {
  ++world_->probes["all lost power"];
  for (const auto& replica : *replicas_) {
    if (!replica->up()) continue;
    replica->Crash(world_->Between(Duration::Millis(1), world_->options.down_max));
  }
}

// --- Links ---

void Faults::CutFor(int from, int to, Duration time) {
  if (from == to) return;
  network_->Cut(from, to);
  world_->heap.After(time, [this, from, to] { network_->Mend(from, to); });
}

void Faults::CutLink() {
  const int one = AnySlot(), other = AnySlot();
  const Duration time = CutTime();
  CutFor(one, other, time);
  if (world_->Chance(0.6)) CutFor(other, one, time);  // Else: one way.
}

void Faults::Isolate(int slot) {
  const Duration time = CutTime();
  const uint64_t way = world_->rng.Below(4);  // 0: hears nothing; 1: is not heard; else: both.
  if (world_->trace.on()) world_->Note("slot " + std::to_string(slot) + " is cut off");
  ++world_->probes["replica cut off"];
  for (int other = 0; other < static_cast<int>(replicas_->size()); ++other) {
    if (way != 1) CutFor(other, slot, time);
    if (way != 0) CutFor(slot, other, time);
  }
}

void Faults::Split() {
  const Duration time = CutTime();
  ++world_->probes["cluster split"];
  std::vector<bool> left(replicas_->size());
  for (size_t i = 0; i < left.size(); ++i) left[i] = world_->Chance(0.5);
  if (world_->trace.on()) {
    std::string sides;
    for (const bool side : left) sides += side ? 'a' : 'b';
    world_->Note("the cluster is split: " + sides);
  }
  for (size_t i = 0; i < left.size(); ++i) {
    for (size_t j = 0; j < left.size(); ++j) {
      if (left[i] != left[j]) CutFor(static_cast<int>(i), static_cast<int>(j), time);
    }
  }
}

void Faults::Flap(int one, int other, int times) {
  if (times == 0 || !world_->faults) return;
  const Duration time = CutTime() / 4;
  CutFor(one, other, time);
  CutFor(other, one, time);
  world_->heap.After(time + CutTime() / 4,
                     [this, one, other, times] { Flap(one, other, times - 1); });
}

void Faults::BreakLink() {
  SimReplica* one = Any();
  SimReplica* other = Any();
  if (one == other) return;
  ++world_->probes["link broken"];
  network_->Break(one->slot(), other->slot());
  if (one->up()) one->PeerLost(other->id());
  if (other->up()) other->PeerLost(one->id());
}

// --- Disks ---

bool Faults::Intact(const log::Configuration& configuration, int except_slot) const {
  return std::all_of(configuration.members().begin(), configuration.members().end(),
                     [&](const auto& member) {
                       const SimReplica& replica = *(*replicas_)[SlotOf(member.id())];
                       return replica.slot() == except_slot ||
                              (replica.id() == member.id() && replica.disk().intact());
                     });
}

bool Faults::MayLose(int slot) const {
  const log::MemberId id = (*replicas_)[slot]->id();
  for (const log::Configuration* configuration : checkers_->PossibleConfigurations()) {
    if (!Intact(*configuration, slot)) return false;
    // A learner may have become a voter by the time that its loss is noticed.
    size_t voters = 0, others = 0;
    bool member_here = false;
    for (const auto& member : configuration->members()) {
      const bool here = member.id() == id;
      member_here |= here;
      voters += !member.learner() || here;
      others += !member.learner() && !here;
    }
    if (member_here && others < voters / 2 + 1) return false;
  }
  return true;
}

void Faults::LoseDisk(bool wipe) {
  SimReplica* victim = Any();
  if (!MayLose(victim->slot())) return;
  if (wipe) return victim->Wipe(world_->Between(Duration::Millis(1), world_->options.down_max));
  ++world_->probes["disk corrupted"];
  victim->Corrupt();
  // It notices when it reads: soon by a snapshot's piece, surely at its next start.
  if (world_->Chance(0.7)) {
    victim->Crash(world_->Between(Duration::Millis(1), world_->options.down_max));
  }
}

// --- The operator ---

void Faults::Change() {
  SimReplica* leader = world_->Chance(0.9) ? Leader() : Any();
  for (int i = 0; i < world_->options.burst && leader != nullptr && leader->up(); ++i) {
    ChangeOnce(leader);
  }
}

void Faults::ChangeOnce(SimReplica* leader) {
  const log::Configuration now = leader->core().status().configuration;
  const int slot = AnySlot();
  SimReplica* other = (*replicas_)[slot].get();
  const internal::LogMember* member = nullptr;
  for (const auto& m : now.members()) {
    if (SlotOf(m.id()) == slot) member = &m;
  }
  if (member == nullptr) {
    // An address that takes no part: its daemon starts with a new disk once it is invited.
    if (!leader->Change(log::InviteMember{AddressOf(slot)}).ok()) return;
    if (world_->Chance(0.1)) {
      (void)leader->Change(log::UninviteMember{AddressOf(slot)});
    }
    if (MayLose(slot)) other->Wipe(Duration::Millis(20));
    return;
  }
  if (member->learner() && world_->Chance(0.6)) {
    (void)leader->Change(log::PromoteMember{member->id()});
    return;
  }
  // What remains must be able to go on.
  if (now.members_size() < 2 || !Intact(now, slot)) return;
  size_t voters_left = 0;
  for (const auto& m : now.members()) voters_left += !m.learner() && m.id() != member->id();
  if (voters_left == 0) return;
  if (leader->Change(log::RemoveMember{member->id()}).ok()) {
    ++world_->probes[leader->id() == member->id() ? "leader removed itself" : "member removed"];
  }
}

void Faults::Transfer() {
  SimReplica* leader = Leader();
  if (leader == nullptr) return;
  std::optional<log::MemberId> to;
  if (world_->Chance(0.5)) to = Any()->id();
  if (leader->Transfer(to).ok()) ++world_->probes["leadership handed over"];
}

}  // namespace meseta::logsim
