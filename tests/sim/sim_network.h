// SimNetwork: links between agents and the master, with the promises of net::Transport and no more.
//
// Messages are bytes. Within one incarnation of a link they arrive in order; a break delivers some
// prefix of what is under way and loses the rest for ever; each end learns of the break later, on
// its own, the master perhaps after the agent's next link is up. Agents dial again by themselves.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tests/sim/world.h"

namespace meseta::sim {

// One end of links: a process. Calls come from the heap.
class LinkUser {
 public:
  virtual ~LinkUser() = default;
  virtual void OnLinkUp(uint64_t link) = 0;
  virtual void OnLinkBytes(uint64_t link, const std::string& bytes) = 0;
  virtual void OnLinkDown(uint64_t link) = 0;
};

class SimNetwork {
 public:
  explicit SimNetwork(World* world) : world_(world), agents_(world->options.agents) {}

  void MasterUp(LinkUser* master);
  void MasterDown();
  void AgentUp(int agent, LinkUser* user);  // Begins to dial.
  void AgentDown(int agent);

  void SendToMaster(uint64_t link, std::string bytes);
  void SendToAgent(uint64_t link, std::string bytes);
  void Break(uint64_t link);
  void BreakLinksOf(int agent);
  // No link to this agent until then.
  void Partition(int agent, Duration duration);

 private:
  struct End {
    LinkUser* user = nullptr;  // Null: the process is down.
    uint64_t epoch = 0;        // Of the process.
  };
  struct AgentEnd : End {
    uint64_t link = 0;  // That it believes to be up, or dials.
    Time partitioned_until;
  };
  struct Direction {
    uint64_t epoch = 0;  // Of the receiving process when the link came up.
    Time next;           // Nothing arrives before what was sent before it.
    Time cut_at = Time::Max();
  };
  struct Link {
    int agent = 0;
    bool up = true;
    Direction to_master, to_agent;
  };

  void DialLater(int agent);
  void Dial(int agent);
  // Schedules `event` in the direction's order, for the process that was there at first.
  Time Schedule(Direction* direction, End* end, Duration delay,
                std::function<void(LinkUser*)> event);
  void Send(Direction* direction, End* end, uint64_t id, std::string bytes);

  World* world_;
  End master_;
  std::vector<AgentEnd> agents_;
  std::map<uint64_t, Link> links_;
  uint64_t last_link_ = 0;
};

}  // namespace meseta::sim
