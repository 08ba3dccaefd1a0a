// RaftCore: how a leader brings its log to the others.
#include <algorithm>
#include <utility>
#include <vector>

#include "state/log/quorum.h"
#include "state/log/raft_core.h"

namespace meseta::log {

void RaftCore::OnAppendAnswer(const Message& message) {
  if (role_ != Role::kLeader) return;
  const auto found = progress_.find(message.from());
  if (found == progress_.end()) return;
  if (message.term() > hard_.term) {
    if (found->second.leaving) return;  // It must not disturb those who stay.
    Say("Leads no more in term " + std::to_string(hard_.term) + ": member " +
        ShowMember(message.from()) + " is in term " + std::to_string(message.term()));
    return BecomeFollower(message.term(), std::nullopt);
  }
  if (rules_->TermIsStale(message.term(), hard_.term)) return;
  Progress& progress = found->second;
  progress.heard = now_;
  const internal::LogAppendAnswer& answer = message.append_answer();
  OnProbeAnswered(progress, answer.probe());
  if (!answer.accepted()) return AppendRefused(progress, answer);
  if (answer.index() > log_.last()) return DropMessage(message, Drop::kBeyondLog);
  AppendAccepted(progress, answer.index());
}

void RaftCore::AppendAccepted(Progress& progress, Index index) {
  const bool forward = index > progress.match;
  progress.match = std::max(progress.match, index);
  switch (progress.state) {
    case Progress::State::kProbe:
      if (index >= progress.probe_last) {
        progress.BecomeReplicate();
      } else if (now_ - progress.probe_sent >= options_.heartbeat * 2) {
        // The answer to a heartbeat. What was sent before is lost, or its disk is busy.
        progress.probe_out = false;
      }
      break;
    case Progress::State::kReplicate:
      progress.inflight.FreeTo(index);
      break;
    case Progress::State::kSnapshot:
      if (log_.TermAt(progress.match)) progress.BecomeReplicate();
      break;
  }
  progress.next = std::max(progress.next, progress.match + 1);
  if (forward) MaybeCommit();
}

void RaftCore::AppendRefused(Progress& progress, const internal::LogAppendAnswer& answer) {
  const Index refused = answer.index();
  if (progress.state == Progress::State::kSnapshot || refused <= progress.match) return;
  // Late answers to what was sent before the last step back say nothing new.
  if (progress.state == Progress::State::kProbe && refused + 1 != progress.next) return;
  const Index agree =
      log_.LastAtMost(std::min(answer.hint_index(), log_.last()), answer.hint_term());
  progress.BecomeProbe(std::min(refused, agree + 1));
}

void RaftCore::MaybeCommit() {
  std::vector<uint64_t> matches;
  matches.reserve(voters_.size());
  for (const MemberId voter : voters_) {
    const auto found = progress_.find(voter);
    matches.push_back(found == progress_.end() ? durable_last_ : found->second.match);
  }
  const size_t voters = matches.size();
  const Index agreed = QuorumValue(std::move(matches), rules_->Quorum(voters));
  if (agreed <= commit_) return;
  const std::optional<Term> term = log_.TermAt(agreed);
  if (!term || !rules_->MayCommit(*term, hard_.term)) return;
  CommitTo(agreed);
  AnswerReads();
}

void RaftCore::Flush() {
  PromoteOneThatCaughtUp();
  for (auto& [id, progress] : progress_) FlushFollower(id, progress);
  DismissRemoved();
  FlushHandover();
  LeaveWhenRemoved();
}

void RaftCore::FlushFollower(MemberId id, Progress& progress) {
  RetryUnanswered(progress);
  if (progress.state != Progress::State::kSnapshot && !log_.TermAt(progress.next - 1)) {
    StartTransfer(progress);
  }
  switch (progress.state) {
    case Progress::State::kProbe:
      if (!progress.probe_out) SendAppend(id, progress, true);
      break;
    case Progress::State::kReplicate:
      while (progress.next <= log_.last() &&
             progress.inflight.count() < options_.max_inflight_appends &&
             progress.inflight.bytes() < options_.max_inflight_bytes) {
        SendAppend(id, progress, true);
      }
      break;
    case Progress::State::kSnapshot:
      FlushTransfer(id, progress);
      break;
  }
  // The heartbeat, or a round for reads.
  if (HeartbeatDue(progress) <= now_ || progress.sent_probe < wanted_probe_) {
    SendAppend(id, progress, false);
  }
}

// Entries serve as well, unless they are not answered: then the disk may be what is slow.
Time RaftCore::HeartbeatDue(const Progress& progress) const {
  if (progress.inflight.empty()) return progress.sent + options_.heartbeat;
  const Time unanswered = std::max(progress.beat, progress.inflight.oldest());
  return std::min(progress.sent, unanswered) + options_.heartbeat;
}

void RaftCore::RetryUnanswered(Progress& progress) {
  if (progress.state == Progress::State::kReplicate && !progress.inflight.empty() &&
      progress.inflight.oldest() + options_.retry <= now_) {
    progress.BecomeProbe(progress.match + 1);
  }
  if (progress.probe_out && progress.probe_sent + options_.retry <= now_) {
    progress.probe_out = false;
  }
}

void RaftCore::SendAppend(MemberId id, Progress& progress, bool with_entries) {
  Message message = NewMessage(id);
  internal::LogAppend* append = message.mutable_append();
  // A follower that gets a snapshot may have nothing that is still known here.
  const Index previous = progress.state == Progress::State::kSnapshot ? 0 : progress.next - 1;
  append->set_previous_index(previous);
  append->set_previous_term(log_.TermAt(previous).value_or(0));
  append->set_commit(commit_);
  append->set_probe(NextProbe());
  size_t bytes = 0;
  Index last = previous;
  while (with_entries && last < log_.last() && last - previous < options_.max_append_entries) {
    const Entry& entry = *log_.Ref(last + 1);
    if (last > previous && bytes + entry.payload.size() > options_.max_append_bytes) break;
    internal::LogEntry* copy = append->add_entries();
    copy->set_index(entry.index);
    copy->set_term(entry.term);
    copy->set_kind(static_cast<internal::LogEntryKind>(entry.kind));
    copy->set_payload(entry.payload);
    bytes += entry.payload.size();
    ++last;
  }
  if (progress.state == Progress::State::kReplicate && last > previous) {
    progress.inflight.Add(last, bytes, now_);
    progress.next = last + 1;
  } else if (progress.state == Progress::State::kProbe && with_entries) {
    progress.probe_out = true;
    progress.probe_last = last;
    progress.probe_sent = now_;
  }
  progress.sent = now_;
  if (last == previous) progress.beat = now_;
  progress.sent_probe = append->probe();
  Send(std::move(message));
}

}  // namespace meseta::log
