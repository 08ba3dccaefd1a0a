#include "state/store/write_queue.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

namespace meseta::store {

void WriteQueue::Add(QueuedWrite write) {
  (IsLarge(write.batch) ? large_ : small_).push_back(std::move(write));
}

std::optional<WriteCommand> WriteQueue::NextCommand() {
  if (commands_ >= kMaxCommands) return std::nullopt;
  if (uploaded_) {
    ++commands_;
    return std::exchange(uploaded_, std::nullopt);
  }
  if (small_.empty() || (commands_ > 0 && small_.size() < last_size_)) return std::nullopt;
  WriteCommand command;
  command.term = small_.front().term;
  std::unordered_set<uint64_t> changed;  // Only asked, never iterated.
  while (!small_.empty() && command.replies.size() < kMaxCommandBatches) {
    QueuedWrite& write = small_.front();
    const size_t size = write.batch.bytes.size();
    const bool fits = command.replies.empty() || command.bytes + size <= kMaxCommandBytes;
    if (!fits || write.term != command.term) break;
    const auto& keys = write.batch.changed;
    if (std::any_of(keys.begin(), keys.end(), [&](uint64_t key) { return changed.contains(key); })) {
      break;
    }
    changed.insert(keys.begin(), keys.end());
    AppendBatch(write.batch.bytes, &command.command);
    command.bytes += size;
    command.replies.push_back(std::move(write.reply));
    small_.pop_front();
  }
  ++commands_;
  last_size_ = command.replies.size();
  return command;
}

void WriteQueue::CommandDone() {
  CHECK(commands_ > 0);
  --commands_;
}

std::optional<PieceCommandToSend> WriteQueue::NextPiece() {
  if (large_.empty() || uploaded_) return std::nullopt;
  if (!upload_) upload_ = Upload{next_upload_++, 0, 0, 0};
  const QueuedWrite& write = large_.front();
  const std::string_view rest = std::string_view(write.batch.bytes).substr(upload_->sent);
  if (rest.empty() || upload_->unanswered >= kMaxPieces) return std::nullopt;
  const std::string_view data = rest.substr(0, kChunk);
  PieceCommandToSend piece;
  piece.upload = upload_->id;
  piece.command = PieceCommand(upload_->id, upload_->next++, data);
  piece.term = write.term;
  upload_->sent += data.size();
  ++upload_->unanswered;
  return piece;
}

std::optional<WriteQueue::Failed> WriteQueue::PieceDone(uint64_t upload, const Status& status) {
  if (!upload_ || upload_->id != upload) return std::nullopt;  // Failed before.
  QueuedWrite& write = large_.front();
  if (!status.ok()) {
    Failed failed{std::move(write), DropCommand(upload)};
    large_.pop_front();
    upload_.reset();
    return failed;
  }
  --upload_->unanswered;
  if (upload_->unanswered > 0 || upload_->sent < write.batch.bytes.size()) return std::nullopt;
  WriteCommand command;
  command.command = UploadedBatchCommand(upload);
  command.term = write.term;
  command.bytes = write.batch.bytes.size();
  command.replies.push_back(std::move(write.reply));
  uploaded_ = std::move(command);
  large_.pop_front();
  upload_.reset();
  return std::nullopt;
}

}  // namespace meseta::store
