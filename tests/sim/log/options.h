// LogSimOptions: everything that differs between two runs, drawn from the seed.
#pragma once

#include <cstdint>

#include "actors/base/time.h"
#include "state/log/raft_core.h"

namespace meseta::logsim {

// Deliberate bugs around the core; those inside it are overrides of log::Rules (mutants.h).
enum class Mutation {
  kNone,
  kForgetVote,      // The hard state's vote is not on the disk after a restart.
  kForgetSynced,    // A crash takes back the last write that was reported durable.
  kHideCorruption,  // A disk that lost entries is taken as it is, under its old id.
  kKeepIdentity,    // A replica whose disk was lost comes back empty under its old id.
  kReadUnapplied,   // Reads are answered before the state machine has caught up.
  kSkipRestore,     // An installed snapshot does not reach the state machine.
  kAnswerEarly,     // A command is acknowledged when it is proposed.
};

struct LogSimOptions {
  uint64_t seed = 0;

  // The cluster.
  int founders = 3;
  int spares = 1;  // Addresses that may join later.
  log::RaftOptions raft;
  int snapshot_every = 50;  // Entries applied between two snapshots.
  int keep_entries = 10;    // Behind a snapshot.
  size_t piece_bytes = 64;  // Of a snapshot.
  Duration apply_max;       // Until committed entries are applied; 0: at once.
  Duration turn;            // Replicas gather events that long before effects are taken; 0: never.

  // The clients.
  int clients = 3;
  int keys = 3;
  Duration think_max;
  Duration client_patience;  // Then an operation's outcome is unknown.
  double reads = 0.4;        // Of all operations; the others are puts and compare-and-swaps.
  size_t padding_max = 0;    // Bytes that make commands larger.

  // The network.
  Duration delay_min, delay_max;
  double slow = 0;  // Messages that take up to `slow_max` instead.
  Duration slow_max;
  double loss = 0;
  double duplicate = 0;
  bool ordered = false;  // Between two replicas messages do not overtake each other.

  // Disks and clocks.
  Duration write_min, write_max;
  double write_stall = 0;       // Writes that take ten times as long.
  double crash_at_storage = 0;  // Per storage call.
  double write_failure = 0;
  double keeps_unsynced = 0.5;  // Of each write that was under way when its machine went down.
  bool mirror = false;          // Disks are compared with log::MemoryStorage.
  double clock_skew = 0;        // Rates are 1 - x to 1 + x.
  uint64_t crash_at_call = 0;   // The storage call, counted over all replicas, that a crash meets.

  // Faults, and how often each comes (weights).
  Duration chaos;        // How long faults go on.
  Duration fault_every;  // Mean distance.
  Duration down_max;     // Of a replica.
  Duration cut_max;      // Of a partition.
  int crash = 3, crash_all = 1, pause = 1, cut_link = 2, isolate = 2, isolate_leader = 2, split = 2;
  int flap = 1, break_link = 1, corrupt = 1, wipe = 1, disk_full = 1, change = 3, transfer = 1;
  int burst = 1;  // Membership changes asked for at one time.
  // Calm: what is a bound on the time until everything works again.
  Duration calm_limit;

  // Checks of promises at the moment they are given (see checkers.h); without them a bug is found
  // by what comes of it.
  bool check_promises = true;
  bool check_leases = true;
  const log::Rules* rules = nullptr;  // Of the cores; nullptr: as they stand.
  Mutation mutation = Mutation::kNone;

  static LogSimOptions FromSeed(uint64_t seed);
};

}  // namespace meseta::logsim
