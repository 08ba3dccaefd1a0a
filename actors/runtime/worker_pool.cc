#include "actors/runtime/worker_pool.h"

#include <pthread.h>

#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "actors/base/logging.h"

namespace meseta::runtime {

struct WorkerPool::State {
  void Work();
  void RunJob(std::function<void()> job);

  std::string name;
  size_t max_waiting = 0;
  JobFailure on_failure;

  mutable std::mutex mutex;  // Guards the following.
  std::condition_variable changed;
  std::deque<std::function<void()>> jobs;
  Stats stats;
  bool stopping = false;

  std::mutex joining;  // Makes concurrent Stop()s wait for each other.
  std::vector<std::thread> threads;
};

void WorkerPool::State::Work() {
  std::unique_lock<std::mutex> lock(mutex);
  for (;;) {
    changed.wait(lock, [this] { return stopping || !jobs.empty(); });
    if (jobs.empty()) return;
    std::function<void()> job = std::move(jobs.front());
    jobs.pop_front();
    ++stats.running;
    lock.unlock();
    RunJob(std::move(job));
    lock.lock();
    --stats.running;
    ++stats.finished;
  }
}

void WorkerPool::State::RunJob(std::function<void()> job) {
  std::string failure;
  try {
    job();
    return;
  } catch (const std::exception& e) {
    failure = "A job of the worker pool '" + name + "' failed: " + e.what();
  } catch (...) {
    failure = "A job of the worker pool '" + name + "' failed with an unknown exception";
  }
  {
    const std::lock_guard<std::mutex> lock(mutex);
    ++stats.failed;
  }
  if (on_failure) {
    on_failure(failure);
  } else {
    LOG(ERROR) << failure;
  }
}

WorkerPool::WorkerPool(std::string name, int threads, size_t max_waiting, JobFailure on_failure)
    : state_(std::make_unique<State>()) {
  CHECK(threads > 0 && max_waiting > 0);
  state_->name = std::move(name);
  state_->max_waiting = max_waiting;
  state_->on_failure = std::move(on_failure);
  for (int i = 0; i < threads; ++i) {
    state_->threads.emplace_back([state = state_.get()] { state->Work(); });
    pthread_setname_np(state_->threads.back().native_handle(), state_->name.substr(0, 15).c_str());
  }
}

WorkerPool::~WorkerPool() { Stop(); }

Status WorkerPool::Submit(std::function<void()> job) {
  const std::lock_guard<std::mutex> lock(state_->mutex);
  if (state_->stopping) {
    ++state_->stats.refused;
    return Unavailable("The worker pool '" + state_->name + "' has stopped");
  }
  if (state_->jobs.size() >= state_->max_waiting) {
    ++state_->stats.refused;
    return ResourceExhausted("The worker pool '" + state_->name + "' is busy: " +
                             std::to_string(state_->max_waiting) + " jobs are waiting; try again");
  }
  state_->jobs.push_back(std::move(job));
  state_->changed.notify_one();
  return OkStatus();
}

void WorkerPool::Stop() {
  {
    const std::lock_guard<std::mutex> lock(state_->mutex);
    state_->stopping = true;
    state_->changed.notify_all();
  }
  const std::lock_guard<std::mutex> lock(state_->joining);
  for (std::thread& thread : state_->threads) thread.join();
  state_->threads.clear();
}

WorkerPool::Stats WorkerPool::stats() const {
  const std::lock_guard<std::mutex> lock(state_->mutex);
  Stats stats = state_->stats;
  stats.waiting = state_->jobs.size();
  return stats;
}

Status ManualJobs::Submit(std::function<void()> job) {
  if (jobs_.size() >= max_waiting_) return ResourceExhausted("Too many jobs are waiting");
  jobs_.push_back(std::move(job));
  return OkStatus();
}

size_t ManualJobs::RunAll() {
  size_t count = 0;
  for (; !jobs_.empty(); ++count) {
    const std::function<void()> job = std::move(jobs_.front());
    jobs_.pop_front();
    job();
  }
  return count;
}

}  // namespace meseta::runtime
