#include "state/store/offline.h"

#include <filesystem>
#include <memory>
#include <utility>

#include "actors/base/crc32c.h"
#include "state/log/leveldb_storage.h"
#include "state/store/backup_file_posix.h"

namespace meseta::store {
namespace {

constexpr uint32_t kIdentityFormat = 1;

Status CheckEmpty(const std::string& directory) {
  std::error_code error;
  if (!std::filesystem::exists(directory, error)) return OkStatus();
  if (std::filesystem::is_directory(directory, error) &&
      std::filesystem::is_empty(directory, error) && !error) {
    return OkStatus();
  }
  return FailedPrecondition("The directory " + directory +
                            " is not empty: a backup is restored into a new one only; move the old "
                            "one away or name another");
}

// Stores pieces as they come, then makes them the snapshot.
class Restorer {
 public:
  explicit Restorer(const RestoreOptions& options) : options_(options) {}

  Status Begin(const internal::StoreBackupHeader& header) {
    header_ = header;
    if (header.index() == 0 || header.group().empty()) {
      return DataLoss("The backup does not say what it is of; take another one");
    }
    log::LevelDbStorageOptions storage;
    storage.directory = options_.directory;
    ASSIGN_OR_RETURN(storage_, log::LevelDbStorage::Open(std::move(storage)));
    return storage_->Load().status();
  }

  Status Piece(std::string_view piece) {
    log::LogWrite write;
    log::SnapshotPiece stored;
    stored.snapshot = header_.index();
    stored.number = meta_.chunks();
    stored.data = piece;
    write.pieces.push_back(std::move(stored));
    meta_.set_chunks(meta_.chunks() + 1);
    meta_.set_bytes(meta_.bytes() + piece.size());
    meta_.set_checksum(Crc32c(piece, meta_.checksum()));
    return storage_->Write({std::move(write)});
  }

  Result<Restored> End() {
    Restored restored;
    restored.header = header_;
    restored.cluster_id = options_.cluster_id.empty() ? header_.cluster_id() : options_.cluster_id;
    restored.term = header_.term() + kRestoreTermJump;
    log::LogWrite write;
    write.identity.emplace();
    write.identity->set_format(kIdentityFormat);
    write.identity->set_member_id(options_.member_id);
    write.identity->set_cluster_id(restored.cluster_id);
    write.identity->set_group(header_.group());
    write.hard = log::HardState{restored.term, 0};
    meta_.set_index(header_.index());
    meta_.set_term(header_.term());
    internal::LogMember* member = meta_.mutable_configuration()->add_members();
    member->set_id(options_.member_id);
    member->set_address(options_.address);
    write.snapshot = meta_;
    write.compact_to = header_.index();
    write.reset_log = true;
    RETURN_IF_ERROR(storage_->Write({std::move(write)}));
    return restored;
  }

 private:
  const RestoreOptions& options_;
  internal::StoreBackupHeader header_;
  std::unique_ptr<log::LevelDbStorage> storage_;
  log::SnapshotMeta meta_;
};

}  // namespace

Result<KvState> LoadState(log::LogReader* reader) {
  const log::LogSummary& summary = reader->summary();
  KvState state;
  log::Index applied = 0;
  if (summary.snapshot) {
    KvSnapshotReader snapshot;
    for (uint32_t number = 0; number < summary.snapshot->chunks(); ++number) {
      ASSIGN_OR_RETURN(const std::string piece, reader->ReadPiece(number));
      RETURN_IF_ERROR(snapshot.Add(piece));
    }
    ASSIGN_OR_RETURN(KvContent content, snapshot.Finish());
    applied = summary.snapshot->index();
    state.Replace(std::move(content), applied);
  }
  for (const log::EntryPtr& entry : reader->entries()) {
    if (entry->index <= applied) continue;
    if (entry->kind == log::EntryKind::kCommand) {
      (void)state.Apply(entry->index, entry->term, entry->payload);
    }
    state.Advance(entry->index);
  }
  return state;
}

internal::StoreBackupHeader HeaderOf(const log::LogSummary& summary, WallTime created) {
  internal::StoreBackupHeader header;
  header.set_cluster_id(summary.identity.cluster_id());
  header.set_group(summary.identity.group());
  header.set_term(summary.hard.term);
  header.set_created_ns(created.nanos());
  return header;
}

Result<Restored> RestoreBackup(const std::string& file, const RestoreOptions& options) {
  RETURN_IF_ERROR(CheckEmpty(options.directory));
  {
    BackupReader all({}, {});  // Nothing is made out of a backup that is not whole.
    RETURN_IF_ERROR(ReadBackupFile(file, &all));
    const Result<KvContent> content = all.Finish();
    if (!content.ok()) return content.status().WithContext(file);
  }
  Restorer restorer(options);
  BackupReader reader([&](const auto& header) { return restorer.Begin(header); },
                      [&](std::string_view piece) { return restorer.Piece(piece); });
  RETURN_IF_ERROR(ReadBackupFile(file, &reader));
  RETURN_IF_ERROR(reader.Finish().status());
  return restorer.End();
}

}  // namespace meseta::store
