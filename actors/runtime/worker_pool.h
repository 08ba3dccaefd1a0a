// Threads for work that blocks: file reads, rendering, LevelDB, fork, name lookups.
//
// Jobs is the interface; a job posts its completion itself (CoreRef::PostCompletion), and should
// carry a Reply or the like where its loss must be noticed. WorkerPool runs jobs on threads, with
// one thread in the order of submission. ManualJobs runs them when a test says so. BatchWorker
// (batch_worker.h) is for one consumer that takes all that is waiting, such as a LevelDB writer.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "actors/base/status.h"

namespace meseta::runtime {

// Thread-safe.
class Jobs {
 public:
  virtual ~Jobs() = default;
  // ResourceExhausted when the bound of waiting jobs is reached, Unavailable when stopped: the job
  // is destroyed and never runs.
  virtual Status Submit(std::function<void()> job) = 0;
};

// Told, with one sentence, when a job throws; on the worker's thread.
using JobFailure = std::function<void(const std::string&)>;

class WorkerPool : public Jobs {
 public:
  // `name`: of the threads and in messages. REQUIRES: threads > 0, max_waiting > 0.
  // Without `on_failure` a job that throws is logged.
  WorkerPool(std::string name, int threads, size_t max_waiting, JobFailure on_failure = {});
  ~WorkerPool() override;  // Stop()s.

  Status Submit(std::function<void()> job) override;
  // Refuses further jobs, runs those accepted to their end and joins the threads. Idempotent.
  // REQUIRES: not called by a job.
  void Stop();

  struct Stats {
    size_t waiting = 0;
    size_t running = 0;
    uint64_t finished = 0;
    uint64_t refused = 0;
    uint64_t failed = 0;  // Jobs that threw; also finished.
  };
  [[nodiscard]] Stats stats() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// On the caller's thread, for deterministic tests. Not thread-safe.
class ManualJobs : public Jobs {
 public:
  explicit ManualJobs(size_t max_waiting = 1000) : max_waiting_(max_waiting) {}
  Status Submit(std::function<void()> job) override;
  // Also what these submit. Returns the number of jobs run.
  size_t RunAll();
  [[nodiscard]] size_t waiting() const { return jobs_.size(); }

 private:
  const size_t max_waiting_;
  std::deque<std::function<void()>> jobs_;
};

}  // namespace meseta::runtime
