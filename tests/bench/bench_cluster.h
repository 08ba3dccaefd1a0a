// A real master and a real agent for benchmarks, and a scheduler on the public API.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "actors/http/client.h"
#include "actors/http/recordio.h"
#include "actors/messages/v1.h"
#include "actors/net/io_runtime.h"

namespace meseta::bench {

using Clock = std::chrono::steady_clock;
double Seconds(Clock::duration duration);
double Median(std::vector<double> values);
// "0.52": the machine's load average over a minute.
double LoadAverage();

inline constexpr double kCpusPerTask = 0.1;
inline constexpr double kMegabytesPerTask = 16;

// Programs of MESETA_BIN (else of this build) on loopback, in a temporary folder. Ends the process
// with a sentence when they do not start.
class Cluster {
 public:
  explicit Cluster(const std::string& resources);
  ~Cluster();  // Stops both, and what tasks still run.
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  [[nodiscard]] const std::string& master() const { return master_; }  // host:port
  [[nodiscard]] const std::string& agent() const { return agent_; }
  [[nodiscard]] pid_t master_pid() const { return master_pid_; }
  [[nodiscard]] pid_t agent_pid() const { return agent_pid_; }
  [[nodiscard]] const std::string& folder() const { return folder_; }

 private:
  pid_t Start(const std::string& name, const std::vector<std::string>& flags);
  std::string AwaitUrl(const std::string& name, const std::string& marker);

  std::string folder_, master_, agent_;
  pid_t master_pid_ = -1, agent_pid_ = -1;
};

// Protobuf over HTTP. Every update is acknowledged, as real schedulers do.
class Scheduler {
 public:
  struct Seen {
    Clock::time_point accepted{}, running{}, ended{};
    v1::TaskState last = v1::TASK_STAGING;
  };

  explicit Scheduler(const std::string& master);
  // It outlives its master: it has a failover timeout, calls without an answer are no failure, and it
  // keeps kCallsInFlight ACCEPTs under way.
  struct Survives {};
  static constexpr size_t kCallsInFlight = 64;
  Scheduler(const std::string& master, Survives survives);
  ~Scheduler();  // Tears the framework down, unless it survives.
  // Subscribes at this master, as the same framework; again while it does not lead yet.
  void Subscribe(const std::string& master);
  // Answers per second to `count` calls without effect, kCallsInFlight at once.
  double SuppressPerSecond(size_t count);

  // A task with `arguments` as its argv, 0.1 cpus and 16 MB.
  v1::TaskInfo Task(const std::string& id, const std::vector<std::string>& arguments) const;
  // Launches all of them, as offers come; returns when all have been accepted by the master.
  void Launch(const std::vector<std::string>& ids, const std::vector<std::string>& arguments);
  void AwaitRunning(size_t count);
  void AwaitEnded(size_t count);
  // Of the tasks since the last call; then forgets them.
  std::map<std::string, Seen> Take();

 private:
  bool TrySubscribe();
  void OnBytes(uint64_t stream, std::string_view bytes);
  void OnEvent(const v1::scheduler::Event& event);
  void Send(v1::scheduler::Call call, bool wait);
  template <class Condition>
  void Await(const char* what, Condition condition);

  std::string url_;
  const bool survives_ = false;
  net::IoRuntime io_{1};
  http::Client client_{io_, {}};
  std::shared_ptr<http::ClientStream> stream_;
  http::RecordDecoder decoder_;
  std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t stream_number_ = 0;  // What an earlier stream still says is not heard.
  bool subscribed_ = false, ended_stream_ = false;
  size_t calls_ = 0;            // Under way.
  std::string stream_id_;
  v1::FrameworkID framework_;
  std::map<std::string, v1::Offer> offers_;
  std::map<std::string, Seen> seen_;
  size_t running_ = 0, ended_ = 0, failed_ = 0;
};

}  // namespace meseta::bench
