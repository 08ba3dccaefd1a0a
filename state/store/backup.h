// Backup files of a store: one snapshot, with what it is of, each part guarded. Pure; streamed, so
// that neither side holds a whole file.
//
//   "MSBK"  u32 format = 1  u32 bytes  u32 crc  header             a StoreBackupHeader
//   u32 bytes > 0  u32 crc  piece                                  the snapshot's (kv_snapshot.h)
//   u32 0  u32 pieces  u64 bytes  u32 crc of all pieces  "KBSM"    the end
//
// Numbers are little-endian, crc is CRC32C. Also what a leader serves under kBackupPath.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "actors/base/status.h"
#include "actors/messages/internal/store.pb.h"
#include "state/store/kv_snapshot.h"
#include "state/store/store_types.h"

namespace meseta::store {

inline constexpr uint32_t kBackupFormat = 1;
inline constexpr char kBackupPath[] = "/meseta/log/backup";
inline constexpr char kBackupContentType[] = "application/octet-stream";

// The bytes of a backup of `snapshot`, in parts of about a megabyte at most. Any one thread at a time,
// while writes go on.
class BackupSource {
 public:
  // Of `header` cluster_id, group, term and created_ns; the rest is the snapshot's.
  BackupSource(const SnapshotPtr& snapshot, internal::StoreBackupHeader header);
  // Also with what is not items.
  BackupSource(KvContent content, Version version, internal::StoreBackupHeader header);

  // False: that was all.
  bool Next(std::string* bytes);

 private:
  internal::StoreBackupHeader header_;
  KvSnapshotWriter writer_;
  bool begun_ = false;
  bool ended_ = false;
  uint32_t pieces_ = 0;
  uint64_t bytes_ = 0;
  uint32_t checksum_ = 0;
};

// Takes the bytes of a backup in any parts, checks all of it, and hands its pieces on. kDataLoss on
// what is not a whole backup; or the failure of `on_piece`.
class BackupReader {
 public:
  using OnHeader = std::function<Status(const internal::StoreBackupHeader&)>;
  using OnPiece = std::function<Status(std::string_view piece)>;

  // Either may be empty.
  BackupReader(OnHeader on_header, OnPiece on_piece)
      : on_header_(std::move(on_header)), on_piece_(std::move(on_piece)) {}

  [[nodiscard]] Status Add(std::string_view bytes);
  // Its content. REQUIRES: once.
  [[nodiscard]] Result<KvContent> Finish();
  [[nodiscard]] const internal::StoreBackupHeader& header() const { return header_; }

 private:
  [[nodiscard]] Result<bool> Step();
  [[nodiscard]] Result<bool> StepHeader();
  [[nodiscard]] Result<bool> StepEnd();

  const OnHeader on_header_;
  const OnPiece on_piece_;
  std::string buffer_;
  internal::StoreBackupHeader header_;
  KvSnapshotReader reader_;
  bool begun_ = false;
  bool ended_ = false;
  uint32_t pieces_ = 0;
  uint64_t bytes_ = 0;
  uint32_t checksum_ = 0;
  Status failure_;
};

}  // namespace meseta::store
