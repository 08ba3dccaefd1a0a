// What callers ask for, as commands of the log, and results of commands as answers. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "actors/base/status.h"
#include "actors/messages/internal/store.pb.h"
#include "state/store/store_types.h"

namespace meseta::store {

// A checked batch, as its StoreBatch's bytes.
struct EncodedBatch {
  std::string bytes;
  std::vector<uint64_t> changed;  // Hashes of the keys that it changes.
};

// InvalidArgument: a key or value that can never be stored; ResourceExhausted: beyond kMaxBatchBytes.
[[nodiscard]] Result<EncodedBatch> EncodeBatch(const Batch& batch);

// Appends a batch's bytes to a command's.
void AppendBatch(std::string_view batch, std::string* command);
[[nodiscard]] std::string PieceCommand(uint64_t upload, uint32_t number, std::string_view data);
[[nodiscard]] std::string UploadedBatchCommand(uint64_t upload);
[[nodiscard]] std::string DropCommand(uint64_t upload);

// The answer to a batch or piece.
[[nodiscard]] Result<Version> Answer(const internal::StoreResult& result);
// `count` answers; all are the same failure when the text is not that many results.
[[nodiscard]] std::vector<Result<Version>> DecodeResults(std::string_view results, size_t count);

// A key as text for sentences: quoted, control bytes escaped, shortened.
[[nodiscard]] std::string KeyText(std::string_view key);

}  // namespace meseta::store
