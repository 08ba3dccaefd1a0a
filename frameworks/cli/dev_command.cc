#include "frameworks/cli/dev_command.h"

#include <sys/statvfs.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "actors/base/exit_codes.h"
#include "actors/base/files.h"
#include "actors/base/logging.h"
#include "actors/runtime/daemon_exit.h"
#include "agent/daemon.h"
#include "frameworks/cli/process_tree_linux.h"
#include "frameworks/services/daemon/daemon.h"
#include "master/daemon.h"

namespace meseta::cli {
namespace {

constexpr auto kReadyPause = std::chrono::milliseconds(10);
constexpr auto kReadyTimeout = std::chrono::seconds(60);
constexpr Duration kTaskGrace = Duration::Seconds(2);
constexpr char kAgentPrefix[] = "agent-";  // Of the agents' folders.
constexpr char kRunsFolder[] = "/run/runs";   // Below them; agents' default of --runtime_dir.
constexpr int kFirstPort = 31000;  // Of the ports that agents offer, as Mesos' default.
constexpr int kOfferedPorts = 1000;

// Where the data is; a folder of our own is removed at the end.
class DataFolder {
 public:
  static Result<DataFolder> Open(const std::string& wanted) {
    if (!wanted.empty()) {
      RETURN_IF_ERROR(files::MakeDirectories(wanted).WithContext("--data_dir"));
      return DataFolder(wanted, false);
    }
    const char* base = std::getenv("TMPDIR");
    std::string path =
        std::string(base == nullptr || *base == '\0' ? "/tmp" : base) + "/meseta-dev.XXXXXX";
    if (::mkdtemp(path.data()) == nullptr) return ErrnoStatus(errno, "Cannot make " + path);
    return DataFolder(path, true);
  }
  DataFolder(DataFolder&& other) noexcept
      : path_(std::move(other.path_)), remove_(std::exchange(other.remove_, false)) {}
  DataFolder& operator=(DataFolder&&) = delete;
  ~DataFolder() {
    std::error_code ignored;  // A folder left in TMPDIR harms nobody.
    if (remove_) std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  DataFolder(std::string path, bool remove) : path_(std::move(path)), remove_(remove) {}
  std::string path_;
  bool remove_;
};

// An equal share of the machine for each of several agents; one alone detects what there is. Made
// of totals only: an agent that comes back to its data must have what it had.
std::string Share(int agents, int number, const std::string& folder) {
  if (agents == 1) return "";
  struct sysinfo machine {};
  struct statvfs disk {};
  const bool known = ::sysinfo(&machine) == 0 && ::statvfs(folder.c_str(), &disk) == 0;
  if (!known) return "";
  const double cpus = static_cast<double>(::sysconf(_SC_NPROCESSORS_ONLN)) / agents;
  const uint64_t memory = (machine.totalram * machine.mem_unit) >> 20;
  const uint64_t total_disk = (disk.f_blocks * disk.f_frsize) >> 20;
  const int ports = std::max(1, kOfferedPorts / agents);
  const int first = kFirstPort + number * ports;
  // Half is left to the system, as agents do by themselves on small machines.
  return "cpus:" + std::to_string(std::max(0.1, cpus)) +
         ";mem:" + std::to_string(memory / 2 / static_cast<uint64_t>(agents)) +
         ";disk:" + std::to_string(total_disk / 2 / static_cast<uint64_t>(agents)) + ";ports:[" +
         std::to_string(first) + "-" + std::to_string(first + ports - 1) + "]";
}

// A cluster whose parts end in the order in which they depend on each other.
class Cluster {
 public:
  Cluster(const Options& options, std::string folder, runtime::ExitLatch* exit)
      : options_(options), folder_(std::move(folder)), exit_(exit) {}
  ~Cluster() { Stop(); }
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  Status Start() {
    RETURN_IF_ERROR(StartMaster());
    for (int i = 0; i < options_.agents; ++i) RETURN_IF_ERROR(StartAgent(i));
    return options_.with_services ? StartServices() : OkStatus();
  }

  void Stop() {
    if (services_) services_->Stop();
    for (const auto& agent : agents_) agent->Stop();
    if (master_) master_->Stop();
  }

  // Until every agent is registered. False when the end was asked for meanwhile.
  Result<bool> AwaitReady() {
    const auto deadline = std::chrono::steady_clock::now() + kReadyTimeout;
    while (master_->active_agents() < agents_.size()) {
      if (exit_->requested()) return false;
      if (std::chrono::steady_clock::now() > deadline) {
        return DeadlineExceeded("the agents did not register within a minute; see the log in " +
                                folder_ + "/log");
      }
      std::this_thread::sleep_for(kReadyPause);
    }
    return true;
  }

  // What is printed once it takes work.
  [[nodiscard]] std::string ReadyText() const {
    return "ready " + master_->url() + "\n" +
           (services_ ? "services " + services_->url() + "\n" : "");
  }

 private:
  Status StartMaster() {
    master::MasterFlags flags;
    FlagSet set("meseta-master", "");
    flags.AddTo(set);
    RETURN_IF_ERROR(set.Parse(
        {"--port=" + std::to_string(options_.port), "--work_dir=" + folder_ + "/master"}, {}));
    ASSIGN_OR_RETURN(master_, master::MasterDaemon::Start(flags, set.Values(), Fatal("master")));
    return OkStatus();
  }

  Status StartAgent(int number) {
    const std::string work_dir = folder_ + "/" + kAgentPrefix + std::to_string(number);
    RETURN_IF_ERROR(files::MakeDirectories(work_dir));
    agent::AgentFlags flags;
    FlagSet set("meseta-agent", "");
    flags.AddTo(set);
    std::vector<std::string> args{"--port=0", "--work_dir=" + work_dir,
                                  "--master=" + master_->address()};
    const std::string share = Share(options_.agents, number, work_dir);
    if (!share.empty()) args.push_back("--resources=" + share);
    if (::geteuid() != 0) args.emplace_back("--no-switch_user");
    RETURN_IF_ERROR(set.Parse(args, {}));
    auto agent = agent::AgentDaemon::Start(flags, set.Values(), Fatal("agent"));
    if (!agent.ok()) return agent.status();
    agents_.push_back(std::move(*agent));
    return OkStatus();
  }

  Status StartServices() {
    const std::string work_dir = folder_ + "/services";
    RETURN_IF_ERROR(files::MakeDirectories(work_dir));
    services::ServicesFlags flags;
    FlagSet set("meseta-services", "");
    flags.AddTo(set);
    RETURN_IF_ERROR(set.Parse({"--ip=127.0.0.1", "--port=" + std::to_string(options_.services_port),
                               "--work_dir=" + work_dir, "--master=" + master_->address()},
                              {}));
    auto services = services::ServicesDaemon::Start(flags, set.Values(), Fatal("services"));
    if (!services.ok()) {
      return FailedPrecondition("meseta-services did not start: " + services.status().message() +
                                "; --services_port=0 takes a free port, --no-services leaves it out");
    }
    services_ = std::move(*services);
    return OkStatus();
  }

  std::function<void(const std::string&)> Fatal(const std::string& who) {
    return [exit = exit_, who](const std::string& why) {
      exit->Request(kExitFailure, "the " + who + " ended: " + why);
    };
  }

  const Options& options_;
  const std::string folder_;
  runtime::ExitLatch* const exit_;
  std::unique_ptr<master::MasterDaemon> master_;
  std::vector<std::unique_ptr<agent::AgentDaemon>> agents_;
  std::unique_ptr<services::ServicesDaemon> services_;
};

int Complain(const Status& status, int code) {
  std::fprintf(stderr, "meseta dev: %s\n", status.message().c_str());
  return code;
}

// Containers of the agents that had this folder, also of a cluster that was killed: those are not
// below this process.
std::vector<ProcessKey> RecordedContainers(const std::string& folder) {
  std::vector<ProcessKey> found;
  std::error_code error;
  for (std::filesystem::directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error)) {
    if (!it->path().filename().string().starts_with(kAgentPrefix)) continue;
    const std::string runs = it->path().string() + kRunsFolder;
    for (const agent::ContainerProcess& process : agent::RecordedProcesses(runs)) {
      found.push_back({static_cast<pid_t>(process.pid), process.start_time});
    }
  }
  return found;
}

// From the start of the daemons to their end.
int RunCluster(const Options& options, const std::string& folder, runtime::ExitLatch* exit) {
  Cluster cluster(options, folder, exit);
  if (const Status started = cluster.Start(); !started.ok()) {
    return Complain(started, kExitConfig);
  }
  const Result<bool> ready = cluster.AwaitReady();
  if (!ready.ok()) return Complain(ready.status(), kExitFailure);
  if (*ready) {
    std::fputs(cluster.ReadyText().c_str(), stdout);
    std::fflush(stdout);
  }
  const runtime::ExitRequest request = exit->Wait();
  LOG(INFO) << "Stopping: " << request.reason;
  if (request.code != kExitOk) std::fprintf(stderr, "meseta dev: %s\n", request.reason.c_str());
  return request.code;
}

}  // namespace

int DevCommand(const Options& options) {
  const Result<DataFolder> folder = DataFolder::Open(options.data_dir.value);
  if (!folder.ok()) return Complain(folder.status(), kExitConfig);
  LoggingFlags logging;
  logging.log_dir = Path{folder->path() + "/log"};
  if (const Status status = StartLogging(logging, "meseta-dev"); !status.ok()) {
    return Complain(status, kExitConfig);
  }
  if (const Status status = AdoptOrphans(); !status.ok()) return Complain(status, kExitConfig);
  runtime::ExitLatch exit;
  const runtime::SignalWatcher signals(
      [&exit](int signal) { exit.Request(kExitOk, ::strsignal(signal)); });
  const int code = RunCluster(options, folder->path(), &exit);
  // Agents leave their tasks running; this cluster does not.
  if (const Status status = EndProcesses(RecordedContainers(folder->path()), kTaskGrace);
      !status.ok()) {
    return Complain(status, kExitFailure);
  }
  return code;
}

}  // namespace meseta::cli
