#include "state/log/raft_log.h"

#include <algorithm>
#include <utility>

#include "actors/base/check.h"

namespace meseta::log {
namespace {

// CheckInvariants looks at so many of the newest entries: it is called after every step of a
// simulation.
constexpr size_t kCheckedEntries = 16;

}  // namespace

RaftLog::RaftLog(const std::optional<SnapshotMeta>& snapshot, std::vector<EntryPtr> entries) {
  const Index at = snapshot ? snapshot->index() : 0;
  Reset(at, snapshot ? snapshot->term() : 0);
  if (entries.empty() || entries.front()->index == 0 || entries.front()->index > at + 1) return;
  base_ = entries.front()->index - 1;
  if (base_ != at) base_term_ = base_ == 0 ? std::optional<Term>(0) : std::nullopt;
  for (EntryPtr& entry : entries) {
    if (entry->index != last() + 1 || entry->term < last_term()) break;
    Append(std::move(entry));
  }
  // The snapshot reaches further than the entries: they are of no use.
  if (last() < at) Reset(at, snapshot->term());
}

std::optional<Term> RaftLog::TermAt(Index index) const {
  if (index == base_) return base_term_;
  if (!Has(index)) return std::nullopt;
  return entries_[index - base_ - 1]->term;
}

Index RaftLog::LastAtMost(Index index, Term term) const {
  const Index end = std::min(index, last());
  if (end > base_) {
    const auto stop = entries_.begin() + static_cast<ptrdiff_t>(end - base_);
    const auto above = std::partition_point(
        entries_.begin(), stop, [&](const EntryPtr& entry) { return entry->term <= term; });
    if (above != entries_.begin()) return (*(above - 1))->index;
  }
  if (end >= base_ && base_term_ && *base_term_ <= term) return base_;
  return std::min(end, base_ == 0 ? 0 : base_ - 1);
}

void RaftLog::Append(EntryPtr entry) {
  CHECK(entry->index == last() + 1) << entry->index << " behind " << last();
  CHECK(entry->term >= last_term()) << entry->term << " behind " << last_term();
  entries_.push_back(std::move(entry));
}

void RaftLog::TruncateAfter(Index after) {
  CHECK(after >= base_);
  while (last() > after) entries_.pop_back();
}

void RaftLog::CompactTo(Index index) {
  const Index to = std::min(index, last());
  while (base_ < to) {
    base_term_ = entries_.front()->term;
    entries_.pop_front();
    ++base_;
  }
}

void RaftLog::Reset(Index index, Term term) {
  entries_.clear();
  base_ = index;
  base_term_ = term;
}

void RaftLog::CheckInvariants() const {
  const size_t begin = entries_.size() > kCheckedEntries ? entries_.size() - kCheckedEntries : 0;
  for (size_t i = begin; i < entries_.size(); ++i) {
    CHECK(entries_[i]->index == base_ + 1 + i);
    if (i > begin) CHECK(entries_[i]->term >= entries_[i - 1]->term);
  }
}

}  // namespace meseta::log
