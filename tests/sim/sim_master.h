// SimMaster: a master's process around MasterCore and AllocatorCore, performing effects as
// master_actor.cc does. Its registry survives it; each boot is a new term from what is on disk.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "master/allocator/allocator_core.h"
#include "master/core/master_core.h"
#include "tests/sim/sim_disk.h"
#include "tests/sim/sim_http.h"
#include "tests/sim/sim_network.h"
#include "tests/sim/world.h"

namespace meseta::sim {

class SimMaster : public LinkUser, public HttpServer {
 public:
  SimMaster(World* world, SimNetwork* network, SimHttp* http)
      : world_(world), network_(network), http_(http), disk_(world), allocator_rng_(0) {}

  void Boot();
  // Dies, and is started again after a while.
  void Crash(bool power);
  [[nodiscard]] bool up() const { return core_ != nullptr; }
  [[nodiscard]] const master::CoreState& state() const { return core_->state(); }

  void OnLinkUp(uint64_t) override {}
  void OnLinkBytes(uint64_t link, const std::string& bytes) override;
  void OnLinkDown(uint64_t link) override;
  void OnSubscribe(const std::string& stream, const std::string& call) override;
  void OnCall(const std::string& stream, const std::string& call) override;
  void OnStreamClosed(const std::string& stream) override;

 private:
  void Perform();
  void Persist(registry::RegistryBatch batch);
  void TellAllocator(std::vector<master::LedgerDelta> deltas);
  void Allocate();
  void WakeAt(std::optional<Time> time);
  // Runs it later unless the process dies before.
  void Later(Time at, std::function<void()> event);
  void Check();

  World* world_;
  SimNetwork* network_;
  SimHttp* http_;
  SimDisk disk_;
  uint64_t epoch_ = 0;
  std::unique_ptr<master::MasterCore> core_;
  std::unique_ptr<master::AllocatorCore> allocator_;
  Rng allocator_rng_;
  Time next_delta_;    // Deltas arrive in order.
  uint64_t wake_ = 0;  // Of the newest wish.
  uint64_t allocator_wake_ = 0;
};

}  // namespace meseta::sim
