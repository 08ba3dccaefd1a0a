// Chaos: a seeded run of a CoreGroup in which everything goes wrong, and then heals.
//
// Messages are reordered, duplicated and lost, links cut, disks slow, replicas crash, snapshots and
// changes of members are under way. Reads must see what was committed before they were asked; what
// is wrong is in group().violations.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "tests/state/log/core_group.h"

namespace meseta::log {

class Chaos {
 public:
  static constexpr int kSteps = 1500;
  static constexpr size_t kMaxUnderWay = 200;

  explicit Chaos(uint64_t seed, const Rules* rules = nullptr)
      : rng_(seed), group_(Options(seed), rules, seed) {
    group_.tracing = std::getenv("MESETA_TRACE") != nullptr;
    group_.piece_bytes = 16;
    const size_t voters = 1 + rng_.Below(5);
    std::vector<MemberId> ids;
    for (MemberId id = 1; id <= voters; ++id) ids.push_back(id);
    next_id_ = voters + 1;
    group_.Found(ids);
  }

  void Run() {
    for (int step = 0; step < kSteps && group_.violations.empty(); ++step) {
      Act();
      CheckReads();
    }
    Heal();
  }

  CoreGroup& group() { return group_; }

 private:
  static RaftOptions Options(uint64_t seed) {
    RaftOptions options;
    Rng rng(seed * 7 + 1);
    options.max_append_entries = 1 + rng.Below(8);
    options.max_append_bytes = 8 + rng.Below(100);
    options.max_inflight_appends = 1 + rng.Below(5);
    options.max_inflight_pieces = 1 + rng.Below(3);
    return options;
  }

  MemberId Any() {
    auto node = group_.nodes.begin();
    std::advance(node, static_cast<ptrdiff_t>(rng_.Below(group_.nodes.size())));
    return node->first;
  }

  bool Up(MemberId id) { return group_.nodes.at(id).core != nullptr; }

  void Act() {
    const uint64_t dice = rng_.Below(1000);
    const MemberId id = Any();
    if (dice < 550) return Move();
    if (dice < 700) return Pass();
    if (dice < 800) return Offer(id);
    if (dice < 850) return group_.Persist(id, 1 + rng_.Below(3));
    if (dice < 870) return Ask(id);
    if (dice < 890) return Store(id);
    if (dice < 905) return Break(id);
    if (dice < 920) return Repair();
    if (dice < 940) return Change(id);
    if (dice < 945) return Hand(id);
    if (dice < 960) {
      group_.nodes.at(id).syncs = rng_.Below(2) == 0;
      if (Up(id)) group_.Persist(id, 100);
      return;
    }
    if (dice < 970 && Up(id)) {
      group_.core(id).PeerLost(Any(), group_.now);
      group_.Carry(id);
    }
  }

  void Move() {
    auto& network = group_.network;
    if (network.empty()) return;
    const size_t position = rng_.Below(4) == 0 ? rng_.Below(network.size()) : 0;
    const uint64_t dice = rng_.Below(100);
    if (dice < 4 || network.size() > kMaxUnderWay) {
      network.erase(network.begin() + static_cast<ptrdiff_t>(position));
      return;
    }
    if (dice < 8) {
      Message copy = network[position];
      network.push_back(std::move(copy));
    }
    group_.DeliverOne(position);
  }

  void Pass() {
    group_.Advance(Duration::Millis(static_cast<int64_t>(1 + rng_.Below(60))));
    group_.TickDue();
  }

  void Offer(MemberId id) {
    if (!Up(id)) return;
    (void)group_.Propose(id, "c" + std::to_string(++commands_));
  }

  void Ask(MemberId id) {
    if (!Up(id)) return;
    Index committed = 0;
    for (const auto& [other, node] : group_.nodes) committed = std::max(committed, node.applied);
    floor_[++reads_] = committed;
    group_.core(id).Read(reads_, group_.now);
    group_.Carry(id);
  }

  void CheckReads() {
    for (auto& [id, node] : group_.nodes) {
      for (const auto& [read, index] : node.reads) {
        if (index && *index < floor_[read]) {
          group_.violations.push_back("read " + std::to_string(read) + " at " + std::to_string(id) +
                                      " is stale");
        }
      }
      node.reads.clear();
    }
  }

  void Store(MemberId id) {
    if (!Up(id) || !group_.nodes.at(id).unsynced.empty()) return;
    const Index applied = group_.nodes.at(id).applied;
    if (applied <= group_.core(id).status().snapshot) return;
    group_.Snapshot(id, applied - rng_.Below(4));
  }

  void Break(MemberId id) {
    if (rng_.Below(2) == 0) {
      if (!Up(id)) return;
      group_.Crash(id);
      down_.push_back(id);
      return;
    }
    const MemberId other = Any();
    group_.cut.insert({id, other});
    if (rng_.Below(2) == 0) group_.cut.insert({other, id});
  }

  void Repair() {
    if (!down_.empty()) {
      group_.Start(down_.back());
      down_.pop_back();
    }
    if (rng_.Below(2) == 0) group_.cut.clear();
  }

  void Change(MemberId id) {
    if (!Up(id) || group_.core(id).role() != Role::kLeader) return;
    const Configuration now = group_.core(id).status().configuration;
    MemberChange change;
    const uint64_t dice = rng_.Below(3);
    if (dice == 0 && next_id_ < 12) {
      AddMember add;
      add.id = next_id_++;
      // Half of them replace another one, whose disk is gone then.
      const auto& old =
          now.members(static_cast<int>(rng_.Below(static_cast<uint64_t>(now.members_size()))));
      add.address = rng_.Below(2) == 0 ? old.address() : "h" + std::to_string(add.id);
      group_.AddEmpty(add.id);
      change = add;
    } else if (dice == 1) {
      RemoveMember remove;
      remove.id =
          now.members(static_cast<int>(rng_.Below(static_cast<uint64_t>(now.members_size())))).id();
      if (now.members_size() <= 2) return;
      change = remove;
    } else {
      InviteMember invite;
      invite.address = "i" + std::to_string(rng_.Below(3));
      change = invite;
    }
    (void)group_.core(id).ProposeChange(change, group_.now);
    group_.Carry(id);
  }

  void Hand(MemberId id) {
    if (!Up(id)) return;
    (void)group_.core(id).Transfer(std::nullopt, group_.now);
    group_.Carry(id);
  }

  void Heal() {
    group_.cut.clear();
    for (const MemberId id : down_) group_.Start(id);
    down_.clear();
    for (auto& [id, node] : group_.nodes) {
      node.syncs = true;
      group_.Persist(id, node.unsynced.size());
    }
    group_.Run(Duration::Seconds(8));
    CheckReads();
  }

  Rng rng_;
  CoreGroup group_;
  MemberId next_id_ = 0;
  uint64_t commands_ = 0;
  uint64_t reads_ = 0;
  std::map<uint64_t, Index> floor_;
  std::vector<MemberId> down_;
};

}  // namespace meseta::log
