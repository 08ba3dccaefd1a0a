#include "state/store/engine.h"

#include <cstdint>
#include <memory>
#include <utility>

#include "actors/runtime/entropy.h"

namespace meseta::store {
namespace {

using runtime::Reply;

void AnswerAll(std::vector<Reply<Version>>* replies, const Result<log::Applied>& applied) {
  if (!applied.ok()) {
    for (Reply<Version>& reply : *replies) reply.Send(applied.status());
    return;
  }
  std::vector<Result<Version>> answers = DecodeResults(applied->result, replies->size());
  for (size_t i = 0; i < answers.size(); ++i) (*replies)[i].Send(std::move(answers[i]));
}

// Of a piece: the write it belongs to has not happened, whatever became of the piece.
Status PieceStatus(const Result<log::Applied>& applied) {
  if (applied.ok()) return DecodeResults(applied->result, 1).front().status();
  if (applied.status().code() != StatusCode::kDeadlineExceeded) return applied.status();
  return Unavailable("Leadership was lost while a large value was on its way; nothing was changed");
}

}  // namespace

StoreEngine::StoreEngine(runtime::ActorSystem& system, const std::string& name,
                         Watches::Limits limits)
    : writes_(kMaxQueuedEvents, &system.clock()),
      runs_(kMaxQueuedRuns, &system.clock()),
      queue_(runtime::EntropySeed()),
      watches_(limits),
      machine_([this](KvRun run) { OnRun(std::move(run)); }),
      shell_(system, {.name = name, .max_queued = kMaxQueuedEvents},
             runtime::CoreShell<Event>::FromHandler(
                 [this](std::vector<Event>& events, runtime::TurnContext&) { Turn(events); })),
      self_(shell_.ref()) {}

StoreEngine::~StoreEngine() { Stop(); }

void StoreEngine::Stop() {
  shell_.Stop();
  writes_.Close();
  runs_.Close();
}

void StoreEngine::Write(const Batch& batch, WriteOptions options, Reply<Version> reply) {
  Result<EncodedBatch> encoded = EncodeBatch(batch);
  if (!encoded.ok()) return reply.Send(encoded.status());
  const size_t bytes = encoded->bytes.size();
  if (busy_bytes_.fetch_add(bytes) + bytes > kMaxQueuedBytes && bytes < busy_bytes_.load()) {
    busy_bytes_.fetch_sub(bytes);
    return reply.Send(ResourceExhausted("Too many bytes wait to be written; try again later"));
  }
  QueuedWrite write{*std::move(encoded), options.term, std::move(reply)};
  uint32_t idle = 0;
  if (!WriteQueue::IsLarge(write.batch) && busy_.compare_exchange_strong(idle, 1)) {
    WriteCommand command;
    AppendBatch(write.batch.bytes, &command.command);
    command.term = write.term;
    command.bytes = bytes;
    command.replies.push_back(std::move(write.reply));
    return ProposeCommand(std::move(command), false);
  }
  busy_.fetch_add(1);
  using Pushed = runtime::Inbox<QueuedWrite>::Pushed;
  if (writes_.Push(std::move(write), true) == Pushed::kRefused) {  // The reply says so as it goes.
    busy_.fetch_sub(1);
    busy_bytes_.fetch_sub(bytes);
    return;
  }
  const size_t waiting = waiting_.fetch_add(1) + 1;
  // Else the end of a command makes the store's thread look; see Turn.
  if (under_way_.load() == 0 || waiting == wake_at_.load()) self_.PostCompletion(Wake{});
}

void StoreEngine::Read(Reply<SnapshotPtr> reply) {
  const auto shared = std::make_shared<Reply<SnapshotPtr>>(std::move(reply));
  proposer_->ReadBarrier(Reply<log::Index>([this, shared](Result<log::Index> barrier) {
    if (!barrier.ok()) return shared->Send(barrier.status());
    shared->Send(machine_.PublishNow());
  }));
}

WatchId StoreEngine::Watch(std::string prefix, Version after,
                           std::function<void(WatchEvent)> on_event) {
  if (watches_count_.fetch_add(1) >= kMaxWatches) {
    watches_count_.fetch_sub(1);
    return 0;
  }
  const WatchId id = next_watch_.fetch_add(1);
  self_.PostCompletion(AddWatch{id, std::move(prefix), after, std::move(on_event)});
  return id;
}

void StoreEngine::Unwatch(WatchId watch) { self_.PostCompletion(RemoveWatch{watch}); }

void StoreEngine::OnRun(KvRun run) {
  if (runs_lost_ && run.reset == nullptr) {
    run.records.clear();
    run.reset = machine_.Local();
  }
  using Pushed = runtime::Inbox<KvRun>::Pushed;
  runs_lost_ = runs_.Push(std::move(run), true) == Pushed::kRefused;
  if (watches_count_.load() == 0 && ++runs_unsaid_ < kRunsPerWake) return;
  runs_unsaid_ = 0;
  self_.PostCompletion(Wake{});
}

void StoreEngine::ProposeCommand(WriteCommand command, bool gathered) {
  struct Waiting {
    std::vector<Reply<Version>> replies;
    size_t bytes = 0;
  };
  const auto waiting = std::make_shared<Waiting>();
  waiting->replies = std::move(command.replies);
  waiting->bytes = command.bytes;
  Reply<log::Applied> reply([this, waiting, gathered](Result<log::Applied> applied) {
    if (applied.ok()) machine_.PublishNow();  // Who gets an answer finds its change in Local().
    const auto count = static_cast<uint32_t>(waiting->replies.size());
    busy_bytes_.fetch_sub(waiting->bytes);
    // A lone writer finds the log idle again as it is answered; several write their next together.
    if (count == 1) busy_.fetch_sub(1);
    AnswerAll(&waiting->replies, applied);
    if (count > 1) busy_.fetch_sub(count);
    if (gathered) self_.PostCompletion(CommandDone{});
  });
  proposer_->Propose(std::move(command.command), command.term, std::move(reply));
}

void StoreEngine::Turn(std::vector<Event>& events) {
  TakeRuns();  // Before a watch is added: it is told of what comes behind them.
  for (Event& event : events) {
    std::visit([this](auto& e) { Handle(e); }, event);
  }
  do {
    TakeWrites();
    Pump();
    wake_at_.store(queue_.last_size());
    under_way_.store(queue_.commands());
    // Who came before that store saw commands under way, and has woken nobody.
  } while (queue_.commands() == 0 && TakeWrites());
}

bool StoreEngine::TakeWrites() {
  taken_.clear();
  writes_.Take(SIZE_MAX, &taken_);
  if (taken_.empty()) return false;
  waiting_.fetch_sub(taken_.size());
  for (QueuedWrite& write : taken_) queue_.Add(std::move(write));
  taken_.clear();
  return true;
}

void StoreEngine::TakeRuns() {
  std::vector<KvRun> runs;
  runs_.Take(SIZE_MAX, &runs);
  for (KvRun& run : runs) {
    if (run.reset != nullptr) watches_.Reset(run.reset);
    for (KvRecord& record : run.records) watches_.Append(std::move(record));
  }
}

void StoreEngine::Handle(CommandDone&) { queue_.CommandDone(); }

void StoreEngine::Handle(PieceDone& event) {
  auto failed = queue_.PieceDone(event.upload, event.status);
  if (!failed) return;
  proposer_->Propose(std::move(failed->drop), failed->write.term,
                     Reply<log::Applied>([](const Result<log::Applied>&) {
                       // A term that ends drops it as well.
                     }));
  busy_.fetch_sub(1);
  busy_bytes_.fetch_sub(failed->write.batch.bytes.size());
  failed->write.reply.Send(event.status);
}

void StoreEngine::Handle(AddWatch& event) {
  watches_.Add(event.id, std::move(event.prefix), event.after, std::move(event.on_event), Local());
}

void StoreEngine::Handle(RemoveWatch& event) {
  const size_t before = watches_.size();
  watches_.Remove(event.id);
  watches_count_.fetch_sub(before - watches_.size());
}

void StoreEngine::Pump() {
  while (auto command = queue_.NextCommand()) ProposeCommand(*std::move(command), true);
  while (auto piece = queue_.NextPiece()) {
    const uint64_t upload = piece->upload;
    Reply<log::Applied> reply([this, upload](Result<log::Applied> applied) {
      self_.PostCompletion(PieceDone{upload, PieceStatus(applied)});
    });
    proposer_->Propose(std::move(piece->command), piece->term, std::move(reply));
  }
}

}  // namespace meseta::store
