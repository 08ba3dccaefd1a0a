#include "agent/emulator/emulator.h"

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <utility>
#include <variant>

#include "actors/base/json/json_writer.h"
#include "actors/base/logging.h"
#include "actors/base/version.h"
#include "actors/net/address.h"
#include "actors/net/credentials_file.h"
#include "actors/net/link_transport.h"
#include "actors/net/tls_context.h"
#include "actors/runtime/actor_system.h"
#include "actors/runtime/core_shell.h"
#include "actors/runtime/entropy.h"
#include "agent/api/state_json.h"
#include "agent/master_addresses.h"
#include "state/model/attributes.h"
#include "state/model/resources.h"

namespace meseta::agent {
namespace {

constexpr char kActorName[] = "slave(1)";
constexpr Duration kProgressInterval = Duration::Seconds(1);
constexpr Duration kIdleTurn = Duration::Seconds(1);
constexpr int kNetworkThreads = 2;
// Thousands of agents that come back with their tasks at once share one queue.
constexpr size_t kMaxQueuedMessages = 4'000'000;
constexpr size_t kMaxQueuedBytes = size_t{1} << 30;

struct Leave {};  // All agents unregister.
using ShardEvent = std::variant<net::LinkEvent, Leave>;

// The latest figures of a shard.
class Figures {
 public:
  void Set(const EmulatedStats& stats) {
    const std::lock_guard lock(mutex_);
    stats_ = stats;
  }
  EmulatedStats Get() const {
    const std::lock_guard lock(mutex_);
    return stats_;
  }

 private:
  mutable std::mutex mutex_;
  EmulatedStats stats_;
};

// An EmulatedAgentsCore on its thread: hands events in, performs effects.
class ShardActor : public runtime::Core<ShardEvent> {
 public:
  ShardActor(EmulatedAgentsOptions options, net::Transport* transport,
             std::shared_ptr<Figures> figures)
      : address_(options.agent.command.endpoint),
        core_(std::move(options), Rng(runtime::EntropySeed())),
        transport_(transport),
        figures_(std::move(figures)) {}

  void Turn(std::vector<ShardEvent>& events, runtime::TurnContext& turn) override {
    const Now now = turn.now();
    if (!std::exchange(started_, true)) core_.Start(now);
    for (ShardEvent& event : events) {
      if (auto* link = std::get_if<net::LinkEvent>(&event)) {
        std::visit([&](auto& e) { On(e, now); }, *link);
      } else {
        core_.Unregister();
      }
    }
    core_.Tick(now);
    const auto wake = Perform(core_.TakeEffects());
    figures_->Set(core_.stats());
    transport_->CoreTurned();
    const Time heartbeat = now.mono + kIdleTurn;
    turn.WakeAt(std::min(wake.value_or(heartbeat), heartbeat));
  }

 private:
  void On(net::LinkUp& up, Now now) {
    LOG(INFO) << "Link " << up.link << " to the master at " << up.peer.address << " is up";
    core_.LinkUp(up.link, up.peer.address, now);
  }
  void On(net::LinkDown& down, Now now) {
    LOG(INFO) << "Link " << down.link << " is down: " << down.reason.message();
    core_.LinkDown(down.link, now);
  }
  void On(net::LinkMessages& batch, Now now) {
    for (const net::Envelope& envelope : batch.messages) {
      internal::ToAgent message;
      if (envelope.type != message.GetTypeName() || !message.ParseFromString(envelope.payload)) {
        LOG_EVERY_N(WARNING, 1000) << "Dropped a message of type " << envelope.type;
        continue;
      }
      if (message.has_not_leading() && !net::ParseHostPort(message.not_leading().leader()).ok()) {
        message.mutable_not_leading()->clear_leader();
      }
      core_.FromMaster(batch.link, envelope.to, message, now);
    }
    transport_->Consumed(batch.link);
  }

  std::optional<Time> Perform(EmulatedAgentsCore::Effects effects) {
    for (const std::string& line : effects.log) VLOG(1) << line;
    for (const auto& send : effects.send) {
      net::Envelope envelope;
      envelope.to = "master";
      envelope.from = std::string(kActorName) + "/" + std::to_string(send.agent) + "@" + address_;
      envelope.type = send.message.GetTypeName();
      send.message.SerializeToString(&envelope.payload);
      transport_->Send(send.link, std::move(envelope));
    }
    for (const std::string& master : effects.dial) transport_->Dial("master " + master, {master});
    return effects.wake_at;
  }

  const std::string address_;
  EmulatedAgentsCore core_;
  net::Transport* transport_;
  std::shared_ptr<Figures> figures_;
  bool started_ = false;
};

struct Shard {
  std::shared_ptr<Figures> figures = std::make_shared<Figures>();
  std::unique_ptr<net::LinkTransport> transport;
  std::unique_ptr<runtime::CoreShell<ShardEvent>> actor;
};

Result<EmulatedAgentsOptions> MakeOptions(const EmulatorFlags& flags) {
  EmulatedAgentsOptions options;
  AgentOptions& agent = options.agent;
  char text[128];
  std::snprintf(text, sizeof text, "cpus:%.6g;mem:%.17g;disk:%.17g;ports:[31000-32000]", flags.cpus,
                flags.mem, flags.disk);
  ASSIGN_OR_RETURN(const model::Resources resources, model::Resources::Parse(text));
  *agent.info.mutable_resources() = resources.ToProto(model::ReservationFormat::kPost);
  ASSIGN_OR_RETURN(*agent.info.mutable_attributes(), model::ParseAttributes(flags.attributes));
  agent.info.set_port(flags.port);
  agent.ip = flags.ip;
  agent.version = kApiVersion;
  agent.capabilities = AgentCapabilities();
  agent.command.work_dir = "/emulated";
  agent.command.launcher_dir = "/emulated";
  agent.command.endpoint = flags.ip + ":" + std::to_string(flags.port);
  agent.masters = MasterAddresses(flags.master);
  options.name = flags.name;
  options.task_duration = flags.task_duration;
  options.fail_ratio = flags.fail_ratio;
  return options;
}

Result<net::LinkTransportOptions> MakeLinkOptions(const EmulatorFlags& flags,
                                                  const std::string& address) {
  net::LinkTransportOptions options;
  options.role = net::PeerRole::kAgent;
  options.address = address;
  options.daemon_version = kMesetaVersion;
  options.queue.max_messages = kMaxQueuedMessages;
  options.queue.max_bytes = kMaxQueuedBytes;
  if (!flags.credential.empty()) {
    auto read = net::ReadCredentialFile(flags.credential.value);
    if (!read.ok()) return read.status().WithContext("--credential");
    options.credential = *std::move(read);
  }
  if (!flags.tls_ca_file.empty()) {
    net::TlsFiles files;
    files.ca = flags.tls_ca_file.value;
    ASSIGN_OR_RETURN(options.tls, net::TlsContext::Client(files, true));
  }
  return options;
}

}  // namespace

struct Emulator::State {
  EmulatorFlags flags;
  std::unique_ptr<net::IoRuntime> io;
  std::unique_ptr<runtime::ActorSystem> actors;
  std::vector<std::unique_ptr<Shard>> shards;
  std::unique_ptr<runtime::CoreShell<int>> progress;
  Time started;
  bool stopped = false;

  [[nodiscard]] EmulatedStats Stats() const;
  void Leave();
};

namespace {

void StartShard(Emulator::State* s, EmulatedAgentsOptions options,
                const net::LinkTransportOptions& links) {
  auto shard = std::make_unique<Shard>();
  shard->transport = std::make_unique<net::LinkTransport>(*s->io, links);
  net::Transport* transport = shard->transport.get();
  shard->actor = std::make_unique<runtime::CoreShell<ShardEvent>>(
      *s->actors, runtime::CoreOptions{.name = "shard"},
      [options = std::move(options), transport, figures = shard->figures] {
        return std::make_unique<ShardActor>(options, transport, figures);
      });
  transport->Register(kActorName, {net::PeerRole::kMaster},
                      [ref = shard->actor->ref()](net::LinkEvent event) {
                        ref.PostCompletion(std::move(event));
                      });
  s->shards.push_back(std::move(shard));
}

// A line whenever the figures have changed.
void StartProgress(Emulator::State* s) {
  auto report = [s, last = std::string()](std::vector<int>&, runtime::TurnContext& turn) mutable {
    const EmulatedStats stats = s->Stats();
    const std::string line = "registered " + std::to_string(stats.registered) + " of " +
                             std::to_string(stats.agents) + ", tasks " +
                             std::to_string(stats.tasks_running) + " running, " +
                             std::to_string(stats.tasks_launched) + " launched";
    if (line != last) LOG(INFO) << line;
    last = line;
    turn.WakeAt(turn.now().mono + kProgressInterval);
  };
  s->progress = std::make_unique<runtime::CoreShell<int>>(
      *s->actors, runtime::CoreOptions{.name = "progress"},
      runtime::CoreShell<int>::FromHandler(std::move(report)));
}

}  // namespace

EmulatedStats Emulator::State::Stats() const {
  EmulatedStats sum;
  for (const auto& shard : shards) {
    const EmulatedStats one = shard->figures->Get();
    sum.agents += one.agents;
    sum.registered += one.registered;
    sum.registrations += one.registrations;
    sum.stopped += one.stopped;
    sum.channels_closed += one.channels_closed;
    sum.tasks_running += one.tasks_running;
    sum.tasks_launched += one.tasks_launched;
    sum.tasks_finished += one.tasks_finished;
    sum.tasks_failed += one.tasks_failed;
    sum.tasks_killed += one.tasks_killed;
  }
  return sum;
}

// The master ends the channel of each agent that it has let go.
void Emulator::State::Leave() {
  const EmulatedStats before = Stats();
  for (const auto& shard : shards) shard->actor->ref().PostCompletion(agent::Leave());
  const Time limit = actors->clock().Mono() + kLeaveLimit;
  std::mutex mutex;
  std::condition_variable never;
  while (actors->clock().Mono() < limit) {
    const EmulatedStats now = Stats();
    if (now.channels_closed - before.channels_closed >= before.registered) break;
    if (now.registered == 0) break;
    std::unique_lock lock(mutex);
    never.wait_for(lock, std::chrono::milliseconds(10));
  }
}

Emulator::Emulator(std::unique_ptr<State> state) : state_(std::move(state)) {}
Emulator::~Emulator() { Stop(); }

Result<std::unique_ptr<Emulator>> Emulator::Start(const EmulatorFlags& flags,
                                                  std::map<std::string, std::string>,
                                                  std::function<void(const std::string&)> on_fatal) {
  auto state = std::make_unique<State>();
  State* s = state.get();
  s->flags = flags;
  ASSIGN_OR_RETURN(EmulatedAgentsOptions options, MakeOptions(flags));
  ASSIGN_OR_RETURN(const net::LinkTransportOptions links,
                   MakeLinkOptions(flags, options.agent.command.endpoint));
  s->io = std::make_unique<net::IoRuntime>(kNetworkThreads);
  runtime::ActorSystemOptions system;
  system.on_fatal = std::move(on_fatal);
  s->actors = std::make_unique<runtime::ActorSystem>(std::move(system));
  s->started = s->actors->clock().Mono();
  const auto shards = static_cast<uint32_t>(std::min(flags.links, flags.agents));
  const auto agents = static_cast<uint32_t>(flags.agents);
  uint32_t next = 0;
  for (uint32_t i = 0; i < shards; ++i) {
    const uint32_t end = static_cast<uint32_t>(uint64_t{agents} * (i + 1) / shards);
    options.first = static_cast<uint32_t>(flags.first) + next;
    options.count = end - next;
    next = end;
    StartShard(s, options, links);
  }
  StartProgress(s);
  LOG(INFO) << "Emulating " << agents << " agents behind " << shards << " links to each master";
  return std::unique_ptr<Emulator>(new Emulator(std::move(state)));
}

void Emulator::Stop() {
  State* s = state_.get();
  if (s == nullptr || std::exchange(s->stopped, true)) return;
  s->progress->Stop();
  if (s->flags.json) {
    std::puts(StatsJson(s->Stats(), s->actors->clock().Mono() - s->started).c_str());
    std::fflush(stdout);
  }
  if (s->flags.unregister) s->Leave();
  for (const auto& shard : s->shards) {
    shard->transport->Unregister(kActorName);
    shard->actor->Stop();
    shard->transport.reset();
  }
  s->io->Stop();
}

EmulatedStats Emulator::stats() const { return state_->Stats(); }

std::string StatsJson(const EmulatedStats& stats, Duration since_start) {
  std::string out;
  JsonWriter json(&out);
  json.BeginObject();
  const std::pair<const char*, uint64_t> fields[] = {
      {"agents", stats.agents},
      {"registered", stats.registered},
      {"registrations", stats.registrations},
      {"stopped", stats.stopped},
      {"channels_closed", stats.channels_closed},
      {"tasks_running", stats.tasks_running},
      {"tasks_launched", stats.tasks_launched},
      {"tasks_finished", stats.tasks_finished},
      {"tasks_failed", stats.tasks_failed},
      {"tasks_killed", stats.tasks_killed},
  };
  for (const auto& [name, value] : fields) {
    json.Key(name);
    json.Int(static_cast<int64_t>(value));
  }
  json.Key("seconds");
  json.Double(since_start.seconds());
  json.EndObject();
  return out;
}

}  // namespace meseta::agent
