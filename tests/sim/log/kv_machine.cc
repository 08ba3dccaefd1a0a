#include "tests/sim/log/kv_machine.h"

#include <cinttypes>
#include <cstdio>
#include <utility>

namespace meseta::logsim {
namespace {

constexpr char kHeader[] = "kv\n";

uint64_t HashOf(int key, const KvMachine::Cell& cell) {
  uint64_t hash = 14695981039346656037u;
  for (const uint64_t part : {static_cast<uint64_t>(key), cell.value, cell.version}) {
    hash = (hash ^ part) * 0x9e3779b97f4a7c15u;
    hash ^= hash >> 29;
  }
  return hash;
}

std::string Render(const std::map<int, KvMachine::Cell>& cells) {
  std::string text = kHeader;
  for (const auto& [key, cell] : cells) {
    text += std::to_string(key) + " " + std::to_string(cell.value) + " " +
            std::to_string(cell.version) + "\n";
  }
  return text;
}

}  // namespace

std::string EmptyState() { return kHeader; }

std::string EncodeOp(const Op& op) {
  char head[96];
  std::snprintf(head, sizeof head, "%c %d %" PRIu64 " %" PRIu64 " ",
                op.kind == OpKind::kPut ? 'P' : 'C', op.key, op.expected, op.value);
  return head + std::string(op.padding, 'x');
}

std::string KvMachine::Apply(const log::Entry& command) {
  char kind = 0;
  int key = 0;
  uint64_t expected = 0, value = 0;
  if (std::sscanf(command.payload.c_str(), "%c %d %" SCNu64 " %" SCNu64, &kind, &key, &expected,
                  &value) != 4) {
    return "?";
  }
  const auto found = cells_.find(key);
  const Cell old = found == cells_.end() ? Cell() : found->second;
  if (kind == 'C' && old.value != expected) return "0";
  Set(key, {value, old.version + 1});
  return "1";
}

void KvMachine::Set(int key, Cell cell) {
  const auto found = cells_.find(key);
  if (found != cells_.end()) hash_ ^= HashOf(key, found->second);
  hash_ ^= HashOf(key, cell);
  cells_[key] = cell;
}

uint64_t KvMachine::Get(int key) const {
  const auto found = cells_.find(key);
  return found == cells_.end() ? 0 : found->second.value;
}

class KvMachine::Source : public log::SnapshotSource {
 public:
  Source(std::string text, size_t piece_bytes) : text_(std::move(text)), bytes_(piece_bytes) {}
  bool Next(std::string* piece) override {
    if (at_ >= text_.size()) return false;
    *piece = text_.substr(at_, bytes_);
    at_ += piece->size();
    return true;
  }

 private:
  std::string text_;
  size_t bytes_;
  size_t at_ = 0;
};

class KvMachine::Sink : public log::SnapshotSink {
 public:
  explicit Sink(KvMachine* machine) : machine_(machine) {}
  Status Add(std::string_view piece) override {
    text_ += piece;
    return OkStatus();
  }
  Status Install(log::Index index) override {
    std::map<int, Cell> cells;
    const std::string header = kHeader;
    if (text_.compare(0, header.size(), header) != 0)
      return DataLoss("The snapshot has no header.");
    size_t at = header.size();
    while (at < text_.size()) {
      int key = 0;
      Cell cell;
      const size_t end = text_.find('\n', at);
      if (end == std::string::npos || std::sscanf(text_.c_str() + at, "%d %" SCNu64 " %" SCNu64,
                                                  &key, &cell.value, &cell.version) != 3) {
        return DataLoss("The snapshot ends within a line.");
      }
      cells[key] = cell;
      at = end + 1;
    }
    machine_->cells_.clear();
    machine_->hash_ = 0;
    for (const auto& [key, cell] : cells) machine_->Set(key, cell);
    machine_->applied_ = index;
    return OkStatus();
  }

 private:
  KvMachine* machine_;
  std::string text_;
};

std::unique_ptr<log::SnapshotSource> KvMachine::Snapshot() {
  return std::make_unique<Source>(Render(cells_), piece_bytes_);
}

std::unique_ptr<log::SnapshotSink> KvMachine::Restore() { return std::make_unique<Sink>(this); }

}  // namespace meseta::logsim
