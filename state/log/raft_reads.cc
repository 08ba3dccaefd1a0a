// RaftCore: leases and reads.
#include <algorithm>
#include <limits>

#include "state/log/quorum.h"
#include "state/log/raft_core.h"

namespace meseta::log {
namespace {

constexpr uint64_t kAlways = std::numeric_limits<uint64_t>::max();

}  // namespace

// A probe is its time of sending in nanoseconds. One that must come after a read that came in the
// same nanosecond runs ahead of the clock by one.
uint64_t RaftCore::NextProbe() {
  const auto clock = static_cast<uint64_t>(std::max<int64_t>(now_.nanos(), 1));
  last_probe_ = std::max({clock, last_probe_, wanted_probe_});
  return last_probe_;
}

void RaftCore::OnProbeAnswered(Progress& progress, uint64_t probe) {
  // One that was never sent would be a lease from the future.
  if (probe > progress.sent_probe || probe <= progress.acked_probe) return;
  progress.acked_probe = probe;
  RenewLease();
  AnswerReads();
}

// The newest probe that a quorum has answered (or a later one). Kept answers are of this term.
uint64_t RaftCore::QuorumProbe() const {
  std::vector<uint64_t> probes;
  probes.reserve(voters_.size());
  for (const MemberId voter : voters_) {
    const auto found = progress_.find(voter);
    probes.push_back(found == progress_.end() ? kAlways : found->second.acked_probe);
  }
  const size_t voters = probes.size();
  return QuorumValue(std::move(probes), rules_->Quorum(voters));
}

void RaftCore::RenewLease() {
  const auto lease = Duration::Nanos(static_cast<int64_t>(
      static_cast<double>(options_.election_min.nanos()) * (1 - options_.max_clock_drift)));
  const uint64_t probe = QuorumProbe();
  if (probe == kAlways) {
    lease_until_ = Time::Max();
    quorum_deadline_ = Time::Max();
    return;
  }
  if (quorum_deadline_ == Time::Max()) {
    // No longer the only voter. Until the others have learned that they vote, none can be elected.
    lease_until_ = now_ + lease;
    quorum_deadline_ = now_ + options_.election_max;
  }
  if (probe == 0) return;
  const Time until = Time::FromNanos(static_cast<int64_t>(probe)) + lease;
  lease_until_ = std::max(lease_until_, until);
  quorum_deadline_ = lease_until_;
}

Time RaftCore::lease_until() const {
  if (role_ != Role::kLeader || failed_) return {};
  // Whoever is told to take over need not wait for the end of the lease.
  if (handover_ && handover_->probe != 0) return {};
  return lease_until_;
}

void RaftCore::Read(uint64_t read, Time now) {
  if (!failed_) Begin(now);
  if (failed_ || role_ != Role::kLeader || reads_.size() >= kMaxPendingReads) {
    RaftEffects::ReadAnswer answer;
    answer.read = read;
    effects_.reads.push_back(answer);
    return;
  }
  PendingRead pending;
  pending.read = read;
  pending.needed =
      std::max(static_cast<uint64_t>(std::max<int64_t>(now_.nanos(), 1)), last_probe_ + 1);
  reads_.push_back(pending);
  AnswerReads();
  if (!reads_.empty()) wanted_probe_ = pending.needed;
}

void RaftCore::AnswerReads() {
  if (reads_.empty() || role_ != Role::kLeader) return;
  const bool lease = rules_->LeaseHolds(now_, lease_until(), serving());
  if (!lease && !serving()) return;
  const uint64_t confirmed = QuorumProbe();
  while (!reads_.empty() &&
         (lease || rules_->ProbeConfirmsRead(confirmed, reads_.front().needed))) {
    RaftEffects::ReadAnswer answer;
    answer.read = reads_.front().read;
    answer.index = commit_;
    effects_.reads.push_back(answer);
    reads_.pop_front();
  }
}

void RaftCore::RefuseReads() {
  for (const PendingRead& pending : reads_) {
    RaftEffects::ReadAnswer answer;
    answer.read = pending.read;
    effects_.reads.push_back(answer);
  }
  reads_.clear();
}

}  // namespace meseta::log
