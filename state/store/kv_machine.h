// KvMachine: KvState as the replicated log's state machine, with a published view for readers.
//
// Thread: the replica's, except Local(), snapshot sources and sinks' Add().
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "actors/runtime/published.h"
#include "state/log/state_machine.h"
#include "state/store/kv_state.h"

namespace meseta::store {

// What a run of entries changed; or, after a snapshot was installed, what the state now is.
struct KvRun {
  std::vector<KvRecord> records;
  SnapshotPtr reset;
};

class KvMachine final : public log::StateMachine {
 public:
  // `on_run` is told on the replica's thread, after the view is published; only hands on.
  explicit KvMachine(std::function<void(KvRun)> on_run);

  std::string Apply(const log::Entry& command) override;
  void Applied(log::Index index) override;
  std::unique_ptr<log::SnapshotSource> Snapshot() override;
  std::unique_ptr<log::SnapshotSink> Restore() override;

  // Any thread. As of the last run.
  [[nodiscard]] SnapshotPtr Local() const { return published_.Get(); }
  // As of the last command applied: for answers that leave before the run's end.
  SnapshotPtr PublishNow();

 private:
  class Sink;
  void Install(KvContent content, log::Index index);

  const std::function<void(KvRun)> on_run_;
  KvState state_;
  KvRun run_;
  log::Index applied_ = 0;
  bool dirty_ = false;  // Applied since the last view.
  runtime::Published<store::Snapshot> published_;
};

}  // namespace meseta::store
