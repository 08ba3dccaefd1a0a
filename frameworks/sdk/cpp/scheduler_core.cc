#include "frameworks/sdk/cpp/scheduler_core.h"

#include <algorithm>
#include <utility>

#include "actors/base/check.h"
#include "frameworks/sdk/cpp/calls.h"

namespace meseta::sdk {
namespace {

using Call = SchedulerCore::Call;
using Event = v1::scheduler::Event;

// How masters say that they would take the same SUBSCRIBE later.
constexpr std::string_view kTryAgain = "try again";

Status StatusOfCode(int code, std::string text) {
  if (text.empty()) text = "The master answered with status " + std::to_string(code);
  switch (code) {
    case 401:
      return Unauthenticated(std::move(text));
    case 403:
      return PermissionDenied(std::move(text));
    case 404:
      return NotFound(std::move(text));
    case 409:
      return FailedPrecondition(std::move(text));
    case 413:
    case 429:
      return ResourceExhausted(std::move(text));
    case 501:
      return Unimplemented(std::move(text));
    default:
      if (code >= 500) return Unavailable(std::move(text));
      return InvalidArgument(std::move(text));
  }
}

}  // namespace

CallOutcome Judge(int status, const std::string& text) {
  if (status >= 200 && status < 300) return CallOutcome::kAccepted;
  if (status >= 300 && status < 400) return CallOutcome::kSessionStale;  // Another master leads.
  const auto says = [&text](std::string_view words) {
    return text.find(words) != std::string::npos;
  };
  const bool stale =
      (status == 403 && says("not subscribed")) ||
      (status == 400 && (says("Framework cannot be found") || says("stream ID"))) ||
      (status == 503 && (says("No leader") || says("ceased to lead")));
  return stale ? CallOutcome::kSessionStale : CallOutcome::kRefused;
}

SchedulerCore::Refusal RefusalOf(const std::string& master, int status, const std::string& text,
                                 const std::string& location) {
  using Kind = SchedulerCore::Refusal::Kind;
  SchedulerCore::Refusal refusal;
  if ((status == 301 || status == 302 || status == 307 || status == 308) && !location.empty()) {
    refusal.kind = Kind::kRedirected;
    refusal.leader = location;
    return refusal;
  }
  const bool later = status < 400 || status >= 500 || status == 408 || status == 429;
  refusal.kind = later ? Kind::kNotNow : Kind::kForGood;
  refusal.status =
      StatusOfCode(status, text).WithContext("The master at " + AddressOf(master));
  return refusal;
}

SchedulerCore::SchedulerCore(Options options, Rng rng)
    : acknowledge_(options.acknowledge),
      term_(options.term),
      masters_(std::move(options.masters)),
      wishes_(std::move(options.framework), options.suppressed_roles,
              std::move(options.offer_constraints)),
      rng_(rng) {}

bool SchedulerCore::Current(SessionId session) const {
  return session == session_ && (phase_ == Phase::kDialing || phase_ == Phase::kSubscribed);
}

SchedulerCore::Effects SchedulerCore::Done(Effects effects) const {
  if (phase_ != Phase::kOver && deadline_ != Time::Max()) effects.wake_at = deadline_;
  return effects;
}

void SchedulerCore::DialNow(Time now, Effects* effects) {
  phase_ = Phase::kDialing;
  ending_ = false;
  deadline_ = now + kSubscribeDeadline;
  Dial dial;
  dial.session = ++session_;
  dial.master = masters_.current();
  dial.subscribe = wishes_.Subscribe();
  dial.term = term_;
  effects->dial = std::move(dial);
}

void SchedulerCore::Retry(const Status& why, Time now, Effects* effects) {
  const auto rounds = failures_ / static_cast<int>(masters_.size());
  ++failures_;
  redirects_ = 0;
  const Duration most =
      std::min(kLongestPause, kFirstPause * (int64_t{1} << std::min(rounds, 10)));
  // Half of it is jitter, so that the frameworks of a lost master do not return as one.
  const Duration pause = Duration::FromSecondsDouble(most.seconds() * (0.5 + rng_.Uniform() / 2));
  Retrying retrying;
  retrying.master = AddressOf(masters_.current());
  retrying.why = why.message();
  retrying.in = pause;
  if (phase_ == Phase::kDialing) effects->events.emplace_back(std::move(retrying));
  effects->close = true;
  phase_ = Phase::kPausing;
  deadline_ = now + pause;
  masters_.Next();
}

void SchedulerCore::Redirect(const std::string& leader, Time now, Effects* effects) {
  const std::string from = AddressOf(masters_.current());
  if (++redirects_ > kMaxRedirects) {
    return Retry(Unavailable("The master at " + from + " names the leader " + leader +
                             ", but none of those named leads"),
                 now, effects);
  }
  const Status followed = masters_.Follow(leader);
  if (!followed.ok()) {
    return Retry(followed.WithContext("The master at " + from + " names no leader"), now, effects);
  }
  effects->close = true;
  DialNow(now, effects);
}

// The session is over; another follows.
void SchedulerCore::Lose(const Status& why, Time now, Effects* effects) {
  if (phase_ == Phase::kSubscribed) {
    Disconnected disconnected;
    disconnected.why =
        "The session with the master at " + AddressOf(masters_.current()) + " is over: " + why.message();
    effects->events.emplace_back(std::move(disconnected));
    failures_ = 0;
  }
  Retry(why, now, effects);
}

void SchedulerCore::FailForGood(Status why, Effects* effects) {
  phase_ = Phase::kOver;
  effects->close = true;
  Failed failed;
  failed.why = std::move(why);
  effects->events.emplace_back(std::move(failed));
}

void SchedulerCore::FinishTeardown(Effects* effects) {
  phase_ = Phase::kOver;
  effects->close = true;
  effects->events.emplace_back(TornDown());
}

SchedulerCore::Effects SchedulerCore::Start(Time now) {
  CHECK(phase_ == Phase::kIdle);
  Effects effects;
  DialNow(now, &effects);
  return Done(std::move(effects));
}

SchedulerCore::Effects SchedulerCore::Tick(Time now) {
  Effects effects;
  if (phase_ == Phase::kIdle || phase_ == Phase::kOver || now < deadline_) {
    return Done(std::move(effects));
  }
  if (phase_ == Phase::kPausing) {
    DialNow(now, &effects);
  } else if (phase_ == Phase::kDialing) {
    Lose(DeadlineExceeded("The master at " + AddressOf(masters_.current()) +
                          " did not subscribe the framework within " +
                          kSubscribeDeadline.ToString()),
         now, &effects);
  } else if (ending_) {
    Lose(Unavailable("the master ended it"), now, &effects);
  } else {
    Lose(DeadlineExceeded("it was silent for " + std::to_string(kMissedHeartbeats) +
                          " heartbeats of " + heartbeat_.ToString()),
         now, &effects);
  }
  return Done(std::move(effects));
}

SchedulerCore::Effects SchedulerCore::Refused(SessionId session, const Refusal& refusal, Time now) {
  Effects effects;
  if (!Current(session)) return Done(std::move(effects));
  switch (refusal.kind) {
    case Refusal::Kind::kRedirected:
      if (phase_ == Phase::kSubscribed) {
        Lose(Unavailable("another master leads"), now, &effects);
      } else {
        Redirect(refusal.leader, now, &effects);
      }
      break;
    case Refusal::Kind::kForGood:
      FailForGood(refusal.status, &effects);
      break;
    case Refusal::Kind::kNotNow:
    case Refusal::Kind::kUnreachable:
      Lose(refusal.status, now, &effects);
      break;
  }
  return Done(std::move(effects));
}

SchedulerCore::Effects SchedulerCore::Ended(SessionId session, const Status& why, Time now) {
  Effects effects;
  if (!Current(session)) return Done(std::move(effects));
  if (subscribed() && tearing_down_ && !std::exchange(ending_, true)) {
    deadline_ = now + kTeardownGrace;
    return Done(std::move(effects));
  }
  Lose(why.ok() ? Unavailable("the master ended it") : why, now, &effects);
  return Done(std::move(effects));
}

SchedulerCore::Effects SchedulerCore::Arrived(SessionId session, Event event, Time now) {
  Effects effects;
  if (!Current(session)) return Done(std::move(effects));
  if (event.type() == Event::SUBSCRIBED) {
    OnSubscribed(event.subscribed(), now, &effects);
  } else if (event.type() == Event::ERROR) {
    OnError(event.error().message(), now, &effects);
  } else if (phase_ == Phase::kSubscribed) {
    deadline_ = now + heartbeat_ * kMissedHeartbeats;
    Deliver(std::move(event), &effects);
  }
  return Done(std::move(effects));
}

void SchedulerCore::OnSubscribed(const Event::Subscribed& subscribed, Time now, Effects* effects) {
  if (subscribed.heartbeat_interval_seconds() > 0) {
    heartbeat_ = std::max(
        kMinHeartbeat, Duration::FromSecondsDouble(subscribed.heartbeat_interval_seconds()));
  }
  // A year of silence would overflow nothing, but help nobody.
  heartbeat_ = std::min(heartbeat_, Duration::Hours(1));
  Subscribed event;
  event.resubscribed = !framework_id().empty();
  event.framework_id = FrameworkId(subscribed.framework_id().value());
  event.master = AddressOf(masters_.current());
  event.master_info = subscribed.master_info();
  wishes_.SetFrameworkId(event.framework_id);
  phase_ = Phase::kSubscribed;
  failures_ = 0;
  redirects_ = 0;
  deadline_ = now + heartbeat_ * kMissedHeartbeats;
  effects->events.emplace_back(std::move(event));
  for (Call& call : wishes_.Missing()) SendNow(std::move(call), effects);
  if (tearing_down_) {
    Call call;
    call.set_type(Call::TEARDOWN);
    SendNow(std::move(call), effects);
  }
}

void SchedulerCore::OnError(const std::string& message, Time now, Effects* effects) {
  // Removed it is, whatever became of our TEARDOWN's answer.
  if (tearing_down_) return FinishTeardown(effects);
  if (message.find(kTryAgain) != std::string::npos) return Lose(Unavailable(message), now, effects);
  FailForGood(FailedPrecondition(message).WithContext("The master at " +
                                                      AddressOf(masters_.current()) +
                                                      " ended this framework's subscription"),
              effects);
}

void SchedulerCore::Deliver(Event event, Effects* effects) {
  switch (event.type()) {
    case Event::OFFERS: {
      OffersArrived arrived;
      auto* offers = event.mutable_offers()->mutable_offers();
      arrived.offers.assign(std::make_move_iterator(offers->begin()),
                            std::make_move_iterator(offers->end()));
      effects->events.emplace_back(std::move(arrived));
      break;
    }
    case Event::INVERSE_OFFERS: {
      InverseOffersArrived arrived;
      const auto& offers = event.inverse_offers().inverse_offers();
      arrived.offers.assign(offers.begin(), offers.end());
      effects->events.emplace_back(std::move(arrived));
      break;
    }
    case Event::RESCIND:
      effects->events.emplace_back(OfferRescinded{OfferId(event.rescind().offer_id().value())});
      break;
    case Event::RESCIND_INVERSE_OFFER:
      effects->events.emplace_back(InverseOfferRescinded{
          OfferId(event.rescind_inverse_offer().inverse_offer_id().value())});
      break;
    case Event::UPDATE:
      if (acknowledge_) {
        if (auto call = AcknowledgeCall(event.update().status())) {
          SendNow(*std::move(call), effects);
        }
      }
      effects->events.emplace_back(
          StatusUpdated{std::move(*event.mutable_update()->mutable_status())});
      break;
    case Event::UPDATE_OPERATION_STATUS:
      if (acknowledge_) {
        if (auto call = AcknowledgeCall(event.update_operation_status().status())) {
          SendNow(*std::move(call), effects);
        }
      }
      effects->events.emplace_back(
          OperationUpdated{std::move(*event.mutable_update_operation_status()->mutable_status())});
      break;
    case Event::MESSAGE: {
      MessageArrived message;
      message.agent = AgentId(event.message().agent_id().value());
      message.executor = ExecutorId(event.message().executor_id().value());
      message.data = std::move(*event.mutable_message()->mutable_data());
      effects->events.emplace_back(std::move(message));
      break;
    }
    case Event::FAILURE:
      DeliverFailure(event.failure(), effects);
      break;
    default:
      break;  // HEARTBEAT, and what later masters may say.
  }
}

void SchedulerCore::DeliverFailure(const Event::Failure& failure, Effects* effects) const {
  AgentFailed failed;
  failed.agent = AgentId(failure.agent_id().value());
  if (failure.has_executor_id()) failed.executor = ExecutorId(failure.executor_id().value());
  if (failure.has_status()) failed.status = failure.status();
  effects->events.emplace_back(std::move(failed));
}

SchedulerCore::Effects SchedulerCore::Answered(SessionId session, const Answer& answer, Time now) {
  Effects effects;
  if (!Current(session)) return Done(std::move(effects));
  const bool teardown = answer.call.type() == Call::TEARDOWN;
  const bool update = answer.call.type() == Call::UPDATE_FRAMEWORK;
  switch (Judge(answer.status, answer.text)) {
    case CallOutcome::kAccepted:
      if (teardown) FinishTeardown(&effects);
      if (update) wishes_.UpdateAccepted(answer.call.update_framework());
      break;
    case CallOutcome::kSessionStale:
      Lose(StatusOfCode(answer.status, answer.text), now, &effects);
      break;
    case CallOutcome::kRefused:
      if (teardown) tearing_down_ = false;
      if (update) wishes_.UpdateRefused(answer.call.update_framework());
      effects.events.emplace_back(
          CallRefused{answer.call, StatusOfCode(answer.status, answer.text)});
      break;
  }
  return Done(std::move(effects));
}

void SchedulerCore::SendNow(Call call, Effects* effects) const {
  call.mutable_framework_id()->set_value(framework_id().value());
  effects->send.push_back(std::move(call));
}

SchedulerCore::Effects SchedulerCore::Send(Call call, Time now) {
  switch (call.type()) {
    case Call::SUPPRESS:
      return Suppress({call.suppress().roles().begin(), call.suppress().roles().end()}, now);
    case Call::REVIVE:
      return Revive({call.revive().roles().begin(), call.revive().roles().end()}, now);
    case Call::UPDATE_FRAMEWORK:
      return Update(std::move(*call.mutable_update_framework()), now);
    case Call::TEARDOWN:
      return Teardown(now);
    default:
      break;
  }
  Effects effects;
  if (phase_ == Phase::kOver) return effects;
  if (call.type() == Call::SUBSCRIBE || call.type() == Call::UNKNOWN) {
    effects.events.emplace_back(
        CallRefused{std::move(call), InvalidArgument("The library subscribes by itself; a call "
                                                     "must ask for something else")});
  } else if (phase_ == Phase::kSubscribed) {
    SendNow(std::move(call), &effects);
  } else {
    effects.events.emplace_back(CallRefused{
        std::move(call), Unavailable("The framework is not subscribed now; the call was not sent")});
  }
  return Done(std::move(effects));
}

SchedulerCore::Effects SchedulerCore::Suppress(const std::set<std::string>& roles, Time) {
  Effects effects;
  if (over()) return effects;
  Call call = wishes_.Suppress(roles);
  if (subscribed()) SendNow(std::move(call), &effects);
  return Done(std::move(effects));
}

SchedulerCore::Effects SchedulerCore::Revive(const std::set<std::string>& roles, Time) {
  Effects effects;
  if (over()) return effects;
  Call call = wishes_.Revive(roles);
  if (subscribed()) SendNow(std::move(call), &effects);
  return Done(std::move(effects));
}

SchedulerCore::Effects SchedulerCore::Update(Call::UpdateFramework update, Time) {
  Effects effects;
  if (over()) return effects;
  Call call = wishes_.Update(std::move(update));
  if (subscribed()) SendNow(std::move(call), &effects);
  return Done(std::move(effects));
}

SchedulerCore::Effects SchedulerCore::Teardown(Time) {
  Effects effects;
  if (over() || tearing_down_) return Done(std::move(effects));
  tearing_down_ = true;
  if (phase_ == Phase::kIdle || (framework_id().empty() && phase_ == Phase::kPausing)) {
    FinishTeardown(&effects);  // No master knows of it.
  } else if (subscribed()) {
    Call call;
    call.set_type(Call::TEARDOWN);
    SendNow(std::move(call), &effects);
  }
  return Done(std::move(effects));
}

SchedulerCore::Effects SchedulerCore::Acknowledge(const v1::TaskStatus& status, Time now) {
  auto call = AcknowledgeCall(status);
  if (!call) return Done(Effects());
  return Send(*std::move(call), now);
}

SchedulerCore::Effects SchedulerCore::Acknowledge(const v1::OperationStatus& status, Time now) {
  auto call = AcknowledgeCall(status);
  if (!call) return Done(Effects());
  return Send(*std::move(call), now);
}

SchedulerCore::Effects SchedulerCore::Stop() {
  Effects effects;
  effects.close = !over();
  phase_ = Phase::kOver;
  return effects;
}

}  // namespace meseta::sdk
