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
  StoreCluster(const std::string& directory, int members, Duration sync_padding,
               size_t snapshot_every_bytes = size_t{64} << 20);
  ~StoreCluster();

  // Ends all members' stores, and opens them again on their disks.
  void Close();
  void Open();

  // Waits for one.
  [[nodiscard]] store::Store* Leader();

 private:
  struct Member {
    std::unique_ptr<daemon::Network> network;
    std::unique_ptr<runtime::ActorSystem> system;
    std::unique_ptr<metrics::Registry> metrics;
    std::unique_ptr<store::Store> store;
  };
  const std::string directory_;
  const Duration sync_padding_;
  const size_t snapshot_every_bytes_;
  std::vector<std::string> addresses_;
  std::vector<Member> members_;
};

}  // namespace meseta::bench
