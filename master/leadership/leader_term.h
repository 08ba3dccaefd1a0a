// LeaderTerm: the actors of one term of leadership, fresh from the registry: master core, allocator,
// view and event streams. Nothing of them is left after End().
//
//   HTTP threads -> master actor -> store (replicated log) -> RegistryWritten back
//                        |  \-----> allocator actor -> proposals back
//                        |  \-----> view actor -> snapshots -> GETs on the render pool
//                        \--------> stream actor -> event streams
//
// Made and ended on the leadership actor's thread. Late effects: the master actor performs none after
// the lease (master_actor.h). Requests that wait when the term ends are answered 503, streams are
// closed, so that their schedulers look for the new leader.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "actors/metrics/registry.h"
#include "actors/net/transport.h"
#include "actors/runtime/core_shell.h"
#include "master/api/leadership.h"
#include "master/master_actor.h"
#include "master/master_flags.h"
#include "state/store/store.h"

namespace meseta::master {

// What a term uses of its process; all of it outlives the term.
struct TermContext {
  runtime::ActorSystem* actors = nullptr;
  net::Transport* transport = nullptr;
  metrics::Registry* metrics = nullptr;
  store::Store* store = nullptr;
  MasterOptions core;
  ViewCore::Options view;
  AllocatorOptions allocator;
  std::shared_ptr<MasterCounts> counts;
  std::string pid;  // name@host:port of the master's actor.
  MasterRecord record;  // Of this term: `info.id` is fresh, `elected` is now.
  // The term cannot go on, with a sentence. Any thread, perhaps more than once.
  std::function<void(const std::string&)> failed;
};

class LeaderTerm {
 public:
  LeaderTerm(const TermContext& context, uint64_t term, registry::RegistryState registry);
  ~LeaderTerm();  // End()s.
  LeaderTerm(const LeaderTerm&) = delete;
  LeaderTerm& operator=(const LeaderTerm&) = delete;

  // Waits for turns that run. Idempotent.
  void End();

  [[nodiscard]] const TermPtr& refs() const { return refs_; }
  // Any thread, also after End().
  [[nodiscard]] Duration core_lag() const { return master_->stats().lag; }
  [[nodiscard]] size_t allocator_queue() const { return allocator_->stats().queued; }

 private:
  // To the master's actor, from actors that start before it: what comes earlier waits.
  class MasterInbox;

  void StartView(const TermContext& context);
  void StartAllocator(const TermContext& context);
  void StartMaster(const TermContext& context, uint64_t term, registry::RegistryState registry);
  [[nodiscard]] TermPtr MakeRefs(const TermContext& context, uint64_t term) const;

  const std::shared_ptr<runtime::Published<Snapshot>> published_;
  const std::shared_ptr<MasterInbox> to_master_;
  const std::shared_ptr<std::atomic<bool>> ended_;  // For refs that outlive the term.
  std::unique_ptr<runtime::CoreShell<ViewBatch>> viewer_;
  std::unique_ptr<runtime::CoreShell<LedgerDeltas>> allocator_;
  std::unique_ptr<runtime::CoreShell<StreamCommand>> streams_;
  std::unique_ptr<runtime::CoreShell<MasterEvent>> master_;
  TermPtr refs_;
};

}  // namespace meseta::master
