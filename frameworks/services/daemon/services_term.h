// ServicesTerm: the actors of one term of leadership, fresh from the store: the core's, that of event
// streams, and the prober. Nothing of them is left after End(): requests that wait are answered 503,
// streams are closed, so that their listeners look for the new leader.
//
// Made and ended on the leadership actor's thread.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "actors/net/io_runtime.h"
#include "actors/runtime/actor_system.h"
#include "actors/runtime/core_shell.h"
#include "frameworks/services/api/services_api.h"
#include "frameworks/services/daemon/services_actor.h"
#include "frameworks/services/health/prober.h"
#include "frameworks/services/store/records.h"

namespace meseta::services {

// What a term uses of its process; all of it outlives the term.
struct TermContext {
  runtime::ActorSystem* actors = nullptr;
  net::IoRuntime* io = nullptr;
  net::Transport* transport = nullptr;
  store::Store* store = nullptr;
  ServicesOptions options;
  sdk::SchedulerOptions scheduler;
  std::function<void(const std::string&)> failed;  // The term cannot go on. Any thread.
  std::function<void(const std::string&)> fatal;   // The process cannot.
};

class ServicesTerm {
 public:
  static Result<std::unique_ptr<ServicesTerm>> Begin(const TermContext& context, uint64_t term,
                                                     Records records);
  ~ServicesTerm();  // End()s.
  ServicesTerm(const ServicesTerm&) = delete;
  ServicesTerm& operator=(const ServicesTerm&) = delete;

  // Waits for turns that run. Idempotent.
  void End();
  [[nodiscard]] const TermPtr& refs() const { return refs_; }
  [[nodiscard]] Duration core_lag() const { return core_->stats().lag; }

 private:
  explicit ServicesTerm(std::unique_ptr<Prober> prober);
  // Sets `core_ref` before anything can use it.
  void Start(const TermContext& context, uint64_t term, Records records,
             runtime::CoreRef<ServicesActorEvent>* core_ref);

  const std::shared_ptr<runtime::Published<Snapshot>> view_;
  const std::shared_ptr<std::atomic<bool>> ended_;  // For refs that outlive the term.
  std::unique_ptr<Prober> prober_;
  std::unique_ptr<runtime::CoreShell<EventCommand>> events_;
  std::unique_ptr<runtime::CoreShell<ServicesActorEvent>> core_;
  TermPtr refs_;
};

}  // namespace meseta::services
