#include "state/store/kv_machine.h"

#include <utility>

#include "state/store/kv_snapshot.h"

namespace meseta::store {

class KvMachine::Sink : public log::SnapshotSink {
 public:
  explicit Sink(KvMachine* machine) : machine_(machine) {}
  Status Add(std::string_view piece) override { return reader_.Add(piece); }
  Status Install(log::Index index) override {
    ASSIGN_OR_RETURN(KvContent content, reader_.Finish());
    machine_->Install(std::move(content), index);
    return OkStatus();
  }

 private:
  KvMachine* const machine_;
  KvSnapshotReader reader_;
};

KvMachine::KvMachine(std::function<void(KvRun)> on_run) : on_run_(std::move(on_run)) {
  published_.Set(state_.View());
}

std::string KvMachine::Apply(const log::Entry& command) {
  KvState::Outcome outcome = state_.Apply(command.index, command.term, command.payload);
  applied_ = command.index;
  dirty_ = true;
  if (!outcome.changes.empty()) {
    KvRecord record;
    record.version = command.index;
    record.changes = std::move(outcome.changes);
    run_.records.push_back(std::move(record));
  }
  return std::move(outcome.results);
}

SnapshotPtr KvMachine::PublishNow() {
  if (dirty_) {
    state_.Advance(applied_);
    published_.Set(state_.View());
    dirty_ = false;
  }
  return published_.Get();
}

void KvMachine::Applied(log::Index index) {
  dirty_ = dirty_ || index > applied_;
  applied_ = index;
  PublishNow();
  if (run_.records.empty()) return;
  on_run_(std::exchange(run_, KvRun{}));
}

std::unique_ptr<log::SnapshotSource> KvMachine::Snapshot() {
  return std::make_unique<KvSnapshotWriter>(state_.Freeze());
}

std::unique_ptr<log::SnapshotSink> KvMachine::Restore() { return std::make_unique<Sink>(this); }

void KvMachine::Install(KvContent content, log::Index index) {
  state_.Replace(std::move(content), index);
  applied_ = index;
  dirty_ = true;
  run_ = KvRun{};
  run_.reset = PublishNow();
  on_run_(std::exchange(run_, KvRun{}));
}

}  // namespace meseta::store
