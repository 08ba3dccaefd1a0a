// Commands of the store as hostile input, applied one after another: each has its results, equal
// members come to equal states, and what the fast reader of commands says is what protobuf says.
//
// Input: {flags u8, size u16, command}*. Flags: bit 0 the entry is of the next term; bit 1 the
// state goes through a snapshot first; bit 2 the bytes are read as a batch and as results, too.
#include <google/protobuf/stubs/logging.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "actors/base/check.h"
#include "state/store/batch_codec.h"
#include "state/store/batch_wire.h"
#include "state/store/kv_snapshot.h"
#include "state/store/kv_state.h"
#include "tests/fuzz/fuzz_input.h"

namespace meseta::store {
namespace {

std::string Write(KvContent content) {
  KvSnapshotWriter writer(std::move(content));
  std::string stream, piece;
  while (writer.Next(&piece)) stream += piece;
  return stream;
}

void CheckAgainstProtobuf(const BatchView& view, const internal::StoreBatch& parsed) {
  CHECK(view.conditions.size() == static_cast<size_t>(parsed.conditions_size()));
  CHECK(view.changes.size() == static_cast<size_t>(parsed.changes_size()));
  for (int i = 0; i < parsed.conditions_size(); ++i) {
    CHECK(view.conditions[i].key == parsed.conditions(i).key());
    CHECK(view.conditions[i].version == parsed.conditions(i).version());
  }
  for (int i = 0; i < parsed.changes_size(); ++i) {
    CHECK(view.changes[i].key == parsed.changes(i).key());
    CHECK(view.changes[i].value == parsed.changes(i).value());
    CHECK(view.changes[i].has_value == parsed.changes(i).has_value());
    CHECK(view.changes[i].deleted == parsed.changes(i).deleted());
  }
}

void CheckCommand(std::string_view bytes) {
  CommandView view;
  if (!ParseCommand(bytes, &view)) return;
  std::vector<BatchView> batches(view.batches.size());
  for (size_t i = 0; i < batches.size(); ++i) {
    if (!ParseBatch(view.batches[i], &batches[i])) return;  // Protobuf refuses the whole command.
  }
  internal::StoreCommand parsed;
  CHECK(parsed.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
  CHECK(view.batches.size() == static_cast<size_t>(parsed.batches_size()));
  for (size_t i = 0; i < batches.size(); ++i) {
    CheckAgainstProtobuf(batches[i], parsed.batches(static_cast<int>(i)));
  }
  CHECK(view.pieces.empty() != parsed.has_piece());
  if (parsed.has_piece()) {
    CHECK(view.pieces[0].upload == parsed.piece().upload());
    CHECK(view.pieces[0].number == parsed.piece().number());
    CHECK(view.pieces[0].data == parsed.piece().data());
  }
  CHECK(view.uploaded_batches.empty() != parsed.has_uploaded_batch());
  if (parsed.has_uploaded_batch()) CHECK(view.uploaded_batches[0] == parsed.uploaded_batch());
  CHECK(view.dropped_uploads.size() == static_cast<size_t>(parsed.dropped_uploads_size()));
}

// What is read is written as protobuf would.
void CheckBatch(std::string_view bytes) {
  BatchView view;
  if (!ParseBatch(bytes, &view)) return;
  Batch batch;
  internal::StoreBatch expected;
  for (const ConditionView& condition : view.conditions) {
    Condition added;
    added.key = condition.key;
    added.version = condition.version;
    batch.conditions.push_back(added);
    auto* message = expected.add_conditions();
    message->set_key(added.key);
    message->set_version(added.version);
  }
  for (const ChangeView& change : view.changes) {
    Change added;
    added.key = change.key;
    if (!change.deleted) added.value = change.value;
    batch.changes.push_back(added);
    auto* message = expected.add_changes();
    message->set_key(added.key);
    if (added.value) message->set_value(*added.value);
    if (!added.value) message->set_deleted(true);
  }
  std::string written;
  SerializeBatch(batch, &written);
  CHECK(written.size() == SizeOfBatch(batch));
  CHECK(written == expected.SerializeAsString());
  (void)EncodeBatch(batch).ok();  // May refuse keys.
}

class Members {
 public:
  void Apply(bool next_term, std::string_view command) {
    ++index_;
    term_ += next_term ? 1 : 0;
    const KvState::Outcome one = one_.Apply(index_, term_, command);
    const KvState::Outcome two = two_.Apply(index_, term_, command);
    one_.Advance(index_);
    two_.Advance(index_);
    CHECK(one.results == two.results);
    CheckOutcome(one);
    for (const size_t count : {0, 1, 2, 3}) {
      CHECK(DecodeResults(one.results, count).size() == count);
    }
  }

  // The second one starts over from what the first one is.
  void Restart() {
    const std::string stream = Write(one_.Freeze());
    KvSnapshotReader reader;
    const Status added = reader.Add(stream);
    CHECK(added.ok()) << added;
    Result<KvContent> content = reader.Finish();
    CHECK(content.ok()) << content.status();
    two_ = KvState();
    two_.Replace(std::move(*content), index_);
    CHECK(two_.staged_bytes() == one_.staged_bytes());
  }

  void CheckEqual() { CHECK(Write(one_.Freeze()) == Write(two_.Freeze())); }

 private:
  // Each change is in the state, a key at most once, under the entry's version.
  void CheckOutcome(const KvState::Outcome& outcome) {
    const internal::StoreResults results = outcome.Parsed();
    for (const auto& result : results.results()) (void)Answer(result).ok();
    const SnapshotPtr view = one_.View();
    std::vector<std::string_view> keys;
    for (const KvChange& change : outcome.changes) {
      keys.push_back(change.item->key);
      const auto item = view->Get(change.item->key);
      CHECK(item.has_value() != change.deleted);
      if (item) CHECK(item->version == index_ && item->value == change.item->value);
    }
    std::sort(keys.begin(), keys.end());
    CHECK(std::adjacent_find(keys.begin(), keys.end()) == keys.end());
  }

  KvState one_, two_;
  log::Index index_ = 0;
  log::Term term_ = 1;
};

}  // namespace
}  // namespace meseta::store

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace meseta::store;
  static const google::protobuf::LogSilencer silencer;  // Of complaints about texts.
  meseta::fuzz::Input input(data, size);
  Members members;
  while (!input.empty()) {
    const uint8_t flags = input.Byte();
    const std::string_view command = input.TakeSized();
    if ((flags & 2) != 0) members.Restart();
    if ((flags & 4) != 0) {
      CheckBatch(command);
      (void)DecodeResults(command, flags >> 4);
    }
    CheckCommand(command);
    members.Apply((flags & 1) != 0, command);
  }
  members.CheckEqual();
  return 0;
}
