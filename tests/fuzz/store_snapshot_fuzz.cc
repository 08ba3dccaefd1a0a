// A store's snapshot as hostile input: reading it ends with a content or with a Status, whichever
// way it was cut into pieces; and a content that was accepted is one: it is written, read again and
// written on.
//
// Input: {where the stream is cut u8, the stream}.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "actors/base/check.h"
#include "state/store/kv_snapshot.h"
#include "state/store/kv_state.h"
#include "tests/fuzz/fuzz_input.h"

namespace meseta::store {
namespace {

Result<KvContent> Read(std::string_view stream, size_t piece) {
  KvSnapshotReader reader;
  for (; !stream.empty(); stream.remove_prefix(std::min(piece, stream.size()))) {
    if (!reader.Add(stream.substr(0, piece)).ok()) break;
  }
  return reader.Finish();
}

std::string Write(KvContent content) {
  KvSnapshotWriter writer(std::move(content));
  std::string stream, piece;
  while (writer.Next(&piece)) {
    CHECK(!piece.empty() && piece.size() <= log::kMaxSnapshotPiece);
    stream += piece;
  }
  return stream;
}

void CheckSums(const KvContent& content) {
  size_t bytes = 0;
  content.items.ForEachFrom("", [&bytes](std::string_view key, const KvItemPtr& item) {
    CHECK(key == item->key);
    bytes += item->key.size() + item->value.size();
    return true;
  });
  CHECK(bytes == content.bytes);
}

void GoOn(KvContent content) {
  const size_t keys = content.items.size();
  KvState state;
  state.Replace(std::move(content), 7);
  CHECK(state.View()->keys() == keys);
  Batch batch;
  batch.changes = {{"key", "value"}};
  std::string bytes, command;
  SerializeBatch(batch, &bytes);
  command = '\x0a';  // StoreCommand.batches
  command += static_cast<char>(bytes.size());
  command += bytes;
  const auto results = state.Apply(8, 3, command).Parsed();
  CHECK(results.results_size() == 1 && results.results(0).version() == 8);
  CHECK(state.View()->Get("key").has_value());
}

}  // namespace
}  // namespace meseta::store

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace meseta::store;
  meseta::fuzz::Input input(data, size);
  const size_t piece = size_t{1} + input.Byte();
  const std::string_view stream = input.TakeRest();
  meseta::Result<KvContent> whole = Read(stream, stream.size() + 1);
  meseta::Result<KvContent> pieces = Read(stream, piece);
  CHECK(whole.ok() == pieces.ok()) << whole.status() << " but in pieces " << pieces.status();
  if (!whole.ok()) return 0;
  CheckSums(*whole);
  // There is one way to write a content.
  CHECK(Write(std::move(*pieces)) == stream);
  GoOn(std::move(*whole));
  return 0;
}
