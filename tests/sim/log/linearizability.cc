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
      : ops_(std::move(ops)),
        max_steps_(max_steps),
        done_((ops_.size() + 63) / 64),
        spent_(done_.size()) {
    BuildEvents();
    FindBlind();
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

  // A call that was taken. `forced`: nothing else needs to be tried in its place.
  struct Taken {
    size_t event = 0;
    uint64_t value_before = 0;
    bool forced = false;
  };
  using Bits = std::vector<uint64_t>;

  void BuildEvents();
  void FindBlind();
  void Unlink(size_t event);
  void Relink(size_t event);
  [[nodiscard]] bool Unknown(size_t op) const { return ops_[op].returned == HistoryOp::kNever; }
  // Not worth trying now (see the header).
  [[nodiscard]] bool Pointless(size_t event) const;
  // A call that may be next and changes nothing: taking it at once can only help. 0: none.
  [[nodiscard]] size_t FindForced() const;
  // The operation of this call is next, unless that cannot be, or leads to where the search has
  // been.
  bool Take(size_t event, bool forced);
  // Whether the search was here, or here with more operations of unknown outcome still to spend.
  bool Seen(uint64_t value);
  // Undoes what was taken to where there is a choice; the call that was chosen there. 0: none is
  // left.
  size_t Back();
  void Flip(size_t op) {
    Bits& bits = Unknown(op) ? spent_ : done_;
    bits[op / 64] ^= uint64_t{1} << (op % 64);
  }

  std::vector<HistoryOp> ops_;
  uint64_t max_steps_;
  uint64_t steps_ = 0;
  std::vector<Event> events_;
  size_t returns_left_ = 0;
  uint64_t value_ = 0;
  std::vector<bool> blind_;  // Puts of unknown outcome whose value nobody read or expected.
  Bits done_, spent_;        // A bit for each operation taken; those of unknown outcome apart.
  std::vector<Taken> taken_;
  std::map<std::pair<uint64_t, Bits>, std::vector<Bits>> seen_;  // By value and done: all spent.
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

void Search::FindBlind() {
  std::set<uint64_t> spoken_of;
  for (const HistoryOp& op : ops_) {
    if (op.op.kind == OpKind::kRead) spoken_of.insert(op.read);
    if (op.op.kind == OpKind::kCas) spoken_of.insert(op.op.expected);
  }
  for (size_t i = 0; i < ops_.size(); ++i) {
    blind_.push_back(Unknown(i) && ops_[i].op.kind == OpKind::kPut &&
                     spoken_of.count(ops_[i].op.value) == 0);
  }
}

bool Search::Pointless(size_t event) const {
  const size_t op = events_[event].op;
  if (Unknown(op) && ops_[op].op.kind == OpKind::kCas && value_ != ops_[op].op.expected)
    return true;
  if (ops_[op].op.kind == OpKind::kPut && !taken_.empty()) {
    if (Unknown(events_[taken_.back().event].op)) return true;
  }
  if (!blind_[op]) return false;
  for (size_t at = events_[0].next; at != event; at = events_[at].next) {
    if (events_[at].call && blind_[events_[at].op]) return true;
  }
  return false;
}

size_t Search::FindForced() const {
  for (size_t at = events_[0].next; at != 0 && events_[at].call; at = events_[at].next) {
    const HistoryOp& op = ops_[events_[at].op];
    if (Unknown(events_[at].op) || op.op.kind == OpKind::kPut) continue;
    if (op.op.kind == OpKind::kCas && op.swapped) continue;
    if (After(op, value_)) return at;
  }
  return 0;
}

bool Search::Seen(uint64_t value) {
  std::vector<Bits>& all = seen_[{value, done_}];
  for (const Bits& other : all) {
    bool less = true;
    for (size_t i = 0; i < other.size(); ++i) less = less && (other[i] & ~spent_[i]) == 0;
    if (less) return true;
  }
  all.push_back(spent_);
  return false;
}

bool Search::Take(size_t event, bool forced) {
  const size_t op = events_[event].op;
  const std::optional<uint64_t> after = After(ops_[op], value_);
  if (!after) return false;
  Flip(op);
  if (!forced && Seen(*after)) {
    Flip(op);
    return false;
  }
  taken_.push_back({event, value_, forced});
  value_ = *after;
  Unlink(event);
  if (events_[event].partner != 0) {
    Unlink(events_[event].partner);
    --returns_left_;
  }
  return true;
}

size_t Search::Back() {
  while (!taken_.empty()) {
    const Taken last = taken_.back();
    taken_.pop_back();
    value_ = last.value_before;
    Flip(events_[last.event].op);
    if (events_[last.event].partner != 0) {
      Relink(events_[last.event].partner);
      ++returns_left_;
    }
    Relink(last.event);
    if (!last.forced) return last.event;
  }
  return 0;
}

Verdict Search::Run() {
  size_t at = 0;  // The call to be tried next; 0: the first, after those that are forced.
  while (returns_left_ > 0) {
    if (++steps_ > max_steps_) return Verdict::kUndecided;
    if (at == 0) {
      const size_t forced = FindForced();
      if (forced != 0) {
        Take(forced, true);
        continue;
      }
      at = events_[0].next;
    }
    if (events_[at].call) {
      at = !Pointless(at) && Take(at, false) ? 0 : events_[at].next;
      continue;
    }
    // A return whose operation was not taken before: something earlier was taken wrongly.
    const size_t wrong = Back();
    if (wrong == 0) return Verdict::kNotLinearizable;
    at = events_[wrong].next;
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

LinearizabilityResult CheckLinearizable(const std::vector<HistoryOp>& history, uint64_t max_steps) {
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
