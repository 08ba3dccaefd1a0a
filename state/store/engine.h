// StoreEngine: everything of a Store but its replica, so that tests can put another log under it.
//
// A write is encoded on the caller's thread. When nothing else is under way, it is proposed from there
// at once; else it goes to the store's thread, which gathers what waits into one command while up to
// kMaxCommands are under way: many concurrent writers then share entries of the log. Batches beyond
// kChunk are uploaded in pieces first, one upload at a time. Writes of one thread take effect in the
// order asked, except that small ones may overtake one that is uploaded.
//
// Threads: writes from any; answers on the log's; watchers are told on the store's own thread, so
// that they cost the log nothing.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "actors/runtime/core_shell.h"
#include "actors/runtime/inbox.h"
#include "actors/runtime/reply.h"
#include "state/log/replica.h"
#include "state/store/kv_machine.h"
#include "state/store/watches.h"
#include "state/store/write_queue.h"

namespace meseta::store {

// The part of log::Replica that the store stands on.
class Proposer {
 public:
  virtual ~Proposer() = default;
  virtual void Propose(std::string command, std::optional<log::Term> term,
                       runtime::Reply<log::Applied> reply) = 0;
  virtual void ReadBarrier(runtime::Reply<log::Index> reply) = 0;
};

class StoreEngine {
 public:
  static constexpr size_t kMaxWatches = 10'000;

  // `name`: of its thread.
  StoreEngine(runtime::ActorSystem& system, const std::string& name, Watches::Limits limits);
  ~StoreEngine();  // Stop()s.

  // REQUIRES: before the first write or read; outlives Stop().
  void Attach(Proposer* proposer) { proposer_ = proposer; }
  [[nodiscard]] KvMachine* machine() { return &machine_; }
  // After the proposer has stopped: what waits is answered Unavailable.
  void Stop();

  void Write(const Batch& batch, WriteOptions options, runtime::Reply<Version> reply);
  void Read(runtime::Reply<SnapshotPtr> reply);
  [[nodiscard]] SnapshotPtr Local() const { return machine_.Local(); }
  WatchId Watch(std::string prefix, Version after, std::function<void(WatchEvent)> on_event);
  void Unwatch(WatchId watch);

 private:
  static constexpr size_t kMaxQueuedEvents = 1'000'000;
  static constexpr size_t kMaxQueuedRuns = 10'000;
  static constexpr size_t kRunsPerWake = 64;  // Without watches.
  static constexpr size_t kMaxQueuedBytes = size_t{1} << 30;  // Of writes not yet answered.

  // Writes or runs wait for this thread.
  struct Wake {};
  struct CommandDone {};
  struct PieceDone {
    uint64_t upload = 0;
    Status status;
  };
  struct AddWatch {
    WatchId id = 0;
    std::string prefix;
    Version after = 0;
    Watches::Callback on_event;
  };
  struct RemoveWatch {
    WatchId id = 0;
  };
  using Event = std::variant<Wake, CommandDone, PieceDone, AddWatch, RemoveWatch>;

  // On the store's thread.
  void Turn(std::vector<Event>& events);
  void Handle(Wake&) {}
  void Handle(CommandDone& event);
  void Handle(PieceDone& event);
  void Handle(AddWatch& event);
  void Handle(RemoveWatch& event);
  void TakeRuns();
  // False: none were waiting.
  bool TakeWrites();
  void Pump();

  // Any thread.
  void ProposeCommand(WriteCommand command, bool gathered);
  void OnRun(KvRun run);  // The log's thread.

  Proposer* proposer_ = nullptr;
  std::atomic<uint32_t> busy_{0};    // Writes not yet answered.
  std::atomic<size_t> busy_bytes_{0};
  std::atomic<WatchId> next_watch_{1};
  std::atomic<size_t> watches_count_{0};

  // To the store's thread, which is woken no more often than it pays: threads that are woken for one
  // write each are most of what many small writes cost.
  runtime::Inbox<QueuedWrite> writes_;
  std::atomic<size_t> waiting_{0};     // In writes_, or soon.
  std::atomic<size_t> under_way_{0};   // Commands whose end wakes the store's thread.
  std::atomic<size_t> wake_at_{0};     // So many waiting writes do, too.
  runtime::Inbox<KvRun> runs_;
  bool runs_lost_ = false;             // The log's thread, as the next: watchers missed a run.
  size_t runs_unsaid_ = 0;

  WriteQueue queue_;                   // The store's thread, as the next.
  std::vector<QueuedWrite> taken_;
  Watches watches_;

  KvMachine machine_;
  runtime::CoreShell<Event> shell_;
  runtime::CoreRef<Event> self_;
};

}  // namespace meseta::store
