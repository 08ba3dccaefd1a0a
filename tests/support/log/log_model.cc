#include "tests/support/log/log_model.h"

#include <algorithm>

#include "tests/support/log/log_writes.h"

namespace meseta::log {

Index LogModel::last() const {
  if (!entries_.empty()) return entries_.rbegin()->first;
  return snapshot_ ? snapshot_->index() : 0;
}

Term LogModel::last_term() const {
  if (!entries_.empty()) return entries_.rbegin()->second->term;
  return snapshot_ ? snapshot_->term() : 0;
}

void LogModel::Apply(const LogWrite& write) {
  if (write.identity) identity_ = write.identity;
  if (write.hard) hard_ = *write.hard;
  if (write.snapshot) {
    snapshot_ = write.snapshot;
    pieces_.clear();
    for (const SnapshotPiece& piece : write.pieces) pieces_.push_back(piece.data);
    if (write.reset_log) entries_.clear();
  }
  entries_.erase(entries_.begin(), entries_.upper_bound(write.compact_to));
  if (write.truncate_after) {
    entries_.erase(entries_.upper_bound(*write.truncate_after), entries_.end());
  }
  for (const EntryPtr& entry : write.append) entries_[entry->index] = entry;
}

std::string LogModel::Difference(const Recovered& recovered, Storage* storage) const {
  internal::LogIdentity identity = recovered.identity;
  identity.clear_format();
  if (identity.SerializeAsString() != (identity_ ? identity_->SerializeAsString() : "")) {
    return "identity";
  }
  if (recovered.hard != hard_) return "term or vote";
  if (recovered.snapshot.has_value() != snapshot_.has_value()) return "there being a snapshot";
  if (snapshot_ && recovered.snapshot->SerializeAsString() != snapshot_->SerializeAsString()) {
    return "the snapshot";
  }
  for (size_t i = 0; storage != nullptr && i < pieces_.size(); ++i) {
    const auto piece = storage->ReadPiece(snapshot_->index(), static_cast<uint32_t>(i));
    if (!piece.ok() || *piece != pieces_[i]) return "piece " + std::to_string(i);
  }
  const auto same = [](const EntryPtr& ours, const auto& theirs) { return *ours == *theirs.second; };
  if (!std::equal(recovered.entries.begin(), recovered.entries.end(), entries_.begin(),
                  entries_.end(), same)) {
    return "entries";
  }
  return "";
}

LogWrite LogModel::DrawSnapshot(Rng* rng) const {
  const bool reset = rng->Below(3) == 0;
  const Index after = snapshot_ ? snapshot_->index() : 0;
  const Index index = reset ? after + 1 + rng->Below(20) : after + 1 + rng->Below(last() - after);
  std::vector<std::string> pieces(1 + rng->Below(3));
  for (std::string& piece : pieces) piece.assign(rng->Below(200), static_cast<char>(rng->Below(256)));
  Term term = hard_.term;
  if (!reset) term = entries_.at(index)->term;
  const Index compact_to = reset ? index : after + rng->Below(index - after + 1);
  return WriteSnapshot(index, term, pieces, compact_to, reset);
}

LogWrite LogModel::Draw(Rng* rng) const {
  if (!identity_) {
    LogWrite write = WriteIdentity(1 + rng->Below(1000), "cluster", "group");
    write.hard = HardState{1, 0};
    return write;
  }
  LogWrite write;
  const Index after = snapshot_ ? snapshot_->index() : 0;
  switch (rng->Below(10)) {
    case 0: write.identity = WriteIdentity(rng->Next() | 1, rng->Uuid(), "group").identity; break;
    case 1:
    case 2: return WriteHardState(hard_.term + rng->Below(2), rng->Below(5));
    case 3:
      if (last() > after) return DrawSnapshot(rng);
      break;
    case 4: write.truncate_after = after + rng->Below(last() - after + 1); break;
    default: break;
  }
  Index next = write.truncate_after ? *write.truncate_after + 1 : last() + 1;
  // Terms do not fall; a truncated end may have had a higher one than the drawn.
  const Term term = std::max(last_term(), hard_.term - rng->Below(2));
  for (uint64_t count = rng->Below(5); count > 0; --count, ++next) {
    write.append.push_back(MakeEntry(next, term, std::string(rng->Below(300), 'p'),
                                     static_cast<EntryKind>(rng->Below(3))));
  }
  return write;
}

}  // namespace meseta::log
