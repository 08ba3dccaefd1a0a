#include "frameworks/services/daemon/leadership_actor.h"

#include <algorithm>
#include <utility>

#include "actors/base/logging.h"

namespace meseta::services {
namespace {

constexpr Duration kFirstTurnPoll = Duration::Millis(5);
constexpr Duration kIdleTurn = Duration::Seconds(1);

}  // namespace

using leadership::LeadershipCore;

LeadershipActor::LeadershipActor(LeadershipOutlets outlets) : outlets_(std::move(outlets)) {
  Publish();
}

LeadershipActor::~LeadershipActor() { EndTerm(); }

void LeadershipActor::Turn(std::vector<LeadershipEvent>& events, runtime::TurnContext& turn) {
  const Time now = turn.now().mono;
  for (LeadershipEvent& event : events) {
    std::visit([&](auto& e) { Handle(e, now); }, event);
  }
  Perform(core_.Tick(now), now);
  MaybeAnswer();
  // Keepalives tell peers how long ago the last turn was; while it leads, of the services' actor.
  if (!term_) outlets_.term.transport->CoreTurned();
  // A term serves from its first turn on.
  const Time idle = now + (!waiting_.empty() && term_ ? kFirstTurnPoll : kIdleTurn);
  turn.WakeAt(std::min(wake_at_.value_or(idle), idle));
}

void LeadershipActor::MaybeAnswer() {
  if (!term_ || !term_->refs()->leads()) return;
  for (auto& reply : std::exchange(waiting_, {})) reply.Send(runtime::Done{});
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
  Perform(core_.Opened(event.attempt, event.outcome, now), now);
}

void LeadershipActor::Handle(TermFailed& event, Time now) {
  Perform(core_.Failed(event.attempt, event.why, now), now);
}

void LeadershipActor::Handle(AwaitTerm& event, Time) {
  waiting_.push_back(std::move(event.reply));
}

void LeadershipActor::Handle(Abdicate&, Time now) {
  if (term_) Perform(core_.Failed(core_.attempt(), "asked to abdicate", now), now);
}

void LeadershipActor::Perform(LeadershipCore::Effects effects, Time now) {
  if (!effects.warning.empty()) LOG(WARNING) << effects.warning;
  wake_at_ = effects.wake_at;
  if (effects.end) EndTerm();
  if (effects.hand_over) {
    store_->replica().Transfer(
        std::nullopt, runtime::Reply<runtime::Done>([](const Result<runtime::Done>& done) {
          if (!done.ok()) LOG(INFO) << "No other daemon takes over: " << done.status().message();
        }));
  }
  if (effects.barrier) WriteBarrier(*effects.barrier);
  if (effects.build) Build(*effects.build, now);
  Publish();
}

void LeadershipActor::WriteBarrier(uint64_t term) {
  const uint64_t attempt = core_.attempt();
  const auto tell = [self = outlets_.self, attempt](const Result<store::Version>& version) {
    self->Get()->PostCompletion(TermOpened{attempt, version.status()});
  };
  auto batch = OpenTerm(*store_->Local(), term);
  if (!batch.ok()) return tell(batch.status());
  store_->Write(*std::move(batch), {.term = term}, runtime::Reply<store::Version>(tell));
}

void LeadershipActor::Build(uint64_t term, Time now) {
  auto records = LoadRecords(*store_->Local());  // The barrier is applied here: nothing is missing.
  if (!records.ok()) {
    Perform(core_.Failed(core_.attempt(), records.status().message(), now), now);
    return;
  }
  TermContext context = outlets_.term;
  context.store = store_;
  context.failed = [self = outlets_.self, attempt = core_.attempt()](const std::string& why) {
    self->Get()->PostCompletion(TermFailed{attempt, why});
  };
  LOG(INFO) << "This daemon leads at " << outlets_.url << " in term " << term << ", with "
            << records->apps.size() << " apps, " << records->instances.size() << " instances and "
            << records->deployments.size() << " deployments";
  auto begun = ServicesTerm::Begin(context, term, *std::move(records));
  if (!begun.ok()) {
    Perform(core_.Failed(core_.attempt(), begun.status().message(), now), now);
    return;
  }
  term_ = *std::move(begun);
}

void LeadershipActor::EndTerm() {
  if (!term_) return;
  // Requests see it at once, the lease aside.
  auto leadership = std::make_shared<Leadership>();
  leadership->leader = core_.other_leader();
  leadership->waits_for = core_.waits_for();
  outlets_.published->Set(std::move(leadership));
  term_->End();
  term_.reset();
  LOG(INFO) << "This daemon does not lead any more";
}

void LeadershipActor::Publish() {
  auto leadership = std::make_shared<Leadership>();
  if (term_) leadership->term = term_->refs();
  leadership->leader = core_.other_leader();
  leadership->waits_for = core_.waits_for();
  outlets_.published->Set(std::move(leadership));
}

}  // namespace meseta::services
