// The snapshot format of the store: a KvContent as pieces of at most log::kMaxSnapshotPiece. Pure.
//
// One stream of bytes, cut anywhere into pieces (a value may span many). Numbers are little-endian.
//
//   "MSKV"  u32 format = 1
//   'K'  u32 key bytes  u32 value bytes  u64 version  key  value      per item, keys strictly rising
//   'U'  u64 id  u64 term  u32 pieces                                 per upload, ids rising
//   'P'  u32 bytes  data                                              its pieces, in order
//   'E'  u64 items  u64 uploads                                       and nothing behind it
//
// The log guards pieces by checksums; a reader still accepts nothing that this drawing does not allow.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "actors/base/status.h"
#include "state/log/state_machine.h"
#include "state/store/kv_state.h"

namespace meseta::store {

inline constexpr uint32_t kSnapshotFormat = 1;

class KvSnapshotWriter : public log::SnapshotSource {
 public:
  explicit KvSnapshotWriter(KvContent content) : content_(std::move(content)) {}
  bool Next(std::string* piece) override;

 private:
  enum class Phase { kHeader, kItems, kUploads, kEnd, kDone };
  // Queues the next record in buffer_ and rest_. False: there is none.
  bool NextRecord();
  void NextItem();
  void NextUploadRecord();

  KvContent content_;
  Phase phase_ = Phase::kHeader;
  std::string buffer_;        // Of the record under way, not yet handed out: small fields,
  std::string_view rest_;     // then its value, which stays where it is.
  size_t written_ = 0;        // Bytes of buffer_ handed out.
  KvItemPtr item_;            // The last one started; owns rest_.
  KvUploads::const_iterator upload_;
  size_t upload_piece_ = 0;
  bool in_upload_ = false;
};

// Takes pieces; then Finish() gives the content. kDataLoss on what is not a snapshot.
class KvSnapshotReader {
 public:
  [[nodiscard]] Status Add(std::string_view piece);
  // REQUIRES: once.
  [[nodiscard]] Result<KvContent> Finish();

 private:
  // Consumes one record from `in` if it is whole. kDataLoss when it cannot be one.
  [[nodiscard]] Result<bool> Step(std::string_view* in);
  [[nodiscard]] Result<bool> StepItem(std::string_view* in);
  [[nodiscard]] Result<bool> StepUpload(std::string_view* in);
  [[nodiscard]] Result<bool> StepPiece(std::string_view* in);
  [[nodiscard]] Result<bool> StepEnd(std::string_view* in);

  std::string buffer_;  // What is left of pieces: less than a record.
  size_t wanted_ = 0;   // Bytes that the record at its front needs, as far as known.
  KvContent content_;
  std::string last_key_;
  bool header_ = false;
  bool ended_ = false;
  uint64_t upload_pieces_left_ = 0;
  size_t staged_bytes_ = 0;
  Status failure_;
};

// The one piece of an empty state's snapshot: what a founding member starts from.
[[nodiscard]] std::string EmptySnapshotPiece();

}  // namespace meseta::store
