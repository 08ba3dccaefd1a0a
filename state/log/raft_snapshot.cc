// RaftCore: snapshots, own ones and those that travel.
#include <algorithm>
#include <utility>

#include "actors/base/crc32c.h"
#include "state/log/raft_core.h"
#include "state/log/state_machine.h"

namespace meseta::log {
namespace {

// Whether both stand for the same bytes.
bool SameSnapshot(const SnapshotMeta& a, const SnapshotMeta& b) {
  return a.index() == b.index() && a.term() == b.term() && a.chunks() == b.chunks() &&
         a.bytes() == b.bytes() && a.checksum() == b.checksum();
}

}  // namespace

SnapshotMeta RaftCore::MakeSnapshotMeta(Index applied) const {
  SnapshotMeta meta;
  const Index index = std::min(applied, commit_);
  meta.set_index(index);
  std::optional<Term> term = log_.TermAt(index);
  if (!term && snapshot_ && snapshot_->index() == index) term = snapshot_->term();
  meta.set_term(term.value_or(0));
  *meta.mutable_configuration() = configurations_.At(index);
  return meta;
}

void RaftCore::SnapshotStored(const SnapshotMeta& meta, Index compact_to, Time now) {
  if (failed_) return;
  Begin(now);
  // An installed one may be newer.
  if (meta.index() > emitted_ || (snapshot_ && meta.index() <= snapshot_->index())) return;
  LogWrite& open = Write();
  const bool fits = open.append.empty() && !open.truncate_after && !open.snapshot;
  LogWrite& write = fits ? open : NewWrite();
  write.snapshot = meta;
  write.compact_to = std::min(compact_to, meta.index());
  snapshot_ = meta;
  log_.CompactTo(write.compact_to);
  configurations_.CompactTo(meta.index());
  // Pieces of the older one are gone with it.
  for (auto& [id, progress] : progress_) {
    if (progress.state == Progress::State::kSnapshot) StartTransfer(progress);
  }
}

// --- The leader's side ---

void RaftCore::StartTransfer(Progress& progress) {
  // Without a snapshot the log begins at 1, and nobody needs one.
  if (snapshot_) progress.BecomeSnapshot(*snapshot_, now_);
}

void RaftCore::FlushTransfer(MemberId id, Progress& progress) {
  SnapshotTransfer& transfer = *progress.transfer;
  if (transfer.moved + options_.retry <= now_) {
    // What was under way is lost, or the follower has forgotten the beginning.
    transfer.next = transfer.confirmed;
    transfer.moved = now_;
    transfer.stalled = true;
    transfer.paused = false;
  }
  while (!transfer.paused && transfer.next < transfer.meta.chunks() &&
         transfer.next - transfer.confirmed < options_.max_inflight_pieces) {
    RaftEffects::ReadPiece piece;
    piece.to = id;
    piece.meta = transfer.meta;
    piece.number = transfer.next++;
    effects_.read_pieces.push_back(std::move(piece));
  }
}

void RaftCore::PieceRead(MemberId to, Index snapshot, uint32_t number, Result<std::string> data,
                         Time now) {
  if (failed_) return;
  Begin(now);
  const auto found = progress_.find(to);
  if (found == progress_.end() || !found->second.transfer) return;
  SnapshotTransfer& transfer = *found->second.transfer;
  if (transfer.meta.index() != snapshot || number >= transfer.next) return;
  if (!data.ok()) {
    if (!std::exchange(transfer.told, true)) {
      Say("The snapshot for member " + ShowMember(to) + " cannot be read at its piece " +
          std::to_string(number) + "; it is sent anew: " + data.status().message());
    }
    transfer.confirmed = 0;
    transfer.paused = true;
    return;
  }
  if (number < transfer.confirmed || transfer.paused) return;
  Message message = NewMessage(to);
  internal::LogSnapshotChunk* chunk = message.mutable_snapshot_chunk();
  *chunk->mutable_meta() = transfer.meta;
  chunk->set_number(number);
  chunk->set_checksum(Crc32c(*data));
  chunk->set_data(*std::move(data));
  Send(std::move(message));
}

void RaftCore::OnSnapshotAnswer(const Message& message) {
  if (role_ != Role::kLeader) return;
  const auto found = progress_.find(message.from());
  if (found == progress_.end() || rules_->TermIsStale(message.term(), hard_.term)) return;
  if (message.term() > hard_.term) return;  // Its answer to the next append says so, too.
  Progress& progress = found->second;
  progress.heard = now_;
  const internal::LogSnapshotAnswer& answer = message.snapshot_answer();
  if (!progress.transfer || answer.snapshot_index() != progress.transfer->meta.index()) return;
  SnapshotTransfer& transfer = *progress.transfer;
  const uint32_t next = answer.next_chunk();
  if (answer.refused()) {
    transfer.confirmed = 0;
    transfer.paused = true;
  } else if (next == transfer.meta.chunks()) {
    Say("Member " + ShowMember(message.from()) + " has received the snapshot of entries up to " +
        std::to_string(transfer.meta.index()));
    progress.match = std::max(progress.match, transfer.meta.index());
    progress.BecomeProbe(progress.match + 1);
    MaybeCommit();
  } else if (next < transfer.meta.chunks() &&
             (next > transfer.confirmed || (transfer.stalled && next < transfer.confirmed))) {
    transfer.next = next > transfer.confirmed ? std::max(transfer.next, next) : next;
    transfer.confirmed = next;
    transfer.moved = now_;
    transfer.stalled = false;
  }
}

// --- The follower's side ---

bool RaftCore::ChunkIsSound(const internal::LogSnapshotChunk& chunk) const {
  const SnapshotMeta& meta = chunk.meta();
  return meta.index() > 0 && meta.index() <= kMaxIndex && meta.term() > 0 &&
         meta.chunks() > chunk.number() && chunk.data().size() <= kMaxSnapshotPiece &&
         chunk.checksum() == Crc32c(chunk.data()) &&
         ValidateConfiguration(meta.configuration()).ok();
}

void RaftCore::OnSnapshotChunk(const Message& message) {
  const internal::LogSnapshotChunk& chunk = message.snapshot_chunk();
  const SnapshotMeta& meta = chunk.meta();
  if (!ChunkIsSound(chunk) || meta.term() > message.term()) {
    return DropMessage(message, Drop::kBadSnapshot);
  }
  if (!FollowLeader(message)) return;
  if (meta.index() <= commit_) return AnswerChunk(message, meta.chunks(), false);
  if (log_.Has(meta.index()) && log_.Ref(meta.index())->term == meta.term()) {
    // All of it is here as entries.
    CommitTo(meta.index());
    return AnswerChunk(message, meta.chunks(), false);
  }
  TakeChunk(message);
}

void RaftCore::TakeChunk(const Message& message) {
  const internal::LogSnapshotChunk& chunk = message.snapshot_chunk();
  if (!incoming_ || !SameSnapshot(incoming_->meta, chunk.meta())) {
    incoming_.emplace();
    incoming_->meta = chunk.meta();
  }
  if (chunk.number() != incoming_->next) return AnswerChunk(message, incoming_->next, false);
  LogWrite& open = Write();
  LogWrite& write = open.snapshot ? NewWrite() : open;
  SnapshotPiece piece;
  piece.snapshot = incoming_->meta.index();
  piece.number = chunk.number();
  piece.data = chunk.data();
  write.pieces.push_back(std::move(piece));
  incoming_->bytes += chunk.data().size();
  incoming_->checksum = Crc32c(chunk.data(), incoming_->checksum);
  ++incoming_->next;
  if (incoming_->next < incoming_->meta.chunks()) {
    return AnswerChunk(message, incoming_->next, false);
  }
  if (incoming_->bytes != incoming_->meta.bytes() ||
      incoming_->checksum != incoming_->meta.checksum()) {
    DropMessage(message, Drop::kBadSnapshot, "its pieces do not make up what it is said to be");
    incoming_.reset();
    return AnswerChunk(message, 0, true);
  }
  InstallIncoming();
  AnswerChunk(message, chunk.meta().chunks(), false);
}

void RaftCore::InstallIncoming() {
  LogWrite& open = Write();
  LogWrite& write = open.append.empty() && !open.truncate_after ? open : NewWrite();
  const SnapshotMeta meta = incoming_->meta;
  incoming_.reset();
  write.snapshot = meta;
  write.compact_to = meta.index();
  write.reset_log = true;
  log_.Reset(meta.index(), meta.term());
  marks_.clear();
  durable_last_ = 0;
  MarkAppended();
  snapshot_ = meta;
  commit_ = meta.index();
  restore_after_ = write.number;
  configurations_.Reset(meta.index(), meta.configuration());
  ConfigurationChanged();
  Say("Has received the leader's snapshot of entries up to " + std::to_string(meta.index()));
}

void RaftCore::AnswerChunk(const Message& message, uint32_t next, bool refused) {
  Message answer = NewMessage(message.from());
  internal::LogSnapshotAnswer* content = answer.mutable_snapshot_answer();
  content->set_snapshot_index(message.snapshot_chunk().meta().index());
  content->set_next_chunk(next);
  content->set_refused(refused);
  SendDurably(std::move(answer));
}

}  // namespace meseta::log
