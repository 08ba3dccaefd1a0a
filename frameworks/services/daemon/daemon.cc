#include "frameworks/services/daemon/daemon.h"

#include <algorithm>
#include <utility>

#include "actors/base/files.h"
#include "actors/base/logging.h"
#include "actors/metrics/registry.h"
#include "actors/metrics/system_metrics.h"
#include "actors/net/address.h"
#include "actors/net/credentials_file.h"
#include "actors/net/tls_context.h"
#include "actors/runtime/actor_system.h"
#include "actors/runtime/worker_pool.h"
#include "frameworks/services/api/services_api.h"
#include "frameworks/services/daemon/leadership_actor.h"
#include "state/store/store.h"

namespace meseta::services {
namespace {

constexpr char kGroup[] = "services";
constexpr size_t kMaxRenderJobs = 4096;
// Alone, it leads before it answers; with a slow disk it answers 503 first.
constexpr Duration kMaxFirstLead = Duration::Seconds(10);
// At the end, for another member to take over.
constexpr Duration kMaxHandOver = Duration::Seconds(2);
// Of --election_timeout: the longest one, and between heartbeats.
constexpr int kElectionMaxTenths = 16;
constexpr int kHeartbeatDivisor = 8;

daemon::NetworkOptions MakeNetworkOptions(const ServicesFlags& flags) {
  daemon::NetworkOptions options;
  options.role = net::PeerRole::kFramework;
  options.realm_names = {{http::Realm::kReadOnly, "meseta-services"},
                         {http::Realm::kReadWrite, "meseta-services"}};
  options.accepted_roles = {net::PeerRole::kFramework};
  if (!flags.network.credentials.empty()) {
    options.authenticated_roles.insert(net::PeerRole::kFramework);
    options.own_principal_roles.insert(net::PeerRole::kFramework);
  }
  if (flags.network.authenticate_http_readonly) {
    options.authenticated_realms.insert(http::Realm::kReadOnly);
  }
  if (flags.network.authenticate_http_readwrite) {
    options.authenticated_realms.insert(http::Realm::kReadWrite);
  }
  return options;
}

// As --peers spell it, by name or by ip.
Result<std::string> OwnAddress(const std::vector<std::string>& peers,
                               const daemon::Network& network) {
  const std::string port = ":" + std::to_string(network.port());
  for (const std::string& peer : peers) {
    const auto parsed = net::ParseHostPort(peer);
    if (parsed.ok() && (parsed->ToString() == network.address() ||
                        parsed->ToString() == network.hostname() + port)) {
      return parsed->ToString();
    }
  }
  if (!peers.empty()) {
    return InvalidArgument("--peers does not name this daemon, which is " + network.address() +
                           ": add it, or set --hostname or --advertise_ip");
  }
  return network.address();
}

Result<sdk::SchedulerOptions> MakeScheduler(const ServicesFlags& flags,
                                            const daemon::Network& network) {
  sdk::SchedulerOptions options;
  options.masters = flags.master;
  options.framework = flags.Framework(network.hostname(), network.url());
  if (!flags.network.credential.empty()) {
    ASSIGN_OR_RETURN(options.credential, net::ReadCredentialFile(flags.network.credential.value));
    if (!options.framework.has_principal()) {
      options.framework.set_principal(options.credential->principal);
    }
  }
  return options;
}

}  // namespace

struct ServicesDaemon::State {
  std::map<std::string, std::string> flag_values;
  metrics::Registry metrics;
  std::shared_ptr<PublishedLeadership> leadership = std::make_shared<PublishedLeadership>();
  std::shared_ptr<LeadershipSelf> self = std::make_shared<LeadershipSelf>();
  std::unique_ptr<daemon::Network> network;
  std::unique_ptr<runtime::ActorSystem> actors;
  std::unique_ptr<runtime::WorkerPool> pool;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<runtime::CoreShell<LeadershipEvent>> leader;
  std::shared_ptr<http::Client> client;
  std::vector<metrics::Registration> pulled;  // Withdrawn by Stop(), before what they read.
  bool stopped = false;
};

ServicesDaemon::ServicesDaemon(std::unique_ptr<State> state) : state_(std::move(state)) {}
ServicesDaemon::~ServicesDaemon() { Stop(); }

namespace {

using State = ServicesDaemon::State;

Status OpenStore(State* state, const ServicesFlags& flags) {
  log::ReplicaOptions options;
  options.group = kGroup;
  options.directory = flags.work_dir.value + "/log";
  ASSIGN_OR_RETURN(options.address, OwnAddress(flags.peers, *state->network));
  options.peers = flags.peers;
  options.peer_roles = {net::PeerRole::kFramework};
  options.raft.election_min = flags.election_timeout;
  options.raft.election_max = flags.election_timeout * kElectionMaxTenths / 10;
  options.raft.heartbeat = flags.election_timeout / kHeartbeatDivisor;
  options.on_role = [leader = state->leader->ref()](const log::RoleChange& change) {
    leader.PostCompletion(
        RoleChanged{{change.leading, change.term, change.leader, change.waits_for}});
  };
  ASSIGN_OR_RETURN(state->store,
                   store::Store::Open(std::move(options), *state->actors,
                                      state->network->transport(), &state->metrics));
  state->leader->ref().PostCompletion(StoreOpened{state->store.get()});
  return OkStatus();
}

ApiContext MakeApi(State* state, const ServicesFlags& flags) {
  ApiContext context;
  context.leadership = state->leadership;
  context.pool = [pool = state->pool.get()](std::function<void()> job) {
    return pool->Submit(std::move(job));
  };
  context.client = state->client;
  context.io = &state->network->io();
  context.defaults = flags.Options().defaults;
  context.address = state->network->hostname() + ":" + std::to_string(state->network->port());
  context.scheme = state->network->secure() ? "https" : "http";
  context.flags = state->flag_values;
  for (const std::string& master : flags.master) {
    context.master += (context.master.empty() ? "" : ",") + master;
  }
  context.hostname = state->network->hostname();
  context.http_port = state->network->port();
  context.metrics = [state] {
    std::map<std::string, double> values;
    for (const metrics::Sample& sample : state->metrics.Snapshot()) {
      values.emplace(sample.name, sample.value);
    }
    return values;
  };
  context.prometheus = [state] { return state->metrics.PrometheusText(); };
  context.abdicate = [leader = state->leader->ref()] { leader.PostCompletion(Abdicate{}); };
  context.allow_origin = flags.access_control_allow_origin.value_or("");
  return context;
}

LeadershipOutlets MakeOutlets(State* state, const ServicesFlags& flags,
                              sdk::SchedulerOptions scheduler,
                              std::function<void(const std::string&)> on_fatal) {
  LeadershipOutlets outlets;
  outlets.term.actors = state->actors.get();
  outlets.term.io = &state->network->io();
  outlets.term.transport = &state->network->transport();
  outlets.term.options = flags.Options();
  outlets.term.scheduler = std::move(scheduler);
  outlets.term.fatal = std::move(on_fatal);
  outlets.published = state->leadership;
  outlets.self = state->self;
  outlets.url = state->network->url();
  return outlets;
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
  LOG(INFO) << (done.ok() ? "Another daemon leads now"
                          : "No other daemon has taken over: " + done.status().message());
}

void AwaitLeading(State* state) {
  const auto led = runtime::Ask<runtime::Done>(
      kMaxFirstLead, [state](runtime::Reply<runtime::Done> reply) {
        state->leader->ref().PostCompletion(AwaitTerm{std::move(reply)});
      });
  if (!led.ok()) LOG(WARNING) << "This daemon does not lead yet: "
                              << state->leadership->Get()->waits_for;
}

}  // namespace

Result<std::unique_ptr<ServicesDaemon>> ServicesDaemon::Start(
    const ServicesFlags& flags, std::map<std::string, std::string> flag_values,
    std::function<void(const std::string&)> on_fatal) {
  RETURN_IF_ERROR(flags.Check());
  auto state = std::make_unique<State>();
  State* s = state.get();
  s->flag_values = std::move(flag_values);
  RETURN_IF_ERROR(files::MakeDirectories(flags.work_dir.value).WithContext("--work_dir"));
  ASSIGN_OR_RETURN(s->network, daemon::Network::Open(flags.network, MakeNetworkOptions(flags)));
  runtime::ActorSystemOptions options;
  options.on_fatal = on_fatal;
  s->actors = std::make_unique<runtime::ActorSystem>(std::move(options));
  s->pool = std::make_unique<runtime::WorkerPool>("render", flags.render_threads, kMaxRenderJobs);
  s->client = std::make_shared<http::Client>(s->network->io(), http::ClientOptions());
  ASSIGN_OR_RETURN(sdk::SchedulerOptions scheduler, MakeScheduler(flags, *s->network));
  s->leadership->Set(std::make_shared<const Leadership>());
  s->leader = std::make_unique<runtime::CoreShell<LeadershipEvent>>(
      *s->actors, runtime::CoreOptions{.name = "leadership"},
      [outlets = MakeOutlets(s, flags, std::move(scheduler), std::move(on_fatal))] {
        return std::make_unique<LeadershipActor>(outlets);
      });
  s->self->Set(std::make_shared<const runtime::CoreRef<LeadershipEvent>>(s->leader->ref()));
  // The destructor stops what runs by now.
  std::unique_ptr<ServicesDaemon> daemon(new ServicesDaemon(std::move(state)));
  RETURN_IF_ERROR(OpenStore(s, flags));
  s->pulled.push_back(metrics::AddSystemMetrics(s->metrics));
  if (flags.peers.empty()) AwaitLeading(s);
  http::Router router;
  AddServicesRoutes(MakeApi(s, flags), &router);
  s->network->Serve(std::move(router));
  LOG(INFO) << "Services are up at " << s->network->url();
  return daemon;
}

void ServicesDaemon::Stop() {
  if (std::exchange(state_->stopped, true)) return;
  state_->pulled.clear();
  if (state_->store) HandOver(state_.get());
  if (state_->pool) state_->pool->Stop();
  if (state_->leader) state_->leader->Stop();
  if (state_->store) state_->store->Stop();
  state_->client.reset();
  if (state_->network) state_->network->Stop();
}

std::string ServicesDaemon::url() const { return state_->network->url(); }

}  // namespace meseta::services
