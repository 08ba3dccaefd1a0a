// Builders of LogWrites for tests.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "actors/base/crc32c.h"
#include "state/log/types.h"

namespace meseta::log {

inline EntryPtr MakeEntry(Index index, Term term, std::string payload,
                          EntryKind kind = EntryKind::kCommand) {
  auto entry = std::make_shared<Entry>();
  entry->index = index;
  entry->term = term;
  entry->kind = kind;
  entry->payload = std::move(payload);
  return entry;
}

inline LogWrite WriteIdentity(MemberId id, const std::string& cluster, const std::string& group) {
  LogWrite write;
  write.identity.emplace();
  write.identity->set_member_id(id);
  write.identity->set_cluster_id(cluster);
  write.identity->set_group(group);
  return write;
}

inline LogWrite WriteHardState(Term term, MemberId voted_for) {
  LogWrite write;
  write.hard.emplace();
  write.hard->term = term;
  write.hard->voted_for = voted_for;
  return write;
}

inline LogWrite WriteEntries(std::vector<EntryPtr> entries) {
  LogWrite write;
  write.append = std::move(entries);
  return write;
}

// A command for each index from `first` to `last`.
inline LogWrite WriteCommands(Index first, Index last, Term term, size_t bytes = 8) {
  LogWrite write;
  for (Index i = first; i <= last; ++i) {
    std::string payload = "command " + std::to_string(i) + " of " + std::to_string(term) + " ";
    payload.resize(std::max(payload.size(), bytes), '.');
    write.append.push_back(MakeEntry(i, term, std::move(payload)));
  }
  return write;
}

inline LogWrite WritePiece(Index snapshot, uint32_t number, std::string data) {
  LogWrite write;
  SnapshotPiece piece;
  piece.snapshot = snapshot;
  piece.number = number;
  piece.data = std::move(data);
  write.pieces.push_back(std::move(piece));
  return write;
}

// The description of a snapshot with these pieces.
inline SnapshotMeta MetaOf(Index index, Term term, const std::vector<std::string>& pieces) {
  SnapshotMeta meta;
  meta.set_index(index);
  meta.set_term(term);
  auto* member = meta.mutable_configuration()->add_members();
  member->set_id(7);
  member->set_address("127.0.0.1:5050");
  meta.set_chunks(static_cast<uint32_t>(pieces.size()));
  uint32_t checksum = 0;
  uint64_t bytes = 0;
  for (const std::string& piece : pieces) {
    checksum = Crc32c(piece, checksum);
    bytes += piece.size();
  }
  meta.set_bytes(bytes);
  meta.set_checksum(checksum);
  return meta;
}

// Pieces and description in one write.
inline LogWrite WriteSnapshot(Index index, Term term, const std::vector<std::string>& pieces,
                              Index compact_to, bool reset_log = false) {
  LogWrite write;
  for (size_t i = 0; i < pieces.size(); ++i) {
    SnapshotPiece piece;
    piece.snapshot = index;
    piece.number = static_cast<uint32_t>(i);
    piece.data = pieces[i];
    write.pieces.push_back(std::move(piece));
  }
  write.snapshot = MetaOf(index, term, pieces);
  write.compact_to = compact_to;
  write.reset_log = reset_log;
  return write;
}

}  // namespace meseta::log
