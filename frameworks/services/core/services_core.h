// ServicesCore: everything meseta-services decides. One for each term of leadership, made from the
// records of the store, destroyed with the term.
//
//   commands, offers, statuses, probe results, time --> ServicesCore --> Effects
//
// It joins the parts (catalog, deployments, instances, launch queue, health) by one rule: whatever
// touches an app makes it dirty, and at the end of the turn each dirty app is reconciled once: what
// it should be, what there is, what to kill, how many to launch. So the cost of a turn is that of
// what changed, and a failover needs nothing but the records.
//
// Invariants: an instance is recorded before its launch leaves, and until its task is known to have
// ended; a kill that was decided is repeated until then. Effects of one turn are performed in order,
// and none before `batch` and those of all earlier turns are durable.
//
// Pure: time, randomness and records come in. No failure of its own; refusals are answers.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "actors/base/rng.h"
#include "actors/base/time.h"
#include "actors/messages/v1.h"
#include "frameworks/services/core/commands.h"
#include "frameworks/services/events/event.h"
#include "frameworks/services/health/health_core.h"
#include "frameworks/services/launch/launch_queue.h"
#include "frameworks/services/store/records.h"
#include "frameworks/services/view/snapshot.h"

namespace meseta::services {

struct ServicesOptions {
  Defaults defaults;
  LaunchOptions launch;
  size_t max_running_deployments = 100;             // --max_running_deployments
  Duration kill_retry = Duration::Seconds(30);      // --kill_retry_timeout
  Duration launch_confirm = Duration::Seconds(300); // --task_launch_confirm_timeout: to STAGING
  Duration launch_timeout = Duration::Seconds(300); // --task_launch_timeout: to RUNNING
};

class ServicesCore {
 public:
  struct Effects {
    store::Batch batch;  // Durable before all of the rest.
    std::vector<std::pair<uint64_t, Answer<WriteDone>>> answers;  // By number of the request.
    // Without framework id; in order.
    std::vector<v1::scheduler::Call> calls;
    std::vector<v1::TaskStatus> acknowledge;
    std::vector<v1::TaskStatus> reconcile;           // Tasks to ask the master about.
    std::optional<std::set<std::string>> roles;      // The framework has other roles now.
    std::optional<std::set<std::string>> wanting;    // Roles that want offers; others: suppressed.
    std::set<std::string> revive;                    // Filters of these are to be dropped.
    std::vector<Probe> probes;
    std::vector<ServiceEvent> events;
    SnapshotPtr snapshot;                            // Null: as before.
    std::vector<std::string> warnings;               // Sentences for the log.
    std::optional<Time> wake_at;
  };

  ServicesCore(ServicesOptions options, Records records, uint64_t seed, Now now);
  ~ServicesCore();

  void Handle(uint64_t request, const ServicesCommand& command, Now now);
  void Subscribed(const std::string& framework_id, const std::string& master, bool again, Now now);
  void Disconnected(Now now);
  void HandleOffers(const std::vector<v1::Offer>& offers, Now now);
  void HandleStatus(const v1::TaskStatus& status, Now now);
  void HandleProbe(const ProbeResult& result, Now now);
  void Tick(Now now);

  // Reconciles what is dirty and returns what this turn came to.
  [[nodiscard]] Effects TakeEffects(Now now);

  // Known from the records; empty: never subscribed.
  [[nodiscard]] const std::string& framework_id() const;
  [[nodiscard]] std::set<std::string> Roles() const;
  [[nodiscard]] std::set<std::string> WantingRoles(Now now) const;
  // Tasks of all recorded instances, to be reconciled after a subscription.
  [[nodiscard]] std::vector<v1::TaskStatus> AllTasks() const;

 private:
  std::unique_ptr<struct CoreState> state_;
};

}  // namespace meseta::services
