#include "agent/isolators/proc_usage.h"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

namespace meseta::agent {
namespace {

// A container with more is counted up to here.
constexpr size_t kMaxProcesses = 65536;

std::optional<ProcessUsage> ReadProcess(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  return ParseProcessStat(text);
}

void AppendChildren(pid_t pid, std::vector<pid_t>* pids) {
  const std::string tasks = "/proc/" + std::to_string(pid) + "/task";
  DIR* directory = opendir(tasks.c_str());
  if (directory == nullptr) return;
  while (const dirent* entry = readdir(directory)) {
    if (entry->d_name[0] == '.') continue;
    std::ifstream children(tasks + "/" + entry->d_name + "/children");
    for (pid_t child; pids->size() < kMaxProcesses && children >> child;) pids->push_back(child);
  }
  closedir(directory);
}

}  // namespace

std::optional<ProcessUsage> ParseProcessStat(std::string_view text) {
  const size_t name_end = text.rfind(')');  // The name may hold anything.
  if (name_end == std::string_view::npos) return std::nullopt;
  std::istringstream fields{std::string(text.substr(name_end + 1))};
  ProcessUsage usage;
  std::string skipped;
  fields >> usage.state;
  for (int field = 4; field < 14; ++field) fields >> skipped;
  fields >> usage.user_ticks >> usage.system_ticks >> usage.waited_user_ticks >>
      usage.waited_system_ticks >> skipped >> skipped >> usage.threads;
  for (int field = 21; field < 24; ++field) fields >> skipped;
  fields >> usage.rss_pages;
  if (!fields) return std::nullopt;
  return usage;
}

std::vector<pid_t> Descendants(pid_t root) {
  std::vector<pid_t> pids;
  AppendChildren(root, &pids);
  for (size_t i = 0; i < pids.size(); ++i) AppendChildren(pids[i], &pids);
  // A process may move below another parent while we look.
  std::sort(pids.begin(), pids.end());
  pids.erase(std::unique(pids.begin(), pids.end()), pids.end());
  return pids;
}

Result<TreeUsage> UsageBelow(pid_t shim) {
  const auto own = ReadProcess(shim);
  if (!own.has_value() || own->state == 'Z') return NotFound("The container has ended");
  uint64_t user = own->waited_user_ticks;
  uint64_t system = own->waited_system_ticks;
  uint64_t pages = 0;
  TreeUsage total;
  for (const pid_t pid : Descendants(shim)) {
    const auto one = ReadProcess(pid);
    if (!one.has_value()) continue;
    ++total.processes;
    total.threads += one->threads;
    user += one->user_ticks + one->waited_user_ticks;
    system += one->system_ticks + one->waited_system_ticks;
    pages += one->rss_pages;
  }
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  total.user_seconds = static_cast<double>(user) / ticks;
  total.system_seconds = static_cast<double>(system) / ticks;
  total.rss_bytes = pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  return total;
}

}  // namespace meseta::agent
