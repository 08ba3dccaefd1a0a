#include "master/daemon.h"

#include <arpa/inet.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <mutex>
#include <system_error>
#include <utility>

#include "actors/base/exit_codes.h"
#include "actors/base/files.h"
#include "actors/base/logging.h"
#include "actors/base/strings.h"
#include "actors/base/version.h"
#include "actors/endpoints/common_routes.h"
#include "actors/metrics/registry.h"
#include "actors/metrics/system_metrics.h"
#include "actors/net/address.h"
#include "actors/runtime/actor_system.h"
#include "actors/runtime/entropy.h"
#include "actors/runtime/worker_pool.h"
#include "master/api/log_api.h"
#include "master/api/log_metrics.h"
#include "master/api/master_metrics.h"
#include "master/api/routes.h"
#include "master/leadership/leadership_actor.h"
#include "master/leadership/registry_loader.h"
#include "master/sessions/session_links.h"
#include "state/store/backup.h"
#include "state/store/store.h"

namespace meseta::master {
namespace {

constexpr char kActorName[] = "master";
constexpr size_t kMaxRenderJobs = 4096;
// A core that takes no turn for so long is not healthy.
constexpr Duration kMaxCoreLag = Duration::Seconds(10);
// A master alone leads before it answers; with a slow disk it answers 503 first.
constexpr Duration kMaxFirstLead = Duration::Seconds(10);
constexpr Duration kFirstLeadSlice = Duration::Millis(200);
// At the end, for another member to take over.
constexpr Duration kMaxHandOver = Duration::Seconds(2);
// Of --election_timeout: the longest one, and between heartbeats.
constexpr int kElectionMaxTenths = 16;
constexpr int kHeartbeatDivisor = 8;

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
  options.accepted_roles = {net::PeerRole::kAgent, net::PeerRole::kFramework,
                            net::PeerRole::kMaster};
  // Who could pass as a master could vote: that takes more than the credential of an agent.
  if (!flags.network.credentials.empty()) {
    options.authenticated_roles.insert(net::PeerRole::kMaster);
    options.own_principal_roles.insert(net::PeerRole::kMaster);
  }
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
  // Links must not be a way around what is asked of schedulers over HTTP.
  if (flags.authenticate_frameworks || flags.authenticate_http_frameworks) {
    options.authenticated_roles.insert(net::PeerRole::kFramework);
  }
  return options;
}

// Messages of agents, parsed here, on the network thread. What cannot be parsed is counted and
// dropped.
AgentMessagesArrived ParseMessages(net::LinkMessages batch, net::Transport* transport,
                                   MasterCounts* counts) {
  AgentMessagesArrived arrived;
  arrived.link = batch.link;
  arrived.unconsumed = UnconsumedBatch(transport, batch.link);
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

// As --peers spell it, by name or by ip. Who is `known` to a cluster already does not form one.
Result<std::string> OwnAddress(const std::vector<std::string>& peers, bool known,
                               const daemon::Network& network) {
  const std::string port = ":" + std::to_string(network.port());
  for (const std::string& peer : peers) {
    const auto parsed = net::ParseHostPort(peer);
    if (parsed.ok() && (parsed->ToString() == network.address() ||
                        parsed->ToString() == network.hostname() + port)) {
      return parsed->ToString();
    }
  }
  if (!peers.empty() && net::IsWildcard(network.ip())) {
    return InvalidArgument("--peers does not name this master, and --ip=" + network.ip() +
                           " is no address that others can reach: set --advertise_ip");
  }
  if (!peers.empty() && !known) {
    return InvalidArgument("--peers=" + strings::Join(peers, ",") +
                           " does not name this master, which is " + network.address() + " (or " +
                           network.hostname() + port +
                           "): add it, or set --port, --hostname or --advertise_ip to what stands "
                           "there");
  }
  return network.address();
}

}  // namespace

struct MasterDaemon::State {
  std::map<std::string, std::string> flag_values;
  MasterRecord record;  // Of the process.
  std::shared_ptr<MasterCounts> counts = std::make_shared<MasterCounts>();
  std::shared_ptr<UuidSource> uuids = std::make_shared<UuidSource>();
  metrics::Registry metrics;
  std::shared_ptr<endpoints::VirtualFiles> files = std::make_shared<endpoints::VirtualFiles>();
  std::shared_ptr<PublishedLeadership> leadership = std::make_shared<PublishedLeadership>();
  std::shared_ptr<runtime::Published<LeaderTerm>> term =
      std::make_shared<runtime::Published<LeaderTerm>>();
  std::shared_ptr<LeadershipSelf> self = std::make_shared<LeadershipSelf>();
  std::unique_ptr<daemon::Network> network;
  std::unique_ptr<runtime::ActorSystem> actors;
  std::unique_ptr<runtime::WorkerPool> pool;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<runtime::CoreShell<LeadershipEvent>> leader;
  std::unique_ptr<runtime::CoreShell<net::LinkEvent>> sessions;
  std::string address;                        // host:port, as a member of the log.
  std::vector<metrics::Registration> pulled;  // Withdrawn by Stop(), before what they read.
  std::atomic<bool> refused = false;          // The disk is another cluster's.
  bool stopped = false;
};

MasterDaemon::MasterDaemon(std::unique_ptr<State> state) : state_(std::move(state)) {}

MasterDaemon::~MasterDaemon() { Stop(); }

namespace {

using State = MasterDaemon::State;

void AppendMetrics(const State& state, std::vector<metrics::Sample>* samples) {
  const LeadershipPtr leadership = state.leadership->Get();
  const auto term = state.term->Get();
  Snapshot nothing;
  nothing.master = state.record;
  const SnapshotPtr view = leadership->term ? leadership->term->view->Get() : nullptr;
  std::map<std::string, double> values;
  AddMasterMetrics(view ? *view : nothing, view != nullptr, state.counts->Values(),
                   state.actors->clock().Wall(), &values);
  AddLogMetrics(*state.store->replica().status(), state.store->Local()->bytes(), &values);
  const auto queued = static_cast<double>(term ? term->allocator_queue() : 0);
  values["allocator/event_queue_dispatches"] = queued;
  values["allocator/mesos/event_queue_dispatches"] = queued;
  values["registrar/queued_operations"] = static_cast<double>(state.counts->queued_operations());
  values["master/event_queue_http_requests"] = 0;  // They never enter the core's queue.
  for (const auto& [name, value] : values) {
    samples->push_back({name, metrics::Kind::kGauge, value});
  }
}

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
  common.healthy = [state] {
    const auto term = state->term->Get();
    return state->leader->stats().lag < kMaxCoreLag && (!term || term->core_lag() < kMaxCoreLag);
  };
  return common;
}

std::string MakeBackup(const State& state, const store::SnapshotPtr& snapshot) {
  const auto status = state.store->replica().status();
  internal::StoreBackupHeader header;
  header.set_cluster_id(status->cluster_id);
  header.set_group(status->group);
  header.set_term(status->raft.term);
  header.set_created_ns(state.actors->clock().Wall().nanos());
  store::BackupSource source(snapshot, std::move(header));
  std::string file;
  for (std::string part; source.Next(&part);) file += part;
  return file;
}

http::Router MakeRouter(State* state) {
  RoutesContext context;
  context.common = MakeCommon(state);
  context.leadership = [leadership = state->leadership] { return leadership->Get(); };
  context.new_uuid = [uuids = state->uuids] { return uuids->Next(); };
  context.address = state->network->hostname() + ":" + std::to_string(state->network->port());
  log::Replica* replica = &state->store->replica();
  context.log.status = [replica] { return replica->status(); };
  context.log.change = [replica](log::MemberChange change, runtime::Reply<runtime::Done> reply) {
    replica->Change(std::move(change), std::move(reply));
  };
  context.log.transfer = [replica](std::optional<log::MemberId> to,
                                   runtime::Reply<runtime::Done> reply) {
    replica->Transfer(to, std::move(reply));
  };
  context.log.leadership = context.leadership;
  context.log.pool = context.common.pool;
  context.log.read = [store = state->store.get()](runtime::Reply<store::SnapshotPtr> reply) {
    store->Read(std::move(reply));
  };
  context.log.backup = [state](const store::SnapshotPtr& snapshot) {
    return MakeBackup(*state, snapshot);
  };
  context.registry = [store = state->store.get()] { return LoadRegistry(*store->Local()); };
  return MasterRoutes(context);
}

LeadershipOutlets MakeOutlets(State* state, const MasterFlags& flags, AllocatorOptions allocator) {
  LeadershipOutlets outlets;
  outlets.term.actors = state->actors.get();
  outlets.term.transport = &state->network->transport();
  outlets.term.metrics = &state->metrics;
  outlets.term.core = flags.core;
  outlets.term.view = flags.view;
  outlets.term.allocator = std::move(allocator);
  outlets.term.counts = state->counts;
  outlets.term.pid = state->network->Pid(kActorName);
  outlets.record = state->record;
  outlets.new_uuid = [uuids = state->uuids] { return uuids->Next(); };
  outlets.url = state->network->url();
  outlets.published = state->leadership;
  outlets.present = state->term;
  outlets.self = state->self;
  return outlets;
}

// An agent's messages go to the term at once; what tells of links goes through the leadership actor,
// which knows them all.
void HandOn(State* state, net::LinkEvent event) {
  const auto leader = state->leader->ref();
  if (auto* up = std::get_if<net::LinkUp>(&event)) {
    if (up->peer.role != net::PeerRole::kAgent) return;
    leader.PostCompletion(AgentLinkUp{up->link, std::move(up->peer)});
    return;
  }
  if (auto* down = std::get_if<net::LinkDown>(&event)) {
    leader.PostCompletion(AgentLinkDown{down->link, std::move(down->reason)});
    return;
  }
  AgentMessagesArrived arrived = ParseMessages(std::move(std::get<net::LinkMessages>(event)),
                                               &state->network->transport(), state->counts.get());
  if (const TermPtr term = state->leadership->Get()->term) {
    term->post(std::move(arrived));
  } else {
    leader.PostCompletion(std::move(arrived));
  }
}

// Schedulers on links.
void StartSessions(State* state) {
  SessionLinksOutlets outlets;
  outlets.transport = &state->network->transport();
  outlets.leadership = [leadership = state->leadership] { return leadership->Get(); };
  outlets.new_uuid = [uuids = state->uuids] { return uuids->Next(); };
  outlets.address = state->network->Pid(kSessionActor);
  outlets.count_dropped = [counts = state->counts] { counts->CountDropped(); };
  state->sessions = std::make_unique<runtime::CoreShell<net::LinkEvent>>(
      *state->actors, runtime::CoreOptions{.name = "sessions"},
      [outlets] { return std::make_unique<SessionLinks>(outlets); });
  state->network->transport().Register(
      kSessionActor, {net::PeerRole::kFramework},
      [sessions = state->sessions->ref()](net::LinkEvent event) {
        sessions.PostCompletion(std::move(event));
      });
}

Status OpenStore(State* state, const MasterFlags& flags) {
  std::error_code error;
  const bool known = std::filesystem::exists(flags.work_dir.value + "/log", error);
  ASSIGN_OR_RETURN(state->address, OwnAddress(flags.peers, known, *state->network));
  log::ReplicaOptions options;
  options.group = "registry";
  options.directory = flags.work_dir.value + "/log";
  options.address = state->address;
  options.peers = flags.peers;
  options.raft.election_min = flags.election_timeout;
  options.raft.election_max = flags.election_timeout * kElectionMaxTenths / 10;
  options.raft.heartbeat = flags.election_timeout / kHeartbeatDivisor;
  options.on_role = [leader = state->leader->ref()](const log::RoleChange& change) {
    leader.PostCompletion(
        RoleChanged{{change.leading, change.term, change.leader, change.waits_for}});
  };
  options.on_refused = [state](const std::string& sentence) {
    state->refused = true;
    state->actors->Fatal(sentence);
  };
  ASSIGN_OR_RETURN(state->store,
                   store::Store::Open(std::move(options), *state->actors,
                                      state->network->transport(), &state->metrics));
  state->leader->ref().PostCompletion(StoreOpened{state->store.get()});
  return OkStatus();
}

// Without --peers nobody has to be asked, so the first request finds a leader; a member of a grown
// cluster does not wait, as the others reach it through its port.
void AwaitLeading(State* state) {
  const Time limit = state->actors->clock().Mono() + kMaxFirstLead;
  while (state->actors->clock().Mono() < limit) {
    if (state->store->replica().status()->raft.configuration.members_size() > 1) return;
    const auto led = runtime::Ask<runtime::Done>(
        kFirstLeadSlice, [state](runtime::Reply<runtime::Done> reply) {
          state->leader->ref().PostCompletion(AwaitTerm{std::move(reply)});
        });
    if (led.ok()) return;
  }
  LOG(WARNING) << "This master does not lead yet: " << state->leadership->Get()->waits_for;
}

void HandOver(State* state) {
  const auto status = state->store->replica().status();
  if (status->raft.role != log::Role::kLeader) return;
  const auto& members = status->raft.configuration.members();
  const auto voters = std::count_if(members.begin(), members.end(),
                                    [](const auto& member) { return !member.learner(); });
  if (voters < 2) return;
  const auto done = runtime::Ask<runtime::Done>(
      kMaxHandOver, [state](runtime::Reply<runtime::Done> reply) {
        state->store->replica().Transfer(std::nullopt, std::move(reply));
      });
  LOG(INFO) << (done.ok() ? "Another master leads now"
                          : "No other master has taken over: " + done.status().message());
}

}  // namespace

Result<std::unique_ptr<MasterDaemon>> MasterDaemon::Start(
    const MasterFlags& flags, std::map<std::string, std::string> flag_values,
    std::function<void(const std::string&)> on_fatal) {
  RETURN_IF_ERROR(flags.Check());
  ASSIGN_OR_RETURN(AllocatorOptions allocator, flags.Allocator());
  auto state = std::make_unique<State>();
  State* s = state.get();
  s->flag_values = std::move(flag_values);
  RETURN_IF_ERROR(files::MakeDirectories(flags.work_dir.value).WithContext("--work_dir"));
  if (flags.quorum) {
    LOG(WARNING) << "--quorum has no effect: the quorum is the majority of the members, which "
                    "--peers names at the first start";
  }
  ASSIGN_OR_RETURN(s->network, daemon::Network::Open(flags.network, MakeNetworkOptions(flags)));
  runtime::ActorSystemOptions options;
  options.on_fatal = std::move(on_fatal);
  s->actors = std::make_unique<runtime::ActorSystem>(std::move(options));
  s->pool = std::make_unique<runtime::WorkerPool>("render", flags.render_threads, kMaxRenderJobs);

  s->record.info = MakeInfo(*s->network, s->uuids->Next());
  s->record.cluster = flags.cluster.value_or("");
  s->record.started = s->actors->clock().Wall();
  if (flags.logging.log_dir) s->files->Attach("/master/log", flags.logging.log_dir->value);
  s->leadership->Set(std::make_shared<const Leadership>());
  s->leader = std::make_unique<runtime::CoreShell<LeadershipEvent>>(
      *s->actors, runtime::CoreOptions{.name = "leadership"},
      [outlets = MakeOutlets(s, flags, std::move(allocator))] {
        return std::make_unique<LeadershipActor>(outlets);
      });
  s->self->Set(std::make_shared<const runtime::CoreRef<LeadershipEvent>>(s->leader->ref()));
  s->network->transport().Register(kActorName, {net::PeerRole::kAgent},
                                   [s](net::LinkEvent event) { HandOn(s, std::move(event)); });
  StartSessions(s);
  // The destructor stops what runs by now.
  std::unique_ptr<MasterDaemon> daemon(new MasterDaemon(std::move(state)));
  RETURN_IF_ERROR(OpenStore(s, flags));
  s->pulled.push_back(metrics::AddSystemMetrics(s->metrics));
  s->pulled.push_back(s->metrics.PullMany(
      [s](std::vector<metrics::Sample>* samples) { AppendMetrics(*s, samples); }));
  if (flags.peers.empty()) AwaitLeading(s);
  s->network->Serve(MakeRouter(s));
  LOG(INFO) << "Master is up at " << s->network->url();
  return daemon;
}

void MasterDaemon::Stop() {
  if (std::exchange(state_->stopped, true)) return;
  state_->pulled.clear();
  if (state_->store) HandOver(state_.get());
  // The pool next: its jobs answer requests that the server waits for.
  state_->pool->Stop();
  // Before the network and the store, which every turn of a term uses.
  state_->leader->Stop();
  state_->sessions->Stop();
  if (state_->store) state_->store->Stop();
  state_->network->Stop();
}

int MasterDaemon::failure_code() const { return state_->refused ? kExitConfig : kExitFailure; }

std::string MasterDaemon::address() const { return state_->network->address(); }
std::string MasterDaemon::url() const { return state_->network->url(); }

size_t MasterDaemon::active_agents() const {
  const TermPtr term = state_->leadership->Get()->term;
  size_t active = 0;
  if (term) {
    term->view->Get()->agents.ForEach(
        [&](const AgentId&, const AgentPtr& agent) { active += agent->active ? 1 : 0; });
  }
  return active;
}

}  // namespace meseta::master
