#include "frameworks/cli/run_session.h"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <utility>

#include "frameworks/cli/command_line.h"
#include "frameworks/cli/master_list.h"
#include "frameworks/cli/run_wait.h"
#include "frameworks/cli/sandbox_file.h"
#include "frameworks/cli/table.h"

namespace meseta::cli {
namespace {

using Call = v1::scheduler::Call;

constexpr char kProtobuf[] = "application/x-protobuf";
constexpr Duration kStreamSilence = Duration::Seconds(75);  // Five heartbeats of a master.
constexpr Duration kFirstPause = Duration::Millis(100);
constexpr Duration kLongestPause = Duration::Seconds(5);
constexpr Duration kSayWaitingAfter = Duration::Seconds(5);
constexpr Duration kRepeatKills = Duration::Seconds(10);
constexpr Duration kTeardownPatience = Duration::Seconds(5);
// Before the first subscription, while masters have no leader.
constexpr Duration kFirstPatience = Duration::Seconds(15);
constexpr Duration kHeadTimeout = Duration::Seconds(5);
// With several masters, one that leaves kMaxSilent of these in a row without an answer is left for
// another; its connection may stay open for long.
constexpr Duration kProbeInterval = Duration::Seconds(2);
constexpr int kMaxSilent = 2;
constexpr size_t kMaxRefusalBytes = 4096;
constexpr size_t kMaxQueuedCalls = 100'000;

void Say(const std::string& line) {
  std::string clean = line;
  for (char& c : clean) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  std::fprintf(stderr, "%s\n", clean.c_str());
}

std::unique_ptr<http::Client> MakeClient(net::IoRuntime& runtime, const Access& access) {
  http::ClientOptions options;
  options.tls = access.tls;
  return std::make_unique<http::Client>(runtime, std::move(options));
}

}  // namespace

struct RunSession::Output {
  Output(std::string prefix, bool to_stderr)
      : prefixer(std::move(prefix)), file(to_stderr ? stderr : stdout) {}
  LinePrefixer prefixer;
  std::FILE* file;
  std::shared_ptr<FileTail> tail;
  bool ending = false;

  // False when nobody reads what we write.
  [[nodiscard]] bool Write(const std::string& text) const {
    return std::fwrite(text.data(), 1, text.size(), file) == text.size() && std::fflush(file) == 0;
  }
};

RunSession::RunSession(net::IoRuntime& runtime, Access access, RunSettings settings, uint64_t seed,
                       OnDone on_done)
    : runtime_(runtime),
      client_(MakeClient(runtime, access)),
      access_(std::move(access)),
      settings_(std::move(settings)),
      core_(settings_.options),
      rng_(seed),
      on_done_(std::move(on_done)) {}

void RunSession::Start() {
  started_ = std::chrono::steady_clock::now();
  Subscribe();
  ScheduleWaitingLine();
  if (settings_.timeout) {
    After(*settings_.timeout, [this] {
      KillWithReason("not done after " + settings_.timeout->ToString() + ": killing the tasks");
    });
  }
}

void RunSession::Shutdown() {
  on_done_ = nullptr;
  outputs_.clear();
  stream_.reset();
  client_.reset();
}

void RunSession::Interrupt() {
  if (!on_done_) return;
  if (core_.killing()) {
    const int running =
        static_cast<int>(std::count_if(core_.tasks().begin(), core_.tasks().end(),
                                       [](const auto& t) { return !t.second.terminal; }));
    Say("quitting; " + std::to_string(running) + " tasks may still run, for at most " +
        ShortAge(kFailoverSeconds) + ", as framework " + core_.framework_id());
    return Finish(kExitInterrupted, OkStatus());
  }
  KillWithReason("interrupted: killing the tasks (Ctrl-C again to quit at once)");
}

void RunSession::KillWithReason(const std::string& line) {
  if (!on_done_ || core_.done() || core_.killing()) return;
  Say(line);
  Perform(core_.KillAll());
  if (core_.framework_id().empty()) return Finish(core_.exit_code(), OkStatus());
  RepeatKills();
}

void RunSession::RepeatKills() {
  if (repeating_kills_) return;
  repeating_kills_ = true;
  After(kRepeatKills, [this] {
    repeating_kills_ = false;
    if (core_.done()) return;
    if (subscribed_) Perform(core_.KillAll());
    RepeatKills();
  });
}

// ---- the subscription

http::ClientRequest RunSession::NewCallRequest(const Call& call) const {
  http::ClientRequest request;
  request.method = "POST";
  request.url = master() + "/api/v1/scheduler";
  request.headers.Set("Content-Type", kProtobuf);
  request.headers.Set("Accept", kProtobuf);
  if (!access_.authorization.empty()) request.headers.Set("Authorization", access_.authorization);
  request.body = call.SerializeAsString();
  return request;
}

void RunSession::After(Duration delay, std::function<void()> work) {
  auto self = shared_from_this();
  runtime_.PostAfter(delay, [self, work = std::move(work)] {
    if (self->on_done_) work();
  });
}

void RunSession::Subscribe() {
  if (!on_done_) return;
  ++epoch_;
  head_ = http::Response();
  head_.status = 0;
  streaming_ = false;
  subscribed_ = false;
  decoder_ = http::RecordDecoder();
  http::ClientRequest request = NewCallRequest(core_.Subscribe());
  request.stream_silence = kStreamSilence;
  request.timeout = kHeadTimeout;
  auto self = shared_from_this();
  const uint64_t epoch = epoch_;
  // The runtime has one thread, but the first callback may come before Stream() has returned.
  const auto current = [self, epoch] { return self->on_done_ && self->epoch_ == epoch; };
  stream_ = client_->Stream(
      std::move(request),
      [self, current](const http::Response& head) {
        if (current()) self->OnHead(head);
      },
      [self, current](std::string_view bytes) {
        if (current()) self->OnData(bytes);
      },
      [self, current](const Status& status) {
        if (current()) self->OnStreamEnd(status);
      });
}

void RunSession::OnHead(const http::Response& head) {
  head_ = head;
  head_.body.clear();
  streaming_ = head.status == 200;
  stream_id_ = head.headers.Get("Mesos-Stream-Id").value_or("");
}

void RunSession::OnData(std::string_view bytes) {
  if (tearing_down_) return;  // All is decided.
  if (!streaming_) {
    head_.body += bytes.substr(0, kMaxRefusalBytes - std::min(kMaxRefusalBytes, head_.body.size()));
    return;
  }
  auto records = decoder_.Decode(bytes);
  if (!records.ok()) {
    stream_->Close();
    return Retry(records.status());
  }
  const uint64_t epoch = epoch_;
  for (const std::string& record : *records) {
    v1::scheduler::Event event;
    if (!event.ParseFromString(record)) {
      stream_->Close();
      return Retry(DataLoss("the master sent an event that is none"));
    }
    if (event.type() == v1::scheduler::Event::SUBSCRIBED) {
      if (attempts_ > 0 && !core_.framework_id().empty()) {
        Say("subscribed again at " + ShownAddress(master()));
      }
      subscribed_ = true;
      silent_ = 0;
      if (access_.masters.size() > 1) Probe(epoch_);
      attempts_ = 0;
      redirects_ = 0;
    }
    Perform(core_.Handle(event));
    if (!on_done_ || epoch_ != epoch) return;
  }
}

// Asks the master of stream `epoch` for a sign of life, again and again.
void RunSession::Probe(uint64_t epoch) {
  After(kProbeInterval, [this, epoch] {
    if (epoch != epoch_ || tearing_down_) return;
    http::ClientRequest request;
    request.url = master() + "/version";
    request.timeout = kProbeInterval;
    auto self = shared_from_this();
    client_->Send(std::move(request), [self, epoch](const Result<http::Response>& response) {
      if (!self->on_done_ || epoch != self->epoch_ || self->tearing_down_) return;
      self->silent_ = response.ok() ? 0 : self->silent_ + 1;
      if (self->silent_ < kMaxSilent) return self->Probe(epoch);
      self->stream_->Close();
      self->head_.status = 0;
      self->Retry(Unavailable("it does not answer any more"));
    });
  });
}

void RunSession::OnStreamEnd(const Status& status) {
  if (streaming_) {
    return Retry(status.ok() ? Unavailable("the master closed the connection") : status);
  }
  OnRefusal(status);
}

void RunSession::OnRefusal(const Status& status) {
  if (head_.status == 0) return Retry(status);
  if (head_.status == 301 || head_.status == 302 || head_.status == 307 || head_.status == 308) {
    return Redirect();
  }
  const Status problem = StatusOf("The master at " + ShownAddress(master()), head_);
  if (head_.status >= 500) return Retry(problem);
  // It will not change its mind.
  const Status final_problem =
      problem.ok() ? Internal("The master at " + ShownAddress(master()) +
                              " answered SUBSCRIBE with " + std::to_string(head_.status))
                   : problem;
  Finish(ExitCodeOf(final_problem), final_problem);
}

void RunSession::Redirect() {
  const auto leader = BaseOfLocation(master(), head_.headers.Get("Location").value_or(""));
  if (!leader.ok() || ++redirects_ > kMaxRedirects) {
    redirects_ = 0;
    return Retry(Unavailable("the master at " + ShownAddress(master()) +
                             " names no leader that can be reached"));
  }
  auto& masters = access_.masters;
  const auto known = std::find(masters.begin(), masters.end(), *leader);
  master_ = static_cast<size_t>(known - masters.begin());
  if (known == masters.end() && masters.size() < 2 * kMaxMasters) masters.push_back(*leader);
  master_ = std::min(master_, masters.size() - 1);
  Subscribe();
}

void RunSession::Retry(const Status& problem) {
  // The master may close the stream before it answers the TEARDOWN.
  if (tearing_down_) return Finish(core_.exit_code(), OkStatus());
  ++epoch_;  // Whatever still comes from the old stream is late.
  subscribed_ = false;
  calls_.clear();
  call_under_way_ = false;
  ++attempts_;
  const bool first = core_.framework_id().empty();
  const int round = static_cast<int>(access_.masters.size());
  const bool refused = head_.status == 0;  // Nobody there, unlike a master without a leader.
  if (!refused) answered_ = true;
  const auto waited = std::chrono::steady_clock::now() - started_;
  const bool patient = answered_ && waited < std::chrono::nanoseconds(kFirstPatience.nanos());
  if (first && attempts_ >= round && !patient) {
    const Status unreachable = refused ? Unreachable(access_.masters, problem) : problem;
    return Finish(ExitCodeOf(unreachable), unreachable);
  }
  if (!first && attempts_ == 1) {
    GiveUpUnlessBack();
    Say("lost the master at " + ShownAddress(master()) + " (" + problem.message() +
        "); the tasks go on, trying again");
  }
  master_ = (master_ + 1) % access_.masters.size();
  Duration pause = kFirstPause * (int64_t{1} << std::min(attempts_, 6));
  pause = std::min(pause, kLongestPause);
  pause = Duration::FromSecondsDouble(pause.seconds() * (0.5 + rng_.Uniform() / 2));
  After(first && attempts_ < round ? Duration::Nanos(0) : pause, [this] { Subscribe(); });
}

// After the failover timeout masters kill the tasks: nothing is left to wait for.
void RunSession::GiveUpUnlessBack() {
  After(Duration::FromSecondsDouble(kFailoverSeconds), [this, lost = ++losses_] {
    if (attempts_ == 0 || lost != losses_) return;
    Finish(kExitUnreachable, Unavailable("no master came back in " + ShortAge(kFailoverSeconds) +
                                         "; one that does kills the tasks"));
  });
}

// ---- calls

void RunSession::Perform(RunCore::Actions actions) {
  for (const std::string& line : actions.lines) Say(line);
  for (Call& call : actions.calls) {
    if (calls_.size() < kMaxQueuedCalls) calls_.push_back(std::move(call));
  }
  PumpCalls();
  WatchOutputs();
  FinishIfDone();
}

void RunSession::PumpCalls() {
  if (call_under_way_ || calls_.empty() || !subscribed_) return;
  call_under_way_ = true;
  const Call& call = calls_.front();
  http::ClientRequest request = NewCallRequest(call);
  request.headers.Set("Mesos-Stream-Id", stream_id_);
  auto self = shared_from_this();
  client_->Send(std::move(request),
                [self, epoch = epoch_, type = call.type()](Result<http::Response> response) {
                  if (self->on_done_ && self->epoch_ == epoch) self->OnCallAnswer(type, response);
                });
}

void RunSession::OnCallAnswer(Call::Type type, const Result<http::Response>& response) {
  call_under_way_ = false;
  if (!calls_.empty()) calls_.pop_front();
  if (type == Call::TEARDOWN) return Finish(core_.exit_code(), OkStatus());
  const bool lost = !response.ok() || response->status >= 500 || response->status / 100 == 3 ||
                    response->status == 403;  // 403: the master knows no such subscription.
  if (lost) {
    stream_->Close();
    return Retry(response.ok() ? StatusOf("The master", *response) : response.status());
  }
  if (response->status >= 400) {
    const std::string said = StatusOf("the master", *response).message();
    if (type == Call::ACCEPT) {
      core_.Fail("cannot launch: " + said);
    } else {
      Say(Call::Type_Name(type) + ": " + said);
    }
  }
  Perform({});
}

// ---- output of the tasks

void RunSession::WatchOutputs() {
  if (!settings_.follow) return;
  for (const auto& [id, task] : core_.tasks()) {
    for (const bool is_stderr : {false, true}) {
      const std::string key = id + (is_stderr ? "/stderr" : "/stdout");
      const auto known = outputs_.find(key);
      if (known == outputs_.end()) {
        if (task.has_sandbox) StartOutput(id, task, is_stderr);
      } else if (task.terminal && !known->second->ending) {
        known->second->ending = true;
        known->second->tail->Finish();
      }
    }
  }
}

void RunSession::StartOutput(const std::string& task_id, const RunCore::TaskView& task,
                             bool is_stderr) {
  const std::string prefix =
      settings_.options.instances > 1 ? "[" + std::to_string(task.number) + "] " : "";
  const std::string file = is_stderr ? "stderr" : "stdout";
  auto output = std::make_shared<Output>(prefix, is_stderr || settings_.output_to_stderr);
  FileTail::Source source{task.agent_url, SandboxPath(core_.framework_id(), "", task_id, file),
                          access_.authorization};
  auto self = shared_from_this();
  const std::string what = file + " of " + task_id;
  std::weak_ptr<Output> weak = output;
  output->tail = std::make_shared<FileTail>(
      runtime_, *client_, std::move(source),
      [self, weak](std::string_view data) {
        const auto out = weak.lock();
        if (self->on_done_ && out && !out->Write(out->prefixer.Put(data))) {
          self->KillWithReason("nobody reads the output: killing the tasks");
        }
      },
      [self, weak, what](const Status& status) {
        const auto out = weak.lock();
        if (!self->on_done_ || !out) return;
        if (!out->Write(out->prefixer.End())) Say("cannot write " + what);
        if (!status.ok()) Say("cannot read " + what + " to its end: " + status.message());
        --self->open_outputs_;
        self->FinishIfDone();
      });
  outputs_[task_id + "/" + file] = output;
  ++open_outputs_;
  output->ending = task.terminal;
  if (task.terminal) output->tail->Finish();
  output->tail->Start();
}

// ---- waiting and the end

void RunSession::ScheduleWaitingLine() {
  After(kSayWaitingAfter, [this] {
    if (core_.waiting() == 0 || said_waiting_) return;
    http::ClientRequest request;
    request.url = master() + "/slaves";
    request.max_redirects = kMaxRedirects;
    if (!access_.authorization.empty()) request.headers.Set("Authorization", access_.authorization);
    auto self = shared_from_this();
    client_->Send(std::move(request), [self](Result<http::Response> response) {
      if (self->on_done_) self->SayWaiting(response);
    });
  });
}

void RunSession::SayWaiting(const Result<http::Response>& response) {
  const int waiting = core_.waiting();
  if (waiting == 0 || said_waiting_) return;
  said_waiting_ = true;
  std::optional<std::vector<AgentRow>> agents;
  if (response.ok() && response->status == 200) {
    auto rows = ReadAgents(response->body);
    if (rows.ok()) agents = std::move(*rows);
  }
  Say(std::to_string(waiting) + " of " + std::to_string(settings_.options.instances) +
      (waiting == 1 ? " waits: " : " wait: ") +
      ExplainWaiting(NeedOf(settings_.options), core_.too_small(), agents));
}

void RunSession::FinishIfDone() {
  if (!on_done_ || !core_.done() || tearing_down_) return;
  if (!core_.error().empty()) return Finish(core_.exit_code(), Internal(core_.error()));
  if (open_outputs_ > 0) return;
  tearing_down_ = true;
  // Without this the framework would stay for its failover timeout.
  After(kTeardownPatience, [this] { Finish(core_.exit_code(), OkStatus()); });
  calls_.push_back(core_.Teardown());
  PumpCalls();
}

void RunSession::Finish(int exit_code, const Status& problem) {
  if (!on_done_) return;
  const OnDone on_done = std::move(on_done_);
  on_done_ = nullptr;
  ++epoch_;
  if (stream_) stream_->Close();
  on_done(exit_code, problem);
}

}  // namespace meseta::cli
