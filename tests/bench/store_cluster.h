// Stores for benchmarks: one group of 1 or 3 members in this process, each with a port on loopback and
// a directory of its own.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "actors/daemon/network.h"
#include "actors/metrics/registry.h"
#include "actors/runtime/actor_system.h"
#include "state/log/leveldb_env.h"
#include "state/store/store.h"

namespace meseta::bench {

// Made in `parent`; removed at the end.
class TemporaryDirectory {
 public:
  explicit TemporaryDirectory(const std::string& parent);
  ~TemporaryDirectory();
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class StoreCluster {
 public:
  StoreCluster(const std::string& directory, int members, Duration sync_padding);
  ~StoreCluster();

  // Waits for one.
  [[nodiscard]] store::Store* Leader();

 private:
  struct Member {
    std::unique_ptr<daemon::Network> network;
    std::unique_ptr<runtime::ActorSystem> system;
    std::unique_ptr<metrics::Registry> metrics;
    std::unique_ptr<store::Store> store;
  };
  std::vector<Member> members_;
};

}  // namespace meseta::bench
