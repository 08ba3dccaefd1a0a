// Goal: pools keep their bounds and their order, and finish what they accepted.
#include "actors/runtime/worker_pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <mutex>
#include <numeric>
#include <stdexcept>

#include "actors/runtime/batch_worker.h"

namespace meseta::runtime {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(WorkerPoolTest, RunsAllThatWasAcceptedBeforeItStops) {
  std::atomic<int> ran{0};
  WorkerPool pool("test", 3, 1000);
  for (int i = 0; i < 500; ++i) ASSERT_EQ(pool.Submit([&] { ++ran; }), OkStatus());
  pool.Stop();
  EXPECT_EQ(ran, 500);
  EXPECT_EQ(pool.stats().finished, 500u);
  EXPECT_EQ(pool.Submit([] {}).code(), StatusCode::kUnavailable);
}

TEST(WorkerPoolTest, OneThreadKeepsTheOrder) {
  std::vector<int> order;
  WorkerPool pool("test", 1, 1000);
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(pool.Submit([&order, i] { order.push_back(i); }).ok());
  pool.Stop();
  std::vector<int> expected(200);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(order, expected);
}

TEST(WorkerPoolTest, BeyondTheBoundJobsAreRefused) {
  std::promise<void> begun;
  std::promise<void> go;
  WorkerPool pool("disk", 1, 2);
  ASSERT_TRUE(pool.Submit([&] {
                    begun.set_value();
                    go.get_future().wait();
                  })
                  .ok());
  begun.get_future().wait();
  EXPECT_TRUE(pool.Submit([] {}).ok());
  EXPECT_TRUE(pool.Submit([] {}).ok());
  const Status refused = pool.Submit([] {});
  EXPECT_EQ(refused.code(), StatusCode::kResourceExhausted);
  EXPECT_THAT(refused.message(), HasSubstr("'disk' is busy"));
  EXPECT_EQ(pool.stats().waiting, 2u);
  EXPECT_EQ(pool.stats().running, 1u);
  go.set_value();
  pool.Stop();
  EXPECT_EQ(pool.stats().finished, 3u);
}

TEST(WorkerPoolTest, AJobThatThrowsIsReportedAndThePoolLives) {
  std::vector<std::string> failures;
  bool ran = false;
  WorkerPool pool("test", 1, 10, [&](const std::string& why) { failures.push_back(why); });
  ASSERT_TRUE(pool.Submit([] { throw std::runtime_error("no"); }).ok());
  ASSERT_TRUE(pool.Submit([&] { ran = true; }).ok());
  pool.Stop();
  EXPECT_TRUE(ran);
  EXPECT_THAT(failures, ElementsAre("A job of the worker pool 'test' failed: no"));
}

TEST(ManualJobsTest, RunsWhenTold) {
  ManualJobs jobs(1);
  int ran = 0;
  ASSERT_TRUE(jobs.Submit([&] {
                    ++ran;
                    EXPECT_TRUE(jobs.Submit([&] { ++ran; }).ok());
                  })
                  .ok());
  EXPECT_FALSE(jobs.Submit([] {}).ok());
  EXPECT_EQ(ran, 0);
  EXPECT_EQ(jobs.RunAll(), 2u);
  EXPECT_EQ(ran, 2);
}

TEST(BatchWorkerTest, TakesAllThatWaitsAtOnceInOrder) {
  std::promise<void> begun;
  std::promise<void> go;
  std::vector<std::vector<int>> batches;
  BatchWorker<int> worker(
      "writer", 5, 3,
      [&](std::vector<int>& items) {
        if (batches.empty()) {
          begun.set_value();
          go.get_future().wait();
        }
        batches.push_back(items);
      },
      [](const std::string& why) { ADD_FAILURE() << why; });
  ASSERT_TRUE(worker.Submit(1).ok());
  begun.get_future().wait();
  ASSERT_TRUE(worker.SubmitBatch({2, 3}).ok());
  ASSERT_TRUE(worker.SubmitBatch({4, 5}).ok());
  EXPECT_EQ(worker.SubmitBatch({6, 7}).code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(worker.waiting(), 4u);
  go.set_value();
  worker.Stop();
  EXPECT_THAT(batches, ElementsAre(ElementsAre(1), ElementsAre(2, 3, 4), ElementsAre(5)));
  EXPECT_EQ(worker.Submit(1).code(), StatusCode::kUnavailable);
}

TEST(BatchWorkerTest, AFailureIsReportedAndTheNextBatchRuns) {
  std::vector<std::string> failures;
  std::vector<int> handled;
  BatchWorker<int> worker(
      "writer", 5, 1,
      [&](std::vector<int>& items) {
        if (items[0] == 1) throw std::runtime_error("full");
        handled.push_back(items[0]);
      },
      [&](const std::string& why) { failures.push_back(why); });
  ASSERT_TRUE(worker.SubmitBatch({1, 2}).ok());
  worker.Stop();
  EXPECT_THAT(handled, ElementsAre(2));
  EXPECT_THAT(failures, ElementsAre("The worker 'writer' failed: full"));
}

}  // namespace
}  // namespace meseta::runtime
