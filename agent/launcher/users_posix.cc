#include "agent/launcher/users_posix.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "agent/launcher/shim_spec.h"

namespace meseta::agent {

Result<UserIds> ResolveUser(const std::string& name) {
  const std::string context = "Failed to get user information for '" + name + "'";
  constexpr size_t kMaxEntryBytes = 1U << 20;
  std::vector<char> buffer(4096);
  passwd entry;
  passwd* found = nullptr;
  int error;
  while ((error = getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found)) ==
             ERANGE &&
         buffer.size() < kMaxEntryBytes) {
    buffer.resize(buffer.size() * 2);
  }
  if (found == nullptr) {
    // ENOENT, ESRCH, EBADF and EPERM also mean "no such user" (getpwnam(3)).
    const bool unknown =
        error == 0 || error == ENOENT || error == ESRCH || error == EBADF || error == EPERM;
    return unknown ? NotFound(context + ": No such user") : ErrnoStatus(error, context);
  }
  UserIds ids{found->pw_uid, found->pw_gid, {}};
  std::vector<gid_t> groups(64);
  int count = static_cast<int>(groups.size());
  if (getgrouplist(name.c_str(), found->pw_gid, groups.data(), &count) < 0) {
    groups.resize(static_cast<size_t>(count));
    if (getgrouplist(name.c_str(), found->pw_gid, groups.data(), &count) < 0) {
      return Unavailable(context + ": its groups changed meanwhile");
    }
  }
  groups.resize(static_cast<size_t>(count));
  if (groups.size() > shim::kMaxGroups) {
    return ResourceExhausted(context + ": it is in more than " + std::to_string(shim::kMaxGroups) +
                             " groups");
  }
  ids.groups.assign(groups.begin(), groups.end());
  return ids;
}

Result<std::optional<UserIds>> UserToSwitchTo(const std::string& name) {
  std::optional<UserIds> none;
  if (name.empty()) return none;
  ASSIGN_OR_RETURN(UserIds ids, ResolveUser(name));
  if (ids.uid == geteuid()) return none;
  if (geteuid() != 0) {
    return PermissionDenied("Failed to switch to user '" + name +
                            "': the agent does not run as root");
  }
  return std::optional<UserIds>(std::move(ids));
}

}  // namespace meseta::agent
