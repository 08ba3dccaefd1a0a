// What an event makes of one instance: (instance, event, now) -> its new record, or its end. Pure.
//
// An instance ends only by a terminal, gone or unknown state of its task, never by silence; the
// unreachable strategy alone may start a replacement before (reference: Marathon surface 1.7, 1.8).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "actors/messages/v1.h"
#include "frameworks/services/model/types.h"

namespace meseta::services {

struct InstanceChange {
  enum class Kind { kNone, kUpdated, kEnded };
  Kind kind = Kind::kNone;
  Instance instance;             // kUpdated: to persist. kEnded: with its terminal condition.
  bool health_changed = false;   // `healthy` is another.
  bool failed = false;           // Counts as a failure: back-off grows, lastTaskFailure is set.
  bool delays_launch = false;    // As Marathon: FAILED, FINISHED, ERROR, DROPPED, GONE; KILLED never.
};

[[nodiscard]] InstanceChange OnStatus(const Instance& instance, const v1::TaskStatus& status,
                                      const AppSpec* app, int64_t now_ms);
// Its scheduler-level health or readiness is this now.
[[nodiscard]] InstanceChange OnHealth(const Instance& instance, bool healthy, int64_t now_ms);
[[nodiscard]] InstanceChange OnReady(const Instance& instance);
[[nodiscard]] InstanceChange WantKill(const Instance& instance, std::string reason);
// The time alone: inactive after inactiveAfterSeconds, forgotten (kEnded, UNKNOWN) after
// expungeAfterSeconds, a launch never confirmed is ended by the caller's kill.
[[nodiscard]] InstanceChange OnTime(const Instance& instance, const AppSpec* app, int64_t now_ms);
// When OnTime has something to say; nullopt: never.
[[nodiscard]] std::optional<int64_t> NextTimeMs(const Instance& instance, const AppSpec* app);

[[nodiscard]] Condition ConditionOf(v1::TaskState state);
// "Running", "UnreachableInactive"
[[nodiscard]] std::string_view ConditionName(Condition condition);
// "TASK_RUNNING" as the API's `state` shows it.
[[nodiscard]] std::string_view TaskStateName(Condition condition);
[[nodiscard]] bool IsTerminal(Condition condition);

}  // namespace meseta::services
