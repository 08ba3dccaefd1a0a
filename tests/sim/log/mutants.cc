#include "tests/sim/log/mutants.h"

#include <algorithm>

namespace meseta::logsim {
namespace {

// --- Broken rules ---

class VotesTwice : public log::Rules {
  bool VoteIsFree(log::MemberId, log::MemberId) const override { return true; }
};

class VotesForAnyLog : public log::Rules {
  bool LogIsUpToDate(log::Term, log::Index, log::Term, log::Index) const override { return true; }
};

class VotesDuringLease : public log::Rules {
  bool MayVoteNow(Duration, Duration) const override { return true; }
};

class SkipsFsync : public log::Rules {
  bool WaitsForDisk() const override { return false; }
};

class AppendsAnywhere : public log::Rules {
  bool EntryMatches(log::Term, log::Term) const override { return true; }
};

class CommitsOldTerms : public log::Rules {
  bool MayCommit(log::Term, log::Term) const override { return true; }
};

class SmallQuorum : public log::Rules {
  size_t Quorum(size_t voters) const override { return std::max<size_t>(1, voters / 2); }
};

class FollowerCommitsAll : public log::Rules {
  log::Index FollowerCommit(log::Index leader_commit, log::Index) const override {
    return leader_commit;
  }
};

class ManyChangesAtOnce : public log::Rules {
  bool MayChangeMembers(bool, bool) const override { return true; }
};

class LeaseNeverEnds : public log::Rules {
  bool LeaseHolds(Time, Time, bool) const override { return true; }
};

class LeaseBeforeFirstCommit : public log::Rules {
  bool LeaseHolds(Time now, Time lease_until, bool) const override { return now < lease_until; }
};

class TakesOldTerms : public log::Rules {
  bool TermIsStale(log::Term, log::Term) const override { return false; }
};

class NoLeases : public log::Rules {
  bool LeaseHolds(Time, Time, bool) const override { return false; }
};

class CountsOldProbes : public NoLeases {
  bool ProbeConfirmsRead(uint64_t, uint64_t) const override { return true; }
};

template <class T>
const log::Rules* One() {
  static const T kRules;
  return &kRules;
}

// --- Kinds of runs ---

// Nobody comes or goes, no disk is lost.
void SameMembers(LogSimOptions* o) {
  o->change = o->wipe = o->corrupt = 0;
  o->spares = 0;
  o->founders = std::max(o->founders, 3);
}

void ManyElections(LogSimOptions* o) {
  SameMembers(o);
  o->fault_every = o->raft.election_min / 2;
  o->isolate_leader = 6;
  o->crash = o->split = o->cut_link = 3;
  o->cut_max = o->raft.election_min * 3;
  o->down_max = o->raft.election_min * 2;
}

// What was said in an old term arrives in a newer one.
void LateMessages(LogSimOptions* o) {
  ManyElections(o);
  o->ordered = false;
  o->slow = 0.2;
  o->slow_max = o->raft.election_min * 4;
  o->duplicate = 0.1;
  o->loss = 0;
  o->break_link = o->crash = o->crash_all = 0;
}

void ManyCrashes(LogSimOptions* o) {
  ManyElections(o);
  o->crash = o->crash_all = 8;
  o->keeps_unsynced = 0;
  o->write_max = o->raft.election_min / 10;
}

// Entries one by one, so that old ones are on a majority before the new term's first.
void OneByOne(LogSimOptions* o) {
  ManyElections(o);
  o->founders = 5;
  o->raft.max_append_entries = 1;
  o->raft.max_inflight_appends = 1;
  o->raft.max_uncommitted_entries = 100'000;
  o->raft.max_uncommitted_bytes = 64 << 20;
  o->snapshot_every = 10'000;
  o->delay_max = o->raft.election_min / 6;
  o->think_max = o->raft.election_min / 10;
  o->reads = 0.1;
  o->chaos = o->raft.election_min * 60;
}

void ManyReads(LogSimOptions* o) {
  ManyElections(o);
  o->keys = 1;
  o->reads = 0.7;
  o->think_max = o->raft.election_min / 10;
  o->clients = 4;
}

void CutLinks(LogSimOptions* o) {
  ManyElections(o);
  o->founders = 3;
  o->cut_link = 12;
  o->crash = o->crash_all = o->pause = o->isolate_leader = o->isolate = o->split = 0;
  o->chaos = o->raft.election_min * 40;
}

void LateApplies(LogSimOptions* o) {
  ManyReads(o);
  o->apply_max = o->raft.election_min / 5;
}

void ManyPauses(LogSimOptions* o) {
  ManyReads(o);
  o->pause = 12;
}

// Clocks that run as they like: a deposed leader may think for long that it leads.
void WildClocks(LogSimOptions* o) {
  ManyReads(o);
  o->founders = 3;
  o->crash = o->crash_all = o->pause = o->isolate = o->split = o->cut_link = o->flap = 0;
  o->fault_every = o->raft.election_min * 3;
  o->cut_max = o->raft.election_min * 8;
  o->chaos = o->raft.election_min * 40;
  o->clock_skew = 0.5;
  o->raft.max_clock_drift = -3;
  o->check_leases = false;
}

void ManyChanges(LogSimOptions* o) {
  ManyElections(o);
  o->founders = 5;
  o->change = 20;
  o->burst = 3;
  o->split = 8;
  o->chaos = o->raft.election_min * 40;
}

void LostDisks(LogSimOptions* o) {
  ManyElections(o);
  o->founders = 3;
  o->crash = 6;
  o->corrupt = o->wipe = 10;
}

void ManySnapshots(LogSimOptions* o) {
  ManyElections(o);
  o->snapshot_every = 8;
  o->keep_entries = 0;
}

std::vector<Mutant> MakeMutants() {
  const std::vector<std::string> lost = {"Leader completeness", "State machine safety",
                                         "Linearizability", "Commit"};
  std::vector<std::string> split = lost;
  split.push_back("Election safety");
  split.push_back("Log matching");
  return {
      {"VotesTwice", One<VotesTwice>(), Mutation::kNone, ManyElections, {"Election safety"}},
      {"VotesForAnyLog",
       One<VotesForAnyLog>(),
       Mutation::kNone,
       ManyElections,
       {"Leader completeness"}},
      {"VotesDuringLease", One<VotesDuringLease>(), Mutation::kNone, CutLinks, {"Lease"}},
      {"SkipsFsync", One<SkipsFsync>(), Mutation::kNone, ManyCrashes, split},
      {"AppendsAnywhere",
       One<AppendsAnywhere>(),
       Mutation::kNone,
       ManyElections,
       {"Log matching", "State machine safety"}},
      {"CommitsOldTerms", One<CommitsOldTerms>(), Mutation::kNone, OneByOne, lost, 6000},
      {"SmallQuorum", One<SmallQuorum>(), Mutation::kNone, ManyElections, split},
      {"FollowerCommitsAll",
       One<FollowerCommitsAll>(),
       Mutation::kNone,
       OneByOne,
       {"State machine safety", "Commit"}},
      {"ManyChangesAtOnce", One<ManyChangesAtOnce>(), Mutation::kNone, ManyChanges, split, 3000},
      {"LeaseNeverEnds", One<LeaseNeverEnds>(), Mutation::kNone, ManyPauses, {"Linearizability"}},
      {"LeaseBeforeFirstCommit",
       One<LeaseBeforeFirstCommit>(),
       Mutation::kNone,
       ManyReads,
       {"Linearizability"}},
      {"TakesOldTerms", One<TakesOldTerms>(), Mutation::kNone, LateMessages, split},
      {"CountsOldProbes", One<CountsOldProbes>(), Mutation::kNone, WildClocks, {"Linearizability"}},
      {"ForgetsVote", nullptr, Mutation::kForgetVote, ManyCrashes, {"Election safety"}, 3000},
      {"ForgetsSyncedWrites", nullptr, Mutation::kForgetSynced, ManyCrashes, lost},
      {"HidesCorruption", nullptr, Mutation::kHideCorruption, LostDisks, lost},
      {"KeepsIdentityOfLostDisk", nullptr, Mutation::kKeepIdentity, LostDisks, split},
      {"ReadsUnapplied", nullptr, Mutation::kReadUnapplied, LateApplies, {"Linearizability"}},
      {"SkipsRestore", nullptr, Mutation::kSkipRestore, ManySnapshots, {"State machine safety"}},
      {"AnswersEarly", nullptr, Mutation::kAnswerEarly, ManyReads, {"Linearizability"}},
  };
}

}  // namespace

const std::vector<Mutant>& AllMutants() {
  static const std::vector<Mutant> kMutants = MakeMutants();
  return kMutants;
}

LogSimOptions OptionsOf(const Mutant& mutant, uint64_t seed) {
  LogSimOptions options = LogSimOptions::FromSeed(seed);
  options.rules = mutant.rules;
  options.mutation = mutant.mutation;
  options.check_promises = false;
  options.mirror = false;
  if (mutant.tune != nullptr) mutant.tune(&options);
  return options;
}

LogSimOptions WithoutLeases(uint64_t seed) {
  LogSimOptions options = LogSimOptions::FromSeed(seed);
  options.rules = One<NoLeases>();
  WildClocks(&options);
  return options;
}

}  // namespace meseta::logsim
