#include "agent/resources_linux.h"

#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <set>

#include "actors/base/bytes.h"

namespace meseta::agent {
namespace {

// What is left of `total` when `reserve` stays with the system.
uint64_t Rest(uint64_t total, Bytes reserve) {
  return total > 2 * reserve.count() ? total - reserve.count() : total / 2;
}

}  // namespace

Result<Machine> DetectMachine(const std::string& work_dir) {
  Machine machine;
  const long cpus = sysconf(_SC_NPROCESSORS_ONLN);
  const long pages = sysconf(_SC_PHYS_PAGES);
  const long page = sysconf(_SC_PAGESIZE);
  if (cpus > 0) machine.cpus = static_cast<int>(cpus);
  if (pages > 0 && page > 0) {
    machine.memory_bytes = static_cast<uint64_t>(pages) * static_cast<uint64_t>(page);
  }
  struct statvfs disk;
  if (statvfs(work_dir.c_str(), &disk) != 0) {
    return ErrnoStatus(errno, "Measuring the disk of --work_dir " + work_dir);
  }
  machine.disk_bytes = static_cast<uint64_t>(disk.f_blocks) * disk.f_frsize;
  return machine;
}

Result<model::Resources> AgentResources(const std::string& flag, const std::string& default_role,
                                        const Machine& machine) {
  ASSIGN_OR_RETURN(model::Resources given, model::Resources::Parse(flag, default_role));
  const std::set<std::string> names = given.Names();
  std::string detected;
  const auto add = [&](const std::string& name, const std::string& value) {
    if (names.count(name)) return;
    detected += (detected.empty() ? "" : ";") + name + ":" + value;
  };
  const auto megabytes = [](uint64_t bytes) {
    return std::to_string(bytes / Bytes::Megabytes(1).count());
  };
  add("cpus", std::to_string(machine.cpus));
  add("mem", megabytes(Rest(machine.memory_bytes, Bytes::Gigabytes(1))));
  add("disk", megabytes(Rest(machine.disk_bytes, Bytes::Gigabytes(5))));
  add("ports", "[31000-32000]");
  if (detected.empty()) return given;
  ASSIGN_OR_RETURN(const model::Resources found, model::Resources::Parse(detected, default_role));
  return given + found;
}

}  // namespace meseta::agent
