// MasterActor: MasterCore on its own thread. Hands events in, performs effects; decides nothing.
//
// Nothing leaves after the lease: a turn that finds it over keeps events and effects back. When the
// lease is renewed in the same term nobody else can have led meanwhile, and they go on; else the term
// is ended from outside, and they are dropped with it.
//
// Order of the effects of one turn is that of master_core.h: the batch for the disk, the view, the
// allocator's deltas, messages to agents, events to sessions, ends of both, answers. Answers travel
// through the view actor, so that what was asked for is visible before it is confirmed.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/net/transport.h"
#include "actors/runtime/core_shell.h"
#include "master/agents/channel_table.h"
#include "master/allocator/allocator_actor.h"
#include "master/core/master_core.h"
#include "master/master_counters.h"
#include "master/master_events.h"
#include "master/sessions/stream_actor.h"
#include "master/view/view_actor.h"

namespace meseta::master {

// Where effects go. Every member is set; all outlive the actor.
struct MasterOutlets {
  net::Transport* transport = nullptr;
  // Hands a batch to the log; RegistryWritten comes back.
  std::function<void(registry::RegistryBatch)> persist;
  runtime::CoreRef<ViewBatch> view;
  runtime::CoreRef<LedgerDeltas> allocator;
  runtime::CoreRef<StreamCommand> streams;
  std::shared_ptr<MasterCounts> counts;
  // The term cannot go on, with this sentence.
  std::function<void(const std::string&)> step_down;
  const runtime::Clock* clock = nullptr;
  // The end of this term's lease, as of now; Time() once it is lost.
  std::function<Time()> leads_until;
  std::string address;  // name@host:port of this actor, as the sender of messages.
};

class MasterActor : public runtime::Core<MasterEvent> {
 public:
  // A lease that is neither renewed nor taken back for so long ends the term.
  static constexpr Duration kMaxLapse = Duration::Seconds(10);

  MasterActor(std::unique_ptr<MasterCore> core, MasterOutlets outlets);
  void Turn(std::vector<MasterEvent>& events, runtime::TurnContext& turn) override;

 private:
  void Handle(SubscribeArrived& event, Now now);
  void Handle(CallArrived& event, Now now);
  void Handle(StreamClosed& event, Now now);
  void Handle(OperatorCallArrived& event, Now now);
  void Handle(AgentLinkUp& event, Now now);
  void Handle(AgentLinkDown& event, Now now);
  void Handle(AgentMessagesArrived& event, Now now);
  void Handle(ProposalsMade& event, Now now);
  void Handle(RegistryWritten& event, Now now);

  // False, after arranging to look again, when the lease is over.
  [[nodiscard]] bool Leads(runtime::TurnContext& turn);
  void HandleAll(std::vector<MasterEvent>& events, Now now);
  void Perform(Effects effects, runtime::TurnContext& turn);
  void SendToAgents(std::vector<Effects::AgentMessage> messages);
  void SendToAgent(net::LinkId link, const std::string& to, const internal::ToAgent& message);
  void SayLeading(net::LinkId link, const std::string& to);
  void CloseChannel(ChannelTable::ChannelId id);
  void SendToSessions(Effects& effects);
  void Answer(const http::ResponderPtr& responder, const CallResult& result);

  std::unique_ptr<MasterCore> core_;
  const MasterOutlets outlets_;
  ChannelTable channels_;                          // What the core calls links.
  std::vector<ChannelTable::ChannelId> closed_;    // Of shared links; the core hears of it next turn.
  std::vector<ViewAnswer> answers_;               // Of this turn.
  std::map<ReplyId, http::ResponderPtr> waiting_;  // Calls without an answer yet.
  ReplyId next_reply_ = 1;
  std::optional<Time> lapsed_;           // Since when the lease is over.
  std::vector<MasterEvent> kept_events_;  // Came meanwhile.
  std::optional<Effects> kept_effects_;   // Of the turn in which it ended.
};

}  // namespace meseta::master
