// Changes of frameworks that are on their way to the registry, and what waits behind them.
//
// One write per framework is out at a time; further work on it waits in order, so that every piece
// of work is judged by a state that is durable. State only; session_core.h decides. On the master
// core's thread.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "actors/base/ids.h"
#include "actors/messages/v1.h"
#include "master/core/effects.h"

namespace meseta::master {

class FrameworkWrites {
 public:
  // Pieces of work that wait for one framework; removals do not count.
  static constexpr size_t kMaxWaiting = 16;

  struct Subscribe {
    std::optional<StreamId> session;       // None: it closed meanwhile.
    v1::scheduler::Call::Subscribe call;   // With the framework's id, but for HandleSubscribe.
    uint64_t term = 0;                     // Of the framework's own leader; 0: none was given.
  };
  struct Update {
    ReplyId reply = 0;
    v1::scheduler::Call::UpdateFramework call;
  };
  struct Answer {
    ReplyId reply = 0;
    CallResult result;
  };
  struct Removal {
    bool unless_connected = false;  // Its time ran out; a return in time undoes that.
    std::vector<Answer> answers;
  };
  using Work = std::variant<Subscribe, Update, Removal>;

  [[nodiscard]] bool busy(const FrameworkId& id) const { return busy_.count(id) > 0; }
  // The write with this number is out. REQUIRES: not busy.
  void Out(uint64_t number, const FrameworkId& id, Work work);
  // False, and nothing is kept: too much waits. REQUIRES: busy.
  bool Wait(const FrameworkId& id, Work work);
  // A removal that is out or waits.
  [[nodiscard]] Removal* FindRemoval(const FrameworkId& id);

  // The first write whose number is at most this; its framework is no longer busy.
  [[nodiscard]] std::optional<std::pair<FrameworkId, Work>> TakeDurable(uint64_t number);
  // The first work that waits. REQUIRES: not busy.
  [[nodiscard]] std::optional<Work> TakeWaiting(const FrameworkId& id);
  // Forgets the stream wherever it waits.
  void CloseSession(const StreamId& session);

 private:
  std::map<uint64_t, std::pair<FrameworkId, Work>> out_;  // By number.
  std::map<FrameworkId, uint64_t> busy_;                  // The number of its write.
  std::map<FrameworkId, std::deque<Work>> waiting_;
};

}  // namespace meseta::master
