#include "agent/fetcher/fetch_uris.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>
#include <vector>

#include "agent/fetcher/beneath_linux.h"
#include "agent/fetcher/download_curl.h"
#include "agent/fetcher/extract_archive.h"
#include "agent/fetcher/fetch_plan.h"

namespace meseta::agent {
namespace {

constexpr size_t kCopyBytes = 256 << 10;
constexpr mode_t kExecutableMode = 0755;

Status CopyFile(const std::string& path, int to) {
  const std::string context = "Failed to copy '" + path + "'";
  const UniqueFd from(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!from.ok()) return ErrnoStatus(errno, context);
  struct stat info;
  if (fstat(from.get(), &info) != 0) return ErrnoStatus(errno, context);
  if (!S_ISREG(info.st_mode)) return InvalidArgument(context + ": it is not a regular file");
  std::vector<char> buffer(kCopyBytes);
  while (true) {
    const ssize_t count = read(from.get(), buffer.data(), buffer.size());
    if (count == 0) return OkStatus();
    if (count < 0) return ErrnoStatus(errno, context);
    for (ssize_t done = 0; done < count;) {
      const ssize_t written = write(to, buffer.data() + done, static_cast<size_t>(count - done));
      if (written < 0) return ErrnoStatus(errno, context);
      done += written;
    }
  }
}

// A bare .gz lands at the top of the sandbox under its name without the suffix, as in Mesos.
std::string GzipName(const std::string& destination) {
  const std::string name = destination.substr(destination.rfind('/') + 1);
  return name.substr(0, name.size() - 3);
}

Status FetchOne(const FetchUri& uri, const Beneath& sandbox, Duration stall_timeout) {
  ASSIGN_OR_RETURN(const FetchPlan plan, PlanUri(uri));
  ASSIGN_OR_RETURN(const UniqueFd file, sandbox.CreateFile(plan.destination, 0644));
  RETURN_IF_ERROR(plan.network ? Download(plan.source, file.get(), stall_timeout)
                               : CopyFile(plan.source, file.get()));
  if (plan.executable && fchmod(file.get(), kExecutableMode) != 0) {
    return ErrnoStatus(errno, "Failed to chmod executable '" + plan.destination + "'");
  }
  if (plan.extract != ArchiveKind::kNone) {
    if (lseek(file.get(), 0, SEEK_SET) != 0) return ErrnoStatus(errno, "Failed to read it again");
    const Status extracted =
        Extract(file.get(), plan.extract, GzipName(plan.destination), sandbox, ExtractLimits());
    if (!extracted.ok()) {
      return extracted.WithContext("Failed to extract archive '" + plan.destination + "'");
    }
  }
  std::fprintf(stderr, "Fetched '%s' to '%s'%s\n", plan.source.c_str(), plan.destination.c_str(),
               plan.extract != ArchiveKind::kNone ? " and extracted it" : "");
  return OkStatus();
}

}  // namespace

Status FetchUris(const FetchSpec& spec) {
  ASSIGN_OR_RETURN(const Beneath sandbox, Beneath::Open(spec.sandbox));
  for (const FetchUri& uri : spec.uris) {
    const Status fetched = FetchOne(uri, sandbox, spec.stall_timeout);
    if (!fetched.ok()) return fetched.WithContext("Failed to fetch '" + uri.value + "'");
  }
  return OkStatus();
}

}  // namespace meseta::agent
