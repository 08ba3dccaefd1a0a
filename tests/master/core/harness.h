// A MasterCore with everything around it played by the test: its disk (durable at once, or when the
// test says so), links of agents, sessions of frameworks, and an allocator that offers what is told
// to it.
//
// Each step of a test feeds an event and Settle()s; what came out waits in per-link and per-session
// queues that the test takes.
#pragma once

#include <map>
#include <string>
#include <variant>
#include <vector>

#include "master/core/master_core.h"

namespace meseta::master {

inline constexpr char kMasterId[] = "m";

class Harness {
 public:
  using Event = v1::scheduler::Event;
  using ToAgent = internal::ToAgent;

  explicit Harness(const MasterOptions& options = {},
                   registry::RegistryState registry = FirstTerm());

  static registry::RegistryState FirstTerm();

  // Performs effects until none are left. Writes become durable at once unless `hold_disk`.
  void Settle();
  void Advance(Duration d);
  // What was held back becomes durable, and what follows at once.
  void Release() {
    hold_disk = false;
    Settle();
  }

  // Agents. Register and Reregister settle.
  static v1::AgentInfo AgentInfo(
      const std::string& hostname,
      const std::string& resources = "cpus:4;mem:1024;ports:[31000-32000]");
  void Register(LinkId link, const std::string& hostname, const std::string& registration_id);
  void Reregister(LinkId link, const std::string& hostname, const std::string& registration_id,
                  const std::string& agent_id, const std::vector<v1::Task>& tasks = {},
                  const std::vector<v1::FrameworkInfo>& frameworks = {});
  void LinkDown(LinkId link);
  // A status update of the agent on this link.
  void Update(LinkId link, const std::string& agent_id, const std::string& framework_id,
              const std::string& task_id, v1::TaskState state, const std::string& uuid);
  [[nodiscard]] std::vector<ToAgent> TakeToAgent(LinkId link);

  // Frameworks.
  static v1::FrameworkInfo FrameworkInfo(const std::string& id = "",
                                         const std::vector<std::string>& roles = {"web"});
  void Subscribe(const std::string& session, const v1::FrameworkInfo& info,
                 const std::vector<std::string>& suppressed = {}, uint64_t term = 0);
  CallResult Call(const std::string& session, v1::scheduler::Call call);
  void CloseSession(const std::string& session);
  [[nodiscard]] std::vector<Event> TakeEvents(const std::string& session);
  // Only the events of this type.
  [[nodiscard]] std::vector<Event> TakeEvents(const std::string& session, Event::Type type);
  [[nodiscard]] bool closed(const std::string& session) const { return closed_.count(session) > 0; }

  // Offers all that is free on the agent to the framework; the id of the offer, or "".
  std::string Offer(const std::string& framework, const std::string& agent,
                    const std::string& role = "web");
  std::string OfferOnly(const std::string& framework, const std::string& agent,
                        const std::string& resources, const std::string& role = "web");

  static v1::TaskInfo Task(const std::string& id, const std::string& agent,
                           const std::string& resources = "cpus:1;mem:32");
  static v1::Task RunningTask(const std::string& id, const std::string& framework,
                              const std::string& agent,
                              const std::string& resources = "cpus:1;mem:32");
  static v1::scheduler::Call CallOf(const std::string& framework, v1::scheduler::Call::Type type);
  static v1::scheduler::Call Launch(const std::string& framework,
                                    const std::vector<std::string>& offers,
                                    const std::vector<v1::TaskInfo>& tasks);

  [[nodiscard]] Ledger::AgentAccount Account(const std::string& agent) const;
  template <class Change>
  [[nodiscard]] std::vector<Change> TakeView() {
    std::vector<Change> found;
    for (const ViewChange& change : view) {
      if (const Change* one = std::get_if<Change>(&change)) found.push_back(*one);
    }
    view.clear();
    return found;
  }

  Now now;
  bool hold_disk = false;
  std::vector<registry::RegistryBatch> writes;  // All so far, in order.
  std::vector<LedgerDelta> ledger;              // All so far.
  std::vector<ViewChange> view;                 // Until TakeView.
  std::vector<Effects::Reply> replies;
  std::vector<std::string> warnings;
  CoreCounts counts;  // Of the removals; all so far.
  std::vector<LinkId> closed_links;
  std::optional<std::string> stepped_down;
  registry::RegistryState disk;  // What is durable.
  MasterCore core;

 private:
  std::string OnlyOfferId(const std::string& framework);

  std::map<LinkId, std::vector<ToAgent>> to_agents_;
  std::map<std::string, std::vector<Event>> events_;
  std::map<std::string, int> closed_;
  std::optional<uint64_t> write_out_;
  uint64_t view_number_ = 0;
  ReplyId next_reply_ = 1'000'000;  // Of scheduler calls; tests number operator calls themselves.
};

}  // namespace meseta::master
