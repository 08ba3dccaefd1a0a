// RaftCore: what a leader's appends do to a follower.
#include <algorithm>
#include <memory>
#include <utility>

#include "state/log/raft_core.h"

namespace meseta::log {

bool RaftCore::FollowLeader(const Message& message) {
  if (rules_->TermIsStale(message.term(), hard_.term)) {
    // So that an old leader learns that it is one.
    Message answer = NewMessage(message.from());
    answer.mutable_append_answer()->set_accepted(false);
    Send(std::move(answer));
    return false;
  }
  if (message.term() > hard_.term) {
    BecomeFollower(message.term(), message.from());
  } else if (role_ == Role::kLeader ||
             (message.term() == hard_.term && leader_ && *leader_ != message.from())) {
    DropMessage(message, Drop::kSecondLeader, "term " + std::to_string(message.term()));
    return false;
  } else {
    BecomeFollower(hard_.term, message.from());
  }
  HeardLeader(message.from());
  return true;
}

bool RaftCore::EntriesAreSound(const Message& message) const {
  const internal::LogAppend& append = message.append();
  if (append.entries_size() == 0) return true;
  if (append.previous_index() > log_.last()) return true;  // Refused anyway.
  Index index = append.previous_index();
  Term term = std::max<Term>(append.previous_term(), 1);
  for (const internal::LogEntry& entry : append.entries()) {
    if (entry.index() != ++index || entry.term() < term || entry.term() > message.term() ||
        !entry.has_kind()) {
      return false;
    }
    if (entry.kind() == internal::LOG_CONFIGURATION && !ParseConfiguration(entry.payload())) {
      return false;
    }
    term = entry.term();
  }
  return true;
}

void RaftCore::OnAppend(const Message& message) {
  if (!EntriesAreSound(message)) return DropMessage(message, Drop::kMalformed);
  if (!FollowLeader(message)) return;
  const internal::LogAppend& append = message.append();
  leader_probe_ = std::max(leader_probe_, append.probe());
  const Index previous = append.previous_index();
  if (previous > log_.last()) return RefuseAppend(message);
  // What is forgotten already is committed, and so the same for every leader.
  const std::optional<Term> ours = log_.TermAt(previous);
  if (ours && !rules_->EntryMatches(*ours, append.previous_term())) {
    if (previous > commit_) return RefuseAppend(message);
    return DropMessage(message, Drop::kContradictsCommitted, "at " + std::to_string(previous));
  }
  Index last_new = previous;
  if (TakeEntries(message, &last_new)) AcceptAppend(message, last_new);
}

bool RaftCore::TakeEntries(const Message& message, Index* last_new) {
  for (const internal::LogEntry& theirs : message.append().entries()) {
    const Index index = theirs.index();
    *last_new = index;
    if (index < log_.first()) continue;
    if (log_.Has(index)) {
      if (log_.Ref(index)->term == theirs.term()) continue;
      if (index <= commit_) {
        DropMessage(message, Drop::kContradictsCommitted, "at " + std::to_string(index));
        return false;
      }
      TruncateLog(index - 1);
    }
    if (theirs.term() < log_.last_term()) {
      DropMessage(message, Drop::kMalformed);
      return false;
    }
    auto entry = std::make_shared<Entry>();
    entry->index = index;
    entry->term = theirs.term();
    entry->kind = static_cast<EntryKind>(theirs.kind());
    entry->payload = theirs.payload();
    AppendEntry(std::move(entry));
  }
  return true;
}

void RaftCore::AcceptAppend(const Message& message, Index last_new) {
  CommitTo(rules_->FollowerCommit(message.append().commit(), last_new));
  Message answer = NewMessage(message.from());
  internal::LogAppendAnswer* accepted = answer.mutable_append_answer();
  accepted->set_accepted(true);
  accepted->set_index(std::max(last_new, commit_));
  accepted->set_probe(message.append().probe());
  if (message.append().entries_size() > 0 || hard_number_ > durable_number()) {
    return SendDurably(std::move(answer));
  }
  // A heartbeat is answered at once, for what is durable by now: a slow disk must not look like a
  // member that is down. It overtakes acknowledgements that wait, which say the same or more.
  accepted->set_index(std::min(accepted->index(), durable_last_));
  effects_.send.push_back(std::move(answer));
}

void RaftCore::RefuseAppend(const Message& message) {
  const internal::LogAppend& append = message.append();
  const Index hint = std::max(
      commit_,
      log_.LastAtMost(std::min(append.previous_index(), log_.last()), append.previous_term()));
  Message answer = NewMessage(message.from());
  internal::LogAppendAnswer* refused = answer.mutable_append_answer();
  refused->set_accepted(false);
  refused->set_index(append.previous_index());
  refused->set_hint_index(hint);
  refused->set_hint_term(log_.TermAt(hint).value_or(0));
  refused->set_probe(append.probe());
  Send(std::move(answer));
}

void RaftCore::CommitTo(Index index) {
  const Index to = std::min(index, log_.last());
  if (role_ == Role::kLeader) {
    for (Index at = commit_ + 1; at <= to; ++at) {
      uncommitted_bytes_ -= log_.Ref(at)->payload.size();
    }
  }
  commit_ = std::max(commit_, to);
}

}  // namespace meseta::log
