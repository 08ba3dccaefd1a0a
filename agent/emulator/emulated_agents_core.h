// EmulatedAgentsCore: many agents behind one link to each master, for tests of scale.
//
// Each is a real AgentCore, so it registers, follows leaders, drops what deposed masters say, repeats
// updates until they are acknowledged and comes back with its tasks as a real one does. What is
// emulated is below the core: a write is durable at once, a container is a timer, a sandbox nothing.
//
// Agent n is the actor "slave(1)/n" on the shared link (ChannelTable of the master). What a master
// tells the link itself ("slave(1)": who leads) is handed to every agent. A channel that the master
// ends is opened again after kReopenAfter.
//
// Pure; on the thread of its shard. Bounds: agents by its options, their tasks by the resources that
// they offer, masters by kMaxDialed.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/agent_core.h"

namespace meseta::agent {

struct EmulatedAgentsOptions {
  AgentOptions agent;          // Of each; hostname and pid are completed by its number.
  uint32_t first = 1;          // Number of the first.
  uint32_t count = 1;
  std::string name = "emulated";  // Hostnames are <name>-<number>.
  // How long a task runs whose command is not `sleep N`; none: until it is killed.
  std::optional<Duration> task_duration;
  double fail_ratio = 0;       // Of tasks that end by themselves, how many fail.
};

struct EmulatedStats {
  uint64_t agents = 0;
  uint64_t registered = 0;     // Now.
  uint64_t registrations = 0;  // Accepted ever, also of agents that came back.
  uint64_t stopped = 0;        // Told by the master to end.
  uint64_t channels_closed = 0;
  uint64_t tasks_running = 0;  // Now.
  uint64_t tasks_launched = 0;
  uint64_t tasks_finished = 0;
  uint64_t tasks_failed = 0;
  uint64_t tasks_killed = 0;
};

class EmulatedAgentsCore {
 public:
  static constexpr size_t kMaxDialed = LeaderCore::kMaxListed + LeaderCore::kMaxLearned;
  static constexpr Duration kReopenAfter = Duration::Seconds(1);

  struct Effects {
    struct Send { MasterLink link = 0; uint32_t agent = 0; internal::ToMaster message; };
    std::vector<Send> send;
    std::vector<std::string> dial;  // Masters to keep links to, beside those before.
    std::vector<std::string> log;   // "agent n: sentence".
    std::optional<Time> wake_at;
  };

  EmulatedAgentsCore(EmulatedAgentsOptions options, Rng rng);

  // The first event, once.
  void Start(Now now);
  void LinkUp(MasterLink link, const std::string& address, Now now);
  void LinkDown(MasterLink link, Now now);
  // To `name`: "slave(1)" or "slave(1)/n".
  void FromMaster(MasterLink link, std::string_view name, const internal::ToAgent& message, Now now);
  // All leave for good: their tasks are over.
  void Unregister();
  void Tick(Now now);
  [[nodiscard]] Effects TakeEffects();

  [[nodiscard]] const EmulatedStats& stats() const { return stats_; }

 private:
  struct TaskEnd {
    uint32_t agent = 0;  // Index.
    ContainerId container;
    bool fails = false;
  };
  using Ends = std::multimap<Time, TaskEnd>;
  struct Agent {
    std::unique_ptr<AgentCore> core;
    std::optional<Time> wake;
    std::map<ContainerId, Ends::iterator> timers;
    std::set<ContainerId> running;
    std::string id;  // Empty: not registered yet.
    MasterLink registered_on = 0;
    bool registered = false;  // Counted in the stats.
    bool stopped = false;
  };
  struct Link {
    std::string address;
    std::optional<internal::ToAgent> role;  // What the master last said about leading.
  };

  void Perform(uint32_t index, AgentEffects effects, Now now);
  void Call(uint32_t index, AgentEffects::ContainerCall& call, std::deque<ContainerEvent>* events,
            Now now);
  void Launch(uint32_t index, const ContainerSpec& spec, std::deque<ContainerEvent>* events, Now now);
  void ForgetTimer(Agent* agent, const ContainerId& container);
  void ToOne(uint32_t index, MasterLink link, const internal::ToAgent& message, Now now);
  void CloseChannel(uint32_t index, MasterLink link, Now now);
  void Reopen(uint32_t index, MasterLink link, Now now);
  void SetWake(uint32_t index, std::optional<Time> wake);
  void Dial(const std::vector<std::string>& masters);

  const EmulatedAgentsOptions options_;
  Rng rng_;
  std::vector<Agent> agents_;
  std::map<MasterLink, Link> links_;
  std::set<std::string> dialed_;
  Ends ends_;
  std::set<std::pair<Time, uint32_t>> wakes_;
  std::multimap<Time, std::pair<uint32_t, MasterLink>> reopen_;
  int64_t next_pid_ = 1000;
  Effects effects_;
  EmulatedStats stats_;
};

// N of `sleep N`, as shell text or as argv.
[[nodiscard]] std::optional<Duration> SleepOf(const v1::CommandInfo& command);

}  // namespace meseta::agent
