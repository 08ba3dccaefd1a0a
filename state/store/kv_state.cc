#include "state/store/kv_state.h"

#include <algorithm>
#include <set>
#include <utility>

#include "actors/base/check.h"

namespace meseta::store {
namespace {

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

void Append(const StoreResult& result, std::string* results) {
  internal::StoreResults one;
  *one.add_results() = result;
  one.AppendToString(results);
}

bool MakesSense(const ChangeView& change) {
  return !change.key.empty() && change.key.size() <= kMaxKey &&
         change.has_value != change.deleted && change.value.size() <= kMaxValue;
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

internal::StoreResults KvState::Outcome::Parsed() const {
  internal::StoreResults parsed;
  CHECK(parsed.ParseFromString(results));
  return parsed;
}

KvState::Outcome KvState::Apply(log::Index index, log::Term term, std::string_view command) {
  Outcome outcome;
  // Uploads of another term have lost their writer.
  if (!uploads_.empty() && uploads_.begin()->second.term != term) {
    uploads_.clear();
    staged_bytes_ = 0;
  }
  if (!ParseCommand(command, &command_)) {
    Append(Problem(internal::STORE_BAD_COMMAND), &outcome.results);
    return outcome;
  }
  bool first = true;
  for (const std::string_view batch : command_.batches) {
    ApplyBatch(batch, first, index, &outcome);
    first = false;
  }
  for (const CommandView::Piece& piece : command_.pieces) {
    Append(ApplyPiece(piece, term), &outcome.results);
  }
  for (const uint64_t id : command_.uploaded_batches) ApplyUploaded(id, first, index, &outcome);
  for (const uint64_t id : command_.dropped_uploads) DropUpload(id);
  return outcome;
}

std::optional<StoreResult> KvState::Refusal(const BatchView& batch, bool first,
                                            Version version) const {
  for (const ConditionView& condition : batch.conditions) {
    const Version actual = VersionOf(condition.key);
    if (actual == condition.version) continue;
    StoreResult result;
    result.mutable_failed()->set_key(condition.key.data(), condition.key.size());
    result.mutable_failed()->set_version(condition.version);
    result.set_actual(actual);
    return result;
  }
  for (const ChangeView& change : batch.changes) {
    if (!MakesSense(change)) return Problem(internal::STORE_BAD_COMMAND);
    // Changed by an earlier batch of this entry: its version would name two values.
    if (!first && VersionOf(change.key) == version) return Problem(internal::STORE_BAD_COMMAND);
  }
  return std::nullopt;
}

void KvState::ApplyBatch(std::string_view bytes, bool first, Version version, Outcome* outcome) {
  BatchView& batch = batch_;
  if (!ParseBatch(bytes, &batch)) {
    return Append(Problem(internal::STORE_BAD_COMMAND), &outcome->results);
  }
  if (const auto refusal = Refusal(batch, first, version)) {
    return Append(*refusal, &outcome->results);
  }
  if (batch.changes.size() > 1) {  // The last change of a key wins.
    std::set<std::string_view> later;
    for (auto change = batch.changes.rbegin(); change != batch.changes.rend(); ++change) {
      if (!later.insert(change->key).second) change->key = {};
    }
  }
  for (const ChangeView& change : batch.changes) {
    if (!change.key.empty()) ApplyChange(change, version, &outcome->changes);
  }
  AppendVersionResult(version, &outcome->results);
}

void KvState::ApplyChange(const ChangeView& change, Version version,
                          std::vector<KvChange>* changes) {
  const KvItemPtr* found = items_.Find(change.key);
  if (found != nullptr) bytes_ -= SizeOf(**found);
  if (change.deleted) {
    if (found == nullptr) return;
    const KvItemPtr old = *found;
    items_.Erase(old->key);
    changes->push_back({old, true});
    return;
  }
  auto item = std::make_shared<KvItem>();
  item->key = change.key;
  item->value = change.value;
  item->version = version;
  bytes_ += SizeOf(*item);
  const std::string_view key = item->key;
  changes->push_back({item, false});
  items_.Replace(key, std::move(item));
}

StoreResult KvState::ApplyPiece(const CommandView::Piece& piece, log::Term term) {
  const size_t size = piece.data.size();
  const auto found = uploads_.find(piece.upload);
  const size_t next = found == uploads_.end() ? 0 : found->second.pieces.size();
  if (size == 0) return Problem(internal::STORE_BAD_COMMAND);
  if (piece.number != next) {
    return Problem(next == 0 ? internal::STORE_UPLOAD_LOST : internal::STORE_BAD_COMMAND);
  }
  if (staged_bytes_ + size > kMaxStagedBytes ||
      (found == uploads_.end() && uploads_.size() >= kMaxUploads)) {
    return Problem(internal::STORE_UPLOADS_FULL);
  }
  KvUpload& upload = uploads_[piece.upload];
  upload.term = term;
  upload.bytes += size;
  upload.pieces.push_back(std::make_shared<const std::string>(piece.data));
  staged_bytes_ += size;
  StoreResult result;
  result.set_version(0);
  return result;
}

void KvState::ApplyUploaded(uint64_t id, bool first, Version version, Outcome* outcome) {
  const auto found = uploads_.find(id);
  if (found == uploads_.end()) {
    return Append(Problem(internal::STORE_UPLOAD_LOST), &outcome->results);
  }
  std::string batch;
  batch.reserve(found->second.bytes);
  for (const auto& piece : found->second.pieces) batch += *piece;
  DropUpload(id);
  ApplyBatch(batch, first, version, outcome);
}

void KvState::DropUpload(uint64_t id) {
  const auto upload = uploads_.find(id);
  if (upload == uploads_.end()) return;
  staged_bytes_ -= upload->second.bytes;
  uploads_.erase(upload);
}

}  // namespace meseta::store
