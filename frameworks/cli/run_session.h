// RunSession: carries RunCore over a v1 subscription: the stream of events, calls one after the
// other, the output of the tasks, and the connection's repair.
//
// A broken stream is subscribed again, with back-off, under the framework's id, at any of the
// masters; tasks go on meanwhile. What fails before the first subscription ends the run. All
// methods but Run() run on the first network thread of the runtime; so do all callbacks.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "actors/base/rng.h"
#include "actors/http/client.h"
#include "actors/http/recordio.h"
#include "actors/net/io_runtime.h"
#include "frameworks/cli/cluster_client.h"
#include "frameworks/cli/file_tail.h"
#include "frameworks/cli/line_prefixer.h"
#include "frameworks/cli/run_core.h"

namespace meseta::cli {

struct RunSettings {
  RunOptions options;
  bool follow = false;
  bool output_to_stderr = false;  // Of the tasks' stdout: with --json stdout is for the result.
  std::optional<Duration> timeout;
};

class RunSession : public std::enable_shared_from_this<RunSession> {
 public:
  // Called once, with the exit code and what RunCore knows at the end.
  using OnDone = std::function<void(int exit_code, const Status& problem)>;

  RunSession(net::IoRuntime& runtime, Access access, RunSettings settings, uint64_t seed,
             OnDone on_done);

  void Start();
  // Ctrl-C: the first kills the tasks and waits for their end, the second quits.
  void Interrupt();

  // Drops connections and output files. REQUIRES: the runtime has stopped, and still exists.
  void Shutdown();

  [[nodiscard]] const RunCore& core() const { return core_; }

 private:
  struct Output;  // One file of one task.

  void Subscribe();
  void OnHead(const http::Response& head);
  void OnData(std::string_view bytes);
  void OnStreamEnd(const Status& status);
  // The answer to SUBSCRIBE was not a stream.
  void OnRefusal(const Status& status);
  void Redirect();
  void Retry(const Status& problem);
  void Probe(uint64_t epoch);
  void GiveUpUnlessBack();

  void Perform(RunCore::Actions actions);
  void PumpCalls();
  void OnCallAnswer(v1::scheduler::Call::Type type, const Result<http::Response>& response);

  void WatchOutputs();
  void StartOutput(const std::string& task_id, const RunCore::TaskView& task, bool is_stderr);
  void ScheduleWaitingLine();
  void SayWaiting(const Result<http::Response>& agents);
  void RepeatKills();
  void KillWithReason(const std::string& line);
  void FinishIfDone();
  void Finish(int exit_code, const Status& problem);

  [[nodiscard]] http::ClientRequest NewCallRequest(const v1::scheduler::Call& call) const;
  [[nodiscard]] const std::string& master() const { return access_.masters[master_]; }
  // `work` on the first network thread, unless the session has finished by then.
  void After(Duration delay, std::function<void()> work);

  net::IoRuntime& runtime_;
  std::unique_ptr<http::Client> client_;  // Null after Shutdown().
  Access access_;                         // A master that another named is added.
  const RunSettings settings_;
  RunCore core_;
  Rng rng_;
  OnDone on_done_;  // Empty once called.

  // ---- the subscription
  size_t master_ = 0;   // Index of the master in use.
  uint64_t epoch_ = 0;  // Number of the stream; callbacks of older ones are ignored.
  std::shared_ptr<http::ClientStream> stream_;
  http::Response head_;     // Of the answer to SUBSCRIBE; its body collects a refusal.
  bool streaming_ = false;  // It was 200.
  http::RecordDecoder decoder_;
  std::string stream_id_;
  bool subscribed_ = false;  // SUBSCRIBED has come on this stream.
  int attempts_ = 0;         // Since the last SUBSCRIBED.
  int losses_ = 0;           // Of a subscription.
  int redirects_ = 0;        // In a row.
  int silent_ = 0;           // Probes in a row that the master has not answered.
  bool answered_ = false;    // Some master, if only that it has no leader.
  std::chrono::steady_clock::time_point started_;

  std::deque<v1::scheduler::Call> calls_;  // To be sent; the first may be under way.
  bool call_under_way_ = false;

  std::map<std::string, std::shared_ptr<Output>> outputs_;  // By task id and file.
  size_t open_outputs_ = 0;
  bool tearing_down_ = false;
  bool said_waiting_ = false;
  bool repeating_kills_ = false;
};

}  // namespace meseta::cli
