// BatchWorker: one thread that handles items in order, all that are waiting at once (at most
// max_batch): group commit for a LevelDB writer, where one synced write serves many.
#pragma once

#include <pthread.h>

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "actors/base/status.h"
#include "actors/runtime/worker_pool.h"

namespace meseta::runtime {

template <class Item>
class BatchWorker {
 public:
  // `handle` gets 1..max_batch items on the worker's thread and reports their completion itself.
  // When it throws, the batch is destroyed and `on_failure` is told; REQUIRES: it is set.
  BatchWorker(std::string name, size_t max_waiting, size_t max_batch,
              std::function<void(std::vector<Item>&)> handle, JobFailure on_failure)
      : name_(std::move(name)),
        max_waiting_(max_waiting),
        max_batch_(max_batch),
        handle_(std::move(handle)),
        on_failure_(std::move(on_failure)) {
    CHECK(max_waiting_ > 0 && max_batch_ > 0 && handle_ && on_failure_);
    thread_ = std::thread([this] { Work(); });
    pthread_setname_np(thread_.native_handle(), name_.substr(0, 15).c_str());
  }
  BatchWorker(const BatchWorker&) = delete;
  BatchWorker& operator=(const BatchWorker&) = delete;
  ~BatchWorker() { Stop(); }

  // ResourceExhausted beyond the bound, Unavailable when stopped: the item is destroyed.
  Status Submit(Item item) {
    std::vector<Item> items;
    items.push_back(std::move(item));
    return SubmitBatch(std::move(items));
  }
  // All or nothing; the items stay in order and neighbours.
  Status SubmitBatch(std::vector<Item> items) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (stopping_) return Unavailable("The worker '" + name_ + "' has stopped");
    if (waiting_.size() + items.size() > max_waiting_) {
      return ResourceExhausted("The worker '" + name_ + "' is busy: " +
                               std::to_string(waiting_.size()) + " items are waiting; try again");
    }
    for (Item& item : items) waiting_.push_back(std::move(item));
    changed_.notify_one();
    return OkStatus();
  }

  [[nodiscard]] size_t waiting() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return waiting_.size();
  }

  // Refuses further items, handles those accepted and joins the thread. Idempotent.
  // REQUIRES: not called by `handle`, nor by two threads at once.
  void Stop() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      stopping_ = true;
      changed_.notify_one();
    }
    if (thread_.joinable()) thread_.join();
  }

 private:
  void Work() {
    std::vector<Item> batch;
    while (TakeBatch(&batch)) {
      try {
        handle_(batch);
      } catch (const std::exception& e) {
        on_failure_("The worker '" + name_ + "' failed: " + e.what());
      } catch (...) {
        on_failure_("The worker '" + name_ + "' failed with an unknown exception");
      }
      batch.clear();
    }
  }

  // False: stopped, and nothing is left.
  bool TakeBatch(std::vector<Item>* batch) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    const size_t count = std::min(max_batch_, waiting_.size());
    for (size_t i = 0; i < count; ++i) {
      batch->push_back(std::move(waiting_.front()));
      waiting_.pop_front();
    }
    return count > 0;
  }

  const std::string name_;
  const size_t max_waiting_;
  const size_t max_batch_;
  const std::function<void(std::vector<Item>&)> handle_;
  const JobFailure on_failure_;
  mutable std::mutex mutex_;  // Guards waiting_ and stopping_.
  std::condition_variable changed_;
  std::deque<Item> waiting_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace meseta::runtime
