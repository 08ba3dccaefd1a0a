// ServicesActor: carries ServicesCore for one term of leadership: the scheduler's session, writes of
// the store, and what waits for them.
//
// Effects of a turn wait until its write, and those of all turns before it, are durable; they are then
// performed in order: view, calls, acknowledgements, probes, events, answers. Nothing is performed once
// the lease is over or a write has failed: the term is over then, and the next is made from the store.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "actors/net/io_runtime.h"
#include "actors/net/transport.h"
#include "actors/runtime/core_shell.h"
#include "actors/runtime/published.h"
#include "frameworks/sdk/cpp/reconciler_core.h"
#include "frameworks/services/core/services_core.h"
#include "frameworks/services/daemon/services_event.h"
#include "frameworks/services/events/event_actor.h"
#include "frameworks/services/view/snapshot.h"
#include "state/store/store.h"

namespace meseta::services {

struct ServicesOutlets {
  const runtime::Clock* clock = nullptr;
  net::IoRuntime* io = nullptr;
  net::Transport* transport = nullptr;
  store::Store* store = nullptr;
  uint64_t term = 0;
  std::function<void(const std::string&)> step_down;  // The term cannot go on.
  std::function<void(const std::string&)> fatal;      // The process cannot.
  sdk::SchedulerOptions scheduler;                    // Without id, roles and suppressed roles.
  std::function<void(std::vector<Probe>)> probe;      // Results come as events.
  runtime::CoreRef<EventCommand> events;
  std::shared_ptr<runtime::Published<Snapshot>> view;
};

class ServicesActor : public runtime::Core<ServicesActorEvent> {
 public:
  // Turns whose effects wait for the disk; more end the term.
  static constexpr size_t kMaxPending = 100'000;

  ServicesActor(std::unique_ptr<ServicesCore> core, ServicesOutlets outlets, uint64_t seed);
  ~ServicesActor() override;
  void Turn(std::vector<ServicesActorEvent>& events, runtime::TurnContext& turn) override;

 private:
  using Effects = ServicesCore::Effects;
  struct Pending {
    uint64_t number = 0;
    bool durable = false;
    Effects effects;
  };

  void Handle(Begin& event, Now now);
  void Handle(AskCore& event, Now now);
  void Handle(StoreWritten& event, Now now);
  void Handle(ProbeResult& event, Now now);
  void Handle(sdk::SchedulerEvent& event, Now now);
  void Handle(const sdk::Subscribed& event, Now now);
  void Handle(const sdk::Disconnected& event, Now now);
  void Handle(const sdk::OffersArrived& event, Now now);
  void Handle(const sdk::StatusUpdated& event, Now now);
  void Handle(const sdk::CallRefused& event, Now now);
  void Handle(const sdk::Failed& event, Now now);
  template <class Other>
  void Handle(const Other&, Now) {}  // Of no meaning here.

  void StartScheduler(Now now);
  void Enqueue(Effects effects);
  void Release();
  void Perform(Effects& effects);
  void TellWishes(const Effects& effects);
  void Reconcile(sdk::ReconcilerCore::Effects effects);
  [[nodiscard]] bool Leads() const;

  const std::unique_ptr<ServicesCore> core_;
  const ServicesOutlets outlets_;
  sdk::ReconcilerCore reconciler_;
  std::unique_ptr<sdk::Scheduler> scheduler_;
  Begin self_;
  std::set<std::string> roles_;    // As the master was told.
  std::map<uint64_t, runtime::Reply<Answer<WriteDone>>> asked_;
  uint64_t next_request_ = 1;
  uint64_t next_write_ = 1;
  std::deque<Pending> pending_;
  std::optional<Time> reconcile_at_;
  bool over_ = false;  // A write failed, or the lease is gone.
};

}  // namespace meseta::services
