#include "agent/isolators/rlimits.h"

#include <sys/resource.h>

#include <set>
#include <string>

namespace meseta::agent {
namespace {

using RLimit = v1::RLimitInfo::RLimit;

// -1: not a limit of this system.
int ResourceOf(RLimit::Type type) {
  switch (type) {
    case RLimit::RLMT_AS: return RLIMIT_AS;
    case RLimit::RLMT_CORE: return RLIMIT_CORE;
    case RLimit::RLMT_CPU: return RLIMIT_CPU;
    case RLimit::RLMT_DATA: return RLIMIT_DATA;
    case RLimit::RLMT_FSIZE: return RLIMIT_FSIZE;
    case RLimit::RLMT_LOCKS: return RLIMIT_LOCKS;
    case RLimit::RLMT_MEMLOCK: return RLIMIT_MEMLOCK;
    case RLimit::RLMT_MSGQUEUE: return RLIMIT_MSGQUEUE;
    case RLimit::RLMT_NICE: return RLIMIT_NICE;
    case RLimit::RLMT_NOFILE: return RLIMIT_NOFILE;
    case RLimit::RLMT_NPROC: return RLIMIT_NPROC;
    case RLimit::RLMT_RSS: return RLIMIT_RSS;
    case RLimit::RLMT_RTPRIO: return RLIMIT_RTPRIO;
    case RLimit::RLMT_RTTIME: return RLIMIT_RTTIME;
    case RLimit::RLMT_SIGPENDING: return RLIMIT_SIGPENDING;
    case RLimit::RLMT_STACK: return RLIMIT_STACK;
    case RLimit::UNKNOWN: return -1;
  }
  return -1;
}

}  // namespace

Result<std::vector<ShimRlimit>> MapRlimits(const v1::RLimitInfo& info) {
  std::vector<ShimRlimit> limits;
  std::set<int> seen;
  for (const RLimit& limit : info.rlimits()) {
    const std::string name = RLimit::Type_Name(limit.type());
    const int resource = ResourceOf(limit.type());
    if (resource < 0) return InvalidArgument("Unknown resource limit type " + name);
    if (!seen.insert(resource).second) {
      return InvalidArgument("Resource limit " + name + " is given twice");
    }
    if (limit.has_soft() != limit.has_hard()) {
      return InvalidArgument("Resource limit " + name +
                             " must have both a soft and a hard value, or neither for unlimited");
    }
    if (limit.has_soft() && limit.soft() > limit.hard()) {
      return InvalidArgument("Resource limit " + name + ": the soft value is above the hard one");
    }
    limits.push_back({resource, limit.has_soft() ? limit.soft() : uint64_t{RLIM_INFINITY},
                      limit.has_hard() ? limit.hard() : uint64_t{RLIM_INFINITY}});
  }
  return limits;
}

}  // namespace meseta::agent
