#include "tests/state/log/core_group.h"

#include <algorithm>

#include "actors/base/check.h"
#include "actors/base/crc32c.h"

namespace meseta::log {
namespace {

const Rules& ProductionRules() {
  static const Rules rules;
  return rules;
}

internal::LogIdentity IdentityOf(MemberId id) {
  internal::LogIdentity identity;
  identity.set_format(1);
  identity.set_member_id(id);
  identity.set_cluster_id("c");
  identity.set_group("g");
  return identity;
}

constexpr size_t kMaxTurns = 100'000;

}  // namespace

void CoreDisk::Apply(const LogWrite& write) {
  CHECK(write.number == sequence_ + 1) << write.number << " after " << sequence_;
  sequence_ = write.number;
  if (write.identity) identity_ = *write.identity;
  if (write.hard) hard_ = *write.hard;
  for (const SnapshotPiece& piece : write.pieces) {
    pieces_[piece.snapshot][piece.number] = piece.data;
  }
  if (write.snapshot) {
    const Index index = write.snapshot->index();
    CHECK(pieces_[index].size() >= write.snapshot->chunks());
    snapshot_ = *write.snapshot;
    pieces_.erase(pieces_.begin(), pieces_.lower_bound(index));
    if (write.reset_log) entries_.clear();
    entries_.erase(entries_.begin(), entries_.upper_bound(write.compact_to));
  }
  if (write.truncate_after) {
    entries_.erase(entries_.upper_bound(*write.truncate_after), entries_.end());
  }
  for (const EntryPtr& entry : write.append) {
    const Index last =
        entries_.empty() ? (snapshot_ ? snapshot_->index() : 0) : entries_.rbegin()->first;
    CHECK(entry->index == last + 1) << entry->index << " behind " << last;
    entries_[entry->index] = entry;
  }
}

void CoreDisk::Store(const std::vector<SnapshotPiece>& pieces) {
  for (const SnapshotPiece& piece : pieces) pieces_[piece.snapshot][piece.number] = piece.data;
}

Recovered CoreDisk::Load() const {
  Recovered recovered;
  recovered.identity = identity_;
  recovered.hard = hard_;
  recovered.snapshot = snapshot_;
  for (const auto& [index, entry] : entries_) recovered.entries.push_back(entry);
  recovered.sequence = sequence_;
  return recovered;
}

Result<std::string> CoreDisk::Piece(Index snapshot, uint32_t number) const {
  const auto pieces = pieces_.find(snapshot);
  if (pieces == pieces_.end() || pieces->second.count(number) == 0) {
    return NotFound("There is no such piece");
  }
  return pieces->second.at(number);
}

CoreGroup::CoreGroup(RaftOptions o, const Rules* rules, uint64_t seed)
    : options(o), rules_(rules != nullptr ? rules : &ProductionRules()), rng_(seed) {}

void CoreGroup::Found(const std::vector<MemberId>& voters, const std::vector<MemberId>& learners) {
  Configuration genesis;
  std::vector<MemberId> all = voters;
  all.insert(all.end(), learners.begin(), learners.end());
  std::sort(all.begin(), all.end());
  for (const MemberId id : all) {
    internal::LogMember* member = genesis.add_members();
    member->set_id(id);
    member->set_address("h" + std::to_string(id));
    if (std::count(learners.begin(), learners.end(), id) > 0) member->set_learner(true);
  }
  for (const MemberId id : all) {
    nodes[id].disk.Apply(RaftCore::Bootstrap(IdentityOf(id), genesis, ""));
    Start(id);
  }
}

void CoreGroup::AddEmpty(MemberId id) {
  LogWrite write;
  write.number = 1;
  write.identity = IdentityOf(id);
  nodes[id].disk.Apply(write);
  Start(id);
}

void CoreGroup::Start(MemberId id) {
  Node& node = nodes.at(id);
  node.unsynced.clear();
  node.state.clear();
  node.applied = 0;
  Recovered recovered = node.disk.Load();
  const uint64_t sequence = recovered.sequence;
  node.core = std::make_unique<RaftCore>(options, std::move(recovered), sequence, Rng(rng_.Next()),
                                         now, rules_);
  Carry(id);
}

void CoreGroup::Crash(MemberId id) {
  Node& node = nodes.at(id);
  node.core.reset();
  node.unsynced.clear();
  wake_[id].reset();
}

void CoreGroup::Say(std::string line) {
  if (tracing) trace.push_back(std::move(line));
}

void CoreGroup::Tick(MemberId id) {
  if (nodes.at(id).core == nullptr) return;
  core(id).Tick(now);
  Carry(id);
}

void CoreGroup::TimeOut(MemberId id) {
  const std::optional<Time> wake = wake_[id];
  if (wake && *wake > now) now = *wake;
  Tick(id);
}

void CoreGroup::TickDue() {
  for (auto& [id, node] : nodes) {
    const std::optional<Time> wake = wake_[id];
    if (wake && *wake <= now) Tick(id);
  }
}

void CoreGroup::Persist(MemberId id, size_t writes) {
  Node& node = nodes.at(id);
  uint64_t number = 0;
  for (; writes > 0 && !node.unsynced.empty(); --writes) {
    number = node.unsynced.front().number;
    node.disk.Apply(node.unsynced.front());
    node.unsynced.pop_front();
  }
  if (number == 0 || node.core == nullptr) return;
  node.core->Persisted(number, now);
  Carry(id);
}

void CoreGroup::DeliverOne(size_t position) {
  const Message message = network.at(position);
  network.erase(network.begin() + static_cast<ptrdiff_t>(position));
  const auto node = nodes.find(message.to());
  if (node == nodes.end() || node->second.core == nullptr ||
      !Connected(message.from(), message.to())) {
    return;
  }
  node->second.core->Step(message, now);
  Carry(message.to());
}

void CoreGroup::DeliverLink(std::optional<MemberId> from, std::optional<MemberId> to) {
  size_t skipped = 0;
  for (size_t left = network.size(); left > 0; --left) {
    const Message& message = network.at(skipped);
    if ((from && message.from() != *from) || (to && message.to() != *to)) {
      ++skipped;
    } else {
      DeliverOne(skipped);
    }
  }
}

void CoreGroup::DropLink(std::optional<MemberId> from, std::optional<MemberId> to) {
  network.erase(std::remove_if(network.begin(), network.end(),
                               [&](const Message& message) {
                                 return (!from || message.from() == *from) &&
                                        (!to || message.to() == *to);
                               }),
                network.end());
}

void CoreGroup::Settle() {
  for (size_t turn = 0; !network.empty(); ++turn) {
    CHECK(turn < kMaxTurns) << "messages without end";
    DeliverOne(0);
  }
}

void CoreGroup::Run(Duration time) {
  const Time end = now + time;
  for (;;) {
    TickDue();
    Settle();
    if (now >= end) return;
    now = std::min(end, now + Duration::Millis(10));
  }
}

void CoreGroup::Elect(MemberId id) {
  for (int i = 0; i < 1000 && core(id).role() != Role::kLeader; ++i) {
    TimeOut(id);
    Settle();
  }
}

Result<Index> CoreGroup::Propose(MemberId id, const std::string& command) {
  Result<Index> index = core(id).Propose(command, std::nullopt, now);
  Carry(id);
  return index;
}

void CoreGroup::Snapshot(MemberId id, Index compact_to) {
  Node& node = nodes.at(id);
  SnapshotMeta meta = node.core->MakeSnapshotMeta(node.applied);
  std::string bytes;
  for (const std::string& command : node.state) bytes += command + ";";
  // The pieces are on the disk before the core hears of them.
  std::vector<SnapshotPiece> pieces;
  uint32_t count = 0;
  for (size_t at = 0; at < bytes.size() || count == 0; at += piece_bytes) {
    SnapshotPiece piece;
    piece.snapshot = meta.index();
    piece.number = count++;
    piece.data = bytes.substr(at, piece_bytes);
    pieces.push_back(std::move(piece));
  }
  node.disk.Store(pieces);
  meta.set_chunks(count);
  meta.set_bytes(bytes.size());
  meta.set_checksum(Crc32c(bytes));
  node.core->SnapshotStored(meta, compact_to, now);
  Carry(id);
}

void CoreGroup::CommitEntry(MemberId id, const EntryPtr& entry) {
  Node& node = nodes.at(id);
  Say(std::to_string(id) + " commits " + Describe(*entry));
  if (entry->index != node.applied + 1) {
    violations.push_back(std::to_string(id) + " commits " + std::to_string(entry->index) +
                         " after " + std::to_string(node.applied));
  }
  const auto first = committed_.emplace(entry->index, entry).first;
  if (!(*first->second == *entry)) {
    violations.push_back(std::to_string(id) + " commits " + Describe(*entry) + " where another " +
                         "has " + Describe(*first->second));
  }
  if (entry->kind == EntryKind::kCommand) node.state.push_back(entry->payload);
  node.applied = entry->index;
}

void CoreGroup::Carry(MemberId id) {
  Node& node = nodes.at(id);
  if (node.core == nullptr) return;
  for (bool more = true; more;) {
    more = false;
    RaftEffects effects = node.core->TakeEffects();
    wake_[id] = effects.wake_at;
    const std::string self = std::to_string(id);
    for (std::string& line : effects.log) Say(self + ": " + line);
    for (LogWrite& write : effects.persist) {
      Say(self + " writes #" + std::to_string(write.number) + Describe(write));
      node.unsynced.push_back(std::move(write));
    }
    for (Message& message : effects.send) {
      Say(Describe(message) + (Connected(message.from(), message.to()) ? "" : " (lost)"));
      if (Connected(message.from(), message.to())) network.push_back(std::move(message));
    }
    if (effects.restore) {
      Say(self + " restores the snapshot at " + std::to_string(effects.restore->index()));
      std::string bytes;
      for (uint32_t i = 0; i < effects.restore->chunks(); ++i) {
        auto piece = node.disk.Piece(effects.restore->index(), i);
        CHECK(piece.ok()) << piece.status();
        bytes += *piece;
      }
      CHECK(Crc32c(bytes) == effects.restore->checksum());
      node.state.clear();
      for (size_t at = 0; at < bytes.size();) {
        const size_t end = std::min(bytes.find(';', at), bytes.size());
        node.state.push_back(bytes.substr(at, end - at));
        at = end + 1;
      }
      node.applied = effects.restore->index();
    }
    for (const EntryPtr& entry : effects.committed) CommitEntry(id, entry);
    for (const auto& answer : effects.reads) {
      Say(self + " answers read " + std::to_string(answer.read) + ": " +
          (answer.index ? "at " + std::to_string(*answer.index) : "ask another"));
      node.reads[answer.read] = answer.index;
    }
    for (const auto& piece : effects.read_pieces) {
      Say(self + " reads piece " + std::to_string(piece.number) + " of " +
          std::to_string(piece.meta.index()) + " for " + std::to_string(piece.to));
      Result<std::string> data = node.disk.Piece(piece.meta.index(), piece.number);
      if (!node.reads_pieces) data = DataLoss("it is damaged");
      node.core->PieceRead(piece.to, piece.meta.index(), piece.number, std::move(data), now);
      more = true;
    }
    if (node.syncs && !node.unsynced.empty()) {
      const uint64_t number = node.unsynced.back().number;
      for (const LogWrite& write : node.unsynced) node.disk.Apply(write);
      node.unsynced.clear();
      node.core->Persisted(number, now);
      more = true;
    }
  }
  Check(id);
}

void CoreGroup::Check(MemberId id) {
  RaftCore& checked = core(id);
  checked.CheckInvariants();
  if (checked.role() != Role::kLeader) return;
  const auto leader = leaders_.emplace(checked.term(), id).first;
  if (leader->second != id) {
    violations.push_back(std::to_string(id) + " and " + std::to_string(leader->second) +
                         " both lead in term " + std::to_string(checked.term()));
  }
}

std::optional<MemberId> CoreGroup::Leader() const {
  std::optional<MemberId> leader;
  Term term = 0;
  for (const auto& [id, node] : nodes) {
    if (node.core == nullptr || node.core->role() != Role::kLeader) continue;
    if (node.core->term() > term) {
      leader = id;
      term = node.core->term();
    }
  }
  return leader;
}

}  // namespace meseta::log
