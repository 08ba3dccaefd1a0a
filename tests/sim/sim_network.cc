#include "tests/sim/sim_network.h"

#include <algorithm>
#include <utility>

namespace meseta::sim {

void SimNetwork::MasterUp(LinkUser* master) {
  master_.user = master;
  ++master_.epoch;
}

void SimNetwork::MasterDown() {
  master_.user = nullptr;
  ++master_.epoch;
  for (auto& [id, link] : links_) Break(id);
}

void SimNetwork::AgentUp(int agent, LinkUser* user) {
  agents_[agent].user = user;
  agents_[agent].link = 0;
  ++agents_[agent].epoch;
  DialLater(agent);
}

void SimNetwork::AgentDown(int agent) {
  agents_[agent].user = nullptr;
  ++agents_[agent].epoch;
  BreakLinksOf(agent);
}

void SimNetwork::BreakLinksOf(int agent) {
  for (auto& [id, link] : links_) {
    if (link.agent == agent) Break(id);
  }
}

void SimNetwork::Partition(int agent, Duration duration) {
  agents_[agent].partitioned_until = world_->heap.now() + duration;
  BreakLinksOf(agent);
}

void SimNetwork::DialLater(int agent) {
  const Duration pause = world_->Between(Duration::Millis(5), Duration::Seconds(1));
  world_->heap.After(pause, [this, agent, epoch = agents_[agent].epoch] {
    if (agents_[agent].epoch == epoch) Dial(agent);
  });
}

void SimNetwork::Dial(int agent) {
  AgentEnd& end = agents_[agent];
  if (end.link != 0) return;
  const bool reachable = !world_->faults || end.partitioned_until <= world_->heap.now();
  if (master_.user == nullptr || !reachable) return DialLater(agent);
  const uint64_t id = ++last_link_;
  end.link = id;
  Link& link = links_[id];
  link.agent = agent;
  link.to_master.epoch = master_.epoch;
  link.to_agent.epoch = end.epoch;
  Schedule(&link.to_agent, &end, world_->Delay(), [id](LinkUser* user) { user->OnLinkUp(id); });
  Schedule(&link.to_master, &master_, world_->Delay(),
           [id](LinkUser* user) { user->OnLinkUp(id); });
}

Time SimNetwork::Schedule(Direction* direction, End* end, Duration delay,
                          std::function<void(LinkUser*)> event) {
  direction->next = std::max(direction->next, world_->heap.now() + delay);
  world_->heap.At(direction->next, [end, epoch = direction->epoch, event = std::move(event)] {
    if (end->user != nullptr && end->epoch == epoch) event(end->user);
  });
  return direction->next;
}

void SimNetwork::Send(Direction* direction, End* end, uint64_t id, std::string bytes) {
  Schedule(direction, end, world_->Delay(), [this, direction, id, bytes](LinkUser* user) {
    if (world_->heap.now() <= direction->cut_at) {
      user->OnLinkBytes(id, bytes);
    } else {
      ++world_->checkers.probes["message lost with its link"];
    }
  });
}

void SimNetwork::SendToMaster(uint64_t id, std::string bytes) {
  const auto it = links_.find(id);
  if (it == links_.end() || !it->second.up) return;
  Send(&it->second.to_master, &master_, id, std::move(bytes));
}

void SimNetwork::SendToAgent(uint64_t id, std::string bytes) {
  const auto it = links_.find(id);
  if (it == links_.end() || !it->second.up) return;
  Send(&it->second.to_agent, &agents_[it->second.agent], id, std::move(bytes));
}

void SimNetwork::Break(uint64_t id) {
  const auto it = links_.find(id);
  if (it == links_.end() || !it->second.up) return;
  Link& link = it->second;
  link.up = false;
  world_->Note("link " + std::to_string(id) + " breaks");
  const Time now = world_->heap.now();
  link.to_master.cut_at = now + (world_->Chance(0.5) ? Duration() : world_->Delay());
  link.to_agent.cut_at = now + (world_->Chance(0.5) ? Duration() : world_->Delay());
  AgentEnd* agent = &agents_[link.agent];
  const Duration late = world_->Between(Duration(), Duration::Seconds(3));
  Schedule(&link.to_agent, agent, late, [this, agent, id, index = link.agent](LinkUser* user) {
    agent->link = 0;
    DialLater(index);
    user->OnLinkDown(id);
  });
  Schedule(&link.to_master, &master_, world_->Between(Duration(), Duration::Seconds(6)),
           [id](LinkUser* user) { user->OnLinkDown(id); });
}

}  // namespace meseta::sim
