// RaftCore: who leads.
#include <algorithm>

#include "state/log/raft_core.h"

namespace meseta::log {

// A voter that has its own removal in its log, not known to be committed, may be the only one whose
// log is complete enough: it leads until the removal is committed (4.2.2).
bool RaftCore::CanCampaign() const {
  if (role_ == Role::kLeader || hard_.term >= kMaxTerm) return false;
  if (self_votes_) return true;
  const Index changed = configurations_.index();
  return changed > commit_ && IsVoter(configurations_.At(changed - 1), identity_.member_id());
}

Duration RaftCore::SinceLeader() const {
  if (role_ == Role::kLeader) return {};
  return heard_leader_ ? now_ - *heard_leader_ : Duration::Max();
}

// Candidates whose first attempt brought no majority (votes were split or lost) try again sooner
// than the silence of a leader is waited for; after that they give the network more time.
void RaftCore::ResetElectionDeadline(bool candidate) {
  const Duration spread = std::max(options_.election_max - options_.election_min,
                                   std::max(options_.heartbeat, Duration::Nanos(1)));
  const auto drawn =
      Duration::Nanos(static_cast<int64_t>(rng_.Below(static_cast<uint64_t>(spread.nanos()))));
  const bool soon = candidate && failed_elections_ == 0;
  election_deadline_ = now_ + (soon ? spread / 2 : options_.election_min) + drawn;
}

void RaftCore::HeardLeader(MemberId leader) {
  leader_ = leader;
  heard_leader_ = now_;
  failed_elections_ = 0;
  ResetElectionDeadline(false);
}

void RaftCore::BecomeFollower(Term term, std::optional<MemberId> leader) {
  if (term > hard_.term) {
    WriteHard(term, 0);
    leader_probe_ = 0;
  }
  leader_ = leader;
  if (role_ == Role::kFollower) return;
  role_ = Role::kFollower;
  RefuseReads();
  progress_.clear();
  handover_.reset();
  lease_until_ = Time();
  uncommitted_bytes_ = 0;
  ResetElectionDeadline(false);
}

void RaftCore::StepDown(std::string_view why) {
  Say("Leads no more in term " + std::to_string(hard_.term) + ": " + std::string(why));
  BecomeFollower(hard_.term, std::nullopt);
}

void RaftCore::TickElection() {
  if (!CanCampaign()) return;
  if (now_ >= election_deadline_) {
    if (role_ != Role::kFollower) ++failed_elections_;
    StartPreVote();
  } else if (role_ != Role::kFollower && now_ >= votes_again_at_) {
    SendVotes();
  }
}

void RaftCore::StartPreVote() {
  role_ = Role::kPreCandidate;
  leader_.reset();
  granted_ = {identity_.member_id()};
  refused_.clear();
  campaign_transfer_ = false;
  ResetElectionDeadline(true);
  CountVotes();
  if (role_ == Role::kPreCandidate) SendVotes();
}

void RaftCore::StartElection(bool transfer) {
  role_ = Role::kCandidate;
  leader_.reset();
  leader_probe_ = 0;
  granted_.clear();
  refused_.clear();
  campaign_transfer_ = transfer;
  WriteHard(hard_.term + 1, identity_.member_id());
  own_vote_ = last_number_;  // Counted once the disk has it.
  ResetElectionDeadline(true);
  SendVotes();
}

// Also again, for what was lost or refused because a leader seemed to be there.
void RaftCore::SendVotes() {
  votes_again_at_ = now_ + options_.heartbeat;
  const bool pre = role_ == Role::kPreCandidate;
  for (const MemberId voter : voters_) {
    if (voter == identity_.member_id() || granted_.count(voter) > 0) continue;
    if (!pre && refused_.count(voter) > 0) continue;
    Message message = NewMessage(voter);
    if (pre) message.set_term(hard_.term + 1);
    internal::LogVote* vote = message.mutable_vote();
    vote->set_pre(pre);
    vote->set_transfer(campaign_transfer_);
    vote->set_last_index(log_.last());
    vote->set_last_term(log_.last_term());
    SendAfter(std::move(message), pre ? 0 : own_vote_);
  }
}

void RaftCore::CountVotes() {
  const auto votes = static_cast<size_t>(std::count_if(
      voters_.begin(), voters_.end(), [&](MemberId voter) { return granted_.count(voter) > 0; }));
  if (votes < std::max<size_t>(rules_->Quorum(voters_.size()), 1)) return;
  if (role_ == Role::kPreCandidate) {
    StartElection(false);
  } else if (role_ == Role::kCandidate) {
    BecomeLeader();
  }
}

void RaftCore::BecomeLeader() {
  role_ = Role::kLeader;
  leader_ = identity_.member_id();
  failed_elections_ = 0;
  wanted_probe_ = 0;
  lease_until_ = Time();
  quorum_deadline_ = now_ + options_.election_max;
  term_start_ = log_.last() + 1;
  incoming_.reset();
  uncommitted_bytes_ = 0;
  for (Index index = commit_ + 1; index <= log_.last(); ++index) {
    uncommitted_bytes_ += log_.Ref(index)->payload.size();
  }
  ConfigurationChanged();
  Entry entry;
  entry.index = term_start_;
  entry.term = hard_.term;
  AppendEntry(std::make_shared<const Entry>(std::move(entry)));
  Say("Leads in term " + std::to_string(hard_.term));
}

void RaftCore::OnVote(const Message& message) {
  const internal::LogVote& vote = message.vote();
  const bool may = vote.transfer() || rules_->MayVoteNow(SinceLeader(), options_.election_min);
  if (rules_->TermIsStale(message.term(), hard_.term) || !may) {
    return AnswerVote(message, hard_.term, false);
  }
  const bool up_to_date =
      rules_->LogIsUpToDate(vote.last_term(), vote.last_index(), log_.last_term(), log_.last());
  if (vote.pre()) {
    const bool free =
        message.term() > hard_.term || rules_->VoteIsFree(hard_.voted_for, message.from());
    const bool granted = free && up_to_date;
    return AnswerVote(message, granted ? message.term() : hard_.term, granted);
  }
  if (message.term() > hard_.term) BecomeFollower(message.term(), std::nullopt);
  if (!up_to_date || !rules_->VoteIsFree(hard_.voted_for, message.from())) {
    return AnswerVote(message, hard_.term, false);
  }
  WriteHard(hard_.term, message.from());
  ResetElectionDeadline(false);
  AnswerVote(message, hard_.term, true);
}

void RaftCore::AnswerVote(const Message& message, Term term, bool granted) {
  Message answer = NewMessage(message.from());
  answer.set_term(term);
  answer.mutable_vote_answer()->set_pre(message.vote().pre());
  answer.mutable_vote_answer()->set_granted(granted);
  if (granted && !message.vote().pre()) {
    SendDurably(std::move(answer));
  } else {
    Send(std::move(answer));
  }
}

void RaftCore::OnVoteAnswer(const Message& message) {
  const internal::LogVoteAnswer& answer = message.vote_answer();
  if (answer.pre() && answer.granted()) {
    if (role_ != Role::kPreCandidate || message.term() != hard_.term + 1) return;
    granted_.insert(message.from());
    return CountVotes();
  }
  if (message.term() > hard_.term) {
    if (role_ == Role::kLeader) return;  // Of an election that is over; followers tell it, too.
    return BecomeFollower(message.term(), std::nullopt);
  }
  if (answer.pre() || role_ != Role::kCandidate) return;
  if (rules_->TermIsStale(message.term(), hard_.term)) return;
  if (answer.granted()) {
    granted_.insert(message.from());
    CountVotes();
  } else {
    refused_.insert(message.from());
  }
}

}  // namespace meseta::log
