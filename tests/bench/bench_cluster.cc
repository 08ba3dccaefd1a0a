#include "tests/bench/bench_cluster.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

extern char** environ;

namespace meseta::bench {
namespace {

constexpr std::chrono::seconds kPatience{120};
constexpr double kFailoverSeconds = 600;

[[noreturn]] void Fail(const std::string& sentence) {
  std::fprintf(stderr, "error: %s\n", sentence.c_str());
  std::exit(1);
}

std::string BinFolder() {
  const char* folder = std::getenv("MESETA_BIN");
  return folder != nullptr ? folder : MESETA_BINARY_DIR "/bin";
}

void Stop(pid_t pid) {
  if (pid <= 0) return;
  kill(pid, SIGTERM);
  waitpid(pid, nullptr, 0);
}

// Tasks outlive their agent; those of this bench are known by their working folder, a sandbox of it.
// Their shims end with them.
void EndTasksBelow(const std::string& folder) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
    const pid_t pid = std::atoi(entry.path().filename().c_str());
    if (pid <= 0) continue;
    const std::string cwd = std::filesystem::read_symlink(entry.path() / "cwd", ignored).string();
    if (!ignored && cwd.starts_with(folder + "/")) kill(pid, SIGKILL);
  }
}

void AddScalar(v1::TaskInfo* task, const std::string& name, double value) {
  v1::Resource* resource = task->add_resources();
  resource->set_name(name);
  resource->set_type(v1::Value::SCALAR);
  resource->mutable_scalar()->set_value(value);
}

double Scalar(const v1::Offer& offer, const std::string& name) {
  double sum = 0;
  for (const v1::Resource& resource : offer.resources()) {
    if (resource.name() == name) sum += resource.scalar().value();
  }
  return sum;
}

size_t TasksThatFit(const v1::Offer& offer) {
  constexpr double kRounding = 1e-6;
  return static_cast<size_t>(std::max(
      0.0, std::min(Scalar(offer, "cpus") / kCpusPerTask, Scalar(offer, "mem") / kMegabytesPerTask) +
               kRounding));
}

}  // namespace

double Seconds(Clock::duration duration) { return std::chrono::duration<double>(duration).count(); }

double Median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

double LoadAverage() {
  double load = 0;
  return getloadavg(&load, 1) == 1 ? load : -1;
}

Cluster::Cluster(const std::string& resources) {
  char name[] = "/tmp/meseta-bench-XXXXXX";
  folder_ = mkdtemp(name);
  master_pid_ = Start("meseta-master", {"--port=0", "--work_dir=" + folder_ + "/master"});
  master_ = AwaitUrl("meseta-master", "leads at http://");
  agent_pid_ = Start("meseta-agent", {"--port=0", "--work_dir=" + folder_ + "/agent",
                                      "--master=" + master_, "--resources=" + resources});
  agent_ = AwaitUrl("meseta-agent", "serves at http://");
}

Cluster::~Cluster() {
  Stop(agent_pid_);
  Stop(master_pid_);
  EndTasksBelow(folder_);
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

pid_t Cluster::Start(const std::string& name, const std::vector<std::string>& flags) {
  std::vector<std::string> arguments{BinFolder() + "/" + name};
  arguments.insert(arguments.end(), flags.begin(), flags.end());
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const std::string log = folder_ + "/" + name + ".log";
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 2, log.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
  pid_t pid = -1;
  const int error = posix_spawn(&pid, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) Fail("cannot start " + arguments[0] + ": build meseta_binaries first");
  return pid;
}

std::string Cluster::AwaitUrl(const std::string& name, const std::string& marker) {
  const auto end = Clock::now() + kPatience;
  while (Clock::now() < end) {
    std::ifstream in(folder_ + "/" + name + ".log");
    const std::string log{std::istreambuf_iterator<char>(in), {}};
    const size_t at = log.find(marker);
    if (at != std::string::npos) {
      const size_t from = at + marker.size();
      const size_t to = log.find_first_of(", \n", from);
      if (to != std::string::npos) return log.substr(from, to - from);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  Fail(name + " did not start; its log is in " + folder_);
}

Scheduler::Scheduler(const std::string& master) { Subscribe(master); }

Scheduler::Scheduler(const std::string& master, Survives) : survives_(true) { Subscribe(master); }

Scheduler::~Scheduler() {
  if (!survives_) {
    v1::scheduler::Call call;
    call.set_type(v1::scheduler::Call::TEARDOWN);
    Send(std::move(call), true);
  }
  io_.Stop();  // No callback comes into members that are gone.
}

void Scheduler::Subscribe(const std::string& master) {
  url_ = "http://" + master + "/api/v1/scheduler";
  const auto end = Clock::now() + kPatience;
  while (!TrySubscribe()) {
    if (!survives_ || Clock::now() > end) Fail("SUBSCRIBE was refused");
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

bool Scheduler::TrySubscribe() {
  v1::scheduler::Call call;
  call.set_type(v1::scheduler::Call::SUBSCRIBE);
  auto* info = call.mutable_subscribe()->mutable_framework_info();
  info->set_user("root");
  info->set_name("bench");
  info->add_roles("*");
  info->add_capabilities()->set_type(v1::FrameworkInfo::Capability::MULTI_ROLE);
  if (survives_) info->set_failover_timeout(kFailoverSeconds);
  uint64_t number = 0;
  {
    const std::lock_guard lock(mutex_);
    number = ++stream_number_;
    subscribed_ = ended_stream_ = false;
    decoder_ = http::RecordDecoder();
    offers_.clear();
    if (!framework_.value().empty()) {
      *call.mutable_framework_id() = framework_;
      *info->mutable_id() = framework_;
    }
  }
  http::ClientRequest request;
  request.method = "POST";
  request.url = url_;
  request.headers = {{"Content-Type", "application/x-protobuf"}, {"Accept", "application/x-protobuf"}};
  request.body = call.SerializeAsString();
  stream_ = client_.Stream(
      std::move(request),
      [this, number](const http::Response& head) {
        const std::lock_guard lock(mutex_);
        if (number != stream_number_) return;
        if (head.status != 200 && !survives_) {
          Fail("SUBSCRIBE was answered " + std::to_string(head.status));
        }
        ended_stream_ = head.status != 200;
        stream_id_ = head.headers.Get("Mesos-Stream-Id").value_or("");
        changed_.notify_all();
      },
      [this, number](std::string_view bytes) { OnBytes(number, bytes); },
      [this, number](const Status&) {
        const std::lock_guard lock(mutex_);
        if (number == stream_number_) ended_stream_ = true;
        changed_.notify_all();
      });
  Await("SUBSCRIBED", [this] { return subscribed_ || ended_stream_; });
  const std::lock_guard lock(mutex_);
  return subscribed_ && !ended_stream_;
}

double Scheduler::SuppressPerSecond(size_t count) {
  const auto begin = Clock::now();
  for (size_t i = 0; i < count; ++i) {
    v1::scheduler::Call call;
    call.set_type(v1::scheduler::Call::SUPPRESS);
    Send(std::move(call), false);
    Await("an answer", [this] { return calls_ < kCallsInFlight; });
  }
  Await("all answers", [this] { return calls_ == 0; });
  return static_cast<double>(count) / Seconds(Clock::now() - begin);
}

v1::TaskInfo Scheduler::Task(const std::string& id, const std::vector<std::string>& arguments) const {
  v1::TaskInfo task;
  task.set_name(id);
  task.mutable_task_id()->set_value(id);
  task.mutable_command()->set_shell(false);
  task.mutable_command()->set_value(arguments.at(0));
  for (const std::string& argument : arguments) task.mutable_command()->add_arguments(argument);
  AddScalar(&task, "cpus", kCpusPerTask);
  AddScalar(&task, "mem", kMegabytesPerTask);
  return task;
}

void Scheduler::Launch(const std::vector<std::string>& ids, const std::vector<std::string>& arguments) {
  size_t next = 0;
  while (next < ids.size()) {
    Await("an offer", [this] { return !offers_.empty(); });
    v1::scheduler::Call call;
    call.set_type(v1::scheduler::Call::ACCEPT);
    call.mutable_accept()->mutable_filters()->set_refuse_seconds(0);
    {
      const std::lock_guard lock(mutex_);
      const v1::Offer offer = std::move(offers_.begin()->second);
      offers_.erase(offers_.begin());
      *call.mutable_accept()->add_offer_ids() = offer.id();
      const size_t last = std::min(ids.size(), next + TasksThatFit(offer));
      auto* operation = call.mutable_accept()->add_operations();
      operation->set_type(v1::Offer::Operation::LAUNCH);
      const auto now = Clock::now();
      for (; next < last; ++next) {
        v1::TaskInfo task = Task(ids[next], arguments);
        *task.mutable_agent_id() = offer.agent_id();
        *operation->mutable_launch()->add_task_infos() = std::move(task);
        seen_[ids[next]].accepted = now;
      }
    }
    Send(std::move(call), !survives_);
    Await("an answer", [this] { return calls_ < kCallsInFlight; });
  }
}

void Scheduler::AwaitRunning(size_t count) {
  Await("TASK_RUNNING", [this, count] { return running_ >= count; });
}

void Scheduler::AwaitEnded(size_t count) {
  Await("the end of all tasks", [this, count] { return ended_ >= count; });
}

std::map<std::string, Scheduler::Seen> Scheduler::Take() {
  const std::lock_guard lock(mutex_);
  if (failed_ > 0) Fail(std::to_string(failed_) + " tasks did not do what they should");
  running_ = ended_ = 0;
  return std::exchange(seen_, {});
}

void Scheduler::OnBytes(uint64_t stream, std::string_view bytes) {
  {
    const std::lock_guard lock(mutex_);
    if (stream != stream_number_ || ended_stream_) return;
  }
  auto records = decoder_.Decode(bytes);
  if (!records.ok()) Fail("the event stream is broken: " + records.status().message());
  for (const std::string& record : *records) {
    v1::scheduler::Event event;
    if (!event.ParseFromString(record)) Fail("an event cannot be read");
    OnEvent(event);
  }
}

void Scheduler::OnEvent(const v1::scheduler::Event& event) {
  const auto now = Clock::now();
  {
    const std::lock_guard lock(mutex_);
    if (event.type() == v1::scheduler::Event::SUBSCRIBED) {
      framework_ = event.subscribed().framework_id();
      subscribed_ = true;
    }
    for (const v1::Offer& offer : event.offers().offers()) offers_[offer.id().value()] = offer;
    if (event.type() == v1::scheduler::Event::RESCIND) offers_.erase(event.rescind().offer_id().value());
    if (event.type() == v1::scheduler::Event::UPDATE) {
      const v1::TaskStatus& status = event.update().status();
      Seen& seen = seen_[status.task_id().value()];
      seen.last = status.state();
      if (status.state() == v1::TASK_RUNNING) {
        seen.running = now;
        ++running_;
      } else if (status.state() != v1::TASK_STARTING && status.state() != v1::TASK_KILLING) {
        seen.ended = now;
        ++ended_;
        if (status.state() != v1::TASK_FINISHED && status.state() != v1::TASK_KILLED) ++failed_;
      }
    }
  }
  changed_.notify_all();
  if (event.type() != v1::scheduler::Event::UPDATE || !event.update().status().has_uuid()) return;
  v1::scheduler::Call call;
  call.set_type(v1::scheduler::Call::ACKNOWLEDGE);
  *call.mutable_acknowledge()->mutable_agent_id() = event.update().status().agent_id();
  *call.mutable_acknowledge()->mutable_task_id() = event.update().status().task_id();
  call.mutable_acknowledge()->set_uuid(event.update().status().uuid());
  Send(std::move(call), false);
}

void Scheduler::Send(v1::scheduler::Call call, bool wait) {
  http::ClientRequest request;
  {
    const std::lock_guard lock(mutex_);
    *call.mutable_framework_id() = framework_;
    request.headers.Set("Mesos-Stream-Id", stream_id_);
    if (call.type() != v1::scheduler::Call::ACKNOWLEDGE) ++calls_;
  }
  request.method = "POST";
  request.url = url_;
  request.headers.Set("Content-Type", "application/x-protobuf");
  request.body = call.SerializeAsString();
  auto answered = std::make_shared<std::atomic<bool>>(false);
  client_.Send(std::move(request), [this, answered, type = call.type()](Result<http::Response> answer) {
    if (!answer.ok() && !survives_) {
      Fail("a call was not answered: " + answer.status().message());
    }
    if (!survives_ && answer->status != 202) {
      Fail(v1::scheduler::Call::Type_Name(type) + " was answered " + std::to_string(answer->status) +
           " " + answer->body);
    }
    const std::lock_guard lock(mutex_);
    if (type != v1::scheduler::Call::ACKNOWLEDGE) --calls_;
    *answered = true;
    changed_.notify_all();
  });
  if (wait) Await("an answer", [&] { return answered->load(); });
}

template <class Condition>
void Scheduler::Await(const char* what, Condition condition) {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, kPatience, condition)) {
    Fail(std::string(what) + " did not come within two minutes");
  }
}

}  // namespace meseta::bench
