#include "state/log/formation_core.h"

#include <algorithm>
#include <utility>

namespace meseta::log {
namespace {

std::vector<std::string> Sorted(std::vector<std::string> list) {
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
  return list;
}

std::string Joined(const std::vector<std::string>& list) {
  std::string text;
  for (const std::string& item : list) text += (text.empty() ? "" : ", ") + item;
  return text;
}

bool HasMember(const Configuration& configuration, MemberId id, const std::string& address) {
  return std::any_of(configuration.members().begin(), configuration.members().end(),
                     [&](const auto& m) { return m.id() == id && m.address() == address; });
}

bool HasAddress(const Configuration& configuration, const std::string& address) {
  return std::any_of(configuration.members().begin(), configuration.members().end(),
                     [&](const auto& m) { return m.address() == address; });
}

}  // namespace

FormationCore::FormationCore(FormationOptions options, FormationDisk disk, FormationIds ids,
                             Time now)
    : options_(std::move(options)),
      peers_(Sorted(options_.peers)),
      drawn_cluster_(std::move(ids.cluster)),
      identity_(std::move(disk.identity)),
      genesis_(std::move(disk.configuration)),
      started_(now),
      next_hello_(now) {
  const bool fresh = identity_.member_id() == 0;
  if (fresh) {
    identity_.set_format(kLogFormat);
    identity_.set_member_id(ids.member);
    identity_.set_group(options_.group);
  }
  if (identity_.cluster_id().empty()) {
    phase_ = Phase::kForming;
    if (Others().empty() && !identity_.rejoin_only()) {
      Configuration alone;
      internal::LogMember* member = alone.add_members();
      member->set_id(identity_.member_id());
      member->set_address(options_.address);
      ready_after_write_ = true;
      WriteGenesis(drawn_cluster_, std::move(alone));
    } else if (fresh) {
      WriteIdentity();
    }
  } else if (genesis_.members().empty() || disk.has_history) {
    const bool alone = genesis_.members_size() == 1 && !Others().empty();
    phase_ = alone ? Phase::kChecking : Phase::kReady;
  } else {
    phase_ = genesis_.members_size() == 1 ? Phase::kReady : Phase::kAgreeing;
    agreed_.insert(options_.address);
  }
  Tick(now);
}

std::vector<std::string> FormationCore::Others() const {
  std::vector<std::string> others;
  for (const std::string& peer : peers_) {
    if (peer != options_.address) others.push_back(peer);
  }
  return others;
}

void FormationCore::WriteIdentity() {
  effects_.write_identity = identity_;
  writing_ = true;
}

void FormationCore::WriteGenesis(const std::string& cluster_id, Configuration genesis) {
  genesis_ = std::move(genesis);
  identity_.set_cluster_id(cluster_id);
  WriteIdentity();
  effects_.write_genesis = genesis_;
}

void FormationCore::Persisted(Time now) {
  if (!writing_) return;
  writing_ = false;
  if (ready_after_write_) {
    phase_ = Phase::kReady;
  } else if (!identity_.cluster_id().empty() && phase_ == Phase::kForming) {
    phase_ = Phase::kAgreeing;
    agreed_.insert(options_.address);
  }
  next_hello_ = now;
  Tick(now);
}

internal::LogHello FormationCore::MyHello(const std::string& leader) const {
  internal::LogHello hello;
  hello.set_member_id(identity_.member_id());
  hello.set_address(options_.address);
  hello.set_group(options_.group);
  if (!identity_.cluster_id().empty()) hello.set_cluster_id(identity_.cluster_id());
  for (const std::string& peer : peers_) hello.add_peers(peer);
  if (phase_ == Phase::kAgreeing) *hello.mutable_genesis() = genesis_;
  hello.set_formed(phase_ == Phase::kReady || phase_ == Phase::kChecking);
  if (!leader.empty()) hello.set_leader(leader);
  if (identity_.rejoin_only()) hello.set_rejoin_only(true);
  return hello;
}

void FormationCore::SayHello(Time now) {
  std::vector<std::string> to = Others();
  if (phase_ == Phase::kAgreeing) {
    for (const auto& member : genesis_.members()) to.push_back(member.address());
    to = Sorted(std::move(to));
  }
  for (const std::string& address : to) {
    if (address != options_.address) effects_.hellos.push_back({address, MyHello("")});
  }
  next_hello_ = now + options_.hello_every;
}

void FormationCore::AskToJoin(Time now) {
  internal::LogJoin join;
  join.set_member_id(identity_.member_id());
  join.set_address(options_.address);
  join.set_group(options_.group);
  if (!join_at_.empty()) effects_.joins.push_back({join_at_, std::move(join)});
  SayHello(now);  // The leader may be another by now.
}

void FormationCore::Tick(Time now) {
  if (phase_ == Phase::kReady || writing_) return;
  if (phase_ == Phase::kChecking && now - started_ >= options_.check_limit) {
    phase_ = Phase::kReady;
    return;
  }
  if (now >= next_hello_) {
    if (phase_ == Phase::kJoining) {
      AskToJoin(now);
    } else {
      SayHello(now);
    }
  }
  effects_.wake_at = next_hello_;
}

void FormationCore::HandleHello(const internal::LogHello& hello, Time now) {
  if (hello.group() != options_.group || hello.member_id() == 0) return;
  if (!hello.answer() && !writing_ && phase_ != Phase::kReady) {
    internal::LogHello answer = MyHello("");
    answer.set_answer(true);
    effects_.hellos.push_back({hello.address(), std::move(answer)});
  }
  switch (phase_) {
    case Phase::kForming:
    case Phase::kJoining: OnForming(hello, now); break;
    case Phase::kAgreeing: OnAgreeing(hello); break;
    case Phase::kChecking: OnChecking(hello); break;
    case Phase::kReady: break;
  }
}

void FormationCore::OnForming(const internal::LogHello& hello, Time now) {
  const auto others = Others();
  const bool named = std::find(others.begin(), others.end(), hello.address()) != others.end();
  if (writing_ || !named) return;
  if (!hello.cluster_id().empty()) {
    OnKnownCluster(hello, now);
    return;
  }
  heard_[hello.address()] = hello;
  if (phase_ == Phase::kForming) MaybeMakeGenesis();
}

void FormationCore::OnKnownCluster(const internal::LogHello& hello, Time now) {
  if (hello.formed()) {
    if (phase_ != Phase::kJoining) {
      Log("The master at " + hello.address() + " belongs to cluster " + hello.cluster_id() +
          " already: joining it");
      next_hello_ = now;
    }
    phase_ = Phase::kJoining;
    if (!hello.leader().empty()) join_at_ = hello.leader();
    if (problem_.empty() || join_at_.empty()) {
      problem_ = join_at_.empty() ? "Cluster " + hello.cluster_id() + " has no leader that could let this member join"
                                  : "Asks the leader at " + join_at_ + " to join";
    }
    return;
  }
  if (HasMember(hello.genesis(), identity_.member_id(), options_.address)) {
    WriteGenesis(hello.cluster_id(), hello.genesis());
    return;
  }
  problem_ = "The master at " + hello.address() + " is forming cluster " + hello.cluster_id() +
             " with another disk of this master; if none of them has led yet, stop all and remove "
             "their logs, so that they form anew";
}

void FormationCore::MaybeMakeGenesis() {
  std::set<std::string> seen{options_.address};
  for (const auto& [address, hello] : heard_) {
    const std::vector<std::string> theirs(hello.peers().begin(), hello.peers().end());
    if (theirs != peers_) {
      problem_ = "The master at " + address + " was started with --peers=" + Joined(theirs) +
                 ", this one with --peers=" + Joined(peers_) + "; they must be the same";
      return;
    }
    if (hello.rejoin_only()) {
      problem_ = "The disk of the master at " + address +
                 " was corrupt: it waits for a member of its cluster; without one, restore a backup";
      return;
    }
    seen.insert(address);
  }
  problem_.clear();
  if (identity_.rejoin_only() || seen.size() != peers_.size() || !seen.count(peers_.front())) return;
  if (peers_.front() != options_.address) return;
  if (!std::binary_search(peers_.begin(), peers_.end(), options_.address)) return;
  Configuration genesis;
  std::map<MemberId, std::string> members{{identity_.member_id(), options_.address}};
  for (const auto& [address, hello] : heard_) members[hello.member_id()] = address;
  if (members.size() != peers_.size()) {
    problem_ = "Two masters have the same member id; remove the log of the one that was copied";
    return;
  }
  for (const auto& [id, address] : members) {
    internal::LogMember* member = genesis.add_members();
    member->set_id(id);
    member->set_address(address);
  }
  Log("All " + std::to_string(members.size()) + " peers answered: forming cluster " + drawn_cluster_);
  WriteGenesis(drawn_cluster_, std::move(genesis));
}

void FormationCore::OnAgreeing(const internal::LogHello& hello) {
  if (hello.cluster_id().empty()) return;  // Has not written it yet; our answer shows it.
  if (hello.cluster_id() != identity_.cluster_id()) {
    HandleForeign(hello, false);
    return;
  }
  if (!HasAddress(genesis_, hello.address())) return;
  agreed_.insert(hello.address());
  if (hello.formed() || agreed_.size() == static_cast<size_t>(genesis_.members_size())) {
    phase_ = Phase::kReady;
    Log("Cluster " + identity_.cluster_id() + " has formed");
  }
}

void FormationCore::OnChecking(const internal::LogHello& hello) {
  const auto others = Others();
  if (std::find(others.begin(), others.end(), hello.address()) == others.end()) return;
  HandleForeign(hello, false);
  agreed_.insert(hello.address());
  if (!refused_ && agreed_.size() >= others.size()) phase_ = Phase::kReady;
}

void FormationCore::HandleForeign(const internal::LogHello& hello, bool has_leader) {
  if (hello.cluster_id().empty() || hello.cluster_id() == identity_.cluster_id()) return;
  const bool named = std::binary_search(peers_.begin(), peers_.end(), hello.address());
  const std::string sentence =
      "This master's log belongs to cluster " + identity_.cluster_id() + ", that of the master at " +
      hello.address() + " to cluster " + hello.cluster_id();
  const bool theirs_leads = hello.formed() && !hello.leader().empty();
  if (named && theirs_leads && !has_leader) {
    refused_ = sentence + ". Start this master with a --work_dir of that cluster, or with an empty "
                          "one to join it";
  } else if (problem_ != sentence) {
    problem_ = sentence;
    Log(sentence);
  }
}

void FormationCore::HandleJoinAnswer(const internal::LogJoinAnswer& answer, Time now) {
  if (phase_ != Phase::kJoining || writing_) return;
  if (!answer.accepted()) {
    if (problem_ != answer.reason()) Log("Cannot join yet: " + answer.reason());
    problem_ = answer.reason();
    next_hello_ = now + options_.hello_every;
    return;
  }
  if (answer.cluster_id().empty()) return;
  identity_.set_cluster_id(answer.cluster_id());
  identity_.set_rejoin_only(false);
  ready_after_write_ = true;
  WriteIdentity();
}

void FormationCore::HandleConsensus(const std::string& cluster_id, Time) {
  if (phase_ != Phase::kAgreeing || cluster_id != identity_.cluster_id()) return;
  phase_ = Phase::kReady;
}

std::string FormationCore::state() const {
  switch (phase_) {
    case Phase::kForming:
    case Phase::kAgreeing: return "forming";
    case Phase::kJoining: return "joining";
    case Phase::kChecking:
    case Phase::kReady: break;
  }
  return "member";
}

std::string FormationCore::MissingPeers(const std::set<std::string>& seen) const {
  std::vector<std::string> missing;
  for (const std::string& peer : Others()) {
    if (!seen.count(peer)) missing.push_back(peer);
  }
  return Joined(missing);
}

std::string FormationCore::problem() const {
  if (phase_ == Phase::kReady) return "";  // What was said of others is in the log.
  if (!problem_.empty()) return problem_;
  if (phase_ == Phase::kAgreeing) {
    return "Cluster " + identity_.cluster_id() + " forms when these masters have agreed: " +
           MissingPeers(agreed_);
  }
  if (phase_ == Phase::kChecking) return "Asks its peers which cluster they belong to";
  std::set<std::string> seen;
  for (const auto& [address, hello] : heard_) seen.insert(address);
  const std::string missing = MissingPeers(seen);
  if (identity_.rejoin_only()) {
    return "The disk of this master was corrupt: it waits for a member of its cluster among " +
           Joined(Others()) + "; without one, restore a backup (meseta log restore)";
  }
  if (missing.empty()) return "The cluster is about to form";
  return "The cluster forms when all peers have answered; missing: " + missing;
}

FormationEffects FormationCore::TakeEffects() {
  FormationEffects effects = std::exchange(effects_, {});
  // What is said follows from what is written: it leaves after Persisted().
  if (writing_) {
    effects.hellos.clear();
    effects.joins.clear();
  }
  return effects;
}

}  // namespace meseta::log
