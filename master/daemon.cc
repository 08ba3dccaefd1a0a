#include "master/daemon.h"

#include <arpa/inet.h>

#include <mutex>
#include <utility>

#include "actors/base/files.h"
#include "actors/base/logging.h"
#include "actors/base/version.h"
#include "actors/endpoints/common_routes.h"
#include "actors/metrics/registry.h"
#include "actors/metrics/system_metrics.h"
#include "actors/runtime/actor_system.h"
#include "actors/runtime/entropy.h"
#include "actors/runtime/worker_pool.h"
#include "master/api/master_metrics.h"
#include "master/api/routes.h"
#include "master/master_actor.h"
#include "master/registrar/registrar_actor.h"
#include "state/registry/leveldb_registry_store.h"

namespace meseta::master {
namespace {

constexpr char kActorName[] = "master";
constexpr size_t kMaxRenderJobs = 4096;
// A core that takes no turn for so long is not healthy.
constexpr Duration kMaxCoreLag = Duration::Seconds(10);

// Draws uuids on any thread.
class UuidSource {
 public:
  UuidSource() : rng_(runtime::EntropySeed()) {}
  std::string Next() {
    const std::lock_guard lock(mutex_);
    return rng_.Uuid();
  }

 private:
  std::mutex mutex_;
  Rng rng_;
};

v1::MasterInfo MakeInfo(const daemon::Network& network, const std::string& id) {
  v1::MasterInfo info;
  info.set_id(id);
  in_addr address{};
  ::inet_pton(AF_INET, network.ip().c_str(), &address);  // Zero for IPv6, which the field cannot say.
  info.set_ip(address.s_addr);
  info.set_port(network.port());
  info.set_pid(network.Pid(kActorName));
  info.set_hostname(network.hostname());
  info.set_version(kApiVersion);
  info.mutable_address()->set_hostname(network.hostname());
  info.mutable_address()->set_ip(network.ip());
  info.mutable_address()->set_port(network.port());
  for (const auto capability : {v1::MasterInfo::Capability::AGENT_UPDATE}) {
    info.add_capabilities()->set_type(capability);
  }
  return info;
}

daemon::NetworkOptions MakeNetworkOptions(const MasterFlags& flags) {
  daemon::NetworkOptions options;
  options.role = net::PeerRole::kMaster;
  options.realm_names = {{http::Realm::kReadOnly, "mesos-master-readonly"},
                         {http::Realm::kReadWrite, "mesos-master-readwrite"},
                         {http::Realm::kScheduler, "mesos-master-scheduler"}};
  options.accepted_roles = {net::PeerRole::kAgent};
  if (flags.network.authenticate_http_readonly) {
    options.authenticated_realms.insert(http::Realm::kReadOnly);
  }
  if (flags.network.authenticate_http_readwrite) {
    options.authenticated_realms.insert(http::Realm::kReadWrite);
  }
  if (flags.authenticate_http_frameworks) {
    options.authenticated_realms.insert(http::Realm::kScheduler);
  }
  if (flags.authenticate_agents) options.authenticated_roles.insert(net::PeerRole::kAgent);
  if (flags.authenticate_frameworks) options.authenticated_roles.insert(net::PeerRole::kFramework);
  return options;
}

// Link events of agents to events of the master's actor; messages are parsed here, on the network
// thread. What cannot be parsed is counted and dropped.
MasterEvent ToMasterEvent(net::LinkEvent event, MasterCounts* counts) {
  if (auto* up = std::get_if<net::LinkUp>(&event)) return AgentLinkUp{up->link, std::move(up->peer)};
  if (auto* down = std::get_if<net::LinkDown>(&event)) {
    return AgentLinkDown{down->link, std::move(down->reason)};
  }
  auto& batch = std::get<net::LinkMessages>(event);
  AgentMessagesArrived arrived;
  arrived.link = batch.link;
  for (net::Envelope& envelope : batch.messages) {
    internal::ToMaster message;
    if (envelope.type == message.GetTypeName() && message.ParseFromString(envelope.payload)) {
      arrived.messages.push_back({std::move(envelope.from), std::move(message)});
    } else {
      counts->CountDropped();
    }
  }
  return arrived;
}

}  // namespace

struct MasterDaemon::State {
  std::map<std::string, std::string> flag_values;
  std::unique_ptr<daemon::Network> network;
  std::unique_ptr<registry::LevelDbRegistryStore> store;
  std::shared_ptr<PublishedView> view = std::make_shared<PublishedView>();
  std::shared_ptr<MasterCounts> counts = std::make_shared<MasterCounts>();
  std::shared_ptr<UuidSource> uuids = std::make_shared<UuidSource>();
  metrics::Registry metrics;
  std::vector<metrics::Registration> pulled;  // Withdrawn by Stop(), before what they read.
  std::shared_ptr<endpoints::VirtualFiles> files = std::make_shared<endpoints::VirtualFiles>();
  std::unique_ptr<runtime::ActorSystem> actors;
  std::unique_ptr<runtime::WorkerPool> pool;
  std::unique_ptr<runtime::CoreShell<registry::RegistryBatch>> registrar;
  std::unique_ptr<runtime::CoreShell<ViewBatch>> viewer;
  std::unique_ptr<runtime::CoreShell<LedgerDeltas>> allocator;
  std::unique_ptr<runtime::CoreShell<StreamCommand>> streams;
  std::unique_ptr<runtime::CoreShell<MasterEvent>> master;
  bool stopped = false;

  // To the master's actor, from actors that start before it: what comes earlier waits.
  void PostCompletion(MasterEvent event) {
    const std::lock_guard lock(mutex_);
    if (to_master_) {
      to_master_.PostCompletion(std::move(event));
    } else {
      early_.push_back(std::move(event));
    }
  }
  void SetMaster(runtime::CoreRef<MasterEvent> ref) {
    const std::lock_guard lock(mutex_);
    to_master_ = std::move(ref);
    for (MasterEvent& event : early_) to_master_.PostCompletion(std::move(event));
    early_.clear();
  }

 private:
  std::mutex mutex_;
  runtime::CoreRef<MasterEvent> to_master_;
  std::vector<MasterEvent> early_;
};

namespace {

void AppendMetrics(const MasterDaemon::State& state, std::vector<metrics::Sample>* samples) {
  const SnapshotPtr view = state.view->Get();
  if (!view) return;
  std::map<std::string, double> values;
  AddMasterMetrics(*view, state.counts->Values(), state.actors->clock().Wall(), &values);
  const auto queued = static_cast<double>(state.allocator->stats().queued);
  values["allocator/event_queue_dispatches"] = queued;
  values["allocator/mesos/event_queue_dispatches"] = queued;
  values["registrar/queued_operations"] = static_cast<double>(state.registrar->stats().queued);
  values["master/event_queue_http_requests"] = 0;  // They never enter the core's queue.
  for (const auto& [name, value] : values) {
    samples->push_back({name, metrics::Kind::kGauge, value});
  }
}

}  // namespace

MasterDaemon::MasterDaemon(std::unique_ptr<State> state) : state_(std::move(state)) {}

MasterDaemon::~MasterDaemon() { Stop(); }

namespace {

using State = MasterDaemon::State;

endpoints::CommonContext MakeCommon(State* state) {
  endpoints::CommonContext common;
  common.pool = [pool = state->pool.get()](std::function<void()> job) {
    return pool->Submit(std::move(job));
  };
  common.flags = [state] { return state->flag_values; };
  common.metrics = [state](Duration) {
    std::map<std::string, double> values;
    for (const metrics::Sample& sample : state->metrics.Snapshot()) {
      values.emplace(sample.name, sample.value);
    }
    return values;
  };
  common.prometheus = [state] { return state->metrics.PrometheusText(); };
  common.files = state->files;
  common.healthy = [state] { return state->master->stats().lag < kMaxCoreLag; };
  return common;
}

http::Router MakeRouter(State* state) {
  const auto post = [ref = state->master->ref(), streams = state->streams->ref()](MasterEvent event) {
    // Never lost, or its framework would stay connected for ever; as many as streams were open.
    if (std::holds_alternative<StreamClosed>(event)) {
      ref.PostCompletion(std::move(event));
      return;
    }
    // Refused only when a million events wait, or at the end: calls are then answered 500 by the
    // loss of their responder, and a subscriber's stream is ended.
    const auto* subscribe = std::get_if<SubscribeArrived>(&event);
    const StreamId stream = subscribe == nullptr ? StreamId() : subscribe->stream;
    if (ref.Post(std::move(event))) return;
    if (!stream.empty()) streams.PostCompletion(EndStream{stream});
    LOG_EVERY_N(WARNING, 1000) << "The master's inbox is full or closed: an event was dropped";
  };
  RoutesContext context;
  context.operators.common = MakeCommon(state);
  context.operators.view = [view = state->view] { return view->Get(); };
  context.operators.post = post;
  context.schedulers.post = post;
  context.schedulers.open_stream = [ref = state->streams->ref()](
                                       StreamId id, http::ContentType type,
                                       std::shared_ptr<http::StreamWriter> writer) {
    ref.PostCompletion(OpenStream{std::move(id), type, std::move(writer)});
  };
  context.schedulers.new_uuid = [uuids = state->uuids] { return uuids->Next(); };
  context.redirect_location =
      "//" + state->network->hostname() + ":" + std::to_string(state->network->port());
  return MasterRoutes(context);
}

void StartActors(State* state, const MasterFlags& flags, AllocatorOptions allocator,
                 registry::RegistryState registry, const MasterRecord& record,
                 const std::function<void(const std::string&)>& on_fatal) {
  runtime::ActorSystem& system = *state->actors;
  state->registrar = std::make_unique<runtime::CoreShell<registry::RegistryBatch>>(
      system, runtime::CoreOptions{.name = "registrar"}, [state] {
        return std::make_unique<RegistrarActor>(
            state->store.get(), state->metrics.AddTimer("registrar/state_store"), [state](uint64_t number, Status status) {
              state->PostCompletion(RegistryWritten{number, std::move(status)});
            });
      });
  // The view's actor publishes from its own thread, and requests may wait already.
  state->view->Set(ViewCore(record, flags.view).Publish());
  state->viewer = std::make_unique<runtime::CoreShell<ViewBatch>>(
      system, runtime::CoreOptions{.name = "view"}, [state, record, view = flags.view] {
        return std::make_unique<ViewActor>(record, view, state->view);
      });
  state->allocator = std::make_unique<runtime::CoreShell<LedgerDeltas>>(
      system, runtime::CoreOptions{.name = "allocator"}, [state, allocator] {
        return std::make_unique<AllocatorActor>(
            allocator, runtime::EntropySeed(), [state](std::vector<Proposal> proposals) {
              state->PostCompletion(ProposalsMade{std::move(proposals)});
            },
            AllocatorMetrics{state->metrics.AddTimer("allocator/mesos/allocation_run"),
                             state->metrics.AddTimer("allocator/mesos/allocation_run_latency"),
                             state->metrics.AddCounter("allocator/mesos/allocation_runs")});
      });
  state->streams = std::make_unique<runtime::CoreShell<StreamCommand>>(
      system, runtime::CoreOptions{.name = "streams"}, [] { return std::make_unique<StreamActor>(); });
  MasterOutlets outlets;
  outlets.transport = &state->network->transport();
  outlets.registrar = state->registrar->ref();
  outlets.view = state->viewer->ref();
  outlets.allocator = state->allocator->ref();
  outlets.streams = state->streams->ref();
  outlets.counts = state->counts;
  outlets.step_down = on_fatal;
  outlets.address = state->network->Pid(kActorName);
  state->master = std::make_unique<runtime::CoreShell<MasterEvent>>(
      system, runtime::CoreOptions{.name = "master"},
      [state, outlets, options = flags.core, info = record.info, registry] {
        auto core = std::make_unique<MasterCore>(options, info, registry,
                                                 state->actors->clock().Both());
        return std::make_unique<MasterActor>(std::move(core), outlets);
      });
  state->SetMaster(state->master->ref());
}

}  // namespace

Result<std::unique_ptr<MasterDaemon>> MasterDaemon::Start(
    const MasterFlags& flags, std::map<std::string, std::string> flag_values,
    std::function<void(const std::string&)> on_fatal) {
  ASSIGN_OR_RETURN(AllocatorOptions allocator, flags.Allocator());
  auto state = std::make_unique<State>();
  State* s = state.get();
  s->flag_values = std::move(flag_values);
  RETURN_IF_ERROR(files::MakeDirectories(flags.work_dir.value).WithContext("--work_dir"));
  const std::string path = flags.work_dir.value + "/registry";
  ASSIGN_OR_RETURN(s->store, registry::LevelDbRegistryStore::Open(path));
  auto registry = registry::OpenRegistry(s->store.get(), s->uuids->Next());
  if (!registry.ok()) return registry.status().WithContext(path);
  ASSIGN_OR_RETURN(s->network, daemon::Network::Open(flags.network, MakeNetworkOptions(flags)));
  runtime::ActorSystemOptions options;
  options.on_fatal = on_fatal;
  s->actors = std::make_unique<runtime::ActorSystem>(std::move(options));
  s->pool = std::make_unique<runtime::WorkerPool>("render", flags.render_threads, kMaxRenderJobs);

  MasterRecord record;
  record.info = MakeInfo(*s->network, s->uuids->Next());
  record.cluster = flags.cluster.value_or("");
  record.started = s->actors->clock().Wall();
  record.elected = record.started;
  if (flags.logging.log_dir) s->files->Attach("/master/log", flags.logging.log_dir->value);
  s->pulled.push_back(metrics::AddSystemMetrics(s->metrics));
  s->pulled.push_back(s->metrics.PullMany(
      [s](std::vector<metrics::Sample>* samples) { AppendMetrics(*s, samples); }));
  StartActors(s, flags, std::move(allocator), *std::move(registry), record, on_fatal);

  s->network->transport().Register(
      kActorName, {net::PeerRole::kAgent},
      [s](net::LinkEvent event) { s->PostCompletion(ToMasterEvent(std::move(event), s->counts.get())); });
  s->network->Serve(MakeRouter(s));
  LOG(INFO) << "Master " << record.info.id() << " leads at " << s->network->url();
  return std::unique_ptr<MasterDaemon>(new MasterDaemon(std::move(state)));
}

void MasterDaemon::Stop() {
  if (std::exchange(state_->stopped, true)) return;
  state_->pulled.clear();
  // The pool next: its jobs answer requests that the server waits for.
  state_->pool->Stop();
  // Before the network, whose links every turn of the actor uses.
  state_->master->Stop();
  state_->network->Stop();
  state_->allocator->Stop();
  state_->streams->Stop();
  state_->viewer->Stop();
  state_->registrar->Stop();
}

std::string MasterDaemon::address() const { return state_->network->address(); }
std::string MasterDaemon::url() const { return state_->network->url(); }

size_t MasterDaemon::active_agents() const {
  const SnapshotPtr view = state_->view->Get();
  size_t active = 0;
  if (view) {
    view->agents.ForEach(
        [&](const AgentId&, const AgentPtr& agent) { active += agent->active ? 1 : 0; });
  }
  return active;
}

}  // namespace meseta::master
