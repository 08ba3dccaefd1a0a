// Real masters of one cluster for benchmarks, and a framework with many tasks that follows the leader.
//
// Programs of MESETA_BIN (else of this build) on loopback, in a temporary folder.
#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/bench/bench_cluster.h"

namespace meseta::bench {

class MasterGroup {
 public:
  // Starts `count` masters, and waits until one leads. Ends the process when none does.
  explicit MasterGroup(size_t count, std::vector<std::string> flags = {});
  ~MasterGroup();  // Stops all.
  MasterGroup(const MasterGroup&) = delete;
  MasterGroup& operator=(const MasterGroup&) = delete;

  [[nodiscard]] const std::vector<std::string>& addresses() const { return addresses_; }
  // "a,b,c"
  [[nodiscard]] std::string list() const;
  // Who leads, as the living ones say; blocks until one does. `not_this` is not believed.
  [[nodiscard]] std::string AwaitLeader(const std::string& not_this = "");
  void Kill(const std::string& address);  // kill -9
  void StartAgain(const std::string& address);
  // User and system seconds that all living masters have used; of one, when named.
  [[nodiscard]] double CpuSeconds(const std::string& address) const;

 private:
  void Start(size_t index);

  std::string folder_;
  std::vector<std::string> flags_, addresses_;
  std::vector<pid_t> pids_;
};

// Where the programs are: MESETA_BIN, else this build's.
[[nodiscard]] std::string BinFolder();
// Free now; daemons that know each other by their ports cannot ask for any free one.
[[nodiscard]] int FreePort();

// One value of /metrics/snapshot; none when the master does not answer within a second.
std::optional<double> Metric(const std::string& master, const std::string& name);

}  // namespace meseta::bench
