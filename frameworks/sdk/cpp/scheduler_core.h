// Decides about a scheduler's session with the masters: which master to ask, when to ask again, when
// a session is over, and what the user is told. Pure; shells (scheduler.cc) carry it over HTTP or
// links.
//
//             Start                        SUBSCRIBED
//   kIdle ----------> kDialing -------------------------------> kSubscribed
//                      |    ^  307 / NotLeading: the leader,      |
//     503, unreachable,|    |  at once, kMaxRedirects in a row    | broken, silent for 3 heartbeats,
//     no SUBSCRIBED    v    |                                     | stale stream, a call that names
//     in time         kPausing <----------------------------------+ another leader
//                      back-off with jitter, next master
//   any: an ERROR event, a 4xx to SUBSCRIBE -> Failed; TEARDOWN answered -> TornDown       (kOver)
//
// Sessions are numbered, each dial is a new one; what comes of an older one is ignored. The framework
// keeps its id through all of them.
//
// Calls. Those made while not subscribed are refused here (CallRefused, kUnavailable) and never sent
// later: offers die with their session, and after a break the user reconciles and then kills or
// acknowledges what he finds. Suppress, Revive, Update and Teardown are wishes: kept, and said as soon
// as there is a session. Calls that were sent and not answered when a session breaks are not sent
// again: whether they took effect is unknown, and reconciliation tells.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "actors/base/rng.h"
#include "frameworks/sdk/cpp/masters.h"
#include "frameworks/sdk/cpp/scheduler_event.h"
#include "frameworks/sdk/cpp/scheduler_wishes.h"

namespace meseta::sdk {

class SchedulerCore {
 public:
  using Call = v1::scheduler::Call;
  using SessionId = uint64_t;

  static constexpr int kMaxRedirects = 8;     // In a row, without a pause.
  static constexpr int kMissedHeartbeats = 3;  // Of silence until a session counts as dead.
  // From dialing to SUBSCRIBED; also the heartbeat of a master that names none.
  static constexpr Duration kSubscribeDeadline = Duration::Seconds(15);
  static constexpr Duration kFirstPause = Duration::Millis(100);  // Doubles with each round of masters.
  static constexpr Duration kLongestPause = Duration::Seconds(5);
  // A master ends the session of a framework that is torn down, perhaps before it answers.
  static constexpr Duration kTeardownGrace = Duration::Seconds(1);
  static constexpr Duration kMinHeartbeat = Duration::Millis(100);

  struct Options {
    std::vector<std::string> masters;  // Base URLs (ParseMasters); not empty.
    v1::FrameworkInfo framework;       // With an id: one that the masters know.
    std::set<std::string> suppressed_roles;
    v1::scheduler::OfferConstraints offer_constraints;
    uint64_t term = 0;  // Of the framework's own leader, shown with each SUBSCRIBE; 0: none.
    // Acknowledge status and operation updates as soon as they are delivered.
    bool acknowledge = false;
  };

  // Why a dial came to nothing.
  struct Refusal {
    enum class Kind {
      kUnreachable,  // No answer, or none that makes sense.
      kNotNow,       // 503 and other answers that may change: no leader, overload.
      kRedirected,   // To `leader`.
      kForGood,      // 4xx: this SUBSCRIBE is wrong.
    };
    Kind kind = Kind::kUnreachable;
    std::string leader;  // A Location, or host:port.
    Status status;       // Not OK, except when redirected.
  };
  // To a call: an HTTP status code, and the text of an error.
  struct Answer {
    Call call;
    int status = 0;
    std::string text;
  };

  struct Dial {
    SessionId session = 0;
    std::string master;  // Base URL.
    Call subscribe;
    uint64_t term = 0;   // To be shown with it; 0: none.
  };
  // Performed in this order.
  struct Effects {
    bool close = false;             // The session before `dial`; nothing more is sent on it.
    std::optional<Dial> dial;
    std::vector<Call> send;         // On the present session, in order.
    std::vector<SchedulerEvent> events;
    std::optional<Time> wake_at;    // For Tick(); replaces the one before.
  };

  SchedulerCore(Options options, Rng rng);

  [[nodiscard]] Effects Start(Time now);
  [[nodiscard]] Effects Tick(Time now);

  // Of the session's carrier, which is of use until `close`: answers may follow the end.
  [[nodiscard]] Effects Refused(SessionId session, const Refusal& refusal, Time now);
  [[nodiscard]] Effects Arrived(SessionId session, v1::scheduler::Event event, Time now);
  [[nodiscard]] Effects Ended(SessionId session, const Status& why, Time now);
  [[nodiscard]] Effects Answered(SessionId session, const Answer& answer, Time now);

  // Of the user. The framework's id is filled in.
  [[nodiscard]] Effects Send(Call call, Time now);
  [[nodiscard]] Effects Suppress(const std::set<std::string>& roles, Time now);
  [[nodiscard]] Effects Revive(const std::set<std::string>& roles, Time now);
  [[nodiscard]] Effects Update(Call::UpdateFramework update, Time now);
  [[nodiscard]] Effects Teardown(Time now);
  [[nodiscard]] Effects Acknowledge(const v1::TaskStatus& status, Time now);
  [[nodiscard]] Effects Acknowledge(const v1::OperationStatus& status, Time now);
  // Ends without a word to the master; the framework has its failover_timeout to return.
  [[nodiscard]] Effects Stop();

  [[nodiscard]] bool subscribed() const { return phase_ == Phase::kSubscribed; }
  [[nodiscard]] bool over() const { return phase_ == Phase::kOver; }
  [[nodiscard]] FrameworkId framework_id() const { return wishes_.framework_id(); }
  [[nodiscard]] const std::string& master() const { return masters_.current(); }

 private:
  enum class Phase { kIdle, kPausing, kDialing, kSubscribed, kOver };

  [[nodiscard]] bool Current(SessionId session) const;
  void DialNow(Time now, Effects* effects);
  // The next master after a pause.
  void Retry(const Status& why, Time now, Effects* effects);
  void Redirect(const std::string& leader, Time now, Effects* effects);
  void Lose(const Status& why, Time now, Effects* effects);
  void FailForGood(Status why, Effects* effects);
  void FinishTeardown(Effects* effects);
  void OnSubscribed(const v1::scheduler::Event::Subscribed& subscribed, Time now, Effects* effects);
  void OnError(const std::string& message, Time now, Effects* effects);
  void Deliver(v1::scheduler::Event event, Effects* effects);
  void DeliverFailure(const v1::scheduler::Event::Failure& failure, Effects* effects) const;
  void SendNow(Call call, Effects* effects) const;
  Effects Done(Effects effects) const;

  const bool acknowledge_;
  const uint64_t term_;
  MasterRing masters_;
  SchedulerWishes wishes_;
  Rng rng_;

  Phase phase_ = Phase::kIdle;
  SessionId session_ = 0;  // Of the last dial.
  int failures_ = 0;       // Dials in a row that came to nothing.
  int redirects_ = 0;      // In a row.
  Duration heartbeat_ = kSubscribeDeadline;
  Time deadline_ = Time::Max();  // Of the phase: the pause's end, or silence until the session is dead.
  bool tearing_down_ = false;
  bool ending_ = false;  // The master has ended this session, and TEARDOWN's answer may follow.
};

// What an answer to a call means.
enum class CallOutcome { kAccepted, kRefused, kSessionStale };
[[nodiscard]] CallOutcome Judge(int status, const std::string& text);
// What a status code other than 200 to SUBSCRIBE means. `location`: of a redirect.
[[nodiscard]] SchedulerCore::Refusal RefusalOf(const std::string& master, int status,
                                               const std::string& text, const std::string& location);

}  // namespace meseta::sdk
