// WriteQueue: writes that wait, and how they become commands of the log. No threads of its own; the
// store's thread owns it.
//
// Small writes are gathered in order into one command until it is full, one of them changes a key
// that an earlier one of it changes (a version must name one change), or the asked-for term differs.
// While commands are under way a further one goes when as many writes wait as the last one carried:
// writers that wait for each other's sync then share the next one, instead of it going with a few.
// Large ones go one at a time: piece by piece, with at most kMaxPieces unanswered, then a command that
// refers to them. When a piece fails the write fails and what was uploaded is dropped.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "actors/runtime/reply.h"
#include "state/log/types.h"
#include "state/store/batch_codec.h"
#include "state/store/store_types.h"

namespace meseta::store {

struct QueuedWrite {
  EncodedBatch batch;
  std::optional<log::Term> term;
  runtime::Reply<Version> reply;
};

// One entry of the log and who waits for it.
struct WriteCommand {
  std::string command;
  std::optional<log::Term> term;
  size_t bytes = 0;  // Of the batches.
  std::vector<runtime::Reply<Version>> replies;
};

struct PieceCommandToSend {
  uint64_t upload = 0;
  std::string command;
  std::optional<log::Term> term;
};

class WriteQueue {
 public:
  static constexpr size_t kMaxCommands = 4;                       // Under way.
  static constexpr size_t kMaxCommandBytes = size_t{256} << 10;   // Gathered.
  static constexpr size_t kMaxCommandBatches = 1024;
  static constexpr uint32_t kMaxPieces = 8;                       // Under way.

  // Upload ids start there; drawn at random by the owner, as members must not meet.
  explicit WriteQueue(uint64_t first_upload) : next_upload_(first_upload) {}

  static bool IsLarge(const EncodedBatch& batch) { return batch.bytes.size() > kChunk; }

  void Add(QueuedWrite write);
  // The next command, when one may go.
  [[nodiscard]] std::optional<WriteCommand> NextCommand();
  void CommandDone();
  [[nodiscard]] size_t commands() const { return commands_; }    // Under way.
  [[nodiscard]] size_t last_size() const { return last_size_; }  // Writes in the last command.

  // The next piece of the upload under way, when one may go.
  [[nodiscard]] std::optional<PieceCommandToSend> NextPiece();
  // A failed write to be answered, with the command that drops its upload.
  struct Failed {
    QueuedWrite write;
    std::string drop;
  };
  std::optional<Failed> PieceDone(uint64_t upload, const Status& status);

 private:
  struct Upload {
    uint64_t id = 0;
    size_t sent = 0;  // Bytes.
    uint32_t next = 0;
    uint32_t unanswered = 0;
  };

  std::deque<QueuedWrite> small_;
  std::deque<QueuedWrite> large_;  // The first one is being uploaded when upload_ is set.
  std::optional<Upload> upload_;
  std::optional<WriteCommand> uploaded_;  // Refers to a complete upload; goes next.
  size_t commands_ = 0;                   // Under way.
  size_t last_size_ = 0;                  // Writes in the last command.
  uint64_t next_upload_;
};

}  // namespace meseta::store
