#include "state/log/disk_worker.h"

#include <optional>

#include "actors/base/crc32c.h"
#include "actors/runtime/clock.h"

namespace meseta::log {
namespace {

size_t BytesOf(const LogWrite& write) {
  size_t bytes = 64;
  for (const EntryPtr& entry : write.append) bytes += entry->payload.size() + 32;
  for (const SnapshotPiece& piece : write.pieces) bytes += piece.data.size();
  return bytes;
}

}  // namespace

DiskWorker::DiskWorker(std::string name, std::unique_ptr<Storage> storage, Opener opener,
                       Callbacks callbacks, std::shared_ptr<metrics::Timer> sync_time)
    : storage_(std::move(storage)),
      opener_(std::move(opener)),
      callbacks_(std::move(callbacks)),
      sync_time_(std::move(sync_time)) {
  worker_ = std::make_unique<runtime::BatchWorker<Job>>(
      std::move(name), kMaxWaiting, kMaxGroup, [this](std::vector<Job>& jobs) { Handle(jobs); },
      callbacks_.failed);
}

DiskWorker::~DiskWorker() { Stop(); }

void DiskWorker::Stop() {
  if (worker_) worker_->Stop();
}

Status DiskWorker::Write(std::vector<LogWrite> writes) {
  std::vector<Job> jobs;
  jobs.reserve(writes.size());
  for (LogWrite& write : writes) jobs.push_back(WriteJob{std::move(write)});
  return worker_->SubmitBatch(std::move(jobs));
}

Status DiskWorker::ReadPiece(uint64_t asked, Index snapshot, uint32_t number) {
  return worker_->Submit(PieceJob{asked, snapshot, number});
}

Status DiskWorker::StoreSnapshot(SnapshotMeta meta, std::unique_ptr<SnapshotSource> source) {
  return worker_->Submit(StoreJob{std::move(meta), std::move(source)});
}

Status DiskWorker::LoadSnapshot(SnapshotMeta meta, std::unique_ptr<SnapshotSink> sink) {
  return worker_->Submit(LoadJob{std::move(meta), std::move(sink)});
}

Status DiskWorker::Reopen() { return worker_->Submit(ReopenJob{}); }

void DiskWorker::Handle(std::vector<Job>& jobs) {
  for (Job& job : jobs) {
    if (!std::holds_alternative<WriteJob>(job)) Flush();
    std::visit([this](auto& each) { Do(each); }, job);
  }
  Flush();
  if (making_ && !piece_queued_) {
    // Refused only at the end, when the snapshot is given up anyway.
    piece_queued_ = worker_->Submit(NextPieceJob{}).ok();
  }
}

void DiskWorker::Do(WriteJob& job) {
  group_bytes_ += BytesOf(job.write);
  group_.push_back(std::move(job.write));
  if (group_bytes_ >= kMaxGroupBytes) Flush();
}

void DiskWorker::Do(PieceJob& job) {
  if (storage_ == nullptr) {
    callbacks_.piece_read(job.asked, Unavailable("The log is not open"));
    return;
  }
  callbacks_.piece_read(job.asked, storage_->ReadPiece(job.snapshot, job.number));
}

void DiskWorker::Do(StoreJob& job) {
  making_ = Making{std::move(job.meta), std::move(job.source)};
  making_->meta.set_chunks(0);
  making_->meta.set_bytes(0);
  making_->meta.set_checksum(0);
}

void DiskWorker::Do(NextPieceJob&) {
  piece_queued_ = false;
  if (!making_) return;
  LogWrite nothing;  // Gives the piece a group to go with.
  group_.push_back(std::move(nothing));
  Flush();
}

void DiskWorker::Do(LoadJob& job) {
  Status status = Load(job.meta, job.sink.get());
  callbacks_.loaded(std::move(job.meta), std::move(job.sink), std::move(status));
}

Status DiskWorker::Load(const SnapshotMeta& meta, SnapshotSink* sink) {
  if (storage_ == nullptr) return Unavailable("The log is not open");
  uint32_t checksum = 0;
  for (uint32_t number = 0; number < meta.chunks(); ++number) {
    ASSIGN_OR_RETURN(const std::string piece, storage_->ReadPiece(meta.index(), number));
    checksum = Crc32c(piece, checksum);
    RETURN_IF_ERROR(sink->Add(piece));
  }
  if (checksum != meta.checksum()) {
    return DataLoss("The snapshot at " + std::to_string(meta.index()) +
                    " has another checksum than when it was written");
  }
  return OkStatus();
}

void DiskWorker::Do(ReopenJob&) {
  making_.reset();
  storage_.reset();  // Its lock has to go first.
  auto opened = opener_();
  if (!opened.ok()) {
    callbacks_.reopened(opened.status());
    return;
  }
  storage_ = std::move(opened->storage);
  callbacks_.reopened(std::move(opened->recovered));
}

void DiskWorker::AddPiece() {
  SnapshotPiece piece;
  if (!making_->source->Next(&piece.data)) {
    callbacks_.snapshot_stored(std::move(making_->meta), OkStatus());
    making_.reset();
    return;
  }
  SnapshotMeta& meta = making_->meta;
  piece.snapshot = meta.index();
  piece.number = meta.chunks();
  meta.set_chunks(meta.chunks() + 1);
  meta.set_bytes(meta.bytes() + piece.data.size());
  meta.set_checksum(Crc32c(piece.data, meta.checksum()));
  LogWrite write;
  write.pieces.push_back(std::move(piece));
  group_.push_back(std::move(write));
}

void DiskWorker::Flush() {
  if (group_.empty()) return;
  uint64_t last = 0;
  for (const LogWrite& write : group_) last = std::max(last, write.number);
  if (making_) AddPiece();
  Status status = Unavailable("The log is not open");
  if (storage_ != nullptr) {
    const Time start = runtime::RealClock::Get().Mono();
    status = storage_->Write(group_);
    sync_time_->Record(runtime::RealClock::Get().Mono() - start);
  }
  group_.clear();
  group_bytes_ = 0;
  if (!status.ok()) making_.reset();
  if (last != 0 || !status.ok()) callbacks_.written(last, std::move(status));
}

}  // namespace meseta::log
