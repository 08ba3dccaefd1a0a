#include "tests/sim/log/checkers.h"

#include <algorithm>

namespace meseta::logsim {
namespace {

std::string Name(log::MemberId id) { return "m" + std::to_string(id); }

std::string At(log::Index index, log::Term term) {
  return std::to_string(index) + " of term " + std::to_string(term);
}

bool SameEntry(const log::Entry& a, const log::Entry& b) {
  return a.term == b.term && a.kind == b.kind && a.payload == b.payload;
}

}  // namespace

std::optional<log::Term> Checkers::Shadow::TermAt(log::Index index) const {
  if (index == base) return base_term;
  if (index < base || index > last()) return std::nullopt;
  return terms[index - base - 1];
}

void Checkers::Booted(const ReplicaView& view, const log::Recovered& recovered) {
  Shadow shadow;
  shadow.view = view;
  if (recovered.snapshot) shadow.delivered = recovered.snapshot->index();
  if (!recovered.entries.empty()) {
    shadow.base = recovered.entries.front()->index - 1;
    if (recovered.snapshot && shadow.base == recovered.snapshot->index()) {
      shadow.base_term = recovered.snapshot->term();
    } else {
      // Unknown, behind the snapshot: nothing follows it any more.
      shadow.base_term = 0;
    }
    for (const log::EntryPtr& entry : recovered.entries) shadow.terms.push_back(entry->term);
  } else if (recovered.snapshot) {
    shadow.base = recovered.snapshot->index();
    shadow.base_term = recovered.snapshot->term();
  }
  running_[view.slot] = std::move(shadow);
  disks_[view.slot] = view.disk;
}

void Checkers::Stopped(int slot) { running_[slot].reset(); }

std::optional<log::Index> Checkers::Contradicts(const log::RaftCore& core,
                                                const log::Message& message) {
  if (!message.has_append()) return std::nullopt;
  for (const internal::LogEntry& entry : message.append().entries()) {
    const log::EntryPtr ours = core.EntryAt(entry.index());
    if (ours && ours->term != entry.term()) return entry.index();
  }
  return std::nullopt;
}

void Checkers::Stepped(const ReplicaView& view, const log::Message& message,
                       log::Index contradicted) {
  const log::EntryPtr ours = view.core->EntryAt(contradicted);
  for (const internal::LogEntry& entry : message.append().entries()) {
    if (!ours || entry.index() != contradicted || ours->term != entry.term()) continue;
    running_[view.slot]->cut_for.push_back(message.term());
  }
}

void Checkers::Took(const ReplicaView& view, const log::RaftEffects& effects) {
  Shadow* shadow = &*running_[view.slot];
  for (const log::LogWrite& write : effects.persist) CheckWrite(shadow, write);
  shadow->cut_for.clear();
  if (effects.restore) {
    if (effects.restore->index() < shadow->delivered) {
      Fail("Commit goes back: " + Name(view.id) + " restores snapshot " +
           std::to_string(effects.restore->index()) + " after entry " +
           std::to_string(shadow->delivered));
    }
    shadow->delivered = effects.restore->index();
  }
  for (const log::EntryPtr& entry : effects.committed) CheckCommitted(shadow, entry);
  for (const log::Message& message : effects.send) CheckSent(*shadow, message);
  CheckLeader(shadow);
}

void Checkers::CheckWrite(Shadow* shadow, const log::LogWrite& write) {
  if (write.snapshot && write.reset_log) {
    const auto ours = shadow->TermAt(write.snapshot->index());
    if (!ours || *ours != write.snapshot->term() || write.snapshot->index() == shadow->base) {
      shadow->base = write.snapshot->index();
      shadow->base_term = write.snapshot->term();
      shadow->terms.clear();
    }
  }
  if (write.truncate_after) {
    log::Term leader = shadow->view.core->term();
    if (!shadow->cut_for.empty()) {
      leader = shadow->cut_for.front();
      shadow->cut_for.pop_front();
    }
    CheckTruncated(*shadow, *write.truncate_after, leader);
    const log::Index keep = std::max(*write.truncate_after, shadow->base) - shadow->base;
    if (keep < shadow->terms.size()) shadow->terms.resize(keep);
  }
  for (const log::EntryPtr& entry : write.append) CheckAppended(shadow, entry);
}

void Checkers::Wrote(log::MemberId id, const log::LogWrite& write) {
  if (!write.hard || write.hard->voted_for == 0 || !world_->options.check_promises) return;
  const auto [vote, fresh] = votes_.insert({{id, write.hard->term}, write.hard->voted_for});
  if (fresh || vote->second == write.hard->voted_for) return;
  Fail("Two votes: " + Name(id) + " votes for " + Name(write.hard->voted_for) + " after " +
       Name(vote->second) + " in term " + std::to_string(write.hard->term));
}

void Checkers::CheckTruncated(const Shadow& shadow, log::Index after, log::Term leader) {
  for (log::Index index = after + 1; index <= shadow.last(); ++index) {
    if (index < 2 || index > committed()) continue;
    // A leader that was elected before the entry was committed may lack it, and its appends may
    // arrive long after: who has taken no part in the committing term follows them rightly.
    if (shadow.TermAt(index) == committed_[index - 2]->term && leader >= committed_in_[index - 2]) {
      Fail("Commit: " + Name(shadow.view.id) + " drops committed entry " +
           At(index, committed_[index - 2]->term));
      return;
    }
  }
  if (after < shadow.delivered) {
    Fail("Commit: " + Name(shadow.view.id) + " drops entries behind " + std::to_string(after) +
         ", but knows " + std::to_string(shadow.delivered) + " to be committed");
  }
}

void Checkers::CheckAppended(Shadow* shadow, const log::EntryPtr& entry) {
  if (entry->index != shadow->last() + 1) {
    if (shadow->last() != 0 || shadow->base != 0) {
      Fail("Log: " + Name(shadow->view.id) + " appends entry " + std::to_string(entry->index) +
           " behind " + std::to_string(shadow->last()));
    }
    return;
  }
  const log::Term previous = *shadow->TermAt(shadow->last());
  if (entry->term < previous) {
    Fail("Log: " + Name(shadow->view.id) + " appends " + At(entry->index, entry->term) +
         " behind term " + std::to_string(previous));
  }
  shadow->terms.push_back(entry->term);
  if (appended_.size() <= entry->index) appended_.resize(entry->index + 64);
  std::vector<Known>& known = appended_[entry->index];
  for (const Known& other : known) {
    if (other.entry->term != entry->term) continue;
    if (!SameEntry(*other.entry, *entry)) {
      Fail("Log matching: two different entries " + At(entry->index, entry->term) + ", one at " +
           Name(shadow->view.id));
    } else if (other.previous != previous && other.previous != 0 && previous != 0) {
      Fail("Log matching: entry " + At(entry->index, entry->term) + " follows term " +
           std::to_string(previous) + " at " + Name(shadow->view.id) + ", elsewhere term " +
           std::to_string(other.previous));
    }
    return;
  }
  known.push_back({entry, previous});
  if (entry->kind != log::EntryKind::kConfiguration) return;
  log::Configuration configuration;
  if (!configuration.ParseFromString(entry->payload)) {
    Fail("Log: entry " + At(entry->index, entry->term) + " is no configuration");
  }
  configurations_[{entry->index, entry->term}] = configuration;
}

void Checkers::CheckSent(const Shadow& shadow, const log::Message& message) {
  if (message.from() != shadow.view.id) {
    Fail("Message: " + Name(shadow.view.id) + " sends as " + Name(message.from()));
  }
  if (message.has_append() || message.has_snapshot_chunk() || message.has_timeout_now()) {
    NoteLeader(message.term(), shadow.view.id);
  }
  if (world_->options.check_promises) CheckPromise(shadow, message);
}

void Checkers::CheckPromise(const Shadow& shadow, const log::Message& message) {
  const SimDisk& disk = *shadow.view.disk;
  if (message.has_vote_answer() && message.vote_answer().granted() &&
      !message.vote_answer().pre()) {
    const bool written =
        disk.hard().term > message.term() ||
        (disk.hard().term == message.term() && disk.hard().voted_for == message.to());
    if (!written) {
      Fail("Promise: " + Name(shadow.view.id) + " votes for " + Name(message.to()) +
           " before the vote is on its disk");
    }
  }
  if (message.has_append_answer() && message.append_answer().accepted() &&
      message.term() == shadow.view.core->term()) {
    const log::Index index = message.append_answer().index();
    const auto term = shadow.TermAt(index);
    if (index > 0 && term && *term != 0 && !disk.Holds(index, *term)) {
      Fail("Promise: " + Name(shadow.view.id) + " acknowledges entry " + At(index, *term) +
           " before it is on its disk");
    }
  }
}

void Checkers::CheckCommitted(Shadow* shadow, const log::EntryPtr& entry) {
  if (entry->index != shadow->delivered + 1) {
    Fail("Commit: " + Name(shadow->view.id) + " delivers entry " + std::to_string(entry->index) +
         " after " + std::to_string(shadow->delivered));
  }
  shadow->delivered = entry->index;
  if (entry->index < 2) return Fail("Commit: entry 1 is delivered, which is the founding snapshot");
  if (entry->index <= committed()) {
    const log::Entry& known = *committed_[entry->index - 2];
    if (!SameEntry(known, *entry)) {
      Fail("State machine safety: " + Name(shadow->view.id) + " has committed " +
           At(entry->index, entry->term) + ", where " + At(known.index, known.term) +
           " was committed");
    }
    return;
  }
  if (entry->index != committed() + 1) {
    return Fail("Commit: entry " + std::to_string(entry->index) + " is committed before " +
                std::to_string(committed() + 1));
  }
  committed_.push_back(entry);
  committed_in_.push_back(shadow->view.core->term());
  if (entry->kind == log::EntryKind::kConfiguration) {
    committed_configuration_ = entry->index;
    while (configurations_.begin()->first.first < entry->index) {
      configurations_.erase(configurations_.begin());
    }
    for (auto it = configurations_.begin(); it != configurations_.end();) {
      const auto& [index, term] = it->first;
      it = index == entry->index && term != entry->term ? configurations_.erase(it) : std::next(it);
    }
  }
  if (world_->options.check_promises) CheckDurable(*shadow, *entry);
}

void Checkers::CheckDurable(const Shadow& shadow, const log::Entry& entry) {
  for (const auto& [at, configuration] : configurations_) {
    size_t voters = 0, holders = 0;
    for (const auto& member : configuration.members()) {
      if (member.learner()) continue;
      ++voters;
      const SimDisk* disk = disks_[SlotOf(member.id())];
      // What a lost disk had acknowledged is not known any more.
      holders += disk == nullptr || disk->id() != member.id() || !disk->intact() ||
                 disk->Holds(entry.index, entry.term);
    }
    if (holders >= voters / 2 + 1) return;
  }
  Fail("Promise: " + Name(shadow.view.id) + " takes entry " + At(entry.index, entry.term) +
       " as committed, which is not on the disks of a majority");
}

void Checkers::NoteLeader(log::Term term, log::MemberId id) {
  const auto [known, fresh] = leaders_.insert({term, id});
  if (!fresh && known->second != id) {
    Fail("Election safety: " + Name(id) + " and " + Name(known->second) + " lead in term " +
         std::to_string(term));
  }
}

void Checkers::CheckLeader(Shadow* shadow) {
  const log::RaftCore& core = *shadow->view.core;
  if (core.role() != log::Role::kLeader) return;
  if (core.term() != shadow->leader_of) {
    shadow->leader_of = core.term();
    ++world_->probes["leader elected"];
    NoteLeader(core.term(), shadow->view.id);
    CheckComplete(*shadow);
    if (!world_->options.check_leases) return;
    for (const auto& other : running_) {
      if (!other || other->view.slot == shadow->view.slot || !HoldsLease(*other)) continue;
      if (other->view.core->term() < core.term()) {
        Fail("Lease: " + Name(shadow->view.id) + " is elected while " + Name(other->view.id) +
             " holds a lease");
      }
    }
  }
  if (world_->options.check_leases) CheckLease(*shadow);
}

void Checkers::CheckComplete(const Shadow& shadow) {
  for (log::Index index = std::max<log::Index>(shadow.base + 1, 2); index <= committed(); ++index) {
    const log::Term term = committed_[index - 2]->term;
    // One that was elected before that, and is late to notice, need not have it.
    if (committed_in_[index - 2] >= shadow.leader_of || shadow.TermAt(index) == term) continue;
    return Fail("Leader completeness: " + Name(shadow.view.id) + " leads in term " +
                std::to_string(shadow.leader_of) + " without committed entry " + At(index, term));
  }
}

bool Checkers::HoldsLease(const Shadow& shadow) const {
  const log::RaftCore& core = *shadow.view.core;
  return core.role() == log::Role::kLeader &&
         shadow.view.clock->At(world_->heap.now()) < core.lease_until();
}

void Checkers::CheckLease(const Shadow& shadow) {
  if (!HoldsLease(shadow)) return;
  const log::Term newest = leaders_.rbegin()->first;
  if (newest > shadow.view.core->term()) {
    Fail("Lease: " + Name(shadow.view.id) + " holds one in term " +
         std::to_string(shadow.view.core->term()) + ", but there is a leader of term " +
         std::to_string(newest));
  }
}

void Checkers::State(int slot, log::Index index, uint64_t hash) {
  if (states_.size() <= index) states_.resize(index + 64);
  if (!states_[index]) {
    states_[index] = hash;
  } else if (*states_[index] != hash) {
    Fail("State machine safety: the state of slot " + std::to_string(slot) + " after entry " +
         std::to_string(index) + " differs from another's");
  }
}

std::vector<const log::Configuration*> Checkers::PossibleConfigurations() const {
  std::vector<const log::Configuration*> all;
  for (const auto& [at, configuration] : configurations_) all.push_back(&configuration);
  return all;
}

}  // namespace meseta::logsim
