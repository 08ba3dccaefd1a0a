// Requests, the disk, and what the core commits. Peers, forming and roles: replica_actor_peers.cc.
#include "state/log/replica_actor.h"

#include <algorithm>
#include <utility>

#include "actors/base/logging.h"

namespace meseta::log {
namespace {

// What an entry costs beside its payload, about.
constexpr uint64_t kEntryOverhead = 64;
// Behind a snapshot, entries are kept for followers that lag up to so many bytes.
constexpr uint64_t kMaxKeptBytes = uint64_t{16} << 20;

Status OutcomeUnknown() {
  return DeadlineExceeded(
      "Leadership was lost while the change was under way: it may or may not have happened");
}

}  // namespace

ReplicaActor::ReplicaActor(ReplicaOptions options, ReplicaOutlets outlets, Recovered recovered,
                           Rng rng, Time now)
    : options_(std::move(options)),
      outlets_(std::move(outlets)),
      actor_(options_.group == "registry" ? "replica" : "replica-" + options_.group),
      rng_(rng),
      recovered_(std::move(recovered)) {
  StartFormation(now);
}

ReplicaActor::~ReplicaActor() {
  FailRequests(DeadlineExceeded(
      "The replica has stopped while the change was under way: it may or may not have happened"));
}

void ReplicaActor::Turn(std::vector<ReplicaEvent>& events, runtime::TurnContext& turn) {
  const Time now = turn.now().mono;
  for (ReplicaEvent& event : events) {
    std::visit([&](auto& each) { Handle(each, now); }, event);
  }
  // What the disk answers before that would find nobody.
  if (!begun_) return;
  if (!core_ && problem_.empty()) {
    formation_->Tick(now);
    PerformFormation(now);
    MaybeMakeCore(now);
  }
  if (reopen_at_ && now >= *reopen_at_) {
    reopen_at_.reset();
    if (Status status = outlets_.disk->Reopen(); !status.ok()) outlets_.fatal(status.message());
  }
  if (core_) {
    core_->Tick(now);
    PerformCore(now);
    MoveSelf(now);
    MaybeSnapshot();
  }
  PublishStatus(now);
  AnnounceRole(now);
  Arrange(turn, now);
}

void ReplicaActor::Arrange(runtime::TurnContext& turn, Time now) {
  Time wake = now + Duration::Seconds(1);
  if (core_wake_) wake = std::min(wake, *core_wake_);
  if (!core_ && formation_wake_) wake = std::min(wake, *formation_wake_);
  if (reopen_at_) wake = std::min(wake, *reopen_at_);
  turn.WakeAt(wake);
  // A standby has no other core whose turns keepalives could tell of.
  if (!role_.leading) outlets_.transport->CoreTurned();
}

void ReplicaActor::Await(Result<Index> index, Time now,
                         std::function<void(Result<Applied>)> answer) {
  if (!index.ok()) {
    answer(index.status());
    return;
  }
  if (*index <= applied_) {  // Nothing was to be done.
    Applied applied;
    applied.index = *index;
    answer(std::move(applied));
    return;
  }
  proposals_[*index] = Proposal{core_->term(), now, std::move(answer)};
}

void ReplicaActor::Handle(Begin&, Time) {
  begun_ = true;
  DialMembers();
}

void ReplicaActor::Handle(ProposeRequest& request, Time now) {
  if (!core_ || core_->role() != Role::kLeader) {
    request.reply.Send(NotLeading());
    return;
  }
  if (log_bytes_ > options_.max_log_bytes) {
    request.reply.Send(ResourceExhausted(
        "The log has grown to " + std::to_string(log_bytes_ >> 20) +
        " MB before its snapshot was written; the disk is too slow, try again"));
    return;
  }
  auto reply = std::make_shared<runtime::Reply<Applied>>(std::move(request.reply));
  Result<Index> index = core_->Propose(std::move(request.command), request.term, now);
  // Not in this term, or leadership is being handed over: whoever leads next may be asked.
  if (!index.ok() && index.status().code() == StatusCode::kFailedPrecondition) {
    index = Unavailable(index.status().message());
  }
  Await(std::move(index), now,
        [reply](Result<Applied> result) { reply->Send(std::move(result)); });
}

void ReplicaActor::Handle(BarrierRequest& request, Time now) {
  if (!core_ || core_->role() != Role::kLeader || reads_.size() >= kMaxWaitingRequests) {
    request.reply.Send(NotLeading());
    return;
  }
  const uint64_t read = ++next_read_;
  reads_.emplace(read, std::move(request.reply));
  core_->Read(read, now);
}

void ReplicaActor::Handle(ChangeRequest& request, Time now) {
  if (!core_ || core_->role() != Role::kLeader) {
    request.reply.Send(NotLeading());
    return;
  }
  auto reply = std::make_shared<runtime::Reply<runtime::Done>>(std::move(request.reply));
  Await(core_->ProposeChange(request.change, now), now, [reply](Result<Applied> result) {
    if (result.ok()) {
      reply->Send(runtime::Done{});
    } else {
      reply->Send(result.status());
    }
  });
}

void ReplicaActor::Handle(TransferRequest& request, Time now) {
  if (!core_ || core_->role() != Role::kLeader) {
    request.reply.Send(NotLeading());
    return;
  }
  const Status status = core_->Transfer(request.to, now);
  if (status.ok()) {
    request.reply.Send(runtime::Done{});
  } else {
    request.reply.Send(status);
  }
}

void ReplicaActor::Handle(Written& event, Time now) {
  if (!event.status.ok()) {
    Fail(event.status, now);
  } else if (core_) {
    core_->Persisted(event.number, now);
  } else if (formation_write_ != 0 && event.number >= formation_write_) {
    formation_write_ = 0;
    formation_->Persisted(now);
  }
}

void ReplicaActor::Handle(PieceArrived& event, Time now) {
  const auto it = pieces_asked_.find(event.asked);
  if (it == pieces_asked_.end()) return;
  const RaftEffects::ReadPiece asked = std::move(it->second);
  pieces_asked_.erase(it);
  if (!core_) return;
  core_->PieceRead(asked.to, asked.meta.index(), asked.number, std::move(event.data), now);
}

void ReplicaActor::Handle(SnapshotMade& event, Time now) {
  making_snapshot_ = false;
  if (!core_ || !event.status.ok()) return;
  snapshot_bytes_ = event.meta.bytes();
  // Followers that lag a little get entries, not the snapshot.
  const Index index = event.meta.index();
  Index keep = index;
  uint64_t bytes = 0;
  while (keep > 0 && index - keep < options_.keep_entries && bytes < kMaxKeptBytes) {
    const EntryPtr entry = core_->EntryAt(keep);
    if (entry == nullptr) break;
    bytes += entry->payload.size() + kEntryOverhead;
    --keep;
  }
  core_->SnapshotStored(event.meta, keep, now);
}

void ReplicaActor::Handle(SnapshotLoaded& event, Time now) {
  // An older one gave way to a newer, or its replica failed meanwhile.
  if (!core_ || loading_ != event.meta.index()) return;
  loading_.reset();
  Status status = std::move(event.status);
  if (status.ok()) status = event.sink->Install(event.meta.index());
  if (!status.ok()) {
    Fail(status, now);
    return;
  }
  applied_ = event.meta.index();
  log_bytes_ = 0;
  snapshot_bytes_ = event.meta.bytes();
  ApplyPending(now);
}

void ReplicaActor::Handle(DiskReopened& event, Time now) {
  if (!event.recovered.ok()) {
    problem_ = event.recovered.status().message();
    LOG(ERROR) << "Replica " << options_.group << ": " << problem_;
    reopen_backoff_ = std::min(reopen_backoff_ * 2, kReopenMax);
    reopen_at_ = now + reopen_backoff_;
    return;
  }
  if (!problem_.empty()) LOG(INFO) << "Replica " << options_.group << ": the log is open again";
  problem_.clear();
  reopen_backoff_ = kReopenMin;
  recovered_ = *std::move(event.recovered);
  const bool formed = std::exchange(reload_, false);
  reloading_ = false;
  if (!formed) StartFormation(now);
  publish_ = true;
  MaybeMakeCore(now);
}

void ReplicaActor::Fail(const Status& status, Time now) {
  if (reopen_at_ || !problem_.empty()) return;
  problem_ = status.message();
  LOG(ERROR) << "The log of this member (" << options_.group << ") takes no part until it can be opened "
             << "again: " << problem_;
  if (core_) core_->PersistFailed(status);
  core_.reset();
  core_wake_.reset();
  pending_.clear();
  pieces_asked_.clear();
  loading_.reset();
  making_snapshot_ = false;
  reload_ = reloading_ = false;
  formation_write_ = 0;
  FailRequests(OutcomeUnknown());
  reopen_at_ = now + reopen_backoff_;
  publish_ = true;
}

void ReplicaActor::FailRequests(const Status& status) {
  for (auto& [index, proposal] : std::exchange(proposals_, {})) proposal.answer(status);
  for (auto& [read, reply] : reads_) reply.Send(NotLeading());
  reads_.clear();
  for (auto& [index, reply] : barriers_) reply.Send(NotLeading());
  barriers_.clear();
}

void ReplicaActor::PerformCore(Time now) {
  // Before anybody is told to take over.
  if (core_->lease_until() <= now) outlets_.lease->End();
  RaftEffects effects = core_->TakeEffects();
  for (const std::string& sentence : effects.log) LOG(INFO) << "Replica " << options_.group << ": " << sentence;
  core_wake_ = effects.wake_at;
  if (!effects.persist.empty()) {
    written_ = std::max(written_, effects.persist.back().number);
    if (Status status = outlets_.disk->Write(std::move(effects.persist)); !status.ok()) {
      Fail(status, now);
      return;
    }
  }
  for (const Message& message : effects.send) SendToMember(message);
  if (effects.restore && effects.restore->index() > applied_) LoadSnapshot(*effects.restore);
  for (EntryPtr& entry : effects.committed) pending_.push_back(std::move(entry));
  for (RaftEffects::ReadPiece& piece : effects.read_pieces) {
    const uint64_t asked = ++next_piece_;
    const Status status = outlets_.disk->ReadPiece(asked, piece.meta.index(), piece.number);
    if (status.ok()) pieces_asked_.emplace(asked, std::move(piece));
  }
  ApplyPending(now);
  if (core_) AnswerReads(effects.reads);
  const bool asked = !proposals_.empty() || !barriers_.empty();
  if (core_ && core_->role() != Role::kLeader && asked) FailRequests(OutcomeUnknown());
}

void ReplicaActor::LoadSnapshot(const SnapshotMeta& meta) {
  // Pending entries that it contains are skipped when it is there.
  loading_ = meta.index();
  if (Status status = outlets_.disk->LoadSnapshot(meta, outlets_.machine->Restore());
      !status.ok()) {
    outlets_.fatal(status.message());
  }
}

void ReplicaActor::ApplyPending(Time now) {
  if (loading_ || pending_.empty()) return;
  std::vector<std::pair<std::function<void(Result<Applied>)>, Result<Applied>>> answers;
  for (; !pending_.empty(); pending_.pop_front()) {
    const EntryPtr& entry = pending_.front();
    if (entry->index <= applied_) continue;
    if (entry->index != applied_ + 1) {
      Fail(DataLoss("Entry " + std::to_string(applied_ + 1) + " of the log is missing"), now);
      return;
    }
    applied_ = entry->index;
    log_bytes_ += entry->payload.size() + kEntryOverhead;
    Applied applied;
    applied.index = entry->index;
    if (entry->kind == EntryKind::kCommand) applied.result = outlets_.machine->Apply(*entry);
    if (entry->kind == EntryKind::kConfiguration) publish_ = true;
    const auto it = proposals_.find(entry->index);
    if (it == proposals_.end()) continue;
    if (it->second.term == entry->term) {
      outlets_.commit_time->Record(now - it->second.proposed);
      answers.emplace_back(std::move(it->second.answer), std::move(applied));
    } else {
      answers.emplace_back(std::move(it->second.answer),
                           Unavailable("Another leader's entry took the place of the change: "
                                       "nothing happened; try again"));
    }
    proposals_.erase(it);
  }
  // Who is answered finds what he wrote.
  outlets_.machine->Applied(applied_);
  for (auto& [answer, result] : answers) answer(std::move(result));
  const auto end = barriers_.upper_bound(applied_);
  for (auto it = barriers_.begin(); it != end; ++it) it->second.Send(applied_);
  barriers_.erase(barriers_.begin(), end);
}

void ReplicaActor::AnswerReads(std::vector<RaftEffects::ReadAnswer>& reads) {
  for (const RaftEffects::ReadAnswer& read : reads) {
    const auto it = reads_.find(read.read);
    if (it == reads_.end()) continue;
    if (!read.index) {
      it->second.Send(NotLeading());
    } else if (*read.index <= applied_) {
      it->second.Send(applied_);
    } else {
      barriers_.emplace(*read.index, std::move(it->second));
    }
    reads_.erase(it);
  }
}

bool ReplicaActor::SendsSnapshot() const {
  if (core_->role() != Role::kLeader) return false;
  const RaftStatus status = core_->status();
  return std::any_of(status.followers.begin(), status.followers.end(),
                     [](const FollowerStatus& follower) { return follower.snapshotting; });
}

void ReplicaActor::MaybeSnapshot() {
  // In time before commands are refused, however large the state is.
  const uint64_t due =
      std::min<uint64_t>(std::max<uint64_t>(options_.snapshot_every_bytes, snapshot_bytes_),
                         options_.max_log_bytes / 2);
  if (making_snapshot_ || loading_ || log_bytes_ < due) return;
  // A new one would make the transfer of the last one start over, under much load again and again.
  const bool urgent = log_bytes_ >= options_.max_log_bytes / 4 * 3;
  if (!urgent && SendsSnapshot()) return;
  SnapshotMeta meta = core_->MakeSnapshotMeta(applied_);
  if (!outlets_.disk->StoreSnapshot(std::move(meta), outlets_.machine->Snapshot()).ok()) return;
  making_snapshot_ = true;
  log_bytes_ = 0;
}

}  // namespace meseta::log
