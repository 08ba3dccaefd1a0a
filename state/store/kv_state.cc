#include "state/store/kv_state.h"

#include <google/protobuf/io/zero_copy_stream_impl.h>

#include <algorithm>
#include <deque>
#include <set>
#include <utility>

#include "actors/base/check.h"

namespace meseta::store {
namespace {

namespace pb_io = google::protobuf::io;
using internal::StoreBatch;
using internal::StoreChange;
using internal::StoreResult;

class KvView final : public Snapshot {
 public:
  KvView(KvMap items, size_t bytes, Version version)
      : items_(std::move(items)), bytes_(bytes), version_(version) {}

  Version version() const override { return version_; }
  std::optional<Item> Get(std::string_view key) const override {
    const KvItemPtr* item = items_.Find(key);
    if (item == nullptr) return std::nullopt;
    return Item{(*item)->key, (*item)->value, (*item)->version};
  }
  void Scan(std::string_view prefix, std::string_view from,
            const std::function<bool(const Item&)>& visit) const override {
    items_.ForEachFrom(std::max(prefix, from), [&](std::string_view key, const KvItemPtr& item) {
      return key.substr(0, prefix.size()) == prefix &&
             visit(Item{item->key, item->value, item->version});
    });
  }
  size_t keys() const override { return items_.size(); }
  size_t bytes() const override { return bytes_; }
  [[nodiscard]] const KvMap& items() const { return items_; }

 private:
  const KvMap items_;
  const size_t bytes_;
  const Version version_;
};

StoreResult Problem(internal::StoreProblem problem) {
  StoreResult result;
  result.set_problem(problem);
  return result;
}

bool MakesSense(const StoreChange& change) {
  return !change.key().empty() && change.key().size() <= kMaxKey &&
         change.has_value() != change.deleted() && change.value().size() <= kMaxValue;
}

size_t SizeOf(const KvItem& item) { return item.key.size() + item.value.size(); }

}  // namespace

SnapshotPtr MakeView(KvMap items, size_t bytes, Version version) {
  return std::make_shared<KvView>(std::move(items), bytes, version);
}

KvContent ItemsOf(const Snapshot& view) {
  const auto* made = dynamic_cast<const KvView*>(&view);
  CHECK(made != nullptr);
  return {made->items(), view.bytes(), {}};
}

SnapshotPtr KvState::View() { return MakeView(items_.Freeze(), bytes_, version_); }

KvContent KvState::Freeze() { return {items_.Freeze(), bytes_, uploads_}; }

void KvState::Replace(KvContent content, Version version) {
  items_ = std::move(content.items);
  bytes_ = content.bytes;
  (void)items_.Freeze();  // Whoever gave the content may have kept a copy.
  uploads_ = std::move(content.uploads);
  staged_bytes_ = 0;
  for (const auto& [id, upload] : uploads_) staged_bytes_ += upload.bytes;
  version_ = version;
}

Version KvState::VersionOf(std::string_view key) const {
  const KvItemPtr* item = items_.Find(key);
  return item == nullptr ? 0 : (*item)->version;
}

KvState::Outcome KvState::Apply(log::Index index, log::Term term, std::string_view command) {
  Outcome outcome;
  // Uploads of another term have lost their writer.
  if (!uploads_.empty() && uploads_.begin()->second.term != term) {
    uploads_.clear();
    staged_bytes_ = 0;
  }
  internal::StoreCommand parsed;
  if (!parsed.ParseFromArray(command.data(), static_cast<int>(command.size()))) {
    *outcome.results.add_results() = Problem(internal::STORE_BAD_COMMAND);
    return outcome;
  }
  outcome.results.mutable_results()->Reserve(parsed.batches_size() + 1);
  bool first = true;
  for (StoreBatch& batch : *parsed.mutable_batches()) {
    *outcome.results.add_results() = ApplyBatch(&batch, first, index, &outcome.changes);
    first = false;
  }
  if (parsed.has_piece()) {
    *outcome.results.add_results() = ApplyPiece(parsed.mutable_piece(), term);
  }
  if (parsed.has_uploaded_batch()) {
    *outcome.results.add_results() =
        ApplyUploaded(parsed.uploaded_batch(), first, index, &outcome.changes);
  }
  for (const uint64_t id : parsed.dropped_uploads()) DropUpload(id);
  return outcome;
}

std::optional<StoreResult> KvState::Refusal(const StoreBatch& batch, bool first,
                                            Version version) const {
  for (const internal::StoreCondition& condition : batch.conditions()) {
    const Version actual = VersionOf(condition.key());
    if (actual == condition.version()) continue;
    StoreResult result;
    *result.mutable_failed() = condition;
    result.set_actual(actual);
    return result;
  }
  for (const StoreChange& change : batch.changes()) {
    if (!MakesSense(change)) return Problem(internal::STORE_BAD_COMMAND);
    // Changed by an earlier batch of this entry: its version would name two values.
    if (!first && VersionOf(change.key()) == version) return Problem(internal::STORE_BAD_COMMAND);
  }
  return std::nullopt;
}

StoreResult KvState::ApplyBatch(StoreBatch* batch, bool first, Version version,
                                std::vector<KvChange>* changes) {
  if (auto refusal = Refusal(*batch, first, version)) return *std::move(refusal);
  const int size = batch->changes_size();
  std::vector<char> wins(static_cast<size_t>(size), 1);
  if (size > 1) {  // The last change of a key wins.
    std::set<std::string_view> later;
    for (int i = size - 1; i >= 0; --i) {
      wins[static_cast<size_t>(i)] = later.insert(batch->changes(i).key()).second ? 1 : 0;
    }
  }
  for (int i = 0; i < size; ++i) {
    if (wins[static_cast<size_t>(i)] != 0) ApplyChange(batch->mutable_changes(i), version, changes);
  }
  StoreResult result;
  result.set_version(version);
  return result;
}

void KvState::ApplyChange(StoreChange* change, Version version, std::vector<KvChange>* changes) {
  const KvItemPtr* found = items_.Find(change->key());
  const KvItemPtr old = found == nullptr ? nullptr : *found;
  if (old != nullptr) bytes_ -= SizeOf(*old);
  if (change->deleted()) {
    if (old == nullptr) return;
    items_.Erase(old->key);
    changes->push_back({old, true});
    return;
  }
  auto item = std::make_shared<KvItem>();
  item->key = std::move(*change->mutable_key());
  item->value = std::move(*change->mutable_value());
  item->version = version;
  bytes_ += SizeOf(*item);
  const std::string_view key = item->key;
  changes->push_back({item, false});
  items_.Replace(key, std::move(item));
}

StoreResult KvState::ApplyPiece(internal::StoreUploadPiece* piece, log::Term term) {
  const size_t size = piece->data().size();
  auto found = uploads_.find(piece->upload());
  const size_t next = found == uploads_.end() ? 0 : found->second.pieces.size();
  if (size == 0) return Problem(internal::STORE_BAD_COMMAND);
  if (piece->number() != next) {
    return Problem(next == 0 ? internal::STORE_UPLOAD_LOST : internal::STORE_BAD_COMMAND);
  }
  if (staged_bytes_ + size > kMaxStagedBytes ||
      (found == uploads_.end() && uploads_.size() >= kMaxUploads)) {
    return Problem(internal::STORE_UPLOADS_FULL);
  }
  KvUpload& upload = uploads_[piece->upload()];
  upload.term = term;
  upload.bytes += size;
  upload.pieces.push_back(std::make_shared<const std::string>(std::move(*piece->mutable_data())));
  staged_bytes_ += size;
  StoreResult result;
  result.set_version(0);
  return result;
}

StoreResult KvState::ApplyUploaded(uint64_t id, bool first, Version version,
                                   std::vector<KvChange>* changes) {
  const auto found = uploads_.find(id);
  if (found == uploads_.end()) return Problem(internal::STORE_UPLOAD_LOST);
  const KvUpload upload = found->second;
  DropUpload(id);
  std::deque<pb_io::ArrayInputStream> arrays;
  std::vector<pb_io::ZeroCopyInputStream*> streams;
  for (const auto& piece : upload.pieces) {
    arrays.emplace_back(piece->data(), static_cast<int>(piece->size()));
    streams.push_back(&arrays.back());
  }
  pb_io::ConcatenatingInputStream joined(streams.data(), static_cast<int>(streams.size()));
  StoreBatch batch;
  if (!batch.ParseFromZeroCopyStream(&joined)) return Problem(internal::STORE_BAD_COMMAND);
  return ApplyBatch(&batch, first, version, changes);
}

void KvState::DropUpload(uint64_t id) {
  const auto upload = uploads_.find(id);
  if (upload == uploads_.end()) return;
  staged_bytes_ -= upload->second.bytes;
  uploads_.erase(upload);
}

}  // namespace meseta::store
