#include "state/log/raft_core.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "actors/base/check.h"
#include "actors/base/crc32c.h"

namespace meseta::log {
namespace {

std::string_view Meaning(int why) {
  static constexpr std::string_view kMeanings[] = {
      "it is for another cluster or member",
      "it makes no sense",
      "its term has another leader",
      "it contradicts what is committed",
      "it confirms entries that were never sent",
      "its snapshot is damaged",
  };
  return kMeanings[why];
}

}  // namespace

RaftCore::RaftCore(RaftOptions options, Recovered recovered, uint64_t first_write, Rng rng,
                   Time now, const Rules* rules)
    : options_(options),
      identity_(std::move(recovered.identity)),
      rules_(rules),
      rng_(rng),
      now_(now),
      hard_(recovered.hard),
      log_(recovered.snapshot, std::move(recovered.entries)),
      snapshot_(std::move(recovered.snapshot)),
      last_number_(first_write),
      persisted_(first_write) {
  Index configured = 0;
  if (snapshot_) {
    commit_ = snapshot_->index();
    configured = snapshot_->index();
    configurations_.Reset(configured, snapshot_->configuration());
    restore_after_ = 0;
  }
  for (Index index = std::max(log_.first(), configured + 1); index <= log_.last(); ++index) {
    const Entry& entry = *log_.Ref(index);
    if (entry.kind != EntryKind::kConfiguration) continue;
    auto configuration = ParseConfiguration(entry.payload);
    if (configuration) configurations_.Append(index, *std::move(configuration));
  }
  hard_.term = std::max(hard_.term, log_.last_term());
  if (hard_.term != recovered.hard.term) hard_.voted_for = 0;
  durable_last_ = log_.last();
  // Somebody may have a lease that this replica promised before it started.
  heard_leader_ = now;
  ConfigurationChanged();
  ResetElectionDeadline(false);
  // Nobody else can lead, once it is certain that nobody else has a vote: a leader that removed
  // itself may be waiting for this replica to tell that it has the entry.
  const bool certain = configurations_.index() <= commit_;
  if (CanCampaign() && voters_.size() == 1 && certain) StartPreVote();
}

LogWrite RaftCore::Bootstrap(const internal::LogIdentity& identity, const Configuration& genesis,
                             const std::string& empty_state) {
  LogWrite write;
  write.number = 1;
  write.identity = identity;
  write.hard = HardState{1, 0};
  SnapshotPiece piece;
  piece.snapshot = 1;
  piece.data = empty_state;
  write.pieces.push_back(std::move(piece));
  SnapshotMeta meta;
  meta.set_index(1);
  meta.set_term(1);
  *meta.mutable_configuration() = genesis;
  meta.set_chunks(1);
  meta.set_bytes(empty_state.size());
  meta.set_checksum(Crc32c(empty_state));
  write.snapshot = std::move(meta);
  write.compact_to = 1;
  return write;
}

void RaftCore::Begin(Time now) {
  now_ = std::max(now_, now);
  if (role_ == Role::kLeader && now_ >= quorum_deadline_) {
    StepDown("has not heard from a majority for too long");
  }
}

void RaftCore::Step(const Message& message, Time now) {
  if (failed_) return;
  Begin(now);
  if (Accept(message)) Dispatch(message);
}

bool RaftCore::Accept(const Message& message) {
  const MemberId self = identity_.member_id();
  if (message.cluster_id() != identity_.cluster_id() || message.to() != self) {
    DropMessage(message, Drop::kNotForUs);
    return false;
  }
  if (message.from() == 0 || message.from() == self || message.term() == 0 ||
      message.term() > kMaxTerm) {
    DropMessage(message, Drop::kMalformed);
    return false;
  }
  return true;
}

void RaftCore::Dispatch(const Message& message) {
  switch (message.message_case()) {
    case Message::kVote:
      return OnVote(message);
    case Message::kVoteAnswer:
      return OnVoteAnswer(message);
    case Message::kAppend:
      return OnAppend(message);
    case Message::kAppendAnswer:
      return OnAppendAnswer(message);
    case Message::kSnapshotChunk:
      return OnSnapshotChunk(message);
    case Message::kSnapshotAnswer:
      return OnSnapshotAnswer(message);
    case Message::kTimeoutNow:
      return OnTimeoutNow(message);
    case Message::MESSAGE_NOT_SET:
      return DropMessage(message, Drop::kMalformed);
  }
}

void RaftCore::DropMessage(const Message& message, Drop why, std::string_view detail) {
  ++dropped_messages_;
  if (!told_.insert(why).second) return;
  std::string sentence = "Dropped a message from member " + std::to_string(message.from()) +
                         ", and will drop all like it: ";
  sentence += Meaning(static_cast<int>(why));
  if (!detail.empty()) sentence.append(" (").append(detail).append(")");
  Say(std::move(sentence));
}

void RaftCore::Say(std::string sentence) { effects_.log.push_back(std::move(sentence)); }

Message RaftCore::NewMessage(MemberId to) const {
  Message message;
  message.set_cluster_id(identity_.cluster_id());
  message.set_from(identity_.member_id());
  message.set_to(to);
  message.set_term(hard_.term);
  return message;
}

void RaftCore::SendAfter(Message message, uint64_t needed) {
  outbox_.Add(std::move(message), needed, durable_number(), &effects_.send);
}

void RaftCore::Tick(Time now) {
  if (failed_) return;
  Begin(now);
  if (role_ == Role::kLeader) {
    TickHandover();
  } else {
    TickElection();
  }
}

void RaftCore::PeerLost(MemberId peer, Time now) {
  if (failed_) return;
  Begin(now);
  const auto found = progress_.find(peer);
  if (found == progress_.end()) return;
  Progress& progress = found->second;
  if (progress.state == Progress::State::kSnapshot) {
    progress.transfer->next = progress.transfer->confirmed;
    progress.transfer->moved = now_;
    progress.transfer->stalled = true;
  } else {
    progress.BecomeProbe(progress.match == 0 ? progress.next : progress.match + 1);
  }
}

RaftEffects RaftCore::TakeEffects() {
  if (!failed_) {
    Durable();
    if (role_ == Role::kLeader) Flush();
    EmitCommitted();
    effects_.wake_at = WakeAt();
  }
  write_open_ = false;
  return std::exchange(effects_, RaftEffects());
}

void RaftCore::EmitCommitted() {
  if (restore_after_) {
    if (*restore_after_ > durable_number()) return;
    effects_.restore = *snapshot_;
    emitted_ = snapshot_->index();
    restore_after_.reset();
  }
  for (; emitted_ < commit_; ++emitted_) effects_.committed.push_back(log_.Ref(emitted_ + 1));
}

std::optional<Time> RaftCore::WakeAt() const {
  if (role_ != Role::kLeader) {
    if (!CanCampaign()) return std::nullopt;
    if (role_ == Role::kFollower) return election_deadline_;
    return std::min(election_deadline_, votes_again_at_);
  }
  Time wake = quorum_deadline_;
  if (handover_) wake = std::min(wake, handover_->deadline);
  for (const auto& [id, progress] : progress_) {
    wake = std::min(wake, HeartbeatDue(progress));
    if (progress.probe_out) wake = std::min(wake, progress.probe_sent + options_.retry);
    if (!progress.inflight.empty()) {
      wake = std::min(wake, progress.inflight.oldest() + options_.retry);
    }
    if (progress.transfer) wake = std::min(wake, progress.transfer->moved + options_.retry);
  }
  if (wake == Time::Max()) return std::nullopt;
  return wake;
}

Result<Index> RaftCore::Propose(std::string command, std::optional<Term> term, Time now) {
  if (failed_) return failure_;
  Begin(now);
  if (role_ != Role::kLeader || (term && *term != hard_.term)) {
    return FailedPrecondition("This replica does not lead" +
                              (term ? " in term " + std::to_string(*term) : std::string()) +
                              "; ask the leader");
  }
  if (handover_) {
    return FailedPrecondition("This replica is handing leadership to member " +
                              ShowMember(handover_->to) + "; ask the new leader");
  }
  if (uncommitted_bytes_ >= options_.max_uncommitted_bytes ||
      log_.last() - commit_ >= options_.max_uncommitted_entries) {
    return ResourceExhausted("The log has " + std::to_string(log_.last() - commit_) +
                             " commands that are not replicated to a majority yet; try again");
  }
  Entry entry;
  entry.index = log_.last() + 1;
  entry.term = hard_.term;
  entry.kind = EntryKind::kCommand;
  entry.payload = std::move(command);
  uncommitted_bytes_ += entry.payload.size();
  AppendEntry(std::make_shared<const Entry>(std::move(entry)));
  return log_.last();
}

bool RaftCore::serving() const {
  return role_ == Role::kLeader && !failed_ && commit_ >= term_start_;
}

Role RaftCore::role() const { return role_; }
Term RaftCore::term() const { return hard_.term; }
std::optional<MemberId> RaftCore::leader() const { return leader_; }
EntryPtr RaftCore::EntryAt(Index index) const { return log_.At(index); }
const HardState& RaftCore::hard_state() const { return hard_; }

RaftStatus RaftCore::status() const {
  RaftStatus status;
  status.self = identity_.member_id();
  status.role = role_;
  status.term = hard_.term;
  status.leader = leader_;
  status.commit = commit_;
  status.last = log_.last();
  status.first = log_.first();
  status.snapshot = snapshot_ ? snapshot_->index() : 0;
  status.configuration = configurations_.current();
  status.configuration_index = configurations_.index();
  status.dropped_messages = dropped_messages_;
  for (const auto& [id, progress] : progress_) {
    FollowerStatus follower;
    const internal::LogMember* member = FindMember(configurations_.current(), id);
    if (member == nullptr) continue;  // Removed, and about to be told.
    follower.member = *member;
    follower.match = progress.match;
    follower.snapshotting = progress.state == Progress::State::kSnapshot;
    if (progress.transfer) follower.snapshot_piece = progress.transfer->confirmed;
    follower.heard = progress.heard;
    status.followers.push_back(std::move(follower));
  }
  return status;
}

void RaftCore::CheckInvariants() const {
  log_.CheckInvariants();
  CHECK(hard_.term >= log_.last_term());
  CHECK(commit_ <= log_.last() && commit_ + 1 >= log_.first());
  CHECK(emitted_ <= commit_);
  CHECK(restore_after_ || emitted_ + 1 >= log_.first());
  CHECK(!snapshot_ || (snapshot_->index() <= commit_ && log_.first() <= snapshot_->index() + 1));
  CHECK(durable_last_ <= log_.last() && persisted_ <= last_number_);
  CHECK(configurations_.index() <= log_.last());
  CHECK(role_ == Role::kLeader || progress_.empty());
  if (role_ != Role::kLeader) return;
  CHECK(leader_ == identity_.member_id());
  for (const auto& [id, progress] : progress_) {
    CHECK(progress.match <= log_.last() && progress.next > progress.match) << id;
    CHECK(progress.next <= log_.last() + 1) << id;
    CHECK(progress.transfer.has_value() == (progress.state == Progress::State::kSnapshot)) << id;
    CHECK(progress.inflight.count() <= options_.max_inflight_appends) << id;
  }
}

}  // namespace meseta::log
