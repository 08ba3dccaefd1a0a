#include "agent/recovery/sandbox_linux.h"

#include <sys/statvfs.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "actors/base/files.h"

namespace meseta::agent {

namespace fs = std::filesystem;

Status LinkLatest(const std::string& sandbox) {
  const fs::path path(sandbox);
  const std::string runs = path.parent_path().string();
  RETURN_IF_ERROR(files::MakeDirectories(runs));
  // By rename, so that a reader finds the old run or the new one, never none.
  const std::string fresh = runs + "/.latest-" + path.filename().string();
  std::error_code error;
  fs::create_symlink(path.filename(), fresh, error);
  if (!error) fs::rename(fresh, runs + "/latest", error);
  if (error) return ErrnoStatus(error.value(), "Linking " + runs + "/latest");
  return OkStatus();
}

Status DeleteSandbox(const std::string& work_dir, const std::string& sandbox) {
  const fs::path path(sandbox);
  const fs::path slaves = fs::path(work_dir) / "slaves";
  if (path.string().rfind(slaves.string() + "/", 0) != 0) {
    return InvalidArgument(sandbox + " is not a sandbox below " + slaves.string());
  }
  std::error_code error;
  fs::remove_all(path, error);  // Unlinks symbolic links, does not follow them.
  if (error) return ErrnoStatus(error.value(), "Deleting the sandbox " + sandbox);
  const fs::path latest = path.parent_path() / "latest";
  const fs::path target = fs::read_symlink(latest, error);
  if (!error && target.filename() == path.filename()) fs::remove(latest, error);
  // runs, <executor>, executors, <framework>, frameworks: removed while empty.
  fs::path parent = path.parent_path();
  for (int level = 0; level < 5 && parent != slaves; ++level, parent = parent.parent_path()) {
    error.clear();
    if (!fs::remove(parent, error) || error) break;
  }
  return OkStatus();
}

Result<double> DiskUsage(const std::string& path) {
  struct statvfs stats;
  if (statvfs(path.c_str(), &stats) != 0) return ErrnoStatus(errno, "Disk usage of " + path);
  if (stats.f_blocks == 0) return 0.0;
  return 1.0 - static_cast<double>(stats.f_bavail) / static_cast<double>(stats.f_blocks);
}

}  // namespace meseta::agent
