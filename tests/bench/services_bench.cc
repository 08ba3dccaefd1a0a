// Services at scale: one real master, emulated agents, a group of real meseta-services. Deploys many
// apps at once, reads them, deploys one more, and kills the leader.
//
// Baseline of the same run: one task launched by a bare scheduler that holds all offers, from its call
// to TASK_RUNNING.
//
//   services_bench [--agents 1000] [--apps 10000] [--instances_per_app 10] [--daemons 3] [--json]
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <thread>

#include "actors/base/json/json_parser.h"
#include "tests/bench/emulated_cluster.h"

extern char** environ;

namespace meseta::bench {
namespace {

constexpr std::chrono::seconds kPatience{600};
constexpr int kAppsPerGroup = 100;
constexpr int kSingles = 5;  // Apps deployed one by one.

struct Sizes {
  int agents = 1000, apps = 10'000, instances_per_app = 10, daemons = 3;
  bool json = false;
};

[[noreturn]] void Fail(const std::string& sentence) {
  std::fprintf(stderr, "error: %s\n", sentence.c_str());
  std::exit(1);
}

std::string AppJson(const std::string& id, int instances) {
  return R"({"id":")" + id + R"(","cmd":"sleep 100000","instances":)" + std::to_string(instances) +
         R"(,"cpus":0.1,"mem":16,"portDefinitions":[]})";
}

// Real meseta-services, one group.
class ServicesGroup {
 public:
  ServicesGroup(const std::string& master, int daemons) : master_(master) {
    char name[] = "/tmp/meseta-bench-XXXXXX";
    folder_ = mkdtemp(name);
    for (int i = 0; i < daemons; ++i) {
      addresses_.push_back("127.0.0.1:" + std::to_string(FreePort()));
    }
    for (int i = 0; i < daemons; ++i) Start(i);
    (void)AwaitLeader();
  }
  ~ServicesGroup() {
    for (const pid_t pid : pids_) kill(pid, SIGKILL);
    for (const pid_t pid : pids_) waitpid(pid, nullptr, 0);
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  ServicesGroup(const ServicesGroup&) = delete;
  ServicesGroup& operator=(const ServicesGroup&) = delete;

  // The one that leads, by its own word.
  std::string AwaitLeader(const std::string& not_this = "") {
    const auto limit = Clock::now() + kPatience;
    while (Clock::now() < limit) {
      for (const std::string& address : addresses_) {
        if (address == not_this) continue;
        http::ClientRequest request;
        request.url = "http://" + address + "/v2/leader";
        const auto answer = http::Fetch(std::move(request), Duration::Seconds(1));
        if (!answer.ok() || answer->status != 200) continue;
        const auto json = ParseJson(answer->body);
        if (!json.ok()) continue;
        const std::string named(json->at("leader").as_string());
        const std::string port = named.substr(named.rfind(':'));
        for (const std::string& one : addresses_) {
          if (one.ends_with(port) && one != not_this) return one;
        }
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    Fail("no meseta-services leads");
  }
  void Kill(const std::string& address) {
    for (size_t i = 0; i < addresses_.size(); ++i) {
      if (addresses_[i] == address) kill(pids_[i], SIGKILL);
    }
  }
  // Proportional set size in megabytes.
  [[nodiscard]] double Megabytes(const std::string& address) const {
    for (size_t i = 0; i < addresses_.size(); ++i) {
      if (addresses_[i] != address) continue;
      std::ifstream in("/proc/" + std::to_string(pids_[i]) + "/smaps_rollup");
      for (std::string word; in >> word;) {
        double kilobytes = 0;
        if (word == "Pss:" && in >> kilobytes) return kilobytes / 1024;
      }
    }
    return 0;
  }

 private:
  void Start(int index) {
    const std::string number = std::to_string(index);
    const std::string& address = addresses_[static_cast<size_t>(index)];
    std::vector<std::string> args{BinFolder() + "/meseta-services",
                                  "--port=" + address.substr(address.rfind(':') + 1),
                                  "--master=" + master_, "--work_dir=" + folder_ + "/" + number,
                                  "--hostname=127.0.0.1"};
    if (addresses_.size() > 1) {
      std::string peers;
      for (const std::string& one : addresses_) peers += (peers.empty() ? "" : ",") + one;
      args.push_back("--peers=" + peers);
    }
    std::vector<char*> argv;
    for (std::string& arg : args) argv.push_back(arg.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    const std::string log = folder_ + "/" + number + ".log";
    posix_spawn_file_actions_addopen(&files, 2, log.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0644);
    pid_t pid = -1;
    if (posix_spawn(&pid, argv[0], &files, nullptr, argv.data(), environ) != 0) {
      Fail("cannot start " + args[0]);
    }
    posix_spawn_file_actions_destroy(&files);
    pids_.push_back(pid);
  }

  const std::string master_;
  std::string folder_;
  std::vector<std::string> addresses_;
  std::vector<pid_t> pids_;
};

boost::json::value Ask(const std::string& address, const std::string& method, const std::string& path,
                       std::string body = "") {
  http::ClientRequest request;
  request.method = method;
  request.url = "http://" + address + path;
  request.body = std::move(body);
  request.timeout = Duration::Seconds(120);
  const auto answer = http::Fetch(std::move(request), Duration::Seconds(120));
  if (!answer.ok()) Fail(path + ": " + answer.status().message());
  if (answer->status >= 300) Fail(path + ": " + answer->body.substr(0, 300));
  auto json = ParseJson(answer->body);
  if (!json.ok()) Fail(path + " does not answer JSON: " + json.status().message());
  return *std::move(json);
}

void AwaitDeployed(const std::string& address, const std::string& id) {
  const auto limit = Clock::now() + kPatience;
  while (Clock::now() < limit) {
    bool under_way = false;
    const auto deployments = Ask(address, "GET", "/v2/deployments");
    for (const auto& one : deployments.as_array()) {
      under_way |= one.at("id").as_string() == id;
    }
    if (!under_way) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  Fail("the deployment " + id + " does not end");
}

size_t Running(const std::string& address) {
  int64_t running = 0;
  const auto answer = Ask(address, "GET", "/v2/apps");
  for (const auto& app : answer.at("apps").as_array()) {
    running += app.at("tasksRunning").to_number<int64_t>();
  }
  return static_cast<size_t>(running);
}

std::string AllApps(const Sizes& sizes) {
  std::string json = R"({"id":"/","groups":[)";
  for (int first = 0; first < sizes.apps; first += kAppsPerGroup) {
    const std::string group = "/g" + std::to_string(first / kAppsPerGroup);
    json += (first > 0 ? "," : "") + (R"({"id":")" + group + R"(","apps":[)");
    for (int i = first; i < std::min(first + kAppsPerGroup, sizes.apps); ++i) {
      if (i > first) json += ",";
      json += AppJson(group + "/a" + std::to_string(i), sizes.instances_per_app);
    }
    json += "]}";
  }
  return json + "]}";
}

void Print(const Sizes& sizes, const char* which, double value, const char* unit, double baseline) {
  if (sizes.json) {
    std::printf("{\"case\":\"%s\",\"apps\":%d,\"instances\":%d,\"%s\":%.4f,\"baseline\":\"one bare "
                "launch\",\"baseline_seconds\":%.4f,\"load\":%.2f}\n",
                which, sizes.apps, sizes.apps * sizes.instances_per_app, unit, value, baseline,
                LoadAverage());
  } else {
    std::printf("%-52s %10.3f %s   (one bare launch: %.3f s)\n", which, value, unit, baseline);
  }
  std::fflush(stdout);
}

double BareLaunch(const std::string& master) {
  Scheduler scheduler(master, Scheduler::Survives{});
  std::vector<double> seconds;
  for (int i = 0; i < kSingles; ++i) {
    const auto begin = Clock::now();
    scheduler.Launch({"bare-" + std::to_string(i)}, {"/bin/sleep", "100000"});
    scheduler.AwaitRunning(static_cast<size_t>(i) + 1);
    seconds.push_back(Seconds(Clock::now() - begin));
  }
  return Median(seconds);
}

int Main(const Sizes& sizes) {
  const auto tasks = static_cast<size_t>(sizes.apps * sizes.instances_per_app);
  MasterGroup masters(1);
  const size_t each = tasks / static_cast<size_t>(sizes.agents) + 8;
  EmulatedAgents agents(masters.list(), static_cast<size_t>(sizes.agents), each);
  agents.AwaitRegistrations(static_cast<uint64_t>(sizes.agents));
  const double bare = BareLaunch(masters.AwaitLeader());

  ServicesGroup services(masters.list(), sizes.daemons);
  std::string leader = services.AwaitLeader();
  auto begin = Clock::now();
  const auto put = Ask(leader, "PUT", "/v2/groups", AllApps(sizes));
  Print(sizes, "PUT /v2/groups with all apps", Seconds(Clock::now() - begin), "seconds", bare);
  AwaitDeployed(leader, std::string(put.at("deploymentId").as_string()));
  Print(sizes, "all apps deployed", Seconds(Clock::now() - begin), "seconds", bare);
  if (Running(leader) != tasks) Fail("not all instances run: " + std::to_string(Running(leader)));

  std::vector<double> gets, singles;
  for (int i = 0; i < kSingles; ++i) {
    begin = Clock::now();
    (void)Ask(leader, "GET", "/v2/apps");
    gets.push_back(Seconds(Clock::now() - begin));
    begin = Clock::now();
    const auto app = Ask(leader, "POST", "/v2/apps", AppJson("/one" + std::to_string(i), 1));
    AwaitDeployed(leader, std::string(app.at("deployments").at(0).at("id").as_string()));
    singles.push_back(Seconds(Clock::now() - begin));
  }
  Print(sizes, "GET /v2/apps, p50", Median(gets), "seconds", bare);
  Print(sizes, "one more app deployed, p50", Median(singles), "seconds", bare);
  Print(sizes, "memory of the leader", services.Megabytes(leader), "megabytes", bare);
  if (sizes.daemons < 3) return 0;

  services.Kill(leader);
  begin = Clock::now();
  const std::string next = services.AwaitLeader(leader);
  const auto app = Ask(next, "POST", "/v2/apps", AppJson("/after", 1));
  Print(sizes, "kill -9 of the leader to an acknowledged write", Seconds(Clock::now() - begin),
        "seconds", bare);
  AwaitDeployed(next, std::string(app.at("deployments").at(0).at("id").as_string()));
  Print(sizes, "kill -9 of the leader to a new app deployed", Seconds(Clock::now() - begin), "seconds",
        bare);
  if (Running(next) != tasks + kSingles + 1) Fail("instances were lost or doubled by the failover");
  return 0;
}

}  // namespace
}  // namespace meseta::bench

int main(int argc, char** argv) {
  meseta::bench::Sizes sizes;
  for (int i = 1; i < argc; ++i) {
    const std::string_view flag = argv[i];
    int* number = flag == "--agents"              ? &sizes.agents
                  : flag == "--apps"              ? &sizes.apps
                  : flag == "--instances_per_app" ? &sizes.instances_per_app
                  : flag == "--daemons"           ? &sizes.daemons
                                                  : nullptr;
    if (flag == "--json") {
      sizes.json = true;
    } else if (number != nullptr && i + 1 < argc && std::atoi(argv[i + 1]) > 0) {
      *number = std::atoi(argv[++i]);
    } else {
      std::fprintf(stderr,
                   "usage: %s [--agents N] [--apps N] [--instances_per_app N] [--daemons N] [--json]\n",
                   argv[0]);
      return 2;
    }
  }
  return meseta::bench::Main(sizes);
}
