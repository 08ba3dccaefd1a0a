#include "agent/recovery/paths.h"

#include <algorithm>

namespace meseta::agent::paths {

std::string Checkpoint(const std::string& work_dir) { return work_dir + "/meta/checkpoint"; }

std::string Runs(const std::string& work_dir, const AgentId& agent, const FrameworkId& framework,
                 const ExecutorId& executor) {
  return work_dir + "/slaves/" + agent.value() + "/frameworks/" + framework.value() +
         "/executors/" + executor.value() + "/runs";
}

std::string Sandbox(const std::string& work_dir, const AgentId& agent,
                    const FrameworkId& framework, const ExecutorId& executor,
                    const ContainerId& container) {
  return Runs(work_dir, agent, framework, executor) + "/" + container.value();
}

std::string VirtualSandbox(const FrameworkId& framework, const ExecutorId& executor) {
  return "/frameworks/" + framework.value() + "/executors/" + executor.value() + "/runs/latest";
}

bool IsSafeComponent(const std::string& id) {
  constexpr size_t kMaxFileName = 255;
  if (id.empty() || id.size() > kMaxFileName || id == "." || id == "..") return false;
  return std::none_of(id.begin(), id.end(), [](unsigned char c) {
    return c < 0x20 || c == 0x7f || c == '/' || c == '\\';
  });
}

}  // namespace meseta::agent::paths
