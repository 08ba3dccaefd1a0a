// StoreBatch and StoreCommand without protobuf objects: views into the bytes of a command, for the one
// place where a message per key would be most of the work. The wire format is store.proto's. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "state/store/store_types.h"

namespace meseta::store {

struct ConditionView {
  std::string_view key;
  Version version = 0;
};
struct ChangeView {
  std::string_view key;
  std::string_view value;
  bool has_value = false;
  bool deleted = false;
};
struct BatchView {
  std::vector<ConditionView> conditions;
  std::vector<ChangeView> changes;
};
struct CommandView {
  struct Piece {
    uint64_t upload = 0;
    uint32_t number = 0;
    std::string_view data;
  };
  std::vector<std::string_view> batches;  // Each a StoreBatch.
  std::vector<Piece> pieces;              // At most one.
  std::vector<uint64_t> uploaded_batches;  // At most one.
  std::vector<uint64_t> dropped_uploads;
};

// False: these are not such a message's bytes. Unknown fields are skipped, as protobuf does; *out is
// replaced, and keeps its capacity.
[[nodiscard]] bool ParseBatch(std::string_view bytes, BatchView* out);
[[nodiscard]] bool ParseCommand(std::string_view bytes, CommandView* out);

// Appends the batch's bytes, which are those of protobuf.
void SerializeBatch(const Batch& batch, std::string* out);
[[nodiscard]] size_t SizeOfBatch(const Batch& batch);

// Appends to a StoreResults the result of a batch that happened.
void AppendVersionResult(Version version, std::string* results);

}  // namespace meseta::store
