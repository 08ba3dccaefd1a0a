#include "agent/containerizer/posix_containerizer.h"

#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <map>
#include <set>
#include <system_error>
#include <utility>

#include "actors/base/logging.h"
#include "agent/containerizer/container_core.h"
#include "agent/containerizer/launch_plan.h"
#include "agent/fetcher/fetch_process.h"
#include "agent/launcher/io_strand.h"
#include "agent/launcher/process_posix.h"
#include "agent/launcher/run_directory.h"
#include "agent/launcher/shim_launcher.h"
#include "agent/launcher/users_posix.h"

namespace meseta::agent {
namespace {

using Effects = ContainerCore::Effects;

// The user's alone, and readable for its group.
constexpr mode_t kSandboxMode = 0750;

Status MakeSandbox(const std::string& path, const std::optional<UserIds>& user) {
  const std::string context = "Failed to create the sandbox '" + path + "'";
  if (mkdir(path.c_str(), kSandboxMode) != 0 && errno == ENOENT) {
    std::error_code error;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
    if (error) return ErrnoStatus(error.value(), context);
    if (mkdir(path.c_str(), kSandboxMode) != 0) return ErrnoStatus(errno, context);
  } else if (!std::filesystem::is_directory(path)) {
    return ErrnoStatus(errno, context);
  }
  if (user.has_value() && chown(path.c_str(), user->uid, user->gid) != 0) {
    return ErrnoStatus(errno, "Failed to give the sandbox '" + path + "' to its user");
  }
  return OkStatus();
}

double WallSeconds() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

struct Container {
  Container(const ContainerId& id, bool orphan) : core(id, orphan), orphan(orphan) {}

  ContainerCore core;
  const bool orphan;
  // Until the task has been started.
  std::shared_ptr<const ContainerSpec> spec;
  std::shared_ptr<const ShimSpec> shim_spec;
  std::shared_ptr<FetchProcess> fetch;
  // From the shim's start to its end.
  std::shared_ptr<ShimChannel> channel;
  int64_t shim_pid = 0;
};

}  // namespace

// All members but the constants are used on the strand only.
struct PosixContainerizer::State : std::enable_shared_from_this<State> {
  State(Options given, std::vector<std::unique_ptr<Isolator>> given_isolators,
        boost::asio::io_context& io, Executor given_executor, Sink given_sink)
      : options(std::move(given)), isolators(std::move(given_isolators)), strand(io),
        launcher(strand, options.shim_program), executor(std::move(given_executor)),
        sink(std::move(given_sink)), boot_id(ReadBootId()) {}

  // Runs `work` on the executor, then `then` with its result on the strand.
  template <class Work, class Then>
  void Async(Work work, Then then) {
    auto self = shared_from_this();
    executor([self, work = std::move(work), then = std::move(then)]() mutable {
      auto result = std::make_shared<decltype(work())>(work());
      self->strand.Post(
          [self, result, then = std::move(then)]() mutable { then(std::move(*result)); });
    });
  }

  void Perform(const ContainerId& id, Effects effects);
  void Prepare(const ContainerId& id, Container& container);
  void Fetch(const ContainerId& id, Container& container);
  void AwaitFetch(const ContainerId& id, Result<std::shared_ptr<FetchProcess>> started);
  void Spawn(const ContainerId& id, Container& container);
  void Inspect(const ContainerId& id);
  void ReadExit(const ContainerId& id);
  void StartChannel(const ContainerId& id, Container& container);
  void Release(const ContainerId& id, Container& container);
  void RecoverOrphans(const std::set<ContainerId>& named);
  void RemoveRun(const ContainerId& id);

  // On the executor.
  Result<std::shared_ptr<const ShimSpec>> PrepareNow(const ContainerSpec& spec) const;

  Container* Find(const ContainerId& id) {
    const auto found = containers.find(id);
    return found == containers.end() ? nullptr : &found->second;
  }

  const Options options;
  const std::vector<std::unique_ptr<Isolator>> isolators;
  IoStrand strand;
  const ShimLauncher launcher;
  const Executor executor;
  const Sink sink;
  const std::string boot_id;
  std::atomic<bool> closed = false;
  // As many as the agent's core runs and has not forgotten.
  std::map<ContainerId, Container> containers;
};

void PosixContainerizer::State::Perform(const ContainerId& id, Effects effects) {
  Container* container = Find(id);
  if (container == nullptr) return;
  if (effects.prepare && !effects.spawn) Prepare(id, *container);
  if (effects.stop_fetch && container->fetch != nullptr) container->fetch->Kill();
  if (effects.fetch) Fetch(id, *container);
  if (effects.spawn) Spawn(id, *container);
  if (effects.inspect) Inspect(id);
  if (effects.read_exit) ReadExit(id);
  if (container->channel != nullptr) {
    if (effects.start_channel) StartChannel(id, *container);
    if (effects.send_go) container->channel->Send(EncodeGo());
    if (effects.send_kill.has_value()) container->channel->Send(EncodeKill(*effects.send_kill));
    if (effects.close_channel) container->channel->Close();
  }
  if (effects.report.has_value() && !closed) sink(*std::move(effects.report));
  if (container->core.ended()) Release(id, *container);
}

Result<std::shared_ptr<const ShimSpec>> PosixContainerizer::State::PrepareNow(
    const ContainerSpec& spec) const {
  ASSIGN_OR_RETURN(ShimSpec shim, PlanShim(spec));
  if (options.switch_user) {
    ASSIGN_OR_RETURN(shim.user, UserToSwitchTo(spec.user));
  }
  for (const auto& isolator : isolators) {
    RETURN_IF_ERROR(isolator->Prepare(spec, &shim));
  }
  RETURN_IF_ERROR(MakeSandbox(spec.sandbox, shim.user));
  const RunDirectory run(options.runs_directory, spec.id);
  RETURN_IF_ERROR(run.Make());
  shim.run_directory = run.path();
  shim.boot_id = boot_id;
  shim.sync_files = options.sync_run_files;
  return std::shared_ptr<const ShimSpec>(std::make_shared<ShimSpec>(std::move(shim)));
}

void PosixContainerizer::State::Prepare(const ContainerId& id, Container& container) {
  Async([this, spec = container.spec] { return PrepareNow(*spec); },
        [this, id](Result<std::shared_ptr<const ShimSpec>> prepared) {
          Container* found = Find(id);
          if (found == nullptr) return RemoveRun(id);
          if (prepared.ok() && !found->core.ended()) found->shim_spec = *prepared;
          Perform(id, found->core.Prepared(prepared.status()));
        });
}

void PosixContainerizer::State::Fetch(const ContainerId& id, Container& container) {
  const auto spec = std::make_shared<FetchSpec>(
      PlanFetch(*container.spec, container.shim_spec->user, options.fetcher_stall_timeout));
  for (const auto& uri : container.spec->command.uris()) {
    if (uri.cache()) LOG(INFO) << "There is no fetcher cache: fetching '" << uri.value() << "' anew";
  }
  Async([this, spec] { return FetchProcess::Start(strand, options.fetcher_program, *spec); },
        [this, id](Result<std::shared_ptr<FetchProcess>> started) {
          AwaitFetch(id, std::move(started));
        });
}

void PosixContainerizer::State::AwaitFetch(const ContainerId& id,
                                           Result<std::shared_ptr<FetchProcess>> started) {
  Container* container = Find(id);
  if (!started.ok()) {
    if (container != nullptr) Perform(id, container->core.Fetched(started.status()));
    return;
  }
  (*started)->Await([weak = weak_from_this(), id](const Status& status) {
    const auto self = weak.lock();
    Container* found = self == nullptr ? nullptr : self->Find(id);
    if (found == nullptr) return;
    found->fetch = nullptr;
    self->Perform(id, found->core.Fetched(status));
  });
  if (container == nullptr || container->core.ended()) return (*started)->Kill();
  container->fetch = *started;
}

void PosixContainerizer::State::Spawn(const ContainerId& id, Container& container) {
  // Without a plan of the shim yet, that is to be made first.
  Async(
      [this, id, spec = container.spec, planned = container.shim_spec]()
          -> Result<std::shared_ptr<ShimChannel>> {
        if (planned != nullptr) return launcher.Launch(id, *planned);
        ASSIGN_OR_RETURN(const auto made, PrepareNow(*spec));
        return launcher.Launch(id, *made);
      },
      [this, id](Result<std::shared_ptr<ShimChannel>> launched) {
        Container* found = Find(id);
        if (found == nullptr) {  // Killed and forgotten: nobody says `go`.
          if (launched.ok()) (*launched)->Start([](const ShimEvent&) {});
          if (launched.ok()) (*launched)->Close();
          return RemoveRun(id);
        }
        if (launched.ok()) found->channel = *launched;
        Perform(id, found->core.Spawned(launched.status()));
      });
}

void PosixContainerizer::State::StartChannel(const ContainerId& id, Container& container) {
  // Weak: the channel lives as long as its connection, and this holds the channel.
  container.channel->Start([weak = weak_from_this(), id](const ShimEvent& event) {
    const auto self = weak.lock();
    Container* found = self == nullptr ? nullptr : self->Find(id);
    if (found == nullptr) return;
    if (const auto* ready = std::get_if<ShimReady>(&event)) found->shim_pid = ready->pid;
    if (std::holds_alternative<ShimStarted>(event)) found->spec = nullptr;
    if (std::holds_alternative<ShimStarted>(event)) found->shim_spec = nullptr;
    self->Perform(id, found->core.Handle(event));
  });
}

void PosixContainerizer::State::Inspect(const ContainerId& id) {
  struct Found {
    RunFindings findings;
    std::shared_ptr<ShimChannel> channel;
  };
  Async(
      [this, id] {
        const RunDirectory run(options.runs_directory, id);
        const RunFiles files = run.Read();
        Found found;
        if (RunDirectory::Alive(files, boot_id) && !files.exit.has_value()) {
          auto channel = launcher.Reconnect(options.runs_directory, id);
          if (channel.ok()) {
            found.channel = *channel;
            found.findings.connected = true;
            found.findings.shim_pid = files.record->pid;
            return found;
          }
        }
        found.findings.exit = run.Read().exit;  // Again: it may have ended meanwhile.
        const bool this_boot = files.record.has_value() && files.record->boot_id == boot_id;
        if (!found.findings.exit.has_value() && files.task.has_value() && this_boot) {
          KillSession(static_cast<pid_t>(files.task->pid), files.task->start_time);
        }
        return found;
      },
      [this, id](Found result) {
        Container* found = Find(id);
        if (found == nullptr) return;
        found->channel = result.channel;
        found->shim_pid = result.findings.shim_pid;
        Perform(id, found->core.Inspected(result.findings));
      });
}

void PosixContainerizer::State::ReadExit(const ContainerId& id) {
  Async(
      [this, id] {
        const RunFiles files = RunDirectory(options.runs_directory, id).Read();
        if (!files.exit.has_value() && files.task.has_value()) {
          KillSession(static_cast<pid_t>(files.task->pid), files.task->start_time);
        }
        return files.exit;
      },
      [this, id](const std::optional<ShimExited>& exit) {
        if (Container* found = Find(id)) Perform(id, found->core.ExitRead(exit));
      });
}

void PosixContainerizer::State::Release(const ContainerId& id, Container& container) {
  container.spec = nullptr;
  container.shim_spec = nullptr;
  container.fetch = nullptr;
  container.channel = nullptr;  // Lives on until its connection has ended.
  container.shim_pid = 0;
  for (const auto& isolator : isolators) isolator->Cleanup(id);
  if (!container.orphan) return;
  RemoveRun(id);
  containers.erase(id);
}

void PosixContainerizer::State::RemoveRun(const ContainerId& id) {
  executor([self = shared_from_this(), id] {
    RunDirectory(self->options.runs_directory, id).Remove();
  });
}

void PosixContainerizer::State::RecoverOrphans(const std::set<ContainerId>& named) {
  Async([this] { return RunDirectory::List(options.runs_directory); },
        [this, named](const std::vector<ContainerId>& ids) {
          for (const ContainerId& id : ids) {
            if (named.count(id) > 0) continue;
            const auto made = containers.try_emplace(id, id, true);
            if (!made.second) continue;  // Launched since.
            LOG(WARNING) << "Destroying container " << id << ", which no checkpoint names";
            Perform(id, made.first->second.core.Recover());
          }
        });
}

PosixContainerizer::PosixContainerizer(Options options,
                                       std::vector<std::unique_ptr<Isolator>> isolators,
                                       boost::asio::io_context& io, Executor executor, Sink sink) {
  if (options.shim_program.empty()) options.shim_program = SiblingProgram("meseta-shim");
  if (options.fetcher_program.empty()) options.fetcher_program = SiblingProgram("meseta-fetcher");
  state_ = std::make_shared<State>(std::move(options), std::move(isolators), io,
                                   std::move(executor), std::move(sink));
}

PosixContainerizer::~PosixContainerizer() { state_->closed = true; }

void PosixContainerizer::Launch(ContainerSpec spec) {
  state_->strand.Post([state = state_, spec = std::make_shared<ContainerSpec>(std::move(spec))] {
    const ContainerId id = spec->id;
    const auto made = state->containers.try_emplace(id, id, false);
    if (!made.second) {
      LOG(ERROR) << "Container " << id << " is launched twice";
      return;
    }
    made.first->second.spec = spec;
    state->Perform(id, made.first->second.core.Launch(spec->command.uris_size() > 0));
  });
}

void PosixContainerizer::Kill(const ContainerId& id, Duration grace) {
  state_->strand.Post([state = state_, id, grace] {
    if (Container* found = state->Find(id)) state->Perform(id, found->core.Kill(grace));
  });
}

void PosixContainerizer::Recover(std::vector<ContainerToRecover> containers) {
  state_->strand.Post([state = state_, containers = std::move(containers)] {
    std::set<ContainerId> named;
    for (const ContainerToRecover& one : containers) {
      named.insert(one.id);
      const auto made = state->containers.try_emplace(one.id, one.id, false);
      if (made.second) state->Perform(one.id, made.first->second.core.Recover());
    }
    state->RecoverOrphans(named);
  });
}

void PosixContainerizer::Forget(const ContainerId& id) {
  state_->strand.Post([state = state_, id] {
    Container* found = state->Find(id);
    if (found != nullptr && !found->core.ended()) {
      LOG(ERROR) << "Container " << id << " is forgotten before its end";
      return;
    }
    if (found != nullptr) state->containers.erase(id);
    state->RemoveRun(id);
  });
}

void PosixContainerizer::Usage(const ContainerId& id, UsageCallback done) {
  state_->strand.Post([state = state_, id, done = std::move(done)] {
    const Container* found = state->Find(id);
    if (found == nullptr || found->shim_pid == 0) {
      return done(NotFound("Container '" + id.value() + "' does not run"));
    }
    state->Async(
        [state, id, pid = found->shim_pid]() -> Result<v1::ResourceStatistics> {
          v1::ResourceStatistics statistics;
          statistics.set_timestamp(WallSeconds());
          for (const auto& isolator : state->isolators) {
            RETURN_IF_ERROR(isolator->AddUsage(id, pid, &statistics));
          }
          return statistics;
        },
        done);
  });
}

}  // namespace meseta::agent
