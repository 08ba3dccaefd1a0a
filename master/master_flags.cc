#include "master/master_flags.h"

#include <set>
#include <sstream>

#include "actors/net/address.h"
#include "state/model/resources.h"

namespace meseta {

template <>
struct FlagType<master::RemovalRate> {
  static constexpr char kName[] = "AGENTS/DURATION";
  static Status Parse(std::string_view text, master::RemovalRate* out) {
    ASSIGN_OR_RETURN(*out, master::ParseRemovalRate(text));
    return OkStatus();
  }
  static std::string Text(const master::RemovalRate& value) { return master::ToString(value); }
};

template <>
struct FlagType<master::AgentShare> {
  static constexpr char kName[] = "PERCENTAGE";
  static Status Parse(std::string_view text, master::AgentShare* out) {
    ASSIGN_OR_RETURN(*out, master::ParseAgentShare(text));
    return OkStatus();
  }
  static std::string Text(const master::AgentShare& value) { return master::ToString(value); }
};

}  // namespace meseta

namespace meseta::master {
namespace {

constexpr size_t kMaxPeers = 16;
constexpr uint16_t kDefaultMasterPort = 5050;
constexpr Duration kMinElectionTimeout = Duration::Millis(100);
constexpr Duration kMaxElectionTimeout = Duration::Minutes(1);

std::vector<std::string> SplitAt(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, separator);) {
    if (!part.empty()) parts.push_back(part);
  }
  return parts;
}

// "cpus:0.01|mem:32": alternatives, each a set of scalars.
Result<std::vector<model::Quantities>> ParseMinAllocatable(const std::string& text) {
  std::vector<model::Quantities> alternatives;
  for (const std::string& part : SplitAt(text, '|')) {
    auto resources = model::Resources::Parse(part);
    if (!resources.ok()) return resources.status();
    alternatives.push_back(resources->ToQuantities());
  }
  return alternatives;
}

Status Positive(const Duration& d) {
  return d > Duration() ? OkStatus() : InvalidArgument("expecting a duration above zero");
}

Status CheckPeers(const std::vector<std::string>& peers) {
  if (peers.size() > kMaxPeers) {
    return InvalidArgument("expecting at most " + std::to_string(kMaxPeers) + " masters");
  }
  std::set<std::string> seen;
  for (const std::string& peer : peers) {
    if (peer.rfind("zk://", 0) == 0) {
      return InvalidArgument(
          "masters of Meseta need no ZooKeeper: name them as host:port,host:port,host:port");
    }
    const auto parsed = net::ParseHostPort(peer, kDefaultMasterPort);
    if (!parsed.ok()) return parsed.status();
    if (parsed->port == 0) {
      return InvalidArgument("'" + peer + "' has port 0, where nobody can be reached; name the port "
                             "that this master listens on");
    }
    if (!seen.insert(parsed->ToString()).second) {
      return InvalidArgument("'" + peer + "' is named twice; name each master once");
    }
  }
  return OkStatus();
}

void AddPeers(MasterFlags* master, FlagSet& flags) {
  flags.Add(&master->peers, "peers",
            "All masters of the cluster, this one too: they form it when all of them agree, and "
            "elect a leader. Counts for the first start only; later, see meseta master members. "
            "Unset: this master alone.")
      .Group(kEssential)
      .ValueName("HOST:PORT,...")
      .Check(CheckPeers);
  // As from a variable that is not set: a cluster of one would form without a word.
  flags.Check([master, &flags] {
    if (!flags.IsGiven("peers") || !master->peers.empty()) return OkStatus();
    return InvalidArgument("--peers is given, but empty; name all masters as host:port,host:port,"
                           "host:port, or leave it (and MESETA_PEERS) out for this master alone");
  });
  flags.Add(&master->election_timeout, "election_timeout",
            "Without word of a leader for so long (up to 1.6 times), a master asks to be elected. "
            "The same on all masters.")
      .Group(kExpert)
      .Check([](const Duration& d) {
        return d >= kMinElectionTimeout && d <= kMaxElectionTimeout
                   ? OkStatus()
                   : InvalidArgument("expecting " + kMinElectionTimeout.ToString() + " to " +
                                     kMaxElectionTimeout.ToString());
      });
  flags.Add(&master->zk, "zk", "Refused: masters need no ZooKeeper. Use --peers.")
      .Group(kExpert)
      .Check([](const std::string&) {
        return InvalidArgument(
            "masters of Meseta need no ZooKeeper; start each of them with the same "
            "--peers=host:port,host:port,host:port instead");
      });
  flags.Add(&master->quorum, "quorum", "Without effect: it is the majority of the members.")
      .Group(kExpert);
}

void AddCore(MasterOptions* core, FlagSet& flags) {
  flags.Add(&core->agent_ping_timeout, "agent_ping_timeout",
            "Times max_agent_ping_timeouts: how long an agent may be away before it is unreachable. "
            "Counts from the loss of its link, which up to 15 seconds of silence precede.")
      .Group(kEssential)
      .Alias("slave_ping_timeout")
      .Check(Positive);
  flags.Add(&core->max_agent_ping_timeouts, "max_agent_ping_timeouts",
            "See agent_ping_timeout.")
      .Group(kEssential)
      .Alias("max_slave_ping_timeouts")
      .Check([](int n) { return n > 0 ? OkStatus() : InvalidArgument("expecting at least 1"); });
  flags.Add(&core->agent_reregister_timeout, "agent_reregister_timeout",
            "How long agents may take to come back after a change of the leader.")
      .Group(kEssential)
      .Alias("slave_reregister_timeout")
      .Check(Positive);
  flags.Add(&core->agent_removal_rate_limit, "agent_removal_rate_limit",
            "How many agents may be marked unreachable in how much time, such as 1/10mins; unset: no "
            "limit.")
      .Alias("slave_removal_rate_limit");
  flags.Add(&core->recovery_agent_removal_limit, "recovery_agent_removal_limit",
            "When more of the agents than this are missing after a change of the leader, none is "
            "marked unreachable: they are awaited on, with a warning.")
      .Alias("recovery_slave_removal_limit");
  flags.Add(&core->offer_timeout, "offer_timeout",
            "Takes offers back that are not answered for so long; unset: never.")
      .Group(kEssential);
  flags.Add(&core->root_submissions, "root_submissions",
            "Whether frameworks may run tasks as root.")
      .Group(kEssential);
  flags.Add(&core->registry_gc_interval, "registry_gc_interval",
            "How often unreachable and gone agents are pruned from the registry.");
  flags.Add(&core->registry_max_agent_age, "registry_max_agent_age",
            "How long the registry remembers unreachable and gone agents.");
  flags.Add(&core->registry_max_agent_count, "registry_max_agent_count",
            "How many unreachable and gone agents the registry remembers.");
}

void AddHistory(ViewCore::Options* view, FlagSet& flags) {
  flags.Add(&view->max_completed_frameworks, "max_completed_frameworks",
            "Completed frameworks kept in memory.");
  flags.Add(&view->max_completed_tasks_per_framework, "max_completed_tasks_per_framework",
            "Completed tasks kept in memory for each framework.");
  flags.Add(&view->max_unreachable_tasks_per_framework, "max_unreachable_tasks_per_framework",
            "Unreachable tasks kept in memory for each framework.");
}

}  // namespace

MasterFlags::MasterFlags() { network.port = 5050; }

void MasterFlags::AddTo(FlagSet& flags) {
  network.AddTo(flags);
  flags.Add(&work_dir, "work_dir", "Where the registry's log is kept.").Group(kEssential).Required();
  AddPeers(this, flags);
  flags.Add(&cluster, "cluster", "Name of the cluster, shown to people.").Group(kEssential);
  flags.Add(&allocation_interval, "allocation_interval",
            "Every resource is looked at again at least this often; what is freed is offered at once.")
      .Group(kEssential)
      .Check(Positive);
  flags.Add(&min_allocatable_resources, "min_allocatable_resources",
            "An offer holds at least one of these sets of resources, separated by '|'.")
      .Group(kEssential)
      .Check([](const std::string& text) { return ParseMinAllocatable(text).status(); });
  flags.Add(&fair_sharing_excluded_resource_names, "fair_sharing_excluded_resource_names",
            "Resources that do not count in fair shares, separated by commas.");
  flags.Add(&filter_gpu_resources, "filter_gpu_resources",
            "Offer agents with gpus to frameworks with GPU_RESOURCES only.");
  AddCore(&core, flags);
  AddHistory(&view, flags);
  flags.Add(&authenticate_agents, "authenticate_agents",
            "Agents need a principal of --credentials.")
      .Group(kSecurity)
      .Alias("authenticate_slaves");
  flags.Add(&authenticate_frameworks, "authenticate_frameworks",
            "Frameworks on links need a principal of --credentials.")
      .Group(kSecurity)
      .Alias("authenticate");
  flags.Add(&authenticate_http_frameworks, "authenticate_http_frameworks",
            "Frameworks need a principal of --credentials, on HTTP and on links.")
      .Group(kSecurity);
  flags.Add(&render_threads, "render_threads", "Threads that render answers and read files.")
      .Group(kExpert)
      .Check([](int n) {
        return n >= 1 && n <= 64 ? OkStatus() : InvalidArgument("expecting 1 to 64 threads");
      });
  logging.AddTo(flags);
}

Status MasterFlags::Check() const {
  for (const std::string& peer : peers) {
    if (const auto parsed = net::ParseHostPort(peer); !parsed.ok()) {
      return InvalidArgument("--peers: '" + peer + "' is not host:port");
    }
  }
  if (!peers.empty() && !network.credentials.empty() && network.credential.empty()) {
    return InvalidArgument(
        "--peers with --credentials also needs --credential: what this master shows to the others");
  }
  const bool tls = !network.tls_cert_file.empty();
  if (!peers.empty() && tls && network.credentials.empty() && !network.tls_require_client_cert) {
    return InvalidArgument(
        "--peers with TLS needs --tls_require_client_cert or --credentials, or whoever reaches the "
        "port could take part in elections");
  }
  return OkStatus();
}

Result<AllocatorOptions> MasterFlags::Allocator() const {
  AllocatorOptions options;
  ASSIGN_OR_RETURN(options.min_allocatable_resources,
                   ParseMinAllocatable(min_allocatable_resources));
  options.filter_gpu_resources = filter_gpu_resources;
  for (const std::string& name : SplitAt(fair_sharing_excluded_resource_names.value_or(""), ',')) {
    options.fair_sharing_excluded.insert(name);
  }
  options.sweep_interval = allocation_interval;
  return options;
}

}  // namespace meseta::master
