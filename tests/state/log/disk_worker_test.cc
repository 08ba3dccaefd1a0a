// The disk's thread: what shares a sync, how a snapshot is stored beside writes, and what a failure
// leaves.
#include "state/log/disk_worker.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <optional>

#include "actors/base/crc32c.h"

namespace meseta::log {
namespace {

// What the fake disk shares with the test, which outlives it.
struct Disk {
  std::mutex mutex;
  std::condition_variable changed;
  bool hold = false;              // Writes wait.
  std::optional<Status> failure;  // Of writes.
  std::vector<std::vector<uint64_t>> groups;       // Numbers of each synced group.
  std::map<std::pair<Index, uint32_t>, std::string> pieces;
  int opened = 0;
};

class FakeStorage : public Storage {
 public:
  explicit FakeStorage(Disk* disk) : disk_(disk) {}
  Result<Recovered> Load() override { return Recovered(); }
  Status Write(const std::vector<LogWrite>& group) override {
    std::unique_lock lock(disk_->mutex);
    disk_->changed.wait(lock, [&] { return !disk_->hold; });
    if (disk_->failure) return *disk_->failure;
    std::vector<uint64_t> numbers;
    for (const LogWrite& write : group) {
      if (write.number != 0) numbers.push_back(write.number);
      for (const SnapshotPiece& piece : write.pieces) {
        disk_->pieces[{piece.snapshot, piece.number}] = piece.data;
      }
    }
    disk_->groups.push_back(std::move(numbers));
    return OkStatus();
  }
  Result<std::string> ReadPiece(Index snapshot, uint32_t number) override {
    const std::lock_guard lock(disk_->mutex);
    const auto it = disk_->pieces.find({snapshot, number});
    if (it == disk_->pieces.end()) return NotFound("no such piece");
    return it->second;
  }

 private:
  Disk* const disk_;
};

struct Pieces : SnapshotSource {
  explicit Pieces(std::vector<std::string> all) : left(std::move(all)) {}
  bool Next(std::string* piece) override {
    if (left.empty()) return false;
    *piece = left.front();
    left.erase(left.begin());
    return true;
  }
  std::vector<std::string> left;
};

struct Collect : SnapshotSink {
  explicit Collect(std::string* to) : text(to) {}
  Status Add(std::string_view piece) override {
    *text += piece;
    return OkStatus();
  }
  Status Install(Index) override { return OkStatus(); }
  std::string* text;
};

class DiskWorkerTest : public ::testing::Test {
 protected:
  DiskWorkerTest() {
    DiskWorker::Callbacks callbacks;
    callbacks.written = [this](uint64_t number, Status status) {
      Tell([&] { written_ = number, status_ = status; });
    };
    callbacks.piece_read = [this](uint64_t, Result<std::string> data) {
      Tell([&] { piece_ = std::move(data); });
    };
    callbacks.snapshot_stored = [this](SnapshotMeta meta, Status) {
      Tell([&] { stored_ = std::move(meta); });
    };
    callbacks.loaded = [this](SnapshotMeta, std::unique_ptr<SnapshotSink>, Status status) {
      Tell([&] { loaded_ = status; });
    };
    callbacks.reopened = [this](Result<Recovered> recovered) {
      Tell([&] { reopened_ = recovered.status(); });
    };
    callbacks.failed = [](const std::string& sentence) { FAIL() << sentence; };
    worker_ = std::make_unique<DiskWorker>(
        "disk", std::make_unique<FakeStorage>(&disk_),
        [this]() -> Result<DiskWorker::Opened> {
          ++disk_.opened;
          if (open_failure_) return *open_failure_;
          DiskWorker::Opened opened;
          opened.storage = std::make_unique<FakeStorage>(&disk_);
          return opened;
        },
        std::move(callbacks), std::make_shared<metrics::Timer>());
  }
  template <class Change>
  void Tell(Change change) {
    const std::lock_guard lock(disk_.mutex);
    change();
    disk_.changed.notify_all();
  }
  // Waits until the worker has told so.
  template <class Holds>
  bool Wait(Holds holds) {
    std::unique_lock lock(disk_.mutex);
    return disk_.changed.wait_for(lock, std::chrono::seconds(60), holds);
  }
  void Write(uint64_t number) {
    LogWrite write;
    write.number = number;
    std::vector<LogWrite> writes;
    writes.push_back(std::move(write));
    ASSERT_TRUE(worker_->Write(std::move(writes)).ok());
  }

  Disk disk_;
  std::optional<Status> open_failure_;
  uint64_t written_ = 0;
  Status status_;
  std::optional<Result<std::string>> piece_;
  std::optional<SnapshotMeta> stored_;
  std::optional<Status> loaded_;
  std::optional<Status> reopened_;
  std::unique_ptr<DiskWorker> worker_;
};

TEST_F(DiskWorkerTest, WhatIsQueuedSharesASync) {
  Tell([&] { disk_.hold = true; });
  for (uint64_t number = 1; number <= 100; ++number) Write(number);
  Tell([&] { disk_.hold = false; });
  ASSERT_TRUE(Wait([&] { return written_ == 100; }));
  EXPECT_LE(disk_.groups.size(), 3u);
  std::vector<uint64_t> all;
  for (const auto& group : disk_.groups) all.insert(all.end(), group.begin(), group.end());
  ASSERT_EQ(all.size(), 100u);
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end()));
}

TEST_F(DiskWorkerTest, ASnapshotIsStoredPieceByPieceWhileWritesGoOn) {
  SnapshotMeta meta;
  meta.set_index(7);
  std::vector<std::string> pieces{"one", "two", "three", "four"};
  ASSERT_TRUE(worker_->StoreSnapshot(meta, std::make_unique<Pieces>(pieces)).ok());
  for (uint64_t number = 1; number <= 20; ++number) Write(number);
  ASSERT_TRUE(Wait([&] { return stored_ && written_ == 20; }));
  EXPECT_EQ(stored_->chunks(), 4u);
  EXPECT_EQ(stored_->bytes(), 15u);
  EXPECT_EQ(stored_->checksum(), Crc32c("onetwothreefour"));
  for (const auto& group : disk_.groups) EXPECT_LE(group.size(), 20u);

  std::string text;
  ASSERT_TRUE(worker_->LoadSnapshot(*stored_, std::make_unique<Collect>(&text)).ok());
  ASSERT_TRUE(Wait([&] { return loaded_.has_value(); }));
  EXPECT_TRUE(loaded_->ok()) << *loaded_;
  EXPECT_EQ(text, "onetwothreefour");

  Tell([&] { disk_.pieces[{7, 2}] = "three!", loaded_.reset(); });
  ASSERT_TRUE(worker_->LoadSnapshot(*stored_, std::make_unique<Collect>(&text)).ok());
  ASSERT_TRUE(Wait([&] { return loaded_.has_value(); }));
  EXPECT_EQ(loaded_->code(), StatusCode::kDataLoss);
}

TEST_F(DiskWorkerTest, AFailureIsToldAndEndsTheSnapshotUntilItIsReopened) {
  Tell([&] { disk_.failure = ResourceExhausted("The disk is full"); });
  SnapshotMeta meta;
  meta.set_index(7);
  ASSERT_TRUE(worker_->StoreSnapshot(meta, std::make_unique<Pieces>(std::vector<std::string>{"x"}))
                  .ok());
  Write(1);
  ASSERT_TRUE(Wait([&] { return !status_.ok(); }));
  EXPECT_EQ(status_.message(), "The disk is full");

  open_failure_ = Unavailable("Still full");
  ASSERT_TRUE(worker_->Reopen().ok());
  ASSERT_TRUE(Wait([&] { return reopened_.has_value(); }));
  EXPECT_EQ(reopened_->message(), "Still full");
  ASSERT_TRUE(worker_->ReadPiece(1, 7, 0).ok());
  ASSERT_TRUE(Wait([&] { return piece_.has_value(); }));
  EXPECT_EQ(piece_->status().code(), StatusCode::kUnavailable);

  Tell([&] { disk_.failure.reset(), reopened_.reset(), open_failure_.reset(); });
  ASSERT_TRUE(worker_->Reopen().ok());
  Write(2);
  ASSERT_TRUE(Wait([&] { return written_ == 2; }));
  EXPECT_TRUE(status_.ok());
  EXPECT_FALSE(stored_.has_value());
}

}  // namespace
}  // namespace meseta::log
