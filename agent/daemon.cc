#include "agent/daemon.h"

#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <climits>
#include <cstdlib>
#include <mutex>
#include <utility>

#include "actors/base/files.h"
#include "actors/base/logging.h"
#include "actors/base/version.h"
#include "actors/daemon/network.h"
#include "actors/net/address.h"
#include "actors/runtime/actor_system.h"
#include "actors/runtime/batch_worker.h"
#include "actors/runtime/entropy.h"
#include "agent/agent_actor.h"
#include "agent/api/agent_api.h"
#include "agent/checks/prober_posix.h"
#include "agent/containerizer/posix_containerizer.h"
#include "agent/isolators/posix_isolator.h"
#include "agent/launcher/process_posix.h"
#include "agent/launcher/run_directory.h"
#include "agent/master_addresses.h"
#include "agent/recovery/checkpoint_store.h"
#include "agent/recovery/paths.h"
#include "agent/recovery/run_traces_linux.h"
#include "agent/resources_linux.h"
#include "state/model/attributes.h"

namespace meseta::agent {
namespace {

constexpr char kActorName[] = "slave(1)";
constexpr size_t kMaxPoolJobs = 100'000;      // A burst of launches waits here, not in memory of threads.
constexpr size_t kMaxWaitingBatches = 200'000;
constexpr size_t kMaxBatchesPerWrite = 4096;
constexpr Duration kMaxCoreLag = Duration::Seconds(10);

// The folder of the running program.
std::string ProgramFolder() {
  char path[PATH_MAX];
  const ssize_t size = readlink("/proc/self/exe", path, sizeof path);
  if (size <= 0) return ".";
  const std::string program(path, static_cast<size_t>(size));
  return program.substr(0, program.rfind('/'));
}

Result<std::string> AbsoluteFolder(const std::string& path, const std::string& flag) {
  RETURN_IF_ERROR(files::MakeDirectories(path).WithContext(flag));
  char resolved[PATH_MAX];
  if (realpath(path.c_str(), resolved) == nullptr) return ErrnoStatus(errno, flag + " " + path);
  return std::string(resolved);
}

Status CheckPrograms(const std::string& folder) {
  for (const char* name : {"meseta-shim", "meseta-fetcher"}) {
    const std::string program = folder + "/" + name;
    if (access(program.c_str(), X_OK) != 0) {
      return NotFound(program + " is missing: --launcher_dir must name the folder of meseta-shim "
                                "and meseta-fetcher");
    }
  }
  return OkStatus();
}

daemon::NetworkOptions MakeNetworkOptions(const AgentFlags& flags) {
  daemon::NetworkOptions options;
  options.role = net::PeerRole::kAgent;
  options.realm_names = {{http::Realm::kReadOnly, "mesos-agent-readonly"},
                         {http::Realm::kReadWrite, "mesos-agent-readwrite"}};
  if (flags.network.authenticate_http_readonly) {
    options.authenticated_realms.insert(http::Realm::kReadOnly);
  }
  if (flags.network.authenticate_http_readwrite) {
    options.authenticated_realms.insert(http::Realm::kReadWrite);
  }
  return options;
}

}  // namespace

struct AgentDaemon::State {
  AgentFlags flags;
  std::map<std::string, std::string> flag_values;
  std::function<void(const std::string&)> on_fatal;
  std::string work_dir, runs_dir, launcher_dir;

  std::shared_ptr<runtime::Published<AgentSnapshot>> board =
      std::make_shared<runtime::Published<AgentSnapshot>>();
  std::shared_ptr<endpoints::VirtualFiles> files = std::make_shared<endpoints::VirtualFiles>();
  std::unique_ptr<CheckpointStore> store;
  // Destroyed in reverse: the actor first, the network's threads after all that post to them.
  std::unique_ptr<daemon::Network> network;
  std::unique_ptr<runtime::ActorSystem> actors;
  std::unique_ptr<runtime::WorkerPool> pool;
  std::unique_ptr<runtime::BatchWorker<CheckpointBatch>> writer;
  std::unique_ptr<PosixContainerizer> containerizer;
  std::unique_ptr<PosixProber> prober;
  std::unique_ptr<runtime::CoreShell<AgentEvent>> agent;
  std::atomic<bool> stopped = false;

  // To the agent's actor, from parts that start before it: what comes earlier waits.
  void Post(AgentEvent event) {
    const std::lock_guard lock(mutex_);
    if (to_agent_) {
      to_agent_.PostCompletion(std::move(event));
    } else {
      early_.push_back(std::move(event));
    }
  }
  void SetAgent(runtime::CoreRef<AgentEvent> ref) {
    const std::lock_guard lock(mutex_);
    to_agent_ = std::move(ref);
    for (AgentEvent& event : early_) to_agent_.PostCompletion(std::move(event));
    early_.clear();
  }

 private:
  std::mutex mutex_;
  runtime::CoreRef<AgentEvent> to_agent_;
  std::vector<AgentEvent> early_;
};

namespace {

using State = AgentDaemon::State;

Status PrepareFolders(State* s) {
  ASSIGN_OR_RETURN(s->work_dir, AbsoluteFolder(s->flags.work_dir.value, "--work_dir"));
  const std::string runtime =
      s->flags.runtime_dir ? s->flags.runtime_dir->value : s->work_dir + "/run";
  ASSIGN_OR_RETURN(const std::string runtime_dir, AbsoluteFolder(runtime, "--runtime_dir"));
  ASSIGN_OR_RETURN(s->runs_dir, AbsoluteFolder(runtime_dir + "/runs", "--runtime_dir"));
  s->launcher_dir = s->flags.launcher_dir ? s->flags.launcher_dir->value : ProgramFolder();
  return CheckPrograms(s->launcher_dir);
}

Result<AgentOptions> MakeOptions(const State& s) {
  const AgentFlags& flags = s.flags;
  AgentOptions options;
  ASSIGN_OR_RETURN(const Machine machine, DetectMachine(s.work_dir));
  ASSIGN_OR_RETURN(const model::Resources resources,
                   AgentResources(flags.resources, flags.default_role, machine));
  ASSIGN_OR_RETURN(*options.info.mutable_attributes(), model::ParseAttributes(flags.attributes));
  options.info.set_hostname(s.network->hostname());
  options.info.set_port(s.network->port());
  *options.info.mutable_resources() = resources.ToProto(model::ReservationFormat::kPost);
  options.ip = s.network->ip();
  options.version = kApiVersion;
  options.capabilities = AgentCapabilities();
  options.command.work_dir = s.work_dir;
  options.command.launcher_dir = s.launcher_dir;
  options.command.pid = s.network->Pid(kActorName);
  options.command.endpoint = s.network->address();
  options.command.switch_user = flags.switch_user;
  options.command.recovery_timeout = flags.recovery_timeout;
  options.gc_delay = flags.gc_delay;
  options.gc_disk_headroom = flags.gc_disk_headroom;
  options.masters = MasterAddresses(flags.master);
  return options;
}

Result<RecoveredAgent> Recover(State* s, const v1::AgentInfo& info) {
  ASSIGN_OR_RETURN(s->store, CheckpointStore::Open(paths::Checkpoint(s->work_dir)));
  ASSIGN_OR_RETURN(const auto records, s->store->ReadAll());
  ASSIGN_OR_RETURN(RecoveredAgent recovered, PlanRecovery(records, s->store->path()));
  FindNeverStarted(s->runs_dir, &recovered.tasks);
  if (recovered.agent && recovered.agent->info().has_id()) {
    RETURN_IF_ERROR(CheckReconfiguration(recovered.agent->info(), info,
                                         s->flags.reconfiguration_policy, s->work_dir));
    LOG(INFO) << "Recovered agent " << recovered.agent->info().id().value() << " with "
              << recovered.tasks.size() << " tasks";
  }
  return recovered;
}

void StartContainerizer(State* s) {
  PosixContainerizer::Options options;
  options.runs_directory = s->runs_dir;
  options.shim_program = s->launcher_dir + "/meseta-shim";
  options.fetcher_program = s->launcher_dir + "/meseta-fetcher";
  options.fetcher_stall_timeout = s->flags.fetcher_stall_timeout;
  options.switch_user = s->flags.switch_user;
  std::vector<std::unique_ptr<Isolator>> isolators;
  isolators.push_back(std::make_unique<PosixIsolator>());
  s->containerizer = std::make_unique<PosixContainerizer>(
      std::move(options), std::move(isolators), s->network->io().At(0),
      [s](std::function<void()> job) {
        const Status submitted = s->pool->Submit(std::move(job));
        // Work that is lost would leave a container between two states for ever.
        if (!submitted.ok() && !s->stopped) s->on_fatal(submitted.message());
      },
      [s](ContainerEvent event) { s->Post(std::move(event)); });
}

Status StartProber(State* s) {
  PosixProber::Options options;
  options.shim_program = s->launcher_dir + "/meseta-shim";
  options.switch_user = s->flags.switch_user;
  ASSIGN_OR_RETURN(s->prober, PosixProber::Make(
                                  std::move(options), s->network->io(),
                                  [s](std::function<void()> job) {
                                    return s->pool->Submit(std::move(job)).ok();
                                  },
                                  [s](ProbeResult result) { s->Post(std::move(result)); }));
  return OkStatus();
}

void StartWriter(State* s) {
  s->writer = std::make_unique<runtime::BatchWorker<CheckpointBatch>>(
      "checkpoint", kMaxWaitingBatches, kMaxBatchesPerWrite,
      [s](std::vector<CheckpointBatch>& batches) {
        s->Post(CheckpointWritten{batches.back().number, s->store->Write(batches)});
      },
      [s](const std::string& why) { s->on_fatal(why); });
}

void StartActor(State* s, const AgentOptions& options, const RecoveredAgent& recovered) {
  AgentOutlets outlets;
  outlets.transport = &s->network->transport();
  outlets.containerizer = s->containerizer.get();
  outlets.prober = s->prober.get();
  outlets.pool = s->pool.get();
  outlets.write = [s](CheckpointBatch batch) { return s->writer->Submit(std::move(batch)); };
  outlets.board = s->board;
  outlets.files = s->files;
  outlets.post = [s](AgentEvent event) { s->Post(std::move(event)); };
  outlets.stop = [s](const Status& why) { s->on_fatal(why.message()); };
  outlets.address = s->network->Pid(kActorName);
  outlets.work_dir = s->work_dir;
  outlets.disk_watch_interval = s->flags.disk_watch_interval;
  AgentView::Options view;
  view.max_completed_executors = static_cast<size_t>(s->flags.max_completed_executors_per_framework);
  s->agent = std::make_unique<runtime::CoreShell<AgentEvent>>(
      *s->actors, runtime::CoreOptions{.name = "agent"}, [options, recovered, outlets, view] {
        auto core = std::make_unique<AgentCore>(options, recovered, Rng(runtime::EntropySeed()));
        return std::make_unique<AgentActor>(std::move(core), AgentView(view), outlets);
      });
  s->SetAgent(s->agent->ref());
}

http::Router MakeRouter(State* s) {
  AgentApiContext context;
  context.common.pool = [pool = s->pool.get()](std::function<void()> job) {
    return pool->Submit(std::move(job));
  };
  context.common.flags = [s] { return s->flag_values; };
  context.common.files = s->files;
  context.common.healthy = [s] { return s->agent->stats().lag < kMaxCoreLag; };
  context.snapshot = [board = s->board] { return board->Get(); };
  context.usage = [ref = s->agent->ref()](std::vector<ExecutorPtr> executors,
                                          AgentApiContext::UsageDone done) {
    // Refused with its responder: the server then answers for it.
    (void)ref.Post(UsageWanted{std::move(executors), std::move(done)});
  };
  context.wall = [s] { return s->actors->clock().Wall(); };
  http::Router router;
  AddAgentRoutes(std::move(context), &router);
  return router;
}

}  // namespace

AgentDaemon::AgentDaemon(std::unique_ptr<State> state) : state_(std::move(state)) {}

AgentDaemon::~AgentDaemon() { Stop(); }

Result<std::unique_ptr<AgentDaemon>> AgentDaemon::Start(
    const AgentFlags& flags, std::map<std::string, std::string> flag_values,
    std::function<void(const std::string&)> on_fatal) {
  auto state = std::make_unique<State>();
  State* s = state.get();
  s->flags = flags;
  s->flag_values = std::move(flag_values);
  s->on_fatal = std::move(on_fatal);
  RETURN_IF_ERROR(PrepareFolders(s));
  ASSIGN_OR_RETURN(s->network, daemon::Network::Open(flags.network, MakeNetworkOptions(flags)));
  ASSIGN_OR_RETURN(const AgentOptions options, MakeOptions(*s));
  ASSIGN_OR_RETURN(const RecoveredAgent recovered, Recover(s, options.info));

  runtime::ActorSystemOptions system;
  system.on_fatal = s->on_fatal;
  s->actors = std::make_unique<runtime::ActorSystem>(std::move(system));
  s->pool = std::make_unique<runtime::WorkerPool>("agent-pool", flags.worker_threads, kMaxPoolJobs);
  StartWriter(s);
  StartContainerizer(s);
  RETURN_IF_ERROR(StartProber(s));
  if (flags.logging.log_dir) s->files->Attach("/slave/log", flags.logging.log_dir->value);
  StartActor(s, options, recovered);
  s->network->transport().Register(kActorName, {net::PeerRole::kMaster},
                                   [s](net::LinkEvent event) { s->Post(std::move(event)); });
  s->network->Serve(MakeRouter(s));
  LOG(INFO) << "Agent serves at " << s->network->url() << ", work_dir " << s->work_dir;
  return std::unique_ptr<AgentDaemon>(new AgentDaemon(std::move(state)));
}

void AgentDaemon::Stop() {
  State* s = state_.get();
  if (s == nullptr || s->stopped.exchange(true)) return;
  // The actor first: nothing is decided any more. Then those that it used, each while what it
  // posts to still exists.
  s->agent->Stop();
  s->pool->Stop();
  s->network->Stop();
  s->prober.reset();
  s->containerizer.reset();
  s->writer->Stop();
}

std::string AgentDaemon::address() const { return state_->network->address(); }
std::string AgentDaemon::url() const { return state_->network->url(); }

bool AgentDaemon::registered() const {
  const AgentSnapshotPtr view = state_->board->Get();
  return view != nullptr && view->agent->registered;
}

std::vector<ContainerProcess> RecordedProcesses(const std::string& runs_directory) {
  std::vector<ContainerProcess> found;
  const std::string boot_id = ReadBootId();
  for (const ContainerId& id : RunDirectory::List(runs_directory)) {
    const RunFiles files = RunDirectory(runs_directory, id).Read();
    // Whatever has another start time is a stranger; so is all of another boot.
    if (!files.record || boot_id.empty() || files.record->boot_id != boot_id) continue;
    found.push_back({files.record->pid, files.record->start_time});
    if (files.task) found.push_back({files.task->pid, files.task->start_time});
  }
  return found;
}

int64_t ProcessStartTime(int64_t pid) { return LiveStartTime(static_cast<pid_t>(pid)); }

}  // namespace meseta::agent
