#include "tests/sim/log/options.h"

#include "actors/base/rng.h"

namespace meseta::logsim {
namespace {

// Draws that read well.
class Dice {
 public:
  explicit Dice(uint64_t seed) : rng_(seed) {}
  bool Chance(double p) { return rng_.Uniform() < p; }
  int Between(int low, int high) {
    return low + static_cast<int>(rng_.Below(static_cast<uint64_t>(high - low) + 1));
  }
  // A part of `unit`.
  Duration Part(Duration unit, double low, double high) {
    const double part = low + (high - low) * rng_.Uniform();
    return Duration::Nanos(static_cast<int64_t>(static_cast<double>(unit.nanos()) * part));
  }
  double Up(double high) { return high * rng_.Uniform(); }
  template <class T>
  T Pick(std::initializer_list<T> values) {
    return values.begin()[rng_.Below(values.size())];
  }

 private:
  Rng rng_;
};

// Time-outs, batches and windows of the core: tight ones reach more branches.
log::RaftOptions DrawRaft(Dice* dice) {
  log::RaftOptions raft;
  if (!dice->Chance(0.1)) {
    raft.election_min = Duration::Millis(dice->Between(60, 200));
    raft.election_max = dice->Part(raft.election_min, 1.3, 2.2);
    raft.heartbeat = dice->Part(raft.election_min, 0.12, 0.35);
    raft.retry = dice->Part(raft.election_min, 0.3, 2);
    raft.transfer_limit = dice->Part(raft.election_min, 1, 4);
  }
  raft.max_append_entries = dice->Pick<size_t>({1, 2, 4, 16, 1024});
  raft.max_append_bytes = dice->Pick<size_t>({1, 64, 512, 512 << 10});
  raft.max_inflight_appends = dice->Pick<size_t>({1, 2, 4, 64});
  raft.max_inflight_bytes = dice->Pick<size_t>({200, 2000, 8 << 20});
  raft.max_inflight_pieces = dice->Pick<size_t>({1, 2, 8});
  raft.max_uncommitted_entries = dice->Pick<size_t>({2, 20, 100'000});
  raft.max_uncommitted_bytes = dice->Pick<size_t>({100, 2000, 64 << 20});
  return raft;
}

void DrawWorkload(Dice* dice, LogSimOptions* o) {
  const Duration unit = o->raft.election_min;
  o->snapshot_every = dice->Pick({8, 20, 50, 10'000});
  o->keep_entries = dice->Pick({0, 3, 20});
  o->piece_bytes = dice->Pick<size_t>({24, 72, 300, 4096});
  o->turn = dice->Chance(0.5) ? Duration() : dice->Part(unit, 0.0002, 0.02);
  if (dice->Chance(0.3)) o->apply_max = dice->Part(unit, 0.01, 0.5);
  o->clients = dice->Between(2, 4);
  o->keys = dice->Between(1, 5);
  o->think_max = dice->Part(unit, 0.1, 1);
  o->client_patience = dice->Part(unit, 1, 5);
  o->reads = dice->Pick({0.2, 0.5, 0.7});
  o->padding_max = dice->Pick<size_t>({0, 50, 600});
}

void DrawNetwork(Dice* dice, LogSimOptions* o) {
  const Duration unit = o->raft.election_min;
  o->delay_min = Duration::Micros(50);
  o->delay_max = o->delay_min + dice->Part(unit, 0.01, 0.1);
  o->ordered = dice->Chance(0.4);
  if (dice->Chance(0.5)) {
    o->slow = dice->Up(0.1);
    o->slow_max = o->delay_max + dice->Part(unit, 0.1, 2);
  }
  if (dice->Chance(0.5)) o->loss = dice->Up(0.15);
  if (dice->Chance(0.4)) o->duplicate = dice->Up(0.15);
}

void DrawDisks(Dice* dice, LogSimOptions* o) {
  const Duration unit = o->raft.election_min;
  o->write_min = Duration::Micros(30);
  o->write_max = o->write_min + dice->Part(unit, 0.002, 0.1);
  if (dice->Chance(0.3)) o->write_stall = dice->Up(0.1);
  if (dice->Chance(0.4)) o->crash_at_storage = dice->Up(0.02);
  if (dice->Chance(0.2)) o->write_failure = dice->Up(0.01);
  o->keeps_unsynced = dice->Up(1);
  o->clock_skew = dice->Chance(0.3) ? 0 : dice->Up(0.45 * o->raft.max_clock_drift);
}

// Some kinds of faults are left out in some runs, so that others get further.
void DrawFaults(Dice* dice, LogSimOptions* o) {
  const Duration unit = o->raft.election_min;
  o->chaos = dice->Part(unit, 10, 30);
  o->fault_every = dice->Part(unit, 0.3, 4);
  o->down_max = dice->Part(unit, 0.3, 6);
  o->cut_max = dice->Part(unit, 0.5, 6);
  for (int* weight : {&o->crash, &o->crash_all, &o->pause, &o->cut_link, &o->isolate,
                      &o->isolate_leader, &o->split, &o->flap, &o->break_link, &o->corrupt,
                      &o->wipe, &o->disk_full, &o->change, &o->transfer}) {
    *weight = dice->Chance(0.3) ? 0 : *weight * dice->Between(1, 3);
  }
  o->burst = dice->Between(1, 3);
  o->calm_limit = o->raft.election_max * 100 + Duration::Seconds(5);
}

}  // namespace

LogSimOptions LogSimOptions::FromSeed(uint64_t seed) {
  Dice dice(seed * 2);
  LogSimOptions o;
  o.seed = seed;
  o.mirror = seed % 16 == 3;
  o.founders = dice.Pick({1, 3, 3, 3, 3, 3, 5, 5, 5, 7});
  o.spares = dice.Between(0, 2);
  o.raft = DrawRaft(&dice);
  DrawWorkload(&dice, &o);
  DrawNetwork(&dice, &o);
  DrawDisks(&dice, &o);
  DrawFaults(&dice, &o);
  return o;
}

}  // namespace meseta::logsim
