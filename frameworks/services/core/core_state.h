// CoreState: the parts of ServicesCore and what a turn has gathered so far. Its handlers are free
// functions, one subject a file; only services_core.cc makes one.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "actors/base/timer_queue.h"
#include "frameworks/services/core/services_core.h"
#include "frameworks/services/deploy/deployment_table.h"
#include "frameworks/services/deploy/plan.h"
#include "frameworks/services/instances/instance_core.h"
#include "frameworks/services/instances/instance_table.h"

namespace meseta::services {

struct CoreState {
  CoreState(ServicesOptions given, uint64_t seed, Now now)
      : options(std::move(given)),
        rng(seed),
        queue(options.launch, Rng(rng.Next())),
        health(Rng(rng.Next())),
        wall_start_ms(now.wall.nanos() / 1'000'000),
        mono_start(now.mono) {}

  // The time of records: as the wall clock at the term's beginning, then steady, so that a clock that
  // jumps moves no deadline.
  [[nodiscard]] int64_t Ms(Time mono) const {
    return wall_start_ms + (mono - mono_start).millis();
  }
  [[nodiscard]] Time MonoOf(int64_t ms) const {
    return mono_start + Duration::Millis(ms - wall_start_ms);
  }
  // Unique and rising.
  VersionMs NewVersion(int64_t now_ms);

  void Put(std::string key, const google::protobuf::Message& record);
  void Delete(std::string key);
  void Event(ServiceEvent event) { out.events.push_back(std::move(event)); }

  const ServicesOptions options;
  Rng rng;

  // ---- what is recorded
  internal::ServicesHeader header;
  Catalog catalog;
  std::deque<VersionMs> changes;  // Of the catalog's change records, oldest first.
  DeploymentTable deployments;
  InstanceTable instances;
  SharedMap<Path, FailurePtr> failures;
  std::map<std::string, int> roles;  // Of apps; how many have it.

  // ---- what is known for this term only
  LaunchQueue queue;
  HealthCore health;
  TimerQueue<std::string> instance_timers;  // OnTime, by instance.
  TimerQueue<std::string> kill_timers;      // To repeat a kill, by instance.
  TimerQueue<std::string> launch_timers;    // A launch that is not confirmed, by instance.
  std::set<std::string> wanting;            // As the master was told last.
  bool wanting_told = false;                // Since the subscription.
  bool connected = false;
  std::string master;

  // ---- the view, as of the last snapshot
  SharedMap<std::string, std::shared_ptr<const InstanceHealth>> health_view;
  SharedMap<Path, WaitingPtr> waiting_view;
  SharedMap<std::string, DeploymentPtr> deployments_view;
  SharedMap<Path, std::string> deployment_of_view;
  uint64_t snapshots = 0;
  bool view_changed = true;

  // ---- this turn
  std::set<Path> dirty;
  ServicesCore::Effects out;

  const int64_t wall_start_ms;
  const Time mono_start;
};

// ---- commands.cc
void HandleCommand(CoreState& state, uint64_t request, const ServicesCommand& command, Time now);
// Starts what `changed` asks for; also for rollbacks of our own.
WriteDone Commit(CoreState& state, Changed changed, const std::string& rolls_back, VersionMs version,
                 bool force, int64_t now_ms);

// ---- instances.cc
// Records what has become of an instance, and tells.
void Apply(CoreState& state, const InstanceChange& change, Time now);
void HandleStatusUpdate(CoreState& state, const v1::TaskStatus& status, Time now);
void Kill(CoreState& state, const InstancePtr& instance, const std::string& reason, Time now);
void HandleInstanceTimers(CoreState& state, Time now);
void ArmInstance(CoreState& state, const Instance& instance, Time now);

// ---- offers.cc
void UseOffers(CoreState& state, const std::vector<v1::Offer>& offers, Time now);
void SettleOfferWishes(CoreState& state, Time now);

// ---- settle.cc
// Reconciles every dirty app.
void Settle(CoreState& state, Now now);
void Follow(CoreState& state, DeploymentTable::Progress progress, Time now);
void Perform(CoreState& state, HealthCore::Effects effects, Time now);

// ---- view.cc
[[nodiscard]] SnapshotPtr MakeSnapshot(CoreState& state);

}  // namespace meseta::services
