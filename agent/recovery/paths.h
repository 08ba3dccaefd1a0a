// Where things are under an agent's work_dir. Mesos' layout, so that file tools keep working:
//
//   <work_dir>/slaves/<agent>/frameworks/<framework>/executors/<executor>/runs/<container>   sandbox
//   <work_dir>/slaves/<agent>/frameworks/<framework>/executors/<executor>/runs/latest -> newest
//   <work_dir>/meta/checkpoint    LevelDB: agent/recovery/checkpoint.h
#pragma once

#include <string>

#include "actors/base/ids.h"

namespace meseta::agent::paths {

[[nodiscard]] std::string Checkpoint(const std::string& work_dir);
[[nodiscard]] std::string Runs(const std::string& work_dir, const AgentId& agent,
                               const FrameworkId& framework, const ExecutorId& executor);
[[nodiscard]] std::string Sandbox(const std::string& work_dir, const AgentId& agent,
                                  const FrameworkId& framework, const ExecutorId& executor,
                                  const ContainerId& container);
// "/frameworks/<f>/executors/<e>/runs/latest", under which /files serves a sandbox.
[[nodiscard]] std::string VirtualSandbox(const FrameworkId& framework, const ExecutorId& executor);
// May `id` be a component of a path: not empty, "." or "..", no '/' and no control characters, and
// no longer than a file name.
[[nodiscard]] bool IsSafeComponent(const std::string& id);

}  // namespace meseta::agent::paths
