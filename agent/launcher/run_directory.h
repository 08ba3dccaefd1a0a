// The folder of one run, <runs>/<container id>/ (see shim_protocol.h), as the agent makes, reads
// and removes it. Blocking; any thread; one container is worked on by one thread at a time.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "actors/base/ids.h"
#include "actors/base/status.h"
#include "agent/launcher/process_posix.h"
#include "agent/launcher/shim_messages.h"

namespace meseta::agent {

// What a run's files say.
struct RunFiles {
  std::optional<ShimRecord> record;
  std::optional<ShimStarted> task;
  std::optional<ShimExited> exit;
};

class RunDirectory {
 public:
  // `root` is absolute.
  RunDirectory(const std::string& root, const ContainerId& id) : path_(root + "/" + id.value()) {}

  [[nodiscard]] const std::string& path() const { return path_; }
  // Mode 0700. An older one of the same name is an error: ids are fresh.
  Status Make() const;
  [[nodiscard]] RunFiles Read() const;
  // Whether the recorded shim runs, in this boot.
  [[nodiscard]] static bool Alive(const RunFiles& files, const std::string& boot_id);
  // To the shim's socket.
  Result<UniqueFd> Connect() const;
  void Remove() const;

  // The containers that have a folder, in order.
  static std::vector<ContainerId> List(const std::string& root);

 private:
  std::string path_;
};

}  // namespace meseta::agent
