#include "state/log/disk_recovery.h"

#include <utility>

#include "actors/base/crc32c.h"

namespace meseta::log::disk {
namespace {

std::string Number(uint64_t n) { return std::to_string(n); }

}  // namespace

Status DiskRecovery::Add(std::string_view raw, std::string_view value) {
  const std::optional<Key> key = DecodeKey(raw);
  if (!key) return DataLoss("there is a record with a malformed key");
  if (key->type == RecordType::kEntry && has_head_) return AddEntry(*key, raw, value);
  ASSIGN_OR_RETURN(const Framed framed, Unframe(raw, value, Describe(*key)));
  if (key->type != RecordType::kHead && !has_head_) return DataLoss("the head record is missing");
  switch (key->type) {
    case RecordType::kHead: return AddHead(framed);
    case RecordType::kIdentity: return AddIdentity(framed);
    case RecordType::kHardState: return AddHardState(framed);
    case RecordType::kSnapshot: return AddSnapshot(framed);
    case RecordType::kEntry: break;  // Handled above.
    case RecordType::kPiece: return AddPiece(*key, framed.body);
  }
  return OkStatus();
}

Status DiskRecovery::AddHead(const Framed& framed) {
  const std::optional<Head> head = DecodeHead(framed.body);
  if (!head || has_head_) return DataLoss("the head record makes no sense");
  catalog_.head_ = *head;
  recovered_.sequence = head->sequence;
  if (head->oldest < head->first) catalog_.old_entries_.emplace_back(head->oldest, head->first);
  has_head_ = true;
  return OkStatus();
}

Status DiskRecovery::AddIdentity(const Framed& framed) {
  identity_crc_ = framed.crc;
  if (!recovered_.identity.ParseFromString(std::string(framed.body))) {
    return DataLoss("the identity cannot be decoded");
  }
  if (recovered_.identity.format() != kFormat) {
    return FailedPrecondition("it is written in format " + Number(recovered_.identity.format()) +
                              " and this version reads format " + Number(kFormat) +
                              ": start the version that wrote it, or a newer one");
  }
  return OkStatus();
}

Status DiskRecovery::AddHardState(const Framed& framed) {
  hard_crc_ = framed.crc;
  internal::LogHardState stored;
  if (!stored.ParseFromString(std::string(framed.body))) {
    return DataLoss("the record of term and vote cannot be decoded");
  }
  recovered_.hard.term = stored.term();
  recovered_.hard.voted_for = stored.voted_for();
  catalog_.hard_ = recovered_.hard;
  return OkStatus();
}

Status DiskRecovery::AddSnapshot(const Framed& framed) {
  snapshot_crc_ = framed.crc;
  SnapshotMeta meta;
  if (!meta.ParseFromString(std::string(framed.body))) {
    return DataLoss("the snapshot's description cannot be decoded");
  }
  recovered_.snapshot = meta;
  catalog_.snapshot_ = std::move(meta);
  return OkStatus();
}

Status DiskRecovery::AddEntry(const Key& key, std::string_view raw, std::string_view value) {
  ASSIGN_OR_RETURN(StoredEntry stored, DecodeEntry(raw, value));
  const Head& head = catalog_.head_;
  if (key.index < head.oldest) {
    return DataLoss(Describe(key) + " is there though it was deleted");
  }
  if (key.index < head.first) return OkStatus();
  if (key.index > head.last) {
    return DataLoss(Describe(key) + " is there though the log ends at " + Number(head.last));
  }
  auto& entries = recovered_.entries;
  const Index expected = entries.empty() ? head.first : entries.back()->index + 1;
  if (key.index != expected) return DataLoss("entry " + Number(expected) + " is missing");
  if (entries.empty()) {
    catalog_.before_first_.crc = stored.previous_crc;
  } else if (stored.previous_crc != last_crc_) {
    return DataLoss(Describe(key) + " does not belong to the entry before it");
  } else if (stored.entry->term < entries.back()->term) {
    return DataLoss(Describe(key) + " is of an older term than the entry before it");
  }
  last_crc_ = stored.crc;
  DiskCatalog::Mark mark;
  mark.term = stored.entry->term;
  mark.crc = stored.crc;
  catalog_.entries_.push_back(mark);
  entries.push_back(std::move(stored.entry));
  return OkStatus();
}

Status DiskRecovery::AddPiece(const Key& key, std::string_view data) {
  const DiskCatalog::PieceId id(key.index, key.number);
  if (recovered_.snapshot && key.index < recovered_.snapshot->index()) {
    return DataLoss(Describe(key) + " is there though it was deleted");
  }
  const bool counts = recovered_.snapshot && recovered_.snapshot->index() == key.index &&
                      key.number < recovered_.snapshot->chunks();
  if (!counts) {
    catalog_.old_pieces_.insert(id);  // Nobody continues a snapshot that was being stored.
    return OkStatus();
  }
  if (key.number != pieces_) {
    Key missing = key;
    missing.number = pieces_;
    return DataLoss(Describe(missing) + " is missing");
  }
  ++pieces_;
  piece_bytes_ += data.size();
  piece_checksum_ = Crc32c(data, piece_checksum_);
  catalog_.pieces_.insert(id);
  return OkStatus();
}

std::optional<std::string> DiskRecovery::SkipTo(std::string_view raw) const {
  const std::optional<Key> key = DecodeKey(raw);
  if (!key || !has_head_ || !recovered_.snapshot) return std::nullopt;
  const Head& head = catalog_.head_;
  const bool at_snapshot = key->type == RecordType::kSnapshot;
  const bool at_last = key->type == RecordType::kEntry && key->index == head.last;
  Key next;
  if (at_snapshot && head.first <= head.last) {
    next.type = RecordType::kEntry;
    next.index = head.first;
  } else if (at_snapshot || at_last) {
    next.type = RecordType::kPiece;
    next.index = recovered_.snapshot->index();
  } else {
    return std::nullopt;
  }
  return EncodeKey(next);
}

std::string DiskRecovery::AbsentKey() const {
  Key key;
  key.type = RecordType::kEntry;
  key.index = catalog_.head_.last + 1;
  return EncodeKey(key);
}

Result<Recovered> DiskRecovery::Finish(uint64_t watermark) {
  if (recovered_.sequence < watermark) {
    return DataLoss("it has lost acknowledged writes " + Number(recovered_.sequence + 1) + ".." +
                    Number(watermark));
  }
  if (!has_head_) return recovered_;  // A new disk.
  RETURN_IF_ERROR(CheckSingles());
  RETURN_IF_ERROR(CheckEntries());
  RETURN_IF_ERROR(CheckSnapshot());
  if (recovered_.entries.empty()) catalog_.before_first_.crc = catalog_.head_.last_crc;
  if (recovered_.snapshot && catalog_.head_.first == recovered_.snapshot->index() + 1) {
    catalog_.before_first_.term = recovered_.snapshot->term();
  }
  return std::move(recovered_);
}

Status DiskRecovery::CheckSingles() const {
  const Head& head = catalog_.head_;
  const char* stale = nullptr;
  if (identity_crc_ != head.identity_crc) stale = "the identity";
  if (hard_crc_ != head.hard_crc) stale = "the record of term and vote";
  if (snapshot_crc_ != head.snapshot_crc) stale = "the snapshot's description";
  if (stale == nullptr) return OkStatus();
  return DataLoss(std::string(stale) + " is missing or not the one written last");
}

Status DiskRecovery::CheckEntries() const {
  const Head& head = catalog_.head_;
  const auto& entries = recovered_.entries;
  const Index next = entries.empty() ? head.first : entries.back()->index + 1;
  if (next != head.last + 1) return DataLoss("entry " + Number(next) + " is missing");
  if (!entries.empty() && last_crc_ != head.last_crc) {
    return DataLoss("entry " + Number(head.last) + " is not the one written last");
  }
  if (!entries.empty() && entries.back()->term > recovered_.hard.term) {
    return DataLoss("entry " + Number(head.last) + " is of a term beyond the replica's own");
  }
  return OkStatus();
}

Status DiskRecovery::CheckSnapshot() const {
  const Head& head = catalog_.head_;
  if (!recovered_.snapshot) {
    if (head.first == 1) return OkStatus();
    return DataLoss("the log begins at " + Number(head.first) + " and there is no snapshot");
  }
  const SnapshotMeta& meta = *recovered_.snapshot;
  if (pieces_ != meta.chunks()) {
    return DataLoss("piece " + Number(pieces_) + " of the snapshot at " + Number(meta.index()) +
                    " is missing");
  }
  if (piece_bytes_ != meta.bytes() || piece_checksum_ != meta.checksum()) {
    return DataLoss("the snapshot at " + Number(meta.index()) + " does not match its checksum");
  }
  if (head.first > meta.index() + 1 || head.last < meta.index()) {
    return DataLoss("the entries " + Number(head.first) + ".." + Number(head.last) +
                    " do not join the snapshot at " + Number(meta.index()));
  }
  const auto& entries = recovered_.entries;
  if (entries.empty()) return OkStatus();
  const Index first = entries.front()->index;
  const bool agrees = first > meta.index() ? entries.front()->term >= meta.term()
                                           : entries[meta.index() - first]->term == meta.term();
  if (agrees) return OkStatus();
  return DataLoss("the entry at " + Number(meta.index()) +
                  " and the snapshot there are of different terms");
}

}  // namespace meseta::log::disk
