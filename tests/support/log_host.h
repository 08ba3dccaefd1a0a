// A daemon in a test that carries replicas: a port on loopback, an actor system, metrics. Stop() and
// Start() are a restart of the process at the same address.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "actors/daemon/network.h"
#include "actors/http/router.h"
#include "actors/metrics/registry.h"
#include "actors/runtime/actor_system.h"

namespace meseta::test {

class LogHost {
 public:
  explicit LogHost(int port = 0) { Start(port); }
  ~LogHost() { Stop(); }

  void Start(int port) {
    daemon::NetworkFlags flags;
    flags.port = port;
    flags.network_threads = 1;
    daemon::NetworkOptions options;
    options.role = net::PeerRole::kMaster;
    options.accepted_roles = {net::PeerRole::kMaster};
    auto opened = daemon::Network::Open(flags, options);
    ASSERT_TRUE(opened.ok()) << opened.status();
    network_ = *std::move(opened);
    runtime::ActorSystemOptions actors;
    actors.workers = 2;
    actors.on_fatal = [this](const std::string& sentence) { fatal = sentence; };
    system_ = std::make_unique<runtime::ActorSystem>(actors);
    metrics_ = std::make_unique<metrics::Registry>();
    network_->Serve(http::Router());
    port_ = network_->port();
  }
  void Stop() {
    if (network_) network_->Stop();
    system_.reset();
    network_.reset();
  }
  // At the same address.
  void Restart() {
    Stop();
    Start(port_);
  }

  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] runtime::ActorSystem& system() { return *system_; }
  [[nodiscard]] net::Transport& transport() { return network_->transport(); }
  [[nodiscard]] metrics::Registry* metrics() { return metrics_.get(); }

  std::string fatal;  // The sentence with which this daemon would have ended.

 private:
  int port_ = 0;
  std::unique_ptr<daemon::Network> network_;
  std::unique_ptr<runtime::ActorSystem> system_;
  std::unique_ptr<metrics::Registry> metrics_;
};

// Asks every 10 ms, for up to a minute.
inline bool Eventually(const std::function<bool()>& holds) {
  for (int i = 0; i < 6000; ++i) {
    if (holds()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

}  // namespace meseta::test
