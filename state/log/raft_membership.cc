// RaftCore: who takes part, and leadership handed over.
#include <algorithm>
#include <utility>

#include "state/log/membership.h"
#include "state/log/raft_core.h"

namespace meseta::log {

void RaftCore::ConfigurationChanged() {
  const Configuration& current = configurations_.current();
  const MemberId self = identity_.member_id();
  voters_ = Voters(current);
  self_votes_ = IsVoter(current, self);
  has_promotable_ = false;
  for (const auto& member : current.members()) {
    has_promotable_ |= member.learner() && member.promote();
  }
  if (role_ != Role::kLeader) return;
  for (auto known = progress_.begin(); known != progress_.end();) {
    const bool gone = FindMember(current, known->first) == nullptr && !known->second.leaving;
    if (gone && ReplacedByAnother(known->first)) {
      known = progress_.erase(known);
      continue;
    }
    if (gone) {
      known->second.leaving = configurations_.index();
      known->second.leave_by = now_ + options_.election_max;
    }
    ++known;
  }
  for (const auto& member : current.members()) {
    if (member.id() == self) continue;
    const auto known = progress_.find(member.id());
    if (known != progress_.end()) {
      known->second.leaving.reset();
      continue;
    }
    Progress progress;
    progress.BecomeProbe(log_.last() + 1);
    progress.sent = now_ - options_.heartbeat;
    progress_.emplace(member.id(), std::move(progress));
  }
  if (handover_ && !IsVoter(current, handover_->to)) handover_.reset();
  RenewLease();
}

// Its disk is gone: at its address is a new member, which would wonder about messages to the old.
bool RaftCore::ReplacedByAnother(MemberId id) const {
  const Index index = configurations_.index();
  const auto* before = FindMember(configurations_.At(index == 0 ? 0 : index - 1), id);
  return before != nullptr && FindMemberAt(configurations_.current(), before->address()) != nullptr;
}

Result<Index> RaftCore::ProposeChange(const MemberChange& change, Time now) {
  if (failed_) return failure_;
  Begin(now);
  if (role_ != Role::kLeader) {
    return FailedPrecondition("This replica does not lead; ask the leader");
  }
  if (handover_) {
    return Unavailable("Leadership is being handed to member " + ShowMember(handover_->to) +
                       "; ask the new leader");
  }
  const bool uncommitted = configurations_.index() > commit_;
  if (!rules_->MayChangeMembers(uncommitted, serving())) {
    return Unavailable(
        uncommitted ? "Another change of members is not committed yet (entry " +
                          std::to_string(configurations_.index()) + "); try again"
                    : "The leader has not committed an entry of its own term yet; try again");
  }
  if (const auto* promoted = std::get_if<PromoteMember>(&change)) {
    const auto* member = FindMember(configurations_.current(), promoted->id);
    if (member != nullptr && member->learner() && !CaughtUp(promoted->id)) {
      return Unavailable("Member " + ShowMember(promoted->id) +
                         " has not caught up with the log yet; try again");
    }
  }
  ASSIGN_OR_RETURN(Configuration next,
                   ChangedConfiguration(configurations_.current(), change, identity_.member_id()));
  return AppendConfiguration(next);
}

Result<Index> RaftCore::AppendConfiguration(const Configuration& configuration) {
  std::string bytes = ConfigurationBytes(configuration);
  if (bytes == ConfigurationBytes(configurations_.current())) return configurations_.index();
  RETURN_IF_ERROR(ValidateConfiguration(configuration));
  Entry entry;
  entry.index = log_.last() + 1;
  entry.term = hard_.term;
  entry.kind = EntryKind::kConfiguration;
  entry.payload = std::move(bytes);
  uncommitted_bytes_ += entry.payload.size();
  AppendEntry(std::make_shared<const Entry>(std::move(entry)));
  // With a voter less, fewer are enough.
  MaybeCommit();
  return log_.last();
}

bool RaftCore::HeardLately(const Progress& progress) const {
  return progress.heard && now_ - *progress.heard < options_.election_min;
}

bool RaftCore::CaughtUp(MemberId id) const {
  const auto found = progress_.find(id);
  if (found == progress_.end()) return false;
  const Progress& progress = found->second;
  return progress.state == Progress::State::kReplicate && HeardLately(progress) &&
         progress.match + options_.max_append_entries >= log_.last();
}

void RaftCore::PromoteOneThatCaughtUp() {
  if (!has_promotable_ || handover_ ||
      !rules_->MayChangeMembers(configurations_.index() > commit_, serving())) {
    return;
  }
  for (const auto& member : configurations_.current().members()) {
    if (!member.learner() || !member.promote() || !CaughtUp(member.id())) continue;
    PromoteMember promote;
    promote.id = member.id();
    const auto next =
        ChangedConfiguration(configurations_.current(), promote, identity_.member_id());
    if (!next.ok()) continue;
    Say("Member " + ShowMember(promote.id) + " has caught up and becomes a voter");
    (void)AppendConfiguration(*next);
    return;  // One at a time; `member` is gone.
  }
}

// A removed member that is there is told that its removal is committed, so that it rests. It is not
// waited for.
void RaftCore::DismissRemoved() {
  for (auto known = progress_.begin(); known != progress_.end();) {
    Progress& progress = known->second;
    const bool knows =
        progress.leaving && progress.match >= *progress.leaving && commit_ >= *progress.leaving;
    if (knows) SendAppend(known->first, progress, false);
    const bool late = progress.leaving && (progress.leave_by <= now_ || progress.transfer);
    known = knows || late ? progress_.erase(known) : std::next(known);
  }
}

// A leader that is not a voter any more leads until that is committed.
void RaftCore::LeaveWhenRemoved() {
  if (role_ != Role::kLeader || self_votes_ || configurations_.index() > commit_) return;
  const std::optional<MemberId> successor = BestSuccessor();
  if (successor) SendTimeoutNow(*successor);
  StepDown("it has no vote any more");
}

std::optional<MemberId> RaftCore::BestSuccessor() const {
  std::optional<MemberId> best;
  Index match = 0;
  for (const auto& [id, progress] : progress_) {
    if (!HeardLately(progress) || !IsVoter(configurations_.current(), id)) continue;
    if (best && progress.match <= match) continue;
    best = id;
    match = progress.match;
  }
  return best;
}

Status RaftCore::Transfer(std::optional<MemberId> to, Time now) {
  if (failed_) return failure_;
  Begin(now);
  if (role_ != Role::kLeader) {
    return FailedPrecondition("This replica does not lead; ask the leader");
  }
  if (to && *to == identity_.member_id()) return OkStatus();
  if (to && !IsVoter(configurations_.current(), *to)) {
    return FailedPrecondition("Member " + ShowMember(*to) +
                              " has no vote and cannot lead; see the list of members");
  }
  if (to && !HeardLately(progress_.at(*to))) {
    return Unavailable("Member " + ShowMember(*to) +
                       " does not answer, so it cannot take over; try again when it is up");
  }
  if (!to) to = BestSuccessor();
  if (!to) return FailedPrecondition("No other member with a vote is up to take over");
  if (handover_) {
    if (handover_->to == *to) return OkStatus();
    return FailedPrecondition("Leadership is being handed to member " +
                              ShowMember(handover_->to) + " already; try again");
  }
  handover_.emplace();
  handover_->to = *to;
  handover_->deadline = now_ + options_.transfer_limit;
  return OkStatus();
}

void RaftCore::SendTimeoutNow(MemberId to) {
  Message message = NewMessage(to);
  message.mutable_timeout_now()->set_probe(NextProbe());
  Send(std::move(message));
  wanted_probe_ = last_probe_ + 1;  // What follows is told apart from what came before.
}

void RaftCore::FlushHandover() {
  if (!handover_ || handover_->probe != 0) return;
  const auto target = progress_.find(handover_->to);
  if (target == progress_.end() || target->second.match < log_.last()) return;
  handover_->probe = NextProbe();
  SendTimeoutNow(handover_->to);
}

// Given up: leads on only if the target cannot act on the message any more. It refuses it once it
// has seen a later append, and has confirmed one.
void RaftCore::TickHandover() {
  if (!handover_ || now_ < handover_->deadline) return;
  const auto target = progress_.find(handover_->to);
  const bool void_there =
      target != progress_.end() && target->second.acked_probe > handover_->probe;
  if (handover_->probe == 0 || void_there) {
    Say("Member " + ShowMember(handover_->to) + " did not take over leadership in time");
    handover_.reset();
    AnswerReads();
    return;
  }
  StepDown("member " + ShowMember(handover_->to) + " was told to take over and is silent");
}

void RaftCore::OnTimeoutNow(const Message& message) {
  if (message.term() != hard_.term || leader_ != message.from() || !CanCampaign()) return;
  if (message.timeout_now().probe() < leader_probe_) return;
  StartElection(true);
}

}  // namespace meseta::log
