// LeaderCore: with which of its masters an agent registers.
//
// An agent keeps a link to every master of its list (and to leaders that masters named and that are
// not in the list), and registers on one of them. Masters say on each link whether they lead, at
// once when that changes; so a new leader is known without noticing that the old one is silent, and
// no connection has to be made for it. With one master there is nothing to choose: it registers as
// soon as the link is up.
//
//   several masters: LinkUp ---------- Leading -----> jitter --> Register
//                       \-- nothing --> Ask (again, growing pauses) --^
//   NotLeading{leader}: no registration here; dial the leader, follow it once its link is up
//
// Leaving a master that answers takes a leader of a later term (AgentCore checks it): what a standby
// says is hearsay. Addresses that were learned are host:port, checked by the shell, and few. Pure; on
// the agent core's thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "actors/base/rng.h"
#include "actors/base/time.h"

namespace meseta::agent {

using MasterLink = uint64_t;  // net::LinkId of the link to a master.

class LeaderCore {
 public:
  // Masters of the list beyond it are not dialed.
  static constexpr size_t kMaxListed = 12;
  // Leaders outside of the list; the one learned first makes room.
  static constexpr size_t kMaxLearned = 4;
  // All agents hear of a new leader at the same moment; they come within this time.
  static constexpr Duration kSpread = Duration::Millis(100);
  // A question who leads is asked after half to all of this, doubling to the longest.
  static constexpr Duration kAskMin = Duration::Millis(300);
  static constexpr Duration kAskMax = Duration::Seconds(5);

  explicit LeaderCore(std::vector<std::string> masters);

  // Addresses to keep links to, in order.
  [[nodiscard]] std::vector<std::string> Dials() const;

  void Up(MasterLink link, const std::string& address, Time now, Rng& rng);
  void Down(MasterLink link, Time now, Rng& rng);
  // The master there leads, by a term that AgentCore has accepted.
  void Leads(MasterLink link, Time now, Rng& rng);
  // The master there does not lead; it names who does, or nobody (empty).
  void DoesNotLead(MasterLink link, const std::string& leader, Time now, Rng& rng);
  // The master there has accepted the registration.
  void Registered();

  struct Step {
    enum class Kind { kRegister, kAsk } kind = Kind::kRegister;
    MasterLink link = 0;
    friend bool operator==(const Step&, const Step&) = default;
  };
  // What is due. A registration makes its link the present one.
  [[nodiscard]] std::optional<Step> Poll(Time now, Rng& rng);
  [[nodiscard]] std::optional<Time> wake_at() const;

  // On which the agent registers or is registered.
  [[nodiscard]] std::optional<MasterLink> present() const { return present_; }
  [[nodiscard]] bool knows(MasterLink link) const { return links_.count(link) != 0; }

 private:
  struct Plan {
    MasterLink link = 0;
    Time at;
  };

  [[nodiscard]] bool single() const { return listed_.size() + learned_.size() <= 1; }
  void Learn(const std::string& leader);
  void PlanRegister(MasterLink link, Time at) { plan_ = Plan{link, at}; }
  // A question is due after a pause, unless a registration is.
  void PlanAsk(Time now, Rng& rng);
  Duration Spread(Rng& rng) const;

  std::vector<std::string> listed_;
  std::vector<std::string> learned_;
  std::map<MasterLink, std::string> links_;  // Up ones; the address that the master advertises.
  std::optional<MasterLink> present_;
  std::optional<Plan> plan_;       // Of a registration.
  std::optional<Time> ask_at_;     // Only while there is neither a present master nor a plan.
  Duration ask_pause_ = kAskMin;
  Duration follow_pause_;          // Before a leader by hearsay is tried; grows while none accepts.
  MasterLink asked_ = 0;           // The last; the next in order is asked next.
  std::string leader_;             // As named by a standby, to be followed when its link comes up.
  bool was_registered_ = false;
};

}  // namespace meseta::agent
