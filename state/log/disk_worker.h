// DiskWorker: the thread of a replica's disk. Takes what is queued, all at once: the writes among it
// share one sync.
//
// Jobs run in the order given, except that writes overtake a snapshot in the making, one piece of
// which goes with each group. After a failed write every further one fails, until Reopen.
//
// Thread: any may submit; completions come on the worker's thread and only hand on.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "actors/base/status.h"
#include "actors/metrics/metrics.h"
#include "actors/runtime/batch_worker.h"
#include "state/log/state_machine.h"
#include "state/log/storage.h"

namespace meseta::log {

class DiskWorker {
 public:
  static constexpr size_t kMaxWaiting = 1'000'000;
  static constexpr size_t kMaxGroup = 4096;
  static constexpr size_t kMaxGroupBytes = size_t{16} << 20;

  struct Opened {
    std::unique_ptr<Storage> storage;
    Recovered recovered;
  };
  // Opens the directory and loads what is in it, checked.
  using Opener = std::function<Result<Opened>()>;

  struct Callbacks {
    std::function<void(uint64_t number, Status status)> written;  // The last number of a group.
    std::function<void(uint64_t asked, Result<std::string> data)> piece_read;
    // `meta` with chunks, bytes and checksum.
    std::function<void(SnapshotMeta meta, Status status)> snapshot_stored;
    std::function<void(SnapshotMeta meta, std::unique_ptr<SnapshotSink> sink, Status status)> loaded;
    std::function<void(Result<Recovered>)> reopened;
    std::function<void(const std::string& sentence)> failed;  // Our own code threw.
  };

  DiskWorker(std::string name, std::unique_ptr<Storage> storage, Opener opener, Callbacks callbacks,
             std::shared_ptr<metrics::Timer> sync_time);
  ~DiskWorker();

  Status Write(std::vector<LogWrite> writes);
  // `asked` comes back with the answer.
  Status ReadPiece(uint64_t asked, Index snapshot, uint32_t number);
  // Stores the pieces of `source` under meta.index(), a piece at a time. One at once.
  Status StoreSnapshot(SnapshotMeta meta, std::unique_ptr<SnapshotSource> source);
  // Reads the stored snapshot into `sink`.
  Status LoadSnapshot(SnapshotMeta meta, std::unique_ptr<SnapshotSink> sink);
  Status Reopen();
  // Ends after what was accepted; an unfinished snapshot is left.
  void Stop();

 private:
  struct WriteJob { LogWrite write; };
  struct PieceJob { uint64_t asked; Index snapshot; uint32_t number; };
  struct StoreJob { SnapshotMeta meta; std::unique_ptr<SnapshotSource> source; };
  struct LoadJob { SnapshotMeta meta; std::unique_ptr<SnapshotSink> sink; };
  struct ReopenJob {};
  struct NextPieceJob {};  // Keeps the worker awake while a snapshot is being stored.
  using Job = std::variant<WriteJob, PieceJob, StoreJob, LoadJob, ReopenJob, NextPieceJob>;

  // The snapshot in the making.
  struct Making {
    SnapshotMeta meta;
    std::unique_ptr<SnapshotSource> source;
  };

  void Handle(std::vector<Job>& jobs);
  void Do(WriteJob& job);
  void Do(PieceJob& job);
  void Do(StoreJob& job);
  void Do(LoadJob& job);
  void Do(ReopenJob& job);
  void Do(NextPieceJob& job);
  // Writes the group gathered so far, with a piece of the snapshot in the making.
  void Flush();
  void AddPiece();
  Status Load(const SnapshotMeta& meta, SnapshotSink* sink);

  std::unique_ptr<Storage> storage_;  // Null while it cannot be opened.
  const Opener opener_;
  const Callbacks callbacks_;
  const std::shared_ptr<metrics::Timer> sync_time_;
  std::vector<LogWrite> group_;
  size_t group_bytes_ = 0;
  std::optional<Making> making_;
  bool piece_queued_ = false;  // A NextPieceJob is on its way.
  std::unique_ptr<runtime::BatchWorker<Job>> worker_;
};

}  // namespace meseta::log
