// Memory, as PSS (each shared page divided by those who share it), of real processes:
// - a running task on the agent's side: growth of the agent with all its shims and tasks while `sleep`
//   tasks run, divided by their number. Baseline of the same run: a plain `sleep`.
// - the master's, per registered agent and per running task: growth of the real master while agents
//   that exist only as links register, and while tasks run on them by their word.
//
//   memory_bench [--tasks 200] [--agents 500] [--json]
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <string_view>
#include <thread>

#include "actors/base/rng.h"
#include "actors/base/version.h"
#include "actors/messages/internal/agent.pb.h"
#include "actors/net/link_transport.h"
#include "state/model/resources.h"
#include "tests/bench/bench_cluster.h"

extern char** environ;

namespace meseta::bench {
namespace {

constexpr size_t kTasksPerFakeAgent = 10;
constexpr std::chrono::milliseconds kSettle{1500};  // For buffers and snapshots to come to rest.
constexpr std::chrono::seconds kPatience{60};

double PssKilobytes(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/smaps_rollup");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("Pss:", 0) == 0) return std::strtod(line.c_str() + 4, nullptr);
  }
  return 0;
}

// The process, its descendants, and whatever names `folder` on its command line with its descendants.
std::set<pid_t> Family(pid_t root, const std::string& folder) {
  std::multimap<pid_t, pid_t> children;
  std::set<pid_t> family{root};
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (!std::isdigit(static_cast<unsigned char>(name[0]))) continue;
    std::ifstream stat(entry.path() / "stat");
    const std::string line{std::istreambuf_iterator<char>(stat), {}};
    const size_t end = line.rfind(')');
    if (end == std::string::npos) continue;
    const pid_t pid = std::atoi(name.c_str());
    children.emplace(std::atoi(line.c_str() + end + 4), pid);
    std::ifstream file(entry.path() / "cmdline");
    const std::string command{std::istreambuf_iterator<char>(file), {}};
    if (command.find("meseta-shim") != std::string::npos && command.find(folder) != std::string::npos) {
      family.insert(pid);
    }
  }
  std::vector<pid_t> open(family.begin(), family.end());
  while (!open.empty()) {
    const pid_t parent = open.back();
    open.pop_back();
    const auto [first, last] = children.equal_range(parent);
    for (auto it = first; it != last; ++it) {
      if (family.insert(it->second).second) open.push_back(it->second);
    }
  }
  return family;
}

double FamilyPss(pid_t root, const std::string& folder, size_t* members) {
  double sum = 0;
  const auto family = Family(root, folder);
  for (const pid_t pid : family) sum += PssKilobytes(pid);
  *members = family.size();
  return sum;
}

double PlainSleepKilobytes() {
  char* argv[] = {const_cast<char*>("sleep"), const_cast<char*>("1000"), nullptr};
  pid_t pid = -1;
  if (posix_spawn(&pid, "/bin/sleep", nullptr, nullptr, argv, environ) != 0) return 0;
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  const double kilobytes = PssKilobytes(pid);
  kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
  return kilobytes;
}

std::vector<std::string> Names(const std::string& prefix, size_t count) {
  std::vector<std::string> names;
  for (size_t i = 0; i < count; ++i) names.push_back(prefix + std::to_string(i));
  return names;
}

// An agent of which only the link is real: registers, and says of every task that it runs.
class FakeAgent {
 public:
  FakeAgent(net::IoRuntime& io, const std::string& master, size_t number, std::atomic<size_t>* registered)
      : rng_(number + 1), registered_(registered) {
    net::LinkTransportOptions options;
    options.role = net::PeerRole::kAgent;
    options.address = "127.0.0.1:" + std::to_string(10'000 + number);
    options.daemon_version = kMesetaVersion;
    pid_ = "slave(1)@" + options.address;
    registration_id_ = rng_.Uuid();
    info_.set_hostname("fake-" + std::to_string(number));
    info_.set_port(static_cast<int>(10'000 + number));
    *info_.mutable_resources() = model::Resources::Parse("cpus:1;mem:1024;disk:1000")->ToProto(
        model::ReservationFormat::kPost);
    transport_ = std::make_unique<net::LinkTransport>(io, std::move(options));
    transport_->Register("slave(1)", {net::PeerRole::kMaster},
                         [this](net::LinkEvent event) { On(event); });
    transport_->Dial("master", {master});
  }

 private:
  void On(const net::LinkEvent& event) {
    if (const auto* up = std::get_if<net::LinkUp>(&event)) {
      internal::ToMaster message;
      auto* registration = message.mutable_register_agent();
      registration->set_registration_id(registration_id_);
      *registration->mutable_info() = info_;
      registration->set_version(kApiVersion);
      registration->set_pid(pid_);
      registration->add_capabilities()->set_type(v1::AgentInfo::Capability::MULTI_ROLE);
      Send(up->link, message);
    } else if (const auto* batch = std::get_if<net::LinkMessages>(&event)) {
      for (const net::Envelope& envelope : batch->messages) {
        internal::ToAgent message;
        if (message.ParseFromString(envelope.payload)) Take(batch->link, message);
      }
      transport_->Consumed(batch->link);
    }
  }

  void Take(net::LinkId link, const internal::ToAgent& message) {
    if (message.has_registered()) {
      *info_.mutable_id() = message.registered().agent_id();
      ++*registered_;
    }
    if (!message.has_run_task()) return;
    internal::ToMaster answer;
    auto* update = answer.mutable_status_update();
    *update->mutable_framework_id() = message.run_task().framework().id();
    *update->mutable_agent_id() = info_.id();
    update->set_latest_state(v1::TASK_RUNNING);
    auto* status = update->mutable_status();
    *status->mutable_task_id() = message.run_task().task().task_id();
    *status->mutable_agent_id() = info_.id();
    status->set_state(v1::TASK_RUNNING);
    status->set_source(v1::TaskStatus::SOURCE_EXECUTOR);
    status->set_uuid(rng_.Uuid().substr(0, 16));
    Send(link, answer);
  }

  void Send(net::LinkId link, const internal::ToMaster& message) {
    net::Envelope envelope;
    envelope.to = "master";
    envelope.from = pid_;
    envelope.type = message.GetTypeName();
    envelope.payload = message.SerializeAsString();
    transport_->Send(link, std::move(envelope));
  }

  Rng rng_;
  std::atomic<size_t>* registered_;
  std::string pid_, registration_id_;
  v1::AgentInfo info_;
  std::unique_ptr<net::LinkTransport> transport_;
};

void Print(const char* which, size_t agents, size_t tasks, double kilobytes, double baseline, bool json) {
  if (json) {
    std::printf("{\"case\":\"%s\",\"agents\":%zu,\"tasks\":%zu,\"pss_kb\":%.1f", which, agents, tasks,
                kilobytes);
    if (baseline > 0) std::printf(",\"baseline\":\"plain sleep\",\"baseline_pss_kb\":%.1f", baseline);
    std::printf("}\n");
  } else {
    std::printf("%-44s %8.1f KiB PSS  (%zu agents, %zu tasks", which, kilobytes, agents, tasks);
    if (baseline > 0) std::printf("; plain sleep: %.1f KiB", baseline);
    std::printf(")\n");
  }
}

void RunningTask(size_t tasks, bool json) {
  const double baseline = PlainSleepKilobytes();
  Cluster cluster("cpus:1000;mem:1000000;disk:10000");
  Scheduler scheduler(cluster.master());
  scheduler.Launch({"warm-up"}, {"/bin/true"});
  scheduler.AwaitEnded(1);
  (void)scheduler.Take();
  std::this_thread::sleep_for(kSettle);
  size_t members_before = 0, members = 0;
  const double before = FamilyPss(cluster.agent_pid(), cluster.folder(), &members_before);
  scheduler.Launch(Names("sleep-", tasks), {"/bin/sleep", "1000"});
  scheduler.AwaitRunning(tasks);
  std::this_thread::sleep_for(kSettle);
  const double after = FamilyPss(cluster.agent_pid(), cluster.folder(), &members);
  if (members < members_before + 2 * tasks) {
    std::fprintf(stderr, "error: %zu processes for %zu tasks: not all were found\n", members, tasks);
    std::exit(1);
  }
  Print("agent's side, per running task", 1, tasks, (after - before) / static_cast<double>(tasks),
        baseline, json);
}

void Master(size_t agents, bool json) {
  Cluster cluster("cpus:0.01;mem:16;disk:16");  // Too small for a task: all go to the fake ones.
  net::IoRuntime io(1);
  std::atomic<size_t> registered = 0;
  std::this_thread::sleep_for(kSettle);
  const double empty = PssKilobytes(cluster.master_pid());
  std::vector<std::unique_ptr<FakeAgent>> fakes;
  for (size_t i = 0; i < agents; ++i) {
    fakes.push_back(std::make_unique<FakeAgent>(io, cluster.master(), i, &registered));
  }
  const auto end = Clock::now() + kPatience;
  while (registered < agents && Clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  if (registered < agents) {
    std::fprintf(stderr, "error: only %zu of %zu agents registered\n", registered.load(), agents);
    std::exit(1);
  }
  std::this_thread::sleep_for(kSettle);
  const double with_agents = PssKilobytes(cluster.master_pid());
  const size_t tasks = agents * kTasksPerFakeAgent;
  {
    Scheduler scheduler(cluster.master());
    scheduler.Launch(Names("task-", tasks), {"/bin/true"});
    scheduler.AwaitRunning(tasks);
    std::this_thread::sleep_for(kSettle);
    const double with_tasks = PssKilobytes(cluster.master_pid());
    Print("master, per registered agent", agents, 0,
          (with_agents - empty) / static_cast<double>(agents), 0, json);
    Print("master, per running task", agents, tasks,
          (with_tasks - with_agents) / static_cast<double>(tasks), 0, json);
  }
  io.Stop();  // Before the agents that its threads call.
}

}  // namespace
}  // namespace meseta::bench

int main(int argc, char** argv) {
  int tasks = 200, agents = 500;
  bool json = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view flag = argv[i];
    if (flag == "--json") {
      json = true;
    } else if (flag == "--tasks" && i + 1 < argc) {
      tasks = std::atoi(argv[++i]);
    } else if (flag == "--agents" && i + 1 < argc) {
      agents = std::atoi(argv[++i]);
    } else {
      std::fprintf(stderr, "usage: %s [--tasks N] [--agents N] [--json]\n", argv[0]);
      return 2;
    }
  }
  if (tasks <= 0 || agents <= 0) {
    std::fprintf(stderr, "--tasks and --agents must be positive\n");
    return 2;
  }
  meseta::bench::RunningTask(static_cast<size_t>(tasks), json);
  meseta::bench::Master(static_cast<size_t>(agents), json);
  return 0;
}
