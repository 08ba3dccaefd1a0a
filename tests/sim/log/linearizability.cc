#include "tests/sim/log/linearizability.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace meseta::logsim {
namespace {

// The value after `op` on `value`; none: `op` cannot have returned what it did.
std::optional<uint64_t> After(const HistoryOp& op, uint64_t value) {
  const bool known = op.returned != HistoryOp::kNever;
  switch (op.op.kind) {
    case OpKind::kRead:
      if (op.read != value) return std::nullopt;
      return value;
    case OpKind::kPut:
      return op.op.value;
    case OpKind::kCas:
      if (known && op.swapped != (value == op.op.expected)) return std::nullopt;
      return value == op.op.expected ? op.op.value : value;
  }
  return std::nullopt;
}

// The search over the operations of one key.
class Search {
 public:
  Search(std::vector<HistoryOp> ops, uint64_t max_steps)
      : ops_(std::move(ops)), max_steps_(max_steps), done_((ops_.size() + 63) / 64) {
    BuildEvents();
  }

  Verdict Run();
  [[nodiscard]] uint64_t steps() const { return steps_; }

 private:
  // Calls and returns in order, a doubly linked list; 0 is its head, and the end's index is 0 too.
  struct Event {
    size_t op = 0;
    bool call = false;
    size_t partner = 0;  // The other event of the same operation; 0: there is none.
    size_t previous = 0;
    size_t next = 0;
  };

  void BuildEvents();
  void Unlink(size_t event);
  void Relink(size_t event);
  // The operation of this call is next, unless that leads to where the search has been.
  bool Take(size_t event);
  // Undoes the last Take; the call it took.
  size_t Back();

  std::vector<HistoryOp> ops_;
  uint64_t max_steps_;
  uint64_t steps_ = 0;
  std::vector<Event> events_;
  size_t returns_left_ = 0;
  uint64_t value_ = 0;
  std::vector<uint64_t> done_;  // A bit for each operation.
  std::vector<std::pair<size_t, uint64_t>> taken_;  // Calls, and the values before them.
  std::set<std::pair<uint64_t, std::vector<uint64_t>>> seen_;
};

void Search::BuildEvents() {
  std::vector<std::pair<uint64_t, Event>> sorted;
  for (size_t i = 0; i < ops_.size(); ++i) {
    Event event;
    event.op = i;
    event.call = true;
    sorted.push_back({ops_[i].called, event});
    if (ops_[i].returned == HistoryOp::kNever) continue;
    event.call = false;
    sorted.push_back({ops_[i].returned, event});
    ++returns_left_;
  }
  std::sort(sorted.begin(), sorted.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  events_.resize(sorted.size() + 1);
  std::vector<size_t> call_of(ops_.size());
  for (size_t i = 0; i < sorted.size(); ++i) {
    Event& event = events_[i + 1];
    event = sorted[i].second;
    event.previous = i;
    event.next = i + 1 < sorted.size() ? i + 2 : 0;
    if (event.call) {
      call_of[event.op] = i + 1;
    } else {
      event.partner = call_of[event.op];
      events_[event.partner].partner = i + 1;
    }
  }
  events_[0].next = sorted.empty() ? 0 : 1;
}

void Search::Unlink(size_t event) {
  const Event& e = events_[event];
  events_[e.previous].next = e.next;
  if (e.next != 0) events_[e.next].previous = e.previous;
}

void Search::Relink(size_t event) {
  const Event& e = events_[event];
  events_[e.previous].next = event;
  if (e.next != 0) events_[e.next].previous = event;
}

bool Search::Take(size_t event) {
  const size_t op = events_[event].op;
  const std::optional<uint64_t> after = After(ops_[op], value_);
  if (!after) return false;
  const uint64_t bit = uint64_t{1} << (op % 64);
  done_[op / 64] |= bit;
  if (!seen_.insert({*after, done_}).second) {
    done_[op / 64] &= ~bit;
    return false;
  }
  taken_.push_back({event, value_});
  value_ = *after;
  Unlink(event);
  if (events_[event].partner != 0) {
    Unlink(events_[event].partner);
    --returns_left_;
  }
  return true;
}

size_t Search::Back() {
  const auto [event, value] = taken_.back();
  taken_.pop_back();
  value_ = value;
  const size_t op = events_[event].op;
  done_[op / 64] &= ~(uint64_t{1} << (op % 64));
  if (events_[event].partner != 0) {
    Relink(events_[event].partner);
    ++returns_left_;
  }
  Relink(event);
  return event;
}

Verdict Search::Run() {
  size_t at = events_[0].next;
  while (returns_left_ > 0) {
    if (++steps_ > max_steps_) return Verdict::kUndecided;
    if (events_[at].call) {
      at = Take(at) ? events_[0].next : events_[at].next;
      continue;
    }
    // A return whose operation was not taken before: something earlier was taken wrongly.
    if (taken_.empty()) return Verdict::kNotLinearizable;
    at = events_[Back()].next;
  }
  return Verdict::kLinearizable;
}

std::string Lines(const std::vector<HistoryOp>& ops) {
  std::string all;
  for (const HistoryOp& op : ops) all += "  " + Describe(op) + "\n";
  return all;
}

}  // namespace

std::string Describe(const HistoryOp& op) {
  const bool known = op.returned != HistoryOp::kNever;
  std::string text = "client " + std::to_string(op.client) + "  [" + std::to_string(op.called) +
                     ", " + (known ? std::to_string(op.returned) : "?") + "]  ";
  const std::string key = "k" + std::to_string(op.op.key);
  switch (op.op.kind) {
    case OpKind::kRead:
      return text + "read " + key + ": " + (known ? std::to_string(op.read) : "?");
    case OpKind::kPut:
      return text + "put " + key + " " + std::to_string(op.op.value) + (known ? "" : ": ?");
    case OpKind::kCas:
      text += "swap " + key + " " + std::to_string(op.op.expected) + " -> " +
              std::to_string(op.op.value) + ": ";
      return text + (known ? (op.swapped ? "done" : "refused") : "?");
  }
  return text;
}

LinearizabilityResult CheckLinearizable(const std::vector<HistoryOp>& history,
                                        uint64_t max_steps) {
  std::map<int, std::vector<HistoryOp>> by_key;
  for (const HistoryOp& op : history) {
    if (op.op.kind == OpKind::kRead && op.returned == HistoryOp::kNever) continue;
    by_key[op.op.key].push_back(op);
  }
  LinearizabilityResult result;
  for (auto& [key, ops] : by_key) {
    std::sort(ops.begin(), ops.end(),
              [](const HistoryOp& a, const HistoryOp& b) { return a.called < b.called; });
    Search search(ops, max_steps);
    const Verdict verdict = search.Run();
    result.steps += search.steps();
    if (verdict == Verdict::kLinearizable) continue;
    result.verdict = verdict;
    result.key = key;
    result.history = Lines(ops);
    if (verdict == Verdict::kNotLinearizable) return result;
  }
  return result;
}

}  // namespace meseta::logsim
