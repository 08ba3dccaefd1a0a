#include "master/master_actor.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "actors/base/logging.h"

namespace meseta::master {
namespace {

constexpr char kToAgentType[] = "meseta.internal.ToAgent";
constexpr char kAgentActor[] = "slave(1)";
constexpr Duration kIdleTurn = Duration::Seconds(1);
constexpr Duration kLeasePoll = Duration::Millis(10);
// Kept back while the lease is over; more end the term.
constexpr size_t kMaxKeptEvents = 200'000;

}  // namespace

MasterActor::MasterActor(std::unique_ptr<MasterCore> core, MasterOutlets outlets)
    : core_(std::move(core)), outlets_(std::move(outlets)) {}

void MasterActor::Turn(std::vector<MasterEvent>& events, runtime::TurnContext& turn) {
  outlets_.counts->CountTurn(events.size());
  outlets_.transport->CoreTurned();
  if (!Leads(turn)) {
    std::move(events.begin(), events.end(), std::back_inserter(kept_events_));
    return;
  }
  if (kept_effects_) Perform(*std::exchange(kept_effects_, std::nullopt), turn);
  for (const auto channel : std::exchange(closed_, {})) {
    core_->HandleLinkDown(channel, turn.now());
  }
  std::vector<MasterEvent> kept = std::exchange(kept_events_, {});
  HandleAll(kept, turn.now());
  HandleAll(events, turn.now());
  core_->Tick(turn.now());
  Effects effects = core_->TakeEffects();
  outlets_.counts->SetQueuedOperations(core_->state().registrar.queued());
  if (Leads(turn)) {
    Perform(std::move(effects), turn);
  } else {
    kept_effects_ = std::move(effects);
  }
}

bool MasterActor::Leads(runtime::TurnContext& turn) {
  const Time now = outlets_.clock->Mono();  // A turn may be longer than what is left of the lease.
  if (now < outlets_.leads_until()) {
    lapsed_.reset();
    return true;
  }
  if (!lapsed_) lapsed_ = now;
  if (now - *lapsed_ > kMaxLapse || kept_events_.size() > kMaxKeptEvents) {
    outlets_.step_down("Its lease has run out and was not renewed");
  }
  turn.WakeAt(now + kLeasePoll);
  return false;
}

void MasterActor::HandleAll(std::vector<MasterEvent>& events, Now now) {
  for (MasterEvent& event : events) {
    std::visit([&](auto& e) { Handle(e, now); }, event);
    // Work that is long, as when thousands of agents return at once, is not a core that hangs.
    outlets_.transport->CoreTurned();
  }
}

void MasterActor::Handle(SubscribeArrived& event, Now now) {
  outlets_.counts->CountCall(v1::scheduler::Call::SUBSCRIBE);
  SubscribeRequest request;
  request.session = event.stream;
  request.call = std::move(*event.call.mutable_subscribe());
  request.framework_term = event.framework_term;
  core_->HandleSubscribe(request, now);
}

void MasterActor::Handle(CallArrived& event, Now now) {
  outlets_.counts->CountCall(event.call.type());
  SchedulerRequest request;
  if (event.stream) request.session = *event.stream;
  if (!event.principal.empty()) request.principal = event.principal;
  request.call = std::move(event.call);
  request.reply = next_reply_++;
  if (const std::optional<CallResult> result = core_->HandleCall(request, now)) {
    return Answer(event.responder, *result);
  }
  waiting_[request.reply] = event.responder;
}

void MasterActor::Handle(StreamClosed& event, Now now) {
  core_->HandleSessionClosed(event.stream, now);
  outlets_.streams.PostCompletion(EndStream{event.stream});
}

void MasterActor::Handle(OperatorCallArrived& event, Now now) {
  const ReplyId id = next_reply_++;
  waiting_[id] = event.responder;
  core_->HandleOperator(id, event.call, now);
}

void MasterActor::Handle(AgentLinkUp& event, Now) {
  VLOG(1) << "Link " << event.link << " to the agent at " << event.peer.address << " is up";
  SayLeading(event.link, kAgentActor);
}

// An agent with several masters registers with the one that says so.
void MasterActor::SayLeading(net::LinkId link, const std::string& to) {
  internal::ToAgent message;
  message.set_term(core_->state().term);
  message.mutable_leading();
  SendToAgent(link, to, message);
}

void MasterActor::Handle(AgentLinkDown& event, Now now) {
  LOG(INFO) << "Link " << event.link << " is down: " << event.reason.message();
  for (const auto channel : channels_.CloseLink(event.link)) core_->HandleLinkDown(channel, now);
}

void MasterActor::Handle(AgentMessagesArrived& event, Now now) {
  for (AgentMessagesArrived::Message& entry : event.messages) {
    const auto channel = channels_.Open(event.link, entry.from);
    if (!channel) {
      outlets_.counts->CountDropped();
      continue;
    }
    outlets_.counts->CountAgentMessage(entry.message.message_case());
    if (entry.message.has_who_leads()) SayLeading(event.link, channels_.Find(*channel)->to);
    core_->HandleAgent(*channel, std::move(entry.message), now);
  }
  event.unconsumed = {};
}

void MasterActor::Handle(ProposalsMade& event, Now now) {
  core_->HandleProposals(event.proposals, now);
}

void MasterActor::Handle(RegistryWritten& event, Now now) {
  if (event.status.ok()) {
    core_->HandlePersisted(event.number, now);
  } else {
    core_->HandlePersistFailed(event.status);
  }
}

void MasterActor::Answer(const http::ResponderPtr& responder, const CallResult& result) {
  answers_.push_back({responder, http::Response::Text(result.status, result.text)});
}

void MasterActor::Perform(Effects effects, runtime::TurnContext& turn) {
  for (const std::string& warning : effects.warnings) LOG(WARNING) << warning;
  outlets_.counts->CountCore(effects.counts);
  if (effects.step_down) {
    outlets_.step_down(*effects.step_down);
    return;
  }
  if (effects.persist) outlets_.persist(*std::move(effects.persist));
  for (const Effects::Reply& reply : effects.replies) {
    const auto it = waiting_.find(reply.id);
    if (it == waiting_.end()) continue;
    Answer(it->second, reply.result);
    waiting_.erase(it);
  }
  if (!effects.view.empty() || !answers_.empty()) {
    ViewBatch batch;
    batch.first = effects.view_number + 1 - effects.view.size();
    batch.changes = std::move(effects.view);
    batch.answers = std::exchange(answers_, {});
    outlets_.view.PostCompletion(std::move(batch));
  }
  if (!effects.ledger.empty()) outlets_.allocator.PostCompletion(std::move(effects.ledger));
  SendToAgents(std::move(effects.to_agents));
  SendToSessions(effects);
  for (const LinkId channel : effects.close_links) CloseChannel(channel);
  // Also an idle core takes turns: keepalives tell peers how long ago the last one was.
  const Time heartbeat = closed_.empty() ? turn.now().mono + kIdleTurn : turn.now().mono;
  turn.WakeAt(std::min(effects.wake_at.value_or(heartbeat), heartbeat));
}

void MasterActor::SendToAgents(std::vector<Effects::AgentMessage> messages) {
  for (const Effects::AgentMessage& message : messages) {
    const ChannelTable::Channel* channel = channels_.Find(message.link);
    if (channel != nullptr) SendToAgent(channel->link, channel->to, message.message);
  }
}

void MasterActor::SendToAgent(net::LinkId link, const std::string& to,
                              const internal::ToAgent& message) {
  net::Envelope envelope;
  envelope.to = to;
  envelope.from = outlets_.address;
  envelope.type = kToAgentType;
  envelope.payload = message.SerializePartialAsString();
  // A link that is down or full reports that itself; the agent then starts over.
  outlets_.transport->Send(link, std::move(envelope));
}

void MasterActor::CloseChannel(ChannelTable::ChannelId id) {
  const ChannelTable::Channel* channel = channels_.Find(id);
  if (channel == nullptr) return;
  if (!channel->shared()) {
    outlets_.transport->Close(channel->link, FailedPrecondition("The master closed this link"));
    return;
  }
  internal::ToAgent message;
  message.set_term(core_->state().term);
  message.mutable_channel_closed();
  SendToAgent(channel->link, channel->to, message);
  channels_.Close(id);
  closed_.push_back(id);
}

void MasterActor::SendToSessions(Effects& effects) {
  for (Effects::SessionEvent& event : effects.to_sessions) {
    if (event.event.has_update()) outlets_.counts->CountRefusedTask(event.event.update().status());
    outlets_.streams.PostCompletion(WriteStream{event.session, std::move(event.event)});
  }
  for (const StreamId& session : effects.close_sessions) {
    outlets_.streams.PostCompletion(EndStream{session});
  }
}

}  // namespace meseta::master
