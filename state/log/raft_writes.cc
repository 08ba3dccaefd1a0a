// RaftCore: LogWrites in the making, and what waits for them.
#include <algorithm>
#include <limits>
#include <utility>

#include "state/log/raft_core.h"

namespace meseta::log {

LogWrite& RaftCore::NewWrite() {
  effects_.persist.emplace_back();
  effects_.persist.back().number = ++last_number_;
  write_open_ = true;
  return effects_.persist.back();
}

LogWrite& RaftCore::Write() { return write_open_ ? effects_.persist.back() : NewWrite(); }

uint64_t RaftCore::durable_number() const {
  return rules_->WaitsForDisk() ? persisted_ : std::numeric_limits<uint64_t>::max();
}

void RaftCore::WriteHard(Term term, MemberId voted_for) {
  const HardState hard{term, voted_for};
  if (hard == hard_) return;
  hard_ = hard;
  Write().hard = hard;
  hard_number_ = last_number_;
}

void RaftCore::AppendEntry(EntryPtr entry) {
  log_.Append(entry);
  if (entry->kind == EntryKind::kConfiguration) {
    // Whoever appends has checked it.
    auto configuration = ParseConfiguration(entry->payload);
    if (configuration) {
      configurations_.Append(entry->index, *std::move(configuration));
      ConfigurationChanged();
    }
  }
  Write().append.push_back(std::move(entry));
  MarkAppended();
}

void RaftCore::MarkAppended() {
  if (!marks_.empty() && marks_.back().number == last_number_) {
    marks_.back().last = log_.last();
    return;
  }
  DurableMark mark;
  mark.number = last_number_;
  mark.last = log_.last();
  marks_.push_back(mark);
}

void RaftCore::TruncateLog(Index after) {
  LogWrite& open = Write();
  LogWrite& write = open.append.empty() ? open : NewWrite();
  write.truncate_after = write.truncate_after ? std::min(*write.truncate_after, after) : after;
  log_.TruncateAfter(after);
  durable_last_ = std::min(durable_last_, after);
  for (DurableMark& mark : marks_) mark.last = std::min(mark.last, after);
  if (configurations_.TruncateAfter(after)) ConfigurationChanged();
}

void RaftCore::Persisted(uint64_t number, Time now) {
  if (failed_) return;
  Begin(now);
  persisted_ = std::max(persisted_, std::min(number, last_number_));
  Durable();
}

void RaftCore::Durable() {
  const uint64_t durable = durable_number();
  outbox_.Release(durable, &effects_.send);
  if (role_ == Role::kCandidate && own_vote_ <= durable &&
      granted_.insert(identity_.member_id()).second) {
    CountVotes();
  }
  bool more = false;
  for (; !marks_.empty() && marks_.front().number <= durable; marks_.pop_front()) {
    more |= marks_.front().last > durable_last_;
    durable_last_ = std::max(durable_last_, marks_.front().last);
  }
  if (more && role_ == Role::kLeader) MaybeCommit();
}

void RaftCore::PersistFailed(const Status& status) {
  if (failed_) return;
  BecomeFollower(hard_.term, std::nullopt);
  failed_ = true;
  failure_ = FailedPrecondition("The disk of this member's log has failed, it takes no part any more: " +
                                status.message());
  outbox_.Clear();
  // What was written last may or may not be there; nothing that builds on it may leave.
  RaftEffects last;
  last.reads = std::move(effects_.reads);
  last.log = std::move(effects_.log);
  last.log.push_back(failure_.message());
  effects_ = std::move(last);
  write_open_ = false;
}

}  // namespace meseta::log
