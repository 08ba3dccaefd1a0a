#include "agent/agent_flags.h"

#include "actors/base/strings.h"
#include "agent/master_addresses.h"
#include "state/model/attributes.h"
#include "state/model/resources.h"

namespace meseta::agent {
namespace {

Status NotNegative(const Duration& d) {
  return d >= Duration() ? OkStatus() : InvalidArgument("expecting a duration not below zero");
}

Status Positive(const Duration& d) {
  return d > Duration() ? OkStatus() : InvalidArgument("expecting a duration above zero");
}

Status CheckFraction(double value) {
  return value >= 0 && value <= 1 ? OkStatus() : InvalidArgument("expecting a number from 0 to 1");
}

Status CheckPolicy(const std::string& policy) {
  if (policy == "equal" || policy == "additive") return OkStatus();
  return InvalidArgument("expecting 'equal' or 'additive', not '" + policy + "'");
}

}  // namespace

Status CheckIsolation(const std::string& isolation) {
  for (const std::string& name : strings::SplitList(isolation)) {
    if (name == "posix" || name == "posix/cpu" || name == "posix/mem") continue;
    return InvalidArgument("unknown isolator '" + name +
                           "'; this agent has posix/cpu and posix/mem");
  }
  return OkStatus();
}

AgentFlags::AgentFlags() { network.port = 5051; }

void AgentFlags::AddTo(FlagSet& flags) {
  flags.Add(&master, "master", "Masters to register with, host:port each, separated by commas.")
      .Group(kEssential)
      .ValueName("HOST:PORT,...")
      .Required()
      .Check(CheckMasters);
  flags.Add(&work_dir, "work_dir", "Where sandboxes and checkpoints are kept.")
      .Group(kEssential)
      .Required();
  network.AddTo(flags);
  flags.Add(&resources, "resources",
            "What this agent offers, such as \"cpus:4;mem:1024;ports:[31000-32000]\" or a JSON "
            "array; cpus, mem, disk and ports not named are detected.")
      .Group(kEssential)
      .Check([](const std::string& text) { return model::Resources::Parse(text).status(); });
  flags.Add(&attributes, "attributes", "Attributes of the machine, such as \"rack:r1;gen:3\".")
      .Group(kEssential)
      .Check([](const std::string& text) { return model::ParseAttributes(text).status(); });
  flags.Add(&default_role, "default_role", "Role of resources that name none.");
  flags.Add(&isolation, "isolation", "Isolators, separated by commas.")
      .Group(kEssential)
      .Check(CheckIsolation);
  flags.Add(&switch_user, "switch_user", "Run tasks as the user they ask for, not as the agent's.")
      .Group(kEssential);
  flags.Add(&launcher_dir, "launcher_dir", "Where meseta-shim and meseta-fetcher are.");
  flags.Add(&runtime_dir, "runtime_dir", "Where the state of running containers is kept.");
  flags.Add(&reconfiguration_policy, "reconfiguration_policy",
            "Which changes of resources and attributes a restarted agent may have: 'equal' or "
            "'additive'.")
      .Check(CheckPolicy);
  flags.Add(&recovery_timeout, "recovery_timeout",
            "Told to tasks: how long the agent may be away before they should give up.")
      .Check(Positive);
  flags.Add(&gc_delay, "gc_delay", "How long sandboxes of completed tasks are kept at most.")
      .Group(kEssential)
      .Check(NotNegative);
  flags.Add(&gc_disk_headroom, "gc_disk_headroom",
            "Share of the disk to keep free by deleting sandboxes earlier.")
      .Check(CheckFraction);
  flags.Add(&disk_watch_interval, "disk_watch_interval", "How often disk usage is looked at.")
      .Check(Positive);
  flags.Add(&fetcher_stall_timeout, "fetcher_stall_timeout",
            "A download without progress for so long fails.")
      .Check(Positive);
  flags.Add(&max_completed_executors_per_framework, "max_completed_executors_per_framework",
            "Completed executors kept in memory for each framework.")
      .Check([](int n) { return n >= 0 ? OkStatus() : InvalidArgument("expecting 0 or more"); });
  flags.Add(&worker_threads, "worker_threads", "Threads for work that blocks.")
      .Group(kExpert)
      .Check([](int n) {
        return n >= 1 && n <= 256 ? OkStatus() : InvalidArgument("expecting 1 to 256 threads");
      });
  logging.AddTo(flags);
}

}  // namespace meseta::agent
