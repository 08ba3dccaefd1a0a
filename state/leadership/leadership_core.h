// LeadershipCore: when this member of a replicated group begins to act as the leader, and when it stops.
//
//   standby --role: leading--> opening --barrier durable--> leading --role: not leading--> standby
//                                 ^  failed: again after kRetry  |
//                                 +---- pausing <-- term failed -+
//
// A term opens with a barrier: a write of the state's header that only commits in this term of
// the log. Once it is applied, every earlier write (also one whose outcome its writer never learnt)
// is either in the state or will never be, and the term is built from what is there.
//
// A term that cannot go on (a write failed) is taken down and leadership is offered
// to another member; while nobody takes it, a new attempt is made from what is on disk. The process
// never ends for it.
//
// Attempts are numbered, so that what an ended one still says is ignored. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "actors/base/status.h"
#include "actors/base/time.h"

namespace meseta::leadership {

// What the log says (log::RoleChange).
struct LogRole {
  bool leading = false;
  uint64_t term = 0;
  std::optional<std::string> leader{};  // host:port
  std::string waits_for{};              // A sentence, when there is no leader.
};

class LeadershipCore {
 public:
  // `who`: "master"; what sentences call a member.
  explicit LeadershipCore(std::string who) : who_(std::move(who)) {}

  static constexpr Duration kRetry = Duration::Seconds(1);

  enum class Phase { kStandby, kOpening, kPausing, kLeading };

  // Performed in this order.
  struct Effects {
    bool end = false;                 // The present term's actors are destroyed.
    bool hand_over = false;           // Another member is asked to lead.
    std::optional<uint64_t> barrier{};  // Write it in this term; Opened(attempt()) comes back.
    std::optional<uint64_t> build{};  // The actors of this term, from the registry as it is now.
    bool tell_followers = false;         // That this member does not lead, and who does.
    std::optional<Time> wake_at{};    // Tick then; replaces the earlier wish.
    std::string warning{};            // A sentence for the log.
  };

  [[nodiscard]] Effects RoleChanged(LogRole role);
  // The barrier's outcome.
  [[nodiscard]] Effects Opened(uint64_t attempt, const Status& outcome, Time now);
  // The term cannot go on.
  [[nodiscard]] Effects Failed(uint64_t attempt, const std::string& why, Time now);
  [[nodiscard]] Effects Tick(Time now);

  [[nodiscard]] Phase phase() const { return phase_; }
  [[nodiscard]] uint64_t attempt() const { return attempt_; }
  [[nodiscard]] const LogRole& role() const { return role_; }
  // Who leads, apart from this member.
  [[nodiscard]] std::optional<std::string> other_leader() const;
  // Why nobody can be asked; empty when somebody can.
  [[nodiscard]] std::string waits_for() const;

 private:
  Effects Open();
  Effects Pause(Effects effects, Time now);

  const std::string who_;
  Phase phase_ = Phase::kStandby;
  LogRole role_;
  uint64_t attempt_ = 0;
  std::optional<Time> retry_at_;  // kPausing only.
  std::string problem_;           // Of the last attempt in this term.
};

}  // namespace meseta::leadership
