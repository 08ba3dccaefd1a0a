// SimAgent: one machine: the agent's process around AgentCore, performing effects as agent_actor.cc
// does; its disk and its containers, which survive the process.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "agent/agent_core.h"
#include "tests/sim/sim_container.h"
#include "tests/sim/sim_disk.h"
#include "tests/sim/sim_network.h"
#include "tests/sim/world.h"

namespace meseta::sim {

class SimAgent : public LinkUser {
 public:
  SimAgent(World* world, SimNetwork* network, int index);

  void Boot();
  // The process dies, with `power` the machine; it is started again after a while.
  void Crash(bool power);
  [[nodiscard]] bool up() const { return core_ != nullptr; }
  [[nodiscard]] bool registered() const { return up() && core_->stats().registered; }
  [[nodiscard]] size_t task_count() const { return up() ? core_->task_count() : 0; }

  void OnLinkUp(uint64_t link) override;
  void OnLinkBytes(uint64_t link, const std::string& bytes) override;
  void OnLinkDown(uint64_t link) override;

 private:
  [[nodiscard]] agent::AgentOptions Options() const;
  void Perform(agent::AgentEffects effects);
  void Persist(agent::CheckpointBatch batch);
  void Call(agent::AgentEffects::ContainerCall& call);
  void Send(uint64_t link, internal::ToMaster message);
  void WakeAt(std::optional<Time> time);
  void Later(Duration delay, std::function<void()> event);
  void Note(const std::string& what) {
    world_->Note("agent " + std::to_string(index_) + " " + what);
  }

  World* world_;
  SimNetwork* network_;
  const int index_;
  SimDisk disk_;
  SimContainers containers_;
  std::unique_ptr<agent::AgentCore> core_;
  uint64_t epoch_ = 0;
  uint64_t wake_ = 0;
};

}  // namespace meseta::sim
