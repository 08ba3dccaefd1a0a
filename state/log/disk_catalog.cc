#include "state/log/disk_catalog.h"

#include <algorithm>

namespace meseta::log::disk {
namespace {

std::string Number(uint64_t n) { return std::to_string(n); }

}  // namespace

Status DiskCatalog::Apply(const std::vector<LogWrite>& group, BatchSink* sink) {
  for (const LogWrite& write : group) {
    RETURN_IF_ERROR(ApplyOne(write, sink).WithContext("Write " + Number(write.number)));
  }
  DropOld(sink);
  ++head_.sequence;
  PutSingle(RecordType::kHead, EncodeHead(head_), sink);
  return OkStatus();
}

bool DiskCatalog::HasPiece(Index snapshot, uint32_t number) const {
  return pieces_.count(PieceId(snapshot, number)) > 0;
}

Status DiskCatalog::ApplyOne(const LogWrite& write, BatchSink* sink) {
  if (write.identity) PutIdentity(*write.identity, sink);
  if (write.hard) PutHardState(*write.hard, sink);
  for (const SnapshotPiece& piece : write.pieces) PutPiece(piece, sink);
  if (write.snapshot) RETURN_IF_ERROR(PutSnapshot(write, sink));
  RETURN_IF_ERROR(Compact(write.compact_to));
  if (write.truncate_after) RETURN_IF_ERROR(TruncateAfter(*write.truncate_after, sink));
  for (const EntryPtr& entry : write.append) RETURN_IF_ERROR(Append(*entry, sink));
  if (!entries_.empty() && last_term() > hard_.term) {
    return Internal("the last entry is of term " + Number(last_term()) +
                    ", beyond the replica's own term " + Number(hard_.term));
  }
  return OkStatus();
}

uint32_t DiskCatalog::PutSingle(RecordType type, const std::string& body, BatchSink* sink) {
  Key key;
  key.type = type;
  key_ = EncodeKey(key);
  const uint32_t crc = Frame(key_, body, &value_);
  sink->Put(key_, value_);
  return crc;
}

void DiskCatalog::PutIdentity(const internal::LogIdentity& identity, BatchSink* sink) {
  internal::LogIdentity stored = identity;
  stored.set_format(kFormat);
  head_.identity_crc = PutSingle(RecordType::kIdentity, stored.SerializeAsString(), sink);
}

void DiskCatalog::PutHardState(const HardState& hard, BatchSink* sink) {
  internal::LogHardState stored;
  stored.set_term(hard.term);
  stored.set_voted_for(hard.voted_for);
  head_.hard_crc = PutSingle(RecordType::kHardState, stored.SerializeAsString(), sink);
  hard_ = hard;
}

void DiskCatalog::PutPiece(const SnapshotPiece& piece, BatchSink* sink) {
  // The pieces of the snapshot are never replaced; those of an older one came too late.
  if (snapshot_ && piece.snapshot <= snapshot_->index()) return;
  const PieceId id(piece.snapshot, piece.number);
  Key key;
  key.type = RecordType::kPiece;
  key.index = piece.snapshot;
  key.number = piece.number;
  key_ = EncodeKey(key);
  Frame(key_, piece.data, &value_);
  sink->Put(key_, value_);
  pieces_.insert(id);
  old_pieces_.erase(id);
}

Status DiskCatalog::PutSnapshot(const LogWrite& write, BatchSink* sink) {
  const SnapshotMeta& meta = *write.snapshot;
  if (snapshot_ && meta.index() <= snapshot_->index()) return OkStatus();
  for (uint32_t number = 0; number < meta.chunks(); ++number) {
    if (HasPiece(meta.index(), number)) continue;
    return Internal("piece " + Number(number) + " of the snapshot at " + Number(meta.index()) +
                    " is missing");
  }
  if (write.reset_log || head_.last < meta.index()) {
    // The keys behind the snapshot are about to be used again, so these entries go now.
    if (head_.last > meta.index()) {
      RETURN_IF_ERROR(TruncateAfter(std::max(meta.index(), head_.first - 1), sink));
    }
    if (head_.first <= head_.last) old_entries_.emplace_back(head_.first, head_.last + 1);
    entries_.clear();
    before_first_ = {};
    before_first_.term = meta.term();
    head_.first = meta.index() + 1;
    head_.last = meta.index();
    head_.last_crc = 0;
  }
  head_.snapshot_crc = PutSingle(RecordType::kSnapshot, meta.SerializeAsString(), sink);
  DropOtherPieces(meta);
  snapshot_ = meta;
  return OkStatus();
}

void DiskCatalog::DropOtherPieces(const SnapshotMeta& meta) {
  const PieceId begin(meta.index(), 0);
  const PieceId end(meta.index(), meta.chunks());
  const PieceId next(meta.index() + 1, 0);
  const auto drop = [this](std::set<PieceId>::iterator from, std::set<PieceId>::iterator to) {
    old_pieces_.insert(from, to);
    pieces_.erase(from, to);
  };
  drop(pieces_.begin(), pieces_.lower_bound(begin));
  drop(pieces_.lower_bound(end), pieces_.lower_bound(next));
}

Status DiskCatalog::Compact(Index to) {
  if (to < head_.first) return OkStatus();
  if (!snapshot_ || to > snapshot_->index()) {
    return Internal("entries up to " + Number(to) + " are to be dropped, but the snapshot is at " +
                    Number(snapshot_ ? snapshot_->index() : 0));
  }
  to = std::min(to, head_.last);
  const auto count = static_cast<std::ptrdiff_t>(to + 1 - head_.first);
  if (count <= 0) return OkStatus();
  old_entries_.emplace_back(head_.first, to + 1);
  before_first_ = entries_[static_cast<size_t>(count) - 1];
  entries_.erase(entries_.begin(), entries_.begin() + count);
  head_.first = to + 1;
  return OkStatus();
}

Status DiskCatalog::TruncateAfter(Index index, BatchSink* sink) {
  if (index >= head_.last) return OkStatus();
  if (index + 1 < head_.first) {
    return Internal("entries behind " + Number(index) + " are to be dropped, but the log begins at " +
                    Number(head_.first));
  }
  Key key;
  key.type = RecordType::kEntry;
  for (key.index = index + 1; key.index <= head_.last; ++key.index) sink->Delete(EncodeKey(key));
  entries_.resize(index + 1 - head_.first);
  head_.last = index;
  head_.last_crc = entries_.empty() ? before_first_.crc : entries_.back().crc;
  return OkStatus();
}

Status DiskCatalog::Append(const Entry& entry, BatchSink* sink) {
  if (entry.index != head_.last + 1) {
    return Internal("entry " + Number(entry.index) + " does not follow the last one, " +
                    Number(head_.last));
  }
  if (entry.term < last_term()) {
    return Internal("entry " + Number(entry.index) + " is of term " + Number(entry.term) +
                    ", before that of the last one, " + Number(last_term()));
  }
  Key key;
  key.type = RecordType::kEntry;
  key.index = entry.index;
  key_ = EncodeKey(key);
  Mark mark;
  mark.term = entry.term;
  mark.crc = FrameEntry(key_, entry, head_.last_crc, &value_);
  sink->Put(key_, value_);
  entries_.push_back(mark);
  head_.last = entry.index;
  head_.last_crc = mark.crc;
  return OkStatus();
}

void DiskCatalog::DropOld(BatchSink* sink) {
  Key key;
  key.type = RecordType::kPiece;
  for (const PieceId& id : old_pieces_) {
    key.index = id.first;
    key.number = id.second;
    sink->Delete(EncodeKey(key));
  }
  old_pieces_.clear();
  size_t budget = kMaxDeletes;
  key = {};
  key.type = RecordType::kEntry;
  while (budget > 0 && !old_entries_.empty()) {
    auto& [begin, end] = old_entries_.front();
    for (; begin < end && budget > 0; ++begin, --budget) {
      key.index = begin;
      sink->Delete(EncodeKey(key));
    }
    if (begin == end) old_entries_.pop_front();
  }
  head_.oldest = old_entries_.empty() ? head_.first : old_entries_.front().first;
}

Term DiskCatalog::last_term() const {
  return entries_.empty() ? before_first_.term : entries_.back().term;
}

}  // namespace meseta::log::disk
