#include "tests/sim/log/sim_disk.h"

#include "actors/base/crc32c.h"

namespace meseta::logsim {

Result<log::Recovered> SimDisk::Load() {
  if (corrupt_) return DataLoss("A record's checksum is wrong.");
  // Pieces of a snapshot that was never completed are of no use after a restart.
  for (auto it = pieces_.begin(); it != pieces_.end();) {
    it = snapshot_ && it->first.first == snapshot_->index() ? std::next(it) : pieces_.erase(it);
  }
  log::Recovered recovered;
  recovered.identity = identity_;
  recovered.hard = hard_;
  recovered.snapshot = snapshot_;
  recovered.entries.assign(entries_.begin(), entries_.end());
  recovered.sequence = sequence_;
  if (mirrored_) RETURN_IF_ERROR(CheckMirror(recovered));
  return recovered;
}

void SimDisk::Mirror() {
  mirrored_ = std::make_shared<log::MemoryDisk>();
  (void)OpenMirror();
  (void)mirror_->Load();
}

Status SimDisk::OpenMirror() {
  mirror_.reset();
  Result<std::unique_ptr<log::MemoryStorage>> opened =
      log::MemoryStorage::Open(mirrored_, "the mirror");
  RETURN_IF_ERROR(opened.status());
  mirror_ = *std::move(opened);
  return OkStatus();
}

Status SimDisk::CheckMirror(const log::Recovered& ours) {
  const Status opened = OpenMirror();
  if (!opened.ok()) return Internal("The mirror does not open: " + opened.message());
  const Result<log::Recovered> loaded = mirror_->Load();
  if (!loaded.ok()) return Internal("The mirror does not load: " + loaded.status().message());
  const log::Recovered& theirs = *loaded;
  const auto bytes = [](const log::Recovered& r) {
    return r.snapshot ? r.snapshot->SerializeAsString() : std::string();
  };
  bool same = ours.identity.SerializeAsString() == theirs.identity.SerializeAsString() &&
              ours.hard == theirs.hard && bytes(ours) == bytes(theirs) &&
              ours.entries.size() == theirs.entries.size();
  for (size_t i = 0; same && i < ours.entries.size(); ++i) {
    same = *ours.entries[i] == *theirs.entries[i];
  }
  for (uint32_t i = 0; same && ours.snapshot && i < ours.snapshot->chunks(); ++i) {
    const Result<std::string> piece = mirror_->ReadPiece(ours.snapshot->index(), i);
    same = piece.ok() && *piece == pieces_[{ours.snapshot->index(), i}];
  }
  if (same) return OkStatus();
  return Internal("The mirror has other contents: log to " +
                  std::to_string(theirs.entries.empty() ? 0 : theirs.entries.back()->index) +
                  ", ours to " + std::to_string(last()));
}

Status SimDisk::Write(const std::vector<log::LogWrite>& group) {
  for (const log::LogWrite& write : group) RETURN_IF_ERROR(Apply(write));
  if (!mirrored_) return OkStatus();
  const Status mirrored = mirror_->Write(group);
  return mirrored.ok() ? mirrored : Internal("The mirror refuses a write: " + mirrored.message());
}

Status SimDisk::Apply(const log::LogWrite& write) {
  ++sequence_;
  if (write.identity) identity_ = *write.identity;
  if (write.hard) {
    if (write.hard->term < hard_.term) return Internal("The term goes back.");
    hard_ = *write.hard;
  }
  for (const log::SnapshotPiece& piece : write.pieces) {
    pieces_[{piece.snapshot, piece.number}] = piece.data;
  }
  if (write.snapshot) RETURN_IF_ERROR(TakeSnapshot(write));
  if (write.compact_to > 0) DropUpTo(write.compact_to);
  if (write.truncate_after) {
    while (!entries_.empty() && entries_.back()->index > *write.truncate_after) {
      entries_.pop_back();
    }
  }
  return Append(write.append);
}

Status SimDisk::TakeSnapshot(const log::LogWrite& write) {
  const log::SnapshotMeta& meta = *write.snapshot;
  if (snapshot_ && meta.index() < snapshot_->index()) return Internal("The snapshot goes back.");
  uint32_t checksum = 0;
  for (uint32_t i = 0; i < meta.chunks(); ++i) {
    const auto piece = pieces_.find({meta.index(), i});
    if (piece == pieces_.end()) {
      return Internal("Piece " + std::to_string(i) + " of snapshot " +
                      std::to_string(meta.index()) + " is not on the disk.");
    }
    checksum = Crc32c(piece->second, checksum);
  }
  if (checksum != meta.checksum()) return Internal("The snapshot's checksum is wrong.");
  snapshot_ = meta;
  pieces_.erase(pieces_.begin(), pieces_.lower_bound({meta.index(), 0}));
  if (write.reset_log) {
    bool fits = false;
    for (const log::EntryPtr& entry : entries_) {
      fits |= entry->index == meta.index() && entry->term == meta.term();
    }
    if (!fits) entries_.clear();
  }
  return OkStatus();
}

void SimDisk::DropUpTo(log::Index index) {
  while (!entries_.empty() && entries_.front()->index <= index) entries_.pop_front();
}

Status SimDisk::Append(const std::vector<log::EntryPtr>& entries) {
  for (const log::EntryPtr& entry : entries) {
    const log::Index next = last() + 1;
    if (entry->index != next) {
      return Internal("Entry " + std::to_string(entry->index) + " is written where " +
                      std::to_string(next) + " would follow.");
    }
    entries_.push_back(entry);
  }
  return OkStatus();
}

log::Index SimDisk::last() const {
  if (!entries_.empty()) return entries_.back()->index;
  return snapshot_ ? snapshot_->index() : 0;
}

Result<std::string> SimDisk::ReadPiece(log::Index snapshot, uint32_t number) {
  if (corrupt_) return DataLoss("The checksum of a piece is wrong.");
  const auto found = pieces_.find({snapshot, number});
  if (found == pieces_.end()) return NotFound("There is no such piece any more.");
  return found->second;
}

bool SimDisk::Holds(log::Index index, log::Term term) const {
  if (snapshot_ && index <= snapshot_->index()) return true;
  if (entries_.empty() || index < entries_.front()->index || index > entries_.back()->index) {
    return false;
  }
  return entries_[index - entries_.front()->index]->term == term;
}

void SimDisk::DropLastEntries(size_t count) {
  while (count-- > 0 && !entries_.empty()) entries_.pop_back();
}

void SimDisk::HideCorruption() {
  corrupt_ = false;
  DropLastEntries(3);
}

}  // namespace meseta::logsim
