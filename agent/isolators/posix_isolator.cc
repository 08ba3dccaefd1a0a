#include "agent/isolators/posix_isolator.h"

#include "agent/isolators/proc_usage.h"
#include "agent/isolators/rlimits.h"

namespace meseta::agent {

Status PosixIsolator::Prepare(const ContainerSpec& spec, ShimSpec* launch) {
  if (!spec.rlimits.has_value()) return OkStatus();
  ASSIGN_OR_RETURN(launch->rlimits, MapRlimits(*spec.rlimits));
  return OkStatus();
}

Status PosixIsolator::AddUsage(const ContainerId& /*id*/, int64_t shim_pid,
                               v1::ResourceStatistics* statistics) {
  ASSIGN_OR_RETURN(const TreeUsage usage, UsageBelow(static_cast<pid_t>(shim_pid)));
  statistics->set_processes(usage.processes);
  statistics->set_threads(usage.threads);
  statistics->set_cpus_user_time_secs(usage.user_seconds);
  statistics->set_cpus_system_time_secs(usage.system_seconds);
  statistics->set_mem_rss_bytes(usage.rss_bytes);
  return OkStatus();
}

}  // namespace meseta::agent
