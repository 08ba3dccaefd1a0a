#include "master/leadership/leadership_actor.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "actors/base/logging.h"
#include "master/leadership/registry_loader.h"

namespace meseta::master {
namespace {

constexpr char kAgentActor[] = "slave(1)";  // Of a link; behind it may be slave(1)/17, too.
constexpr Duration kIdleTurn = Duration::Seconds(1);

}  // namespace

LeadershipActor::LeadershipActor(LeadershipOutlets outlets)
    : outlets_(std::move(outlets)),
      fetch_time_(outlets_.term.metrics->AddTimer("registrar/state_fetch")) {
  Publish();
}

LeadershipActor::~LeadershipActor() {
  StopFollowing();
  EndTerm();
}

void LeadershipActor::Turn(std::vector<LeadershipEvent>& events, runtime::TurnContext& turn) {
  const Time now = turn.now().mono;
  for (LeadershipEvent& event : events) {
    std::visit([&](auto& e) { Handle(e, now); }, event);
  }
  Perform(core_.Tick(now), now);
  MaybeOpen(now);
  if (store_ != nullptr && !watch_ && core_.phase() == LeadershipCore::Phase::kStandby) {
    StartFollowing();
  }
  // Keepalives tell peers how long ago the last turn was; while it leads, of the master's actor.
  if (!term_) outlets_.term.transport->CoreTurned();
  const Time idle = now + (opened_ ? kMaxFollow : kIdleTurn);
  turn.WakeAt(std::min(wake_at_.value_or(idle), idle));
}

void LeadershipActor::Handle(StoreOpened& event, Time now) {
  store_ = event.store;
  if (early_role_) Perform(core_.RoleChanged(*std::exchange(early_role_, std::nullopt)), now);
}

void LeadershipActor::Handle(RoleChanged& event, Time now) {
  if (store_ == nullptr) {
    early_role_ = std::move(event.role);
    return;
  }
  Perform(core_.RoleChanged(std::move(event.role)), now);
}

void LeadershipActor::Handle(TermOpened& event, Time now) {
  opened_ = std::move(event);
  opened_at_ = now;
  MaybeOpen(now);
}

void LeadershipActor::Handle(StoreChanged& event, Time now) {
  if (event.epoch != follow_epoch_ || !watch_) return;
  follower_.Apply(event.event);
  MaybeOpen(now);
}

void LeadershipActor::MaybeOpen(Time now) {
  if (!opened_) return;
  const auto version = follower_.version();
  const bool behind = version && *version < opened_->version;
  if (opened_->outcome.ok() && behind && now - opened_at_ < kMaxFollow) return;
  if (behind) follower_.Stop();
  const TermOpened opened = *std::exchange(opened_, std::nullopt);
  Perform(core_.Opened(opened.attempt, opened.outcome, now), now);
}

void LeadershipActor::StartFollowing() {
  const store::SnapshotPtr snapshot = store_->Local();
  follower_.Restart(*snapshot);
  const store::WatchId watch = store_->Watch(
      "", snapshot->version(),
      [self = outlets_.self, epoch = ++follow_epoch_](store::WatchEvent event) {
        self->Get()->PostCompletion(StoreChanged{epoch, std::move(event)});
      });
  watch_ = watch;
}

void LeadershipActor::StopFollowing() {
  if (!watch_) return;
  store_->Unwatch(*std::exchange(watch_, std::nullopt));
  follower_.Stop();
}

// Behind the barrier: everything that any earlier leader made durable is in there.
Result<registry::RegistryState> LeadershipActor::TakeRegistry() {
  if (!follower_.version()) return LoadRegistry(*store_->Local());
  registry::RegistryState state = follower_.Take();
  RETURN_IF_ERROR(registry::CheckMinimumCapabilities(state));
  return state;
}

void LeadershipActor::Handle(TermFailed& event, Time now) {
  Perform(core_.Failed(event.attempt, event.why, now), now);
}

void LeadershipActor::Handle(AwaitTerm& event, Time) {
  if (term_) return event.reply.Send(runtime::Done{});
  waiting_.push_back(std::move(event.reply));
}

void LeadershipActor::Handle(AgentLinkUp& event, Time) {
  links_[event.link] = event.peer;
  if (term_) {
    term_->refs()->post(std::move(event));
  } else if (core_.phase() != LeadershipCore::Phase::kOpening) {
    TellNotLeading(event.link, kAgentActor);
  }
}

void LeadershipActor::Handle(AgentLinkDown& event, Time) {
  links_.erase(event.link);
  std::erase_if(held_, [&](const AgentMessagesArrived& held) { return held.link == event.link; });
  // Behind everything that came over the link, also by the shorter way.
  if (term_) term_->refs()->post(std::move(event));
}

void LeadershipActor::Handle(AgentMessagesArrived& event, Time) {
  if (!links_.count(event.link)) return;
  if (term_) {
    term_->refs()->post(std::move(event));
  } else if (core_.phase() == LeadershipCore::Phase::kOpening && held_.size() < kMaxHeld) {
    held_.push_back(std::move(event));
  } else {
    AnswerNotLeading(event);
  }
}

void LeadershipActor::Perform(LeadershipCore::Effects effects, Time now) {
  if (!effects.warning.empty()) LOG(WARNING) << effects.warning;
  wake_at_ = effects.wake_at;
  if (effects.end) EndTerm();
  if (core_.phase() != LeadershipCore::Phase::kOpening && !effects.build) DropHeld();
  if (effects.tell_followers) {
    for (const auto& [link, peer] : links_) TellNotLeading(link, kAgentActor);
  }
  if (effects.hand_over) HandOver();
  if (effects.barrier) WriteBarrier(*effects.barrier);
  if (effects.build) Build(*effects.build, now);
  Publish();
  if (term_) {
    for (auto& reply : std::exchange(waiting_, {})) reply.Send(runtime::Done{});
  }
}

void LeadershipActor::WriteBarrier(uint64_t term) {
  const uint64_t attempt = core_.attempt();
  const auto tell = [self = outlets_.self, attempt](Result<store::Version> version) {
    self->Get()->PostCompletion(
        TermOpened{attempt, version.status(), version.ok() ? *version : store::Version()});
  };
  auto batch = OpenTerm(*store_->Local(), term, store_->replica().status()->cluster_id);
  if (!batch.ok()) return tell(batch.status());
  store_->Write(*std::move(batch), {.term = term},
                runtime::Reply<store::Version>(tell));
}

void LeadershipActor::Build(uint64_t term, Time now) {
  const Time start = outlets_.term.actors->clock().Mono();
  auto registry = TakeRegistry();
  StopFollowing();
  fetch_time_->Record(outlets_.term.actors->clock().Mono() - start);
  if (!registry.ok()) {
    Perform(core_.Failed(core_.attempt(), registry.status().message(), now), now);
    return;
  }
  TermContext context = outlets_.term;
  context.store = store_;
  context.record = outlets_.record;
  context.record.info.set_id(outlets_.new_uuid());
  context.record.elected = context.actors->clock().Wall();
  context.failed = [self = outlets_.self, attempt = core_.attempt()](const std::string& why) {
    self->Get()->PostCompletion(TermFailed{attempt, why});
  };
  const size_t agents = registry->admitted.size();
  term_ = std::make_shared<LeaderTerm>(context, term, *std::move(registry));
  outlets_.present->Set(term_);
  for (const auto& [link, peer] : links_) term_->refs()->post(AgentLinkUp{link, peer});
  for (AgentMessagesArrived& held : held_) term_->refs()->post(std::move(held));
  held_.clear();
  LOG(INFO) << "Master " << context.record.info.id() << " leads at " << outlets_.url << " in term "
            << term << ", with " << agents << " agents in the registry";
}

void LeadershipActor::EndTerm() {
  if (!term_) return;
  // Requests see it at once, the lease aside.
  auto leadership = std::make_shared<Leadership>();
  leadership->leader = core_.other_leader();
  leadership->waits_for = core_.waits_for();
  outlets_.published->Set(std::move(leadership));
  term_->End();
  outlets_.present->Set(nullptr);
  term_.reset();
  outlets_.term.counts->SetQueuedOperations(0);
  LOG(INFO) << "This master does not lead any more";
}

void LeadershipActor::HandOver() {
  store_->replica().Transfer(
      std::nullopt, runtime::Reply<runtime::Done>([](const Result<runtime::Done>& done) {
        if (!done.ok()) LOG(INFO) << "No other master takes over: " << done.status().message();
      }));
}

void LeadershipActor::Publish() {
  auto leadership = std::make_shared<Leadership>();
  if (term_) leadership->term = term_->refs();
  leadership->leader = core_.other_leader();
  leadership->waits_for = core_.waits_for();
  outlets_.published->Set(std::move(leadership));
}

// Only to who asked: others behind the same link know by themselves, and may be thousands.
void LeadershipActor::AnswerNotLeading(const AgentMessagesArrived& batch) {
  std::set<std::string_view> senders;
  for (const AgentMessagesArrived::Message& entry : batch.messages) {
    const std::string_view from = entry.from;
    senders.insert(from.substr(0, from.find('@')));
  }
  for (const std::string_view sender : senders) {
    if (sender.starts_with(kAgentActor)) TellNotLeading(batch.link, std::string(sender));
  }
}

void LeadershipActor::TellNotLeading(net::LinkId link, std::string to) {
  internal::ToAgent message;
  internal::NotLeading* answer = message.mutable_not_leading();
  if (const auto leader = core_.other_leader()) answer->set_leader(*leader);
  net::Envelope envelope;
  envelope.to = std::move(to);
  envelope.from = outlets_.term.pid;
  envelope.type = message.GetTypeName();
  envelope.payload = message.SerializePartialAsString();
  outlets_.term.transport->Send(link, std::move(envelope));
}

void LeadershipActor::DropHeld() {
  for (const AgentMessagesArrived& held : std::exchange(held_, {})) AnswerNotLeading(held);
}

}  // namespace meseta::master
