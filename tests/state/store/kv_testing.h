// What the tests of the store share: short ways to make commands and to read state.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "state/store/batch_codec.h"
#include "state/store/kv_snapshot.h"
#include "state/store/kv_state.h"

namespace meseta::store {

inline std::string CommandOf(const std::vector<Batch>& batches) {
  std::string command;
  for (const Batch& batch : batches) AppendBatch(EncodeBatch(batch).value().bytes, &command);
  return command;
}

inline Batch PutBatch(const std::string& key, const std::string& value) {
  Batch batch;
  batch.changes.push_back(Change{key, value});
  return batch;
}

using Contents = std::map<std::string, std::pair<std::string, Version>>;

inline Contents ContentsOf(const Snapshot& snapshot, const std::string& prefix = "") {
  Contents out;
  snapshot.Scan(prefix, "", [&](const Item& item) {
    out[std::string(item.key)] = {std::string(item.value), item.version};
    return true;
  });
  return out;
}

inline std::vector<std::string> PiecesOf(KvContent content) {
  KvSnapshotWriter writer(std::move(content));
  std::vector<std::string> pieces;
  std::string piece;
  while (writer.Next(&piece)) pieces.push_back(piece);
  return pieces;
}

inline Result<KvContent> ReadPieces(const std::vector<std::string>& pieces) {
  KvSnapshotReader reader;
  for (const std::string& piece : pieces) RETURN_IF_ERROR(reader.Add(piece));
  return reader.Finish();
}

}  // namespace meseta::store
