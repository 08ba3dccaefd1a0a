#include "tests/sim/log/kv_machine.h"

#include <cstdlib>
#include <utility>

#include "actors/base/check.h"
#include "state/store/batch_codec.h"
#include "state/store/kv_snapshot.h"

namespace meseta::logsim {
namespace {

constexpr uint64_t kUploadEvery = 8;  // Of all batches one in so many comes as an upload.
constexpr size_t kUploadPieces = 3;

std::string KeyOf(int key) { return "k" + std::to_string(key); }
std::string ShadowOf(int key) { return "s" + std::to_string(key); }
bool HasShadow(uint64_t value) { return value % 2 == 1; }

uint64_t Mix(uint64_t hash, uint64_t part) {
  hash = (hash ^ part) * 0x9e3779b97f4a7c15u;
  return hash ^ hash >> 29;
}

uint64_t HashOf(std::string_view key, std::string_view value, uint64_t version) {
  uint64_t hash = Mix(14695981039346656037u, version);
  for (const char c : key) hash = Mix(hash, static_cast<unsigned char>(c));
  hash = Mix(hash, 256);
  for (const char c : value) hash = Mix(hash, static_cast<unsigned char>(c));
  return hash;
}

// A field that no version knows: readers skip it.
void AppendUnknown(size_t bytes, std::string* command) {
  if (bytes == 0) return;
  command->push_back(15 << 3 | 2);
  for (size_t rest = bytes;; rest >>= 7) {
    command->push_back(static_cast<char>(rest >= 0x80 ? rest | 0x80 : rest));
    if (rest < 0x80) break;
  }
  command->append(bytes, 'x');
}

}  // namespace

std::string EmptyState() { return store::EmptySnapshotPiece(); }

std::vector<std::string> EncodeOp(const Op& op) {
  store::Batch batch;
  if (op.kind == OpKind::kCas) batch.conditions = {{KeyOf(op.key), op.expected_version}};
  const std::string value = std::to_string(op.value);
  store::Change shadow{ShadowOf(op.key), std::nullopt};
  if (HasShadow(op.value)) shadow.value = value;
  batch.changes = {{KeyOf(op.key), value}, std::move(shadow)};
  const Result<store::EncodedBatch> encoded = store::EncodeBatch(batch);
  CHECK(encoded.ok());
  std::vector<std::string> commands;
  if (op.value % kUploadEvery == 0) {
    const size_t size = encoded->bytes.size() / kUploadPieces + 1;
    for (size_t at = 0; at < encoded->bytes.size(); at += size) {
      commands.push_back(store::PieceCommand(op.value, static_cast<uint32_t>(commands.size()),
                                             std::string_view(encoded->bytes).substr(at, size)));
    }
    commands.push_back(store::UploadedBatchCommand(op.value));
  } else {
    commands.emplace_back();
    store::AppendBatch(encoded->bytes, &commands.back());
  }
  AppendUnknown(op.padding, &commands.back());
  return commands;
}

KvMachine::KvMachine(size_t piece_bytes)
    : piece_bytes_(piece_bytes), store_([this](const store::KvRun& run) { OnRun(run); }) {}

void KvMachine::Applied(log::Index index) {
  applied_ = index;
  store_.Applied(index);
}

void KvMachine::OnRun(const store::KvRun& run) {
  if (run.reset != nullptr) {
    hashes_.clear();
    hash_ = 0;
    run.reset->Scan("", "", [this](const store::Item& item) {
      Set(item.key, HashOf(item.key, item.value, item.version));
      return true;
    });
  }
  for (const store::KvRecord& record : run.records) {
    for (const store::KvChange& change : record.changes) {
      const store::KvItem& item = *change.item;
      Set(item.key, change.deleted ? 0 : HashOf(item.key, item.value, item.version));
    }
  }
}

void KvMachine::Set(std::string_view key, uint64_t hash) {
  auto found = hashes_.find(key);
  if (found == hashes_.end()) found = hashes_.emplace(key, 0).first;
  hash_ ^= found->second ^ hash;
  found->second = hash;
}

bool KvMachine::ViewFitsChanges() const {
  uint64_t hash = 0;
  store_.Local()->Scan("", "", [&hash](const store::Item& item) {
    hash ^= HashOf(item.key, item.value, item.version);
    return true;
  });
  return hash == hash_;
}

std::optional<KvMachine::Cell> KvMachine::Get(int key) const {
  const store::SnapshotPtr view = store_.Local();
  const std::optional<store::Item> item = view->Get(KeyOf(key));
  const std::optional<store::Item> shadow = view->Get(ShadowOf(key));
  Cell cell;
  if (item) {
    cell.value = std::strtoull(std::string(item->value).c_str(), nullptr, 10);
    cell.version = item->version;
  }
  if (HasShadow(cell.value) != shadow.has_value()) return std::nullopt;
  if (shadow && (shadow->value != item->value || shadow->version != item->version)) {
    return std::nullopt;
  }
  return cell;
}

// The store's stream, cut anew.
class KvMachine::Source : public log::SnapshotSource {
 public:
  Source(std::unique_ptr<log::SnapshotSource> source, size_t piece_bytes)
      : source_(std::move(source)), bytes_(piece_bytes) {}
  bool Next(std::string* piece) override {
    while (stream_.size() - at_ < bytes_) {
      std::string more;
      if (!source_->Next(&more)) break;
      stream_ = stream_.substr(at_) + more;
      at_ = 0;
    }
    if (at_ >= stream_.size()) return false;
    *piece = stream_.substr(at_, bytes_);
    at_ += piece->size();
    return true;
  }

 private:
  std::unique_ptr<log::SnapshotSource> source_;
  std::string stream_;
  size_t bytes_;
  size_t at_ = 0;
};

class KvMachine::Sink : public log::SnapshotSink {
 public:
  explicit Sink(KvMachine* machine) : machine_(machine), sink_(machine->store_.Restore()) {}
  Status Add(std::string_view piece) override { return sink_->Add(piece); }
  Status Install(log::Index index) override {
    RETURN_IF_ERROR(sink_->Install(index));
    machine_->applied_ = index;
    return OkStatus();
  }

 private:
  KvMachine* machine_;
  std::unique_ptr<log::SnapshotSink> sink_;
};

std::unique_ptr<log::SnapshotSource> KvMachine::Snapshot() {
  return std::make_unique<Source>(store_.Snapshot(), piece_bytes_);
}

std::unique_ptr<log::SnapshotSink> KvMachine::Restore() { return std::make_unique<Sink>(this); }

}  // namespace meseta::logsim
