#include "frameworks/services/daemon/services_flags.h"

#include <unistd.h>

#include <algorithm>
#include <set>

#include "actors/net/address.h"
#include "state/model/roles.h"

namespace meseta::services {
namespace {

constexpr uint16_t kDefaultPort = 8080;
constexpr size_t kMaxPeers = 16;
constexpr Duration kMinElectionTimeout = Duration::Millis(100);
constexpr Duration kMaxElectionTimeout = Duration::Minutes(1);
constexpr int kMaxPort = 65'535;

// What --enable_features may name; those without meaning here are taken, as scripts pass them.
const std::set<std::string>& Features() {
  static const std::set<std::string> features{"vips", "task_killing", "external_volumes", "secrets",
                                              "gpu_resources"};
  return features;
}

Status CheckPeers(const std::vector<std::string>& peers) {
  if (peers.size() > kMaxPeers) {
    return InvalidArgument("expecting at most " + std::to_string(kMaxPeers) + " daemons");
  }
  for (const std::string& peer : peers) {
    RETURN_IF_ERROR(net::ParseHostPort(peer).status());
  }
  return OkStatus();
}

Status CheckFeatures(const std::vector<std::string>& features) {
  for (const std::string& feature : features) {
    if (!Features().count(feature)) {
      return InvalidArgument("'" + feature +
                             "' is none of vips, task_killing, external_volumes, secrets, "
                             "gpu_resources");
    }
  }
  return OkStatus();
}

Status AtLeastZero(int n) {
  return n >= 0 ? OkStatus() : InvalidArgument("expecting no negative number");
}
Status AtLeastOne(int n) { return n >= 1 ? OkStatus() : InvalidArgument("expecting at least 1"); }
Status IsPort(int n) {
  return n >= 1 && n <= kMaxPort ? OkStatus() : InvalidArgument("expecting a port, 1 to 65535");
}

void AddGroup(ServicesFlags* services, FlagSet& flags) {
  flags.Add(&services->peers, "peers",
            "All daemons of the group, this one too: they form it when all of them agree, and elect "
            "a leader. Counts for the first start only. Unset: this daemon alone.")
      .Group(kEssential)
      .ValueName("HOST:PORT,...")
      .Check(CheckPeers);
  flags.Add(&services->election_timeout, "election_timeout",
            "Without word of a leader for so long (up to 1.6 times), a daemon asks to be elected. The "
            "same on all daemons.")
      .Group(kExpert)
      .Check([](const Duration& d) {
        return d >= kMinElectionTimeout && d <= kMaxElectionTimeout
                   ? OkStatus()
                   : InvalidArgument("expecting " + kMinElectionTimeout.ToString() + " to " +
                                     kMaxElectionTimeout.ToString());
      });
  flags.Add(&services->zk, "zk", "Refused: no ZooKeeper is needed. Use --peers.")
      .Group(kExpert)
      .Check([](const std::string&) {
        return InvalidArgument(
            "no ZooKeeper is needed; start each daemon with the same "
            "--peers=host:port,host:port,host:port instead, or without it for one alone");
      });
  flags.Add(&services->ha, "ha", "Without effect: several daemons with --peers are.").Group(kExpert);
}

void AddFramework(ServicesFlags* services, FlagSet& flags) {
  flags.Add(&services->master, "master", "The masters of the cluster.")
      .Group(kEssential)
      .ValueName("HOST:PORT,...")
      .Required();
  flags.Add(&services->framework_name, "framework_name", "Name of the framework at the master.")
      .Group(kEssential);
  flags.Add(&services->mesos_role, "mesos_role", "Role of apps that name none.")
      .Group(kEssential)
      .Check([](const std::string& role) { return model::ValidateRole(role); });
  flags.Add(&services->mesos_user, "mesos_user",
            "User that apps run as that name none; empty: that of this daemon.")
      .Group(kEssential);
  flags.Add(&services->mesos_authentication_principal, "mesos_authentication_principal",
            "Principal of the framework; empty: that of --credential.")
      .Group(kSecurity);
  flags.Add(&services->failover_timeout, "failover_timeout",
            "Seconds that apps outlive the last daemon; then the master ends them.");
  flags.Add(&services->webui_url, "webui_url", "URL of the framework as the master shows it.");
  flags.Add(&services->env_vars_prefix, "env_vars_prefix",
            "Put in front of HOST and PORT variables of apps.");
}

void AddApps(ServicesFlags* services, FlagSet& flags) {
  flags.Add(&services->default_accepted_resource_roles, "default_accepted_resource_roles",
            "Roles whose resources apps take that name none; unset: '*' and the app's own.");
  flags.Add(&services->default_network_name, "default_network_name",
            "Container network of apps that name none.");
  flags.Add(&services->local_port_min, "local_port_min", "First automatic service port.")
      .Check(IsPort);
  flags.Add(&services->local_port_max, "local_port_max", "Last automatic service port.")
      .Check(IsPort);
  flags.Add(&services->enable_features, "enable_features", "Features of Marathon to turn on.")
      .Check(CheckFeatures);
  flags.Add(&services->max_running_deployments, "max_running_deployments",
            "Deployments under way at once; more are refused.")
      .Check(AtLeastOne);
}

void AddLaunch(ServicesFlags* services, FlagSet& flags) {
  flags.Add(&services->decline_offer_duration, "decline_offer_duration",
            "Milliseconds for which an offer of no use is declined.")
      .Check(AtLeastZero);
  flags.Add(&services->min_revive_offers_interval, "min_revive_offers_interval",
            "Milliseconds between two requests for offers.")
      .Check(AtLeastZero);
  flags.Add(&services->max_instances_per_offer, "max_instances_per_offer",
            "Instances launched with one offer.")
      .Check(AtLeastOne);
  flags.Add(&services->launch_tokens, "launch_tokens",
            "Instances launched in each interval; unset: as many as are wanted.")
      .Check(AtLeastOne);
  flags.Add(&services->launch_token_refresh_interval, "launch_token_refresh_interval",
            "Milliseconds of one interval of --launch_tokens.")
      .Check(AtLeastOne);
  flags.Add(&services->task_launch_confirm_timeout, "task_launch_confirm_timeout",
            "Milliseconds for a launched instance to be heard of.")
      .Check(AtLeastOne);
  flags.Add(&services->task_launch_timeout, "task_launch_timeout",
            "Milliseconds after that for it to run.")
      .Check(AtLeastOne);
  flags.Add(&services->kill_retry_timeout, "kill_retry_timeout",
            "Milliseconds after which a kill is repeated.")
      .Check(AtLeastOne);
}

}  // namespace

ServicesFlags::ServicesFlags() { network.port = kDefaultPort; }

void ServicesFlags::AddTo(FlagSet& flags) {
  network.AddTo(flags);
  flags.Add(&work_dir, "work_dir", "Where the state is kept.").Group(kEssential).Required();
  AddGroup(this, flags);
  AddFramework(this, flags);
  AddApps(this, flags);
  AddLaunch(this, flags);
  flags.Add(&access_control_allow_origin, "access_control_allow_origin",
            "Origin that browsers may call from; unset: none but this daemon's own.")
      .Group(kSecurity);
  flags.Add(&render_threads, "render_threads", "Threads that parse requests and render answers.")
      .Group(kExpert)
      .Check([](int n) {
        return n >= 1 && n <= 64 ? OkStatus() : InvalidArgument("expecting 1 to 64 threads");
      });
  logging.AddTo(flags);
}

Status ServicesFlags::Check() const {
  if (local_port_min > local_port_max) {
    return InvalidArgument("--local_port_min=" + std::to_string(local_port_min) +
                           " is above --local_port_max=" + std::to_string(local_port_max));
  }
  if (failover_timeout < 0) {
    return InvalidArgument("--failover_timeout: expecting no negative number");
  }
  return OkStatus();
}

ServicesOptions ServicesFlags::Options() const {
  const auto has = [&](const char* feature) {
    return std::find(enable_features.begin(), enable_features.end(), feature) !=
           enable_features.end();
  };
  ServicesOptions options;
  options.defaults.role = mesos_role;
  options.defaults.accepted_resource_roles = default_accepted_resource_roles;
  options.defaults.default_network_name = default_network_name;
  options.defaults.local_port_min = static_cast<uint32_t>(local_port_min);
  options.defaults.local_port_max = static_cast<uint32_t>(local_port_max);
  options.defaults.gpu_resources = has("gpu_resources");
  options.defaults.secrets = has("secrets");
  options.launch.max_instances_per_offer = static_cast<uint32_t>(max_instances_per_offer);
  options.launch.decline_seconds = decline_offer_duration / 1e3;
  options.launch.min_revive_interval_ms = min_revive_offers_interval;
  if (launch_tokens) options.launch.launch_tokens = static_cast<uint32_t>(*launch_tokens);
  options.launch.launch_token_refresh_ms = launch_token_refresh_interval;
  options.launch.match.env_vars_prefix = env_vars_prefix;
  options.launch.match.default_user = mesos_user;
  options.launch.match.enable_gpus = options.defaults.gpu_resources;
  options.max_running_deployments = static_cast<size_t>(max_running_deployments);
  options.kill_retry = Duration::Millis(kill_retry_timeout);
  options.launch_confirm = Duration::Millis(task_launch_confirm_timeout);
  options.launch_timeout = Duration::Millis(task_launch_timeout);
  return options;
}

v1::FrameworkInfo ServicesFlags::Framework(const std::string& hostname,
                                           const std::string& url) const {
  using Capability = v1::FrameworkInfo::Capability;
  v1::FrameworkInfo info;
  info.set_name(framework_name);
  info.set_user(mesos_user);
  info.set_hostname(hostname);
  info.set_webui_url(webui_url.empty() ? url : webui_url);
  info.set_failover_timeout(failover_timeout);
  info.set_checkpoint(true);
  if (!mesos_authentication_principal.empty()) {
    info.set_principal(mesos_authentication_principal);
  }
  for (const auto type : {Capability::PARTITION_AWARE, Capability::MULTI_ROLE,
                          Capability::TASK_KILLING_STATE, Capability::RESERVATION_REFINEMENT}) {
    info.add_capabilities()->set_type(type);
  }
  for (const std::string& feature : enable_features) {
    if (feature == "gpu_resources") info.add_capabilities()->set_type(Capability::GPU_RESOURCES);
  }
  return info;
}

}  // namespace meseta::services
