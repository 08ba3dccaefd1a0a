#include "agent/checks/prober_posix.h"

#include <sys/wait.h>

#include <atomic>
#include <map>
#include <utility>

#include "actors/http/client.h"
#include "actors/net/any_stream.h"
#include "actors/net/tls_context.h"
#include "agent/containerizer/launch_plan.h"
#include "agent/launcher/io_strand.h"
#include "agent/launcher/shim_launcher.h"
#include "agent/launcher/users_posix.h"

namespace meseta::agent {
namespace {

// The shim tells the end of a command that took too long; this is for a shim that does not.
constexpr Duration kShimPatience = Duration::Seconds(5);

std::string HostOf(const ProbeTarget& target) { return target.ipv6 ? "::1" : "127.0.0.1"; }

std::string UrlOf(const ProbeTarget& target) {
  return std::string(target.kind == ProbeTarget::Kind::kHttps ? "https://" : "http://") +
         (target.ipv6 ? "[::1]" : "127.0.0.1") + ":" + std::to_string(target.port) + target.path;
}

http::ClientOptions ClientOptionsOf(std::shared_ptr<net::TlsContext> tls) {
  http::ClientOptions options;
  options.tls = std::move(tls);
  options.max_idle_connections = 0;  // A kept connection would prove less.
  return options;
}

int ExitCode(int wait_status) {
  return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
}

// One probe under way.
struct Running {
  std::shared_ptr<http::ClientStream> stream;
  std::shared_ptr<ShimChannel> channel;
  std::shared_ptr<net::IoTimer> timer;
};

}  // namespace

// `closed` and the constants may be read on any thread, `channel`s belong to the strand; the rest belongs
// to the first network thread, where all callbacks are taken to.
struct PosixProber::State : std::enable_shared_from_this<PosixProber::State> {
  State(Options given, net::IoRuntime& io, Executor run, OnResult to,
        std::shared_ptr<net::TlsContext> tls)
      : options(std::move(given)), runtime(io), executor(std::move(run)), on_result(std::move(to)),
        strand(io.At(0)), launcher(strand, options.shim_program),
        client(std::make_shared<http::Client>(io, ClientOptionsOf(std::move(tls)))) {}

  void Begin(const Probe& probe);
  void BeginHttp(const Probe& probe);
  void BeginCommand(const Probe& probe);
  Result<std::shared_ptr<ShimChannel>> LaunchNow(const ProbeTarget& target) const;
  void Launched(ProbeId id, Result<std::shared_ptr<ShimChannel>> launched);
  void OnShim(ProbeId id, const ShimEvent& event);
  void CloseChannel(std::shared_ptr<ShimChannel> channel);
  void End(ProbeId id, std::optional<int> answer, const std::string& problem);
  void Release(ProbeId id);
  void LaterEnd(ProbeId id, std::optional<int> answer, std::string problem) {
    runtime.Post([self = shared_from_this(), id, answer, problem = std::move(problem)] {
      self->End(id, answer, problem);
    });
  }
  static net::asio::awaitable<void> ConnectOnce(std::shared_ptr<State> state, ProbeId id,
                                                ProbeTarget target);

  const Options options;
  net::IoRuntime& runtime;
  const Executor executor;
  const OnResult on_result;
  std::atomic<bool> closed = false;
  IoStrand strand;
  const ShimLauncher launcher;
  std::shared_ptr<http::Client> client;  // Until the prober ends.
  std::map<ProbeId, Running> running;
};

void PosixProber::State::Release(ProbeId id) {
  const auto it = running.find(id);
  if (it == running.end()) return;
  Running probe = std::move(it->second);
  running.erase(it);
  if (probe.timer) probe.timer->Cancel();
  if (probe.stream) probe.stream->Close();
  if (probe.channel) CloseChannel(std::move(probe.channel));
}

void PosixProber::State::CloseChannel(std::shared_ptr<ShimChannel> channel) {
  strand.Post([channel = std::move(channel)] { channel->Close(); });
}

void PosixProber::State::End(ProbeId id, std::optional<int> answer, const std::string& problem) {
  if (running.count(id) == 0) return;
  Release(id);
  if (!closed) on_result(ProbeResult{id, answer, problem});
}

void PosixProber::State::Begin(const Probe& probe) {
  if (closed) return;
  const ProbeTarget& target = probe.target;
  const ProbeId id = probe.id;
  Running& entry = running[id];
  const bool command = target.kind == ProbeTarget::Kind::kCommand;
  if (!command && (target.port == 0 || target.port > 65'535)) {
    return LaterEnd(id, std::nullopt, "there is no port " + std::to_string(target.port));
  }
  const Duration patience = command ? target.timeout + kShimPatience : target.timeout;
  entry.timer = runtime.PostAfter(patience, [self = shared_from_this(), id, timeout = target.timeout,
                                             tcp = target.kind == ProbeTarget::Kind::kTcp] {
    self->End(id, tcp ? std::optional<int>(0) : std::nullopt, "no answer within " + timeout.ToString());
  });
  if (command) {
    BeginCommand(probe);
  } else if (target.kind == ProbeTarget::Kind::kTcp) {
    net::Spawn(runtime.Next().get_executor(), ConnectOnce(shared_from_this(), id, target));
  } else {
    BeginHttp(probe);
  }
}

void PosixProber::State::BeginHttp(const Probe& probe) {
  http::ClientRequest request;
  request.url = UrlOf(probe.target);
  request.timeout = probe.target.timeout;
  request.stream_silence = probe.target.timeout;
  request.headers.Set("Connection", "close");
  request.headers.Set("Accept", "*/*");
  const auto self = shared_from_this();
  const auto on_head = [self, id = probe.id](const http::Response& head) {
    self->LaterEnd(id, head.status, "");
  };
  const auto on_data = [](std::string_view) {};
  const auto on_end = [self, id = probe.id](const Status& status) {
    self->LaterEnd(id, std::nullopt,
                   status.ok() ? "the connection was closed without an answer" : status.message());
  };
  auto stream = client->Stream(std::move(request), on_head, on_data, on_end);
  running.at(probe.id).stream = std::move(stream);
}

net::asio::awaitable<void> PosixProber::State::ConnectOnce(std::shared_ptr<State> state, ProbeId id,
                                                           ProbeTarget target) {
  net::ConnectTarget to;
  to.host = HostOf(target);
  to.port = static_cast<uint16_t>(target.port);
  auto stream = co_await net::Connect(to, target.timeout);
  if (stream.ok()) (*stream)->Close();
  state->LaterEnd(id, stream.ok() ? 1 : 0, stream.ok() ? "" : stream.status().message());
}

Result<std::shared_ptr<ShimChannel>> PosixProber::State::LaunchNow(const ProbeTarget& target) const {
  ASSIGN_OR_RETURN(ShimSpec shim, PlanShim(target.command));
  if (options.switch_user) {
    ASSIGN_OR_RETURN(shim.user, UserToSwitchTo(target.command.user));
  }
  shim.run_directory = "/";  // A probe has none.
  shim.boot_id = "probe";
  shim.kill_grace = Duration();
  shim.max_completion_time = target.timeout;
  return launcher.LaunchProbe(shim);
}

void PosixProber::State::BeginCommand(const Probe& probe) {
  const bool submitted = executor([self = shared_from_this(), probe] {
    auto launched = std::make_shared<Result<std::shared_ptr<ShimChannel>>>(
        self->LaunchNow(probe.target));
    self->runtime.Post([self, id = probe.id, launched] { self->Launched(id, *launched); });
  });
  if (!submitted) LaterEnd(probe.id, std::nullopt, "the agent is too busy to start the command");
}

void PosixProber::State::Launched(ProbeId id, Result<std::shared_ptr<ShimChannel>> launched) {
  if (!launched.ok()) return End(id, std::nullopt, launched.status().message());
  std::shared_ptr<ShimChannel> channel = *launched;
  // Weak: the channel holds the handler as long as it is connected, and the state holds the channel.
  strand.Post([channel, weak = weak_from_this(), id] {
    channel->Start([weak, id](const ShimEvent& event) {
      if (const auto self = weak.lock()) self->OnShim(id, event);
    });
  });
  const auto it = running.find(id);
  if (it == running.end() || closed) return CloseChannel(std::move(channel));  // Stopped meanwhile.
  it->second.channel = std::move(channel);
}

void PosixProber::State::OnShim(ProbeId id, const ShimEvent& event) {
  if (const auto* failed = std::get_if<ShimLaunchFailed>(&event)) {
    LaterEnd(id, std::nullopt, failed->status.message());
  } else if (const auto* exited = std::get_if<ShimExited>(&event)) {
    const bool late = exited->cause == shim::ExitCause::kMaxCompletionTime;
    LaterEnd(id, late ? std::nullopt : std::optional<int>(ExitCode(exited->wait_status)),
             late ? "the command did not end in time" : "");
  } else if (std::holds_alternative<ShimGone>(event)) {
    LaterEnd(id, std::nullopt, "the command's supervisor has vanished");
  }
}

PosixProber::PosixProber(std::shared_ptr<State> state) : state_(std::move(state)) {}

PosixProber::~PosixProber() {
  state_->closed = true;
  // Should the network have ended already, the sockets end with the state, and the commands with them.
  state_->runtime.Post([state = state_] {
    while (!state->running.empty()) state->Release(state->running.begin()->first);
    state->client.reset();
  });
}

Result<std::unique_ptr<PosixProber>> PosixProber::Make(Options options, net::IoRuntime& runtime,
                                                       Executor executor, OnResult on_result) {
  const net::TlsFiles none;
  ASSIGN_OR_RETURN(auto tls, net::TlsContext::Client(none, false));
  auto state = std::make_shared<State>(std::move(options), runtime, std::move(executor),
                                       std::move(on_result), std::move(tls));
  return std::unique_ptr<PosixProber>(new PosixProber(std::move(state)));
}

void PosixProber::Start(Probe probe) {
  state_->runtime.Post([weak = std::weak_ptr<State>(state_), probe = std::move(probe)] {
    if (const auto state = weak.lock()) state->Begin(probe);
  });
}

void PosixProber::Stop(ProbeId id) {
  state_->runtime.Post([weak = std::weak_ptr<State>(state_), id] {
    if (const auto state = weak.lock()) state->Release(id);
  });
}

}  // namespace meseta::agent
