// Decides when a framework asks the master for the states of its tasks. Pure.
//
// Explicit: after each Subscribed, Start() with all tasks that are not terminal, as the framework
// remembers them. They are asked for in chunks, a few at a time, so that the answers do not flood the
// session; those without an answer (their agents have not come back to a new master yet) are asked for
// again with back-off, for as long as it takes. Any update of a task counts as its answer: it came
// after the question, on this session.
//
// Implicit: every implicit_interval once all have answered, the master is asked for all that it
// knows, so that tasks which the framework has forgotten show up.
//
// Stop() at Disconnected: answers die with the session.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "actors/base/rng.h"
#include "actors/base/time.h"
#include "actors/messages/v1.h"

namespace meseta::sdk {

class ReconcilerCore {
 public:
  struct Options {
    size_t chunk = 500;  // Tasks of one RECONCILE.
    size_t window = 4;   // Chunks without all answers at a time.
    Duration pace = Duration::Seconds(1);  // A chunk without all answers after this gives its place.
    Duration first_wait = Duration::Seconds(5);  // Until a task is asked for again; doubles.
    Duration longest_wait = Duration::Minutes(1);
    Duration implicit_interval = Duration::Minutes(10);  // Max: never.
  };
  struct Task {
    std::string task_id;
    std::string agent_id;  // May be empty; makes the answer for unknown tasks more exact.
  };
  struct Effects {
    std::vector<v1::scheduler::Call> send;  // Without the framework's id.
    bool answered = false;      // This update was the first answer for its task.
    bool all_answered = false;  // Now: also by a Start() without tasks. Once per Start().
    std::optional<Time> wake_at;
  };

  ReconcilerCore(Options options, Rng rng);

  // Forgets what was asked before.
  [[nodiscard]] Effects Start(const std::vector<Task>& tasks, Time now);
  // An update, whatever its reason.
  [[nodiscard]] Effects Handle(const v1::TaskStatus& status, Time now);
  // Nobody wants to know any more.
  [[nodiscard]] Effects Forget(const std::string& task_id, Time now);
  [[nodiscard]] Effects Tick(Time now);
  void Stop();

  [[nodiscard]] bool Waits(const std::string& task_id) const { return tasks_.count(task_id) > 0; }
  [[nodiscard]] size_t waiting() const { return tasks_.size(); }  // For answers.

 private:
  struct Asked {
    std::string agent_id;
    int times = 0;
    Time due;            // When it is asked for (again).
    uint64_t chunk = 0;  // Of the last question; 0: none.
  };
  struct Chunk {
    size_t open = 0;  // Tasks without an answer.
    Time until;       // When it gives its place.
  };

  Effects Answered(const std::string& task_id, Time now);
  // Asks for what is due and has a place; says when to look again.
  void Ask(Time now, Effects* effects);
  void AskChunk(Time now, Effects* effects);
  [[nodiscard]] Duration WaitAfter(int times);

  const Options options_;
  Rng rng_;
  bool active_ = false;
  std::map<std::string, Asked> tasks_;             // Without an answer, by id.
  std::set<std::pair<Time, std::string>> queue_;   // The same, by when they are due.
  std::map<uint64_t, Chunk> chunks_;               // That hold a place, by number.
  uint64_t next_chunk_ = 1;
  Time implicit_at_ = Time::Max();
};

}  // namespace meseta::sdk
