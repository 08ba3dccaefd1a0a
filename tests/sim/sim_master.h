// SimMaster: the leading master around MasterCore and AllocatorCore, performing effects as
// master_actor.cc does. The registry survives it; each boot is a new term from what is on disk: the
// same process again after a while, or another member of the cluster as soon as it is elected.
#pragma once

#include <cstdint>
#include <map>
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
  // Loses its lease: its writes do not happen any more, and after a while it stops to act; another
  // master leads with what was written.
  void Depose();
  // Since when this leader has had the agent on a link.
  [[nodiscard]] std::optional<Time> RegisteredSince(const AgentId& agent) const;
  [[nodiscard]] bool up() const { return core_ != nullptr; }
  [[nodiscard]] const master::CoreState& state() const { return core_->state(); }

  void OnLinkUp(uint64_t) override {}
  void OnLinkBytes(uint64_t link, const std::string& bytes) override;
  void OnLinkDown(uint64_t link) override;
  void OnSubscribe(const std::string& stream, const std::string& call) override;
  void OnCall(const std::string& stream, const std::string& call) override;
  void OnStreamClosed(const std::string& stream) override;

 private:
  void Stop(bool power, Duration pause);
  void Perform();
  void Tell(const master::Effects::SessionEvent& event);
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
  bool deposed_ = false;
  std::map<AgentId, Time> registered_since_;
  std::unique_ptr<master::MasterCore> core_;
  std::unique_ptr<master::AllocatorCore> allocator_;
  Rng allocator_rng_;
  Time next_delta_;    // Deltas arrive in order.
  uint64_t wake_ = 0;  // Of the newest wish.
  uint64_t allocator_wake_ = 0;
};

}  // namespace meseta::sim
