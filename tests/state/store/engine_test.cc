// StoreEngine over a log that the test commits by hand: gathering, order, uploads with their flow
// control and failures, reads, watches. Deterministic: one thread, virtual time.
#include "state/store/engine.h"

#include <gtest/gtest.h>

#include <deque>

#include "actors/runtime/actor_system.h"
#include "tests/state/store/kv_testing.h"

namespace meseta::store {
namespace {

using runtime::Reply;

// What is proposed waits until the test commits or refuses it.
class ManualLog : public Proposer {
 public:
  explicit ManualLog(KvMachine* machine) : machine_(machine) {}

  void Propose(std::string command, std::optional<log::Term> term,
               Reply<log::Applied> reply) override {
    waiting_.push_back(Waiting{std::move(command), term, std::move(reply)});
    most_waiting_ = std::max(most_waiting_, waiting_.size());
  }
  void ReadBarrier(Reply<log::Index> reply) override { reads_.push_back(std::move(reply)); }

  // Applies the first `count` as one run, then answers.
  void Commit(size_t count) {
    std::vector<std::pair<Reply<log::Applied>, log::Applied>> answers;
    for (; count > 0 && !waiting_.empty(); --count) {
      Waiting next = std::move(waiting_.front());
      waiting_.pop_front();
      log::Entry entry;
      entry.index = ++index_;
      entry.term = term_;
      entry.kind = log::EntryKind::kCommand;
      entry.payload = std::move(next.command);
      log::Applied applied;
      applied.index = index_;
      applied.result = machine_->Apply(entry);
      answers.emplace_back(std::move(next.reply), std::move(applied));
    }
    machine_->Applied(index_);
    for (auto& [reply, applied] : answers) reply.Send(std::move(applied));
  }
  void Refuse(const Status& status) {
    Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    next.reply.Send(status);
  }
  void AnswerReads() {
    for (Reply<log::Index>& read : reads_) read.Send(index_);
    reads_.clear();
  }

  [[nodiscard]] size_t waiting() const { return waiting_.size(); }
  [[nodiscard]] size_t most_waiting() const { return most_waiting_; }
  [[nodiscard]] std::optional<log::Term> asked_term() const { return waiting_.front().term; }
  [[nodiscard]] int batches() const {
    internal::StoreCommand command;
    EXPECT_TRUE(command.ParseFromString(waiting_.front().command));
    return command.batches_size();
  }
  log::Term term_ = 1;

 private:
  struct Waiting {
    std::string command;
    std::optional<log::Term> term;
    Reply<log::Applied> reply;
  };
  KvMachine* const machine_;
  std::deque<Waiting> waiting_;
  std::vector<Reply<log::Index>> reads_;
  log::Index index_ = 0;
  size_t most_waiting_ = 0;
};

class StoreEngineTest : public testing::Test {
 protected:
  StoreEngineTest()
      : system_({.deterministic = true}), engine_(system_, "store", {1000, 1 << 20}),
        log_(engine_.machine()) {
    engine_.Attach(&log_);
    Settle();
  }

  void Settle() { system_.RunUntilIdle(); }
  void Write(const std::string& name, const Batch& batch, std::optional<log::Term> term = {}) {
    engine_.Write(batch, {term}, Reply<Version>([this, name](const Result<Version>& version) {
                    answers_ += name + "=" +
                                (version.ok() ? std::to_string(*version)
                                              : std::string(StatusCodeName(version.status().code()))) +
                                " ";
                  }));
  }
  void Put(const std::string& name, const std::string& key, std::optional<log::Term> term = {}) {
    Write(name, PutBatch(key, name), term);
  }
  std::string Answers() { return std::exchange(answers_, ""); }
  // Until nothing is left.
  void CommitAll() {
    Settle();
    while (log_.waiting() > 0) {
      log_.Commit(1);
      Settle();
    }
  }

  runtime::ActorSystem system_;
  StoreEngine engine_;
  ManualLog log_;
  std::string answers_;
};

TEST_F(StoreEngineTest, ALoneWriteIsProposedAtOnce) {
  Put("w1", "a");
  EXPECT_EQ(log_.waiting(), 1U);  // Without a turn of the store's thread.
  log_.Commit(1);
  EXPECT_EQ(Answers(), "w1=1 ");
  EXPECT_EQ(engine_.Local()->Get("a")->value, "w1");
}

TEST_F(StoreEngineTest, WritesThatWaitShareCommands) {
  for (int i = 0; i < 100; ++i) Put("w" + std::to_string(i), "k" + std::to_string(i));
  EXPECT_EQ(log_.waiting(), 1U);
  Settle();
  EXPECT_EQ(log_.waiting(), 2U);  // The first alone, 99 in one.
  for (int i = 100; i < 200; ++i) {
    Put("w" + std::to_string(i), "k" + std::to_string(i));
    Settle();
  }
  EXPECT_EQ(log_.waiting(), 3U);  // Another 99: as many as the one before.
  log_.Commit(1);
  EXPECT_EQ(log_.batches(), 99);
  CommitAll();
  EXPECT_EQ(engine_.Local()->keys(), 200U);
}

TEST_F(StoreEngineTest, CommandsUnderWayAreBounded) {
  for (int i = 0; i < 20'000; ++i) Put("w" + std::to_string(i), "k" + std::to_string(i));
  Settle();
  EXPECT_EQ(log_.waiting(), 1 + WriteQueue::kMaxCommands);
  log_.Commit(1);
  EXPECT_LE(log_.batches(), static_cast<int>(WriteQueue::kMaxCommandBatches));
  CommitAll();
  EXPECT_LE(log_.most_waiting(), 1 + WriteQueue::kMaxCommands);
  EXPECT_EQ(engine_.Local()->keys(), 20'000U);
}

TEST_F(StoreEngineTest, WritesOfOneThreadKeepTheirOrder) {
  for (int i = 0; i < 50; ++i) {
    Put("w" + std::to_string(i), "same");
    if (i % 3 == 0) Settle();
  }
  CommitAll();
  EXPECT_EQ(engine_.Local()->Get("same")->value, "w49");
  // Each change of a key has a version of its own.
  std::string expected;
  for (int i = 0; i < 50; ++i) expected += "w" + std::to_string(i) + "=" + std::to_string(i + 1) + " ";
  EXPECT_EQ(Answers(), expected);
}

TEST_F(StoreEngineTest, CompareAndSwapAmongGatheredWrites) {
  Put("first", "x");
  CommitAll();
  Put("busy", "y");
  Batch swap = PutBatch("x", "second");
  swap.conditions = {{"x", 1}};
  Write("s1", swap);
  Write("s2", swap);
  CommitAll();
  EXPECT_EQ(Answers(), "first=1 busy=2 s1=3 s2=FAILED_PRECONDITION ");
}

TEST_F(StoreEngineTest, TermsAreNotMixed) {
  Put("a", "a");
  Put("b", "b", 3);
  Put("c", "c", 3);
  Put("d", "d", 4);
  Settle();
  log_.Commit(1);
  EXPECT_EQ(log_.asked_term(), log::Term{3});
  EXPECT_EQ(log_.batches(), 2);
  log_.Refuse(Unavailable("not in this term"));
  Settle();
  EXPECT_EQ(log_.asked_term(), log::Term{4});
  log_.Refuse(DeadlineExceeded("unknown"));
  Settle();
  EXPECT_EQ(Answers(), "a=1 b=UNAVAILABLE c=UNAVAILABLE d=DEADLINE_EXCEEDED ");
  Put("e", "e");
  EXPECT_EQ(log_.waiting(), 1U);  // Idle again.
}

TEST_F(StoreEngineTest, InvalidBatchesGoNoFurther) {
  Put("bad", "");
  EXPECT_EQ(Answers(), "bad=INVALID_ARGUMENT ");
  EXPECT_EQ(log_.waiting(), 0U);
}

// --- Large values ------------------------------------------------------------------------------

TEST_F(StoreEngineTest, LargeValuesGoInBoundedPiecesWhileOthersWrite) {
  const std::string large(20 << 20, 'L');
  Write("large", PutBatch("l", large));
  Write("large2", PutBatch("l2", large));
  Settle();
  EXPECT_EQ(log_.waiting(), WriteQueue::kMaxPieces);
  for (int i = 0; log_.waiting() > 0; ++i) {
    if (i == 20) Put("small", "s");
    log_.Commit(1);
    Settle();
  }
  EXPECT_LE(log_.most_waiting(), WriteQueue::kMaxPieces + WriteQueue::kMaxCommands);
  EXPECT_TRUE(engine_.Local()->Get("l")->value == large);
  EXPECT_TRUE(engine_.Local()->Get("l2")->value == large);
  const std::string answers = Answers();
  EXPECT_LT(answers.find("small="), answers.find("large="));
  EXPECT_LT(answers.find("large="), answers.find("large2="));
}

TEST_F(StoreEngineTest, AFailedPieceFailsTheWriteAndDropsTheUpload) {
  Write("large", PutBatch("l", std::string(20 << 20, 'L')));
  Settle();
  log_.Commit(3);
  Settle();
  log_.Refuse(DeadlineExceeded("leadership was lost"));
  Settle();
  EXPECT_EQ(Answers(), "large=UNAVAILABLE ");  // Nothing happened, and that is known.
  CommitAll();
  KvSnapshotReader reader;
  const auto source = engine_.machine()->Snapshot();
  std::string piece;
  while (source->Next(&piece)) ASSERT_TRUE(reader.Add(piece).ok());
  EXPECT_TRUE(reader.Finish()->uploads.empty());
  EXPECT_EQ(engine_.Local()->keys(), 0U);
  Write("again", PutBatch("l", std::string(2 << 20, 'L')));
  CommitAll();
  EXPECT_EQ(engine_.Local()->keys(), 1U);
}

TEST_F(StoreEngineTest, ATermThatEndsAmidAnUploadFailsIt) {
  Write("large", PutBatch("l", std::string(3 << 20, 'L')));
  Settle();
  log_.Commit(3);
  log_.term_ = 2;
  CommitAll();
  EXPECT_EQ(Answers(), "large=UNAVAILABLE ");
  EXPECT_EQ(engine_.Local()->keys(), 0U);
}

// --- Reads and watches -------------------------------------------------------------------------

TEST_F(StoreEngineTest, ReadsSeeWhatIsApplied) {
  Put("w", "a");
  std::vector<SnapshotPtr> seen;
  engine_.Read(Reply<SnapshotPtr>([&](Result<SnapshotPtr> s) { seen.push_back(s.value()); }));
  log_.Commit(1);
  log_.AnswerReads();
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0]->version(), 1U);
  EXPECT_EQ(seen[0]->Get("a")->version, 1U);
  Put("w2", "a");
  log_.Commit(1);
  EXPECT_EQ(seen[0]->Get("a")->value, "w");
}

TEST_F(StoreEngineTest, WatchersGetEveryChangeOnceInOrder) {
  std::string told;
  Version last = 0;
  const WatchId watch = engine_.Watch("k", 0, [&](const WatchEvent& event) {
    EXPECT_GT(event.version, last);
    last = event.version;
    for (const Change& change : event.changes) told += change.key + " ";
  });
  EXPECT_NE(watch, 0U);
  for (int i = 0; i < 10; ++i) Put("w", "k" + std::to_string(i));
  CommitAll();
  EXPECT_EQ(told, "k0 k1 k2 k3 k4 k5 k6 k7 k8 k9 ");
  engine_.Unwatch(watch);
  Put("w", "k10");
  CommitAll();
  EXPECT_EQ(told, "k0 k1 k2 k3 k4 k5 k6 k7 k8 k9 ");
}

TEST_F(StoreEngineTest, AnInstalledSnapshotResetsWatchers) {
  std::vector<SnapshotPtr> resets;
  engine_.Watch("", 0, [&](const WatchEvent& event) { resets.push_back(event.reset); });
  Settle();
  KvState other;
  (void)other.Apply(5, 1, CommandOf({PutBatch("o", "1")}));
  auto sink = engine_.machine()->Restore();
  for (const std::string& piece : PiecesOf(other.Freeze())) ASSERT_TRUE(sink->Add(piece).ok());
  ASSERT_TRUE(sink->Install(9).ok());
  Settle();
  ASSERT_EQ(resets.size(), 1U);
  EXPECT_EQ(resets[0]->version(), 9U);
  EXPECT_EQ(engine_.Local()->Get("o")->version, 5U);
}

TEST_F(StoreEngineTest, GarbageIsNotInstalled) {
  Put("w", "a");
  log_.Commit(1);
  auto sink = engine_.machine()->Restore();
  EXPECT_EQ(sink->Add("garbage that is no snapshot").code(), StatusCode::kDataLoss);
  EXPECT_EQ(sink->Install(9).code(), StatusCode::kDataLoss);
  auto cut = engine_.machine()->Restore();
  ASSERT_TRUE(cut->Add(EmptySnapshotPiece().substr(0, 10)).ok());
  EXPECT_EQ(cut->Install(9).code(), StatusCode::kDataLoss);
  EXPECT_EQ(engine_.Local()->Get("a")->value, "w");
  EXPECT_EQ(engine_.Local()->version(), 1U);
}

TEST_F(StoreEngineTest, WatchesAreBounded) {
  for (size_t i = 0; i < StoreEngine::kMaxWatches; ++i) {
    ASSERT_NE(engine_.Watch("p", 0, [](const WatchEvent&) {}), 0U);
  }
  EXPECT_EQ(engine_.Watch("p", 0, [](const WatchEvent&) {}), 0U);
  engine_.Unwatch(1);
  Settle();
  EXPECT_NE(engine_.Watch("p", 0, [](const WatchEvent&) {}), 0U);
}

TEST_F(StoreEngineTest, StoppingAnswersWhatWaits) {
  Put("w1", "a");
  Put("w2", "b");
  engine_.Stop();
  EXPECT_EQ(Answers(), "w2=UNAVAILABLE ");
  Put("w3", "b");
  EXPECT_EQ(Answers(), "w3=UNAVAILABLE ");
}

}  // namespace
}  // namespace meseta::store
