// Links, forming and joining, and what a replica tells others about itself.
#include <algorithm>
#include <utility>

#include "actors/base/logging.h"
#include "actors/net/address.h"
#include "state/log/replica_actor.h"

namespace meseta::log {
namespace {

constexpr Duration kPublishEvery = Duration::Millis(200);

FormationDisk DiskOf(const Recovered& recovered) {
  FormationDisk disk;
  disk.identity = recovered.identity;
  if (recovered.snapshot) disk.configuration = recovered.snapshot->configuration();
  for (const EntryPtr& entry : recovered.entries) {
    if (entry->kind == EntryKind::kConfiguration) {
      Configuration newer;
      if (newer.ParseFromString(entry->payload)) disk.configuration = std::move(newer);
    }
  }
  disk.has_history = recovered.hard.term > 1 || !recovered.entries.empty() ||
                     (recovered.snapshot && recovered.snapshot->index() > 1);
  return disk;
}

}  // namespace

void ReplicaActor::StartFormation(Time now) {
  FormationOptions options;
  options.group = options_.group;
  options.address = options_.address;
  options.peers = options_.peers;
  FormationIds ids;
  do ids.member = rng_.Next(); while (ids.member == 0);
  ids.cluster = rng_.Uuid();
  formation_ = std::make_unique<FormationCore>(std::move(options), DiskOf(recovered_),
                                               std::move(ids), now);
  DialMembers();
}

void ReplicaActor::PerformFormation(Time now) {
  FormationEffects effects = formation_->TakeEffects();
  for (const std::string& sentence : effects.log) LOG(INFO) << "Replica " << options_.group << ": " << sentence;
  TellRefusal();
  if (const std::string waits = formation_->problem(); waits != waits_told_) {
    if (!waits.empty()) LOG(INFO) << "Replica " << options_.group << ": " << waits;
    waits_told_ = waits;
  }
  if (effects.write_identity) {
    LogWrite write;
    if (effects.write_genesis) {
      std::string empty;
      outlets_.machine->Snapshot()->Next(&empty);
      write = RaftCore::Bootstrap(*effects.write_identity, *effects.write_genesis, empty);
    } else {
      write.identity = *effects.write_identity;
    }
    write.number = formation_write_ = ++written_;
    reload_ = true;
    std::vector<LogWrite> writes;
    writes.push_back(std::move(write));
    if (Status status = outlets_.disk->Write(std::move(writes)); !status.ok()) Fail(status, now);
  }
  for (const auto& hello : effects.hellos) SendOn(links_.To(hello.to), hello.hello);
  for (const auto& join : effects.joins) SendOn(links_.To(join.to), join.join);
  formation_wake_ = effects.wake_at;
}

void ReplicaActor::TellRefusal() {
  if (formation_->refused() && !std::exchange(refusal_told_, true)) {
    (options_.on_refused ? options_.on_refused : outlets_.fatal)(*formation_->refused());
  }
}

void ReplicaActor::MaybeMakeCore(Time now) {
  if (core_ || !formation_->ready() || !problem_.empty() || formation_write_ != 0) return;
  if (reload_) {
    // What formation wrote is read back, checked.
    if (std::exchange(reloading_, true)) return;
    if (Status status = outlets_.disk->Reopen(); !status.ok()) outlets_.fatal(status.message());
    return;
  }
  core_ = std::make_unique<RaftCore>(options_.raft, std::move(recovered_), written_, Rng(rng_.Next()),
                                     now, &rules_);
  recovered_ = Recovered();
  publish_ = true;
  RefreshConfiguration();
}

void ReplicaActor::RefreshConfiguration() {
  if (!core_) return;
  const RaftStatus status = core_->status();
  configuration_ = status.configuration;
  configuration_index_ = status.configuration_index;
  DialMembers();
}

void ReplicaActor::MoveSelf(Time now) {
  if (core_->role() != Role::kLeader || !core_->serving()) return;
  const MemberId self = formation_->identity().member_id();
  const auto address = AddressOf(self);
  if (!address || *address == options_.address) return;
  // Refused while another change is under way: the next turn tries again.
  if (!core_->ProposeChange(MoveMember{self, options_.address}, now).ok()) return;
  LOG(INFO) << "This member has moved from " << *address << " to " << options_.address;
  PerformCore(now);
  RefreshConfiguration();
}

void ReplicaActor::DialMembers() {
  if (!begun_) return;
  std::set<std::string> wanted(options_.peers.begin(), options_.peers.end());
  for (const auto& member : configuration_.members()) wanted.insert(member.address());
  wanted.insert(configuration_.invited().begin(), configuration_.invited().end());
  wanted.erase(options_.address);
  const std::string prefix = actor_ + "/";
  for (const std::string& address : wanted) {
    if (!dialed_.count(address)) outlets_.transport->Dial(prefix + address, {address});
  }
  for (const std::string& address : dialed_) {
    if (!wanted.count(address)) outlets_.transport->StopDialing(prefix + address);
  }
  dialed_ = std::move(wanted);
}

template <class M>
void ReplicaActor::SendOn(std::optional<LinkId> link, const M& message) {
  if (!link) return;
  net::Envelope envelope;
  envelope.to = actor_;
  envelope.from = actor_ + "@" + options_.address;
  envelope.type = message.GetTypeName();
  envelope.payload = message.SerializeAsString();
  outlets_.transport->Send(*link, std::move(envelope));  // A link that is down says so itself.
}

void ReplicaActor::SendToMember(const Message& message) {
  std::optional<LinkId> link = links_.To(MemberId{message.to()});
  if (!link) {
    if (const auto address = AddressOf(message.to())) link = links_.To(*address);
  }
  SendOn(link, message);
}

void ReplicaActor::Handle(PeerUp& event, Time) {
  links_.Up(event.link, event.address, event.dialed);
  publish_ = true;
  if (!event.dialed || formation_write_ != 0) return;
  SendOn(event.link, formation_->MyHello(LeaderAddress()));
}

void ReplicaActor::Handle(PeerDown& event, Time now) {
  const MemberId member = links_.MemberAt(event.link);
  if (!links_.Down(event.link)) return;  // Of an agent.
  publish_ = true;
  if (core_ && member != 0) core_->PeerLost(member, now);
}

void ReplicaActor::Handle(PeerMessages& event, Time now) {
  for (PeerMessage& message : event.messages) {
    std::visit([&](auto& each) { On(event.link, each, now); }, message);
  }
  outlets_.transport->Consumed(event.link);
}

void ReplicaActor::On(LinkId link, Message& message, Time now) {
  if (!core_) {
    formation_->HandleConsensus(message.cluster_id(), now);
    return;  // It is sent again.
  }
  if (links_.MemberAt(link) != message.from()) links_.Named(link, message.from(), "");
  core_->Step(message, now);
}

void ReplicaActor::On(LinkId link, internal::LogHello& hello, Time now) {
  if (hello.group() != options_.group) return;
  links_.Named(link, hello.member_id(), hello.address());
  if (!core_) {
    formation_->HandleHello(hello, now);
    return;
  }
  if (!hello.answer()) {
    internal::LogHello answer = formation_->MyHello(LeaderAddress());
    answer.set_answer(true);
    SendOn(link, answer);
  }
  formation_->HandleForeign(hello, core_->leader().has_value());
  TellRefusal();
  if (core_->role() != Role::kLeader || hello.cluster_id() != formation_->identity().cluster_id()) {
    return;
  }
  const auto address = AddressOf(hello.member_id());
  if (address && *address != hello.address() && net::ParseHostPort(hello.address()).ok()) {
    if (*address == options_.address || links_.To(*address)) {
      LOG(ERROR) << "Two masters run with copies of one log: the member at " << *address
                 << " is up, and the one at " << hello.address()
                 << " says that it is the same; stop one, and start it with an empty log to join";
      return;
    }
    // It has moved. Refused while another change is under way: it says hello again.
    const auto index = core_->ProposeChange(MoveMember{hello.member_id(), hello.address()}, now);
    if (index.ok()) LOG(INFO) << "Member " << *address << " has moved to " << hello.address();
  }
}

void ReplicaActor::On(LinkId link, internal::LogJoin& join, Time now) {
  internal::LogJoinAnswer answer;
  const auto refuse = [&](std::string reason) {
    answer.set_accepted(false);
    answer.set_reason(std::move(reason));
    SendOn(link, answer);
  };
  if (join.group() != options_.group || join.member_id() == 0) return;
  if (!core_ || core_->role() != Role::kLeader) {
    refuse("The master at " + options_.address + " does not lead");
    return;
  }
  answer.set_accepted(true);
  answer.set_cluster_id(formation_->identity().cluster_id());
  RefreshConfiguration();
  bool welcome = std::find(configuration_.invited().begin(), configuration_.invited().end(),
                           join.address()) != configuration_.invited().end();
  for (const auto& member : configuration_.members()) {
    if (member.id() == join.member_id()) {
      // Not before that is committed: a new leader may never have heard of it, and who believes to be
      // a member does not ask again.
      if (configuration_index_ > core_->status().commit) {
        refuse("The member is being added");
      } else {
        SendOn(link, answer);
      }
      return;
    }
    welcome = welcome || member.address() == join.address();
  }
  if (!welcome) {
    refuse("The cluster does not expect a member at " + join.address() +
           "; say: meseta master members add " + join.address());
    return;
  }
  AddMember add;
  add.id = join.member_id();
  add.address = join.address();
  Await(core_->ProposeChange(add, now), now, [this, link, answer](Result<Applied> result) mutable {
    if (!result.ok()) {
      answer.set_accepted(false);
      answer.clear_cluster_id();
      answer.set_reason(result.status().message());
    }
    SendOn(link, answer);
  });
}

void ReplicaActor::On(LinkId, internal::LogJoinAnswer& answer, Time now) {
  if (!core_) formation_->HandleJoinAnswer(answer, now);
}

std::optional<std::string> ReplicaActor::AddressOf(MemberId id) const {
  for (const auto& member : configuration_.members()) {
    if (member.id() == id) return member.address();
  }
  return std::nullopt;
}

std::string ReplicaActor::LeaderAddress() const {
  if (!core_ || !core_->leader()) return "";
  if (core_->role() == Role::kLeader) return options_.address;
  return AddressOf(*core_->leader()).value_or("");
}

std::string ReplicaActor::WaitsFor() const {
  if (!problem_.empty()) return problem_;
  if (!core_) return formation_->problem();
  if (!configuration_.members().empty() && !AddressOf(formation_->identity().member_id())) {
    return "This master is not a member of its cluster: it was removed, or is not added yet. One that "
           "was removed may be stopped; to join again, it takes an empty --work_dir and 'meseta master "
           "members add " + options_.address + "'";
  }
  std::vector<std::string> missing;
  const std::vector<std::string> up = links_.Addresses();
  int voters = 0;
  for (const auto& member : configuration_.members()) {
    if (member.learner()) continue;
    ++voters;
    const bool here = member.address() == options_.address ||
                      std::find(up.begin(), up.end(), member.address()) != up.end();
    if (!here) missing.push_back(member.address());
  }
  if (voters == 0) return "The leader has not yet told this member about the cluster";
  const int reached = voters - static_cast<int>(missing.size());
  std::string text = "No leader: " + std::to_string(reached) + " of " + std::to_string(voters) +
                     " voting members are here, " + std::to_string(voters / 2 + 1) + " are needed";
  if (reached > voters / 2) text += "; an election is under way";
  for (size_t i = 0; i < missing.size(); ++i) text += (i == 0 ? "; missing: " : ", ") + missing[i];
  return text;
}

Status ReplicaActor::NotLeading() const {
  const std::string leader = LeaderAddress();
  if (!leader.empty() && leader != options_.address) {
    return Unavailable("This member does not lead; the leader is at " + leader);
  }
  return Unavailable("This member does not lead. " + WaitsFor());
}

void ReplicaActor::AnnounceRole(Time now) {
  RoleChange role;
  const bool leader = core_ && core_->role() == Role::kLeader && core_->serving();
  const Time lease = leader ? core_->lease_until() : Time();
  role.leading = leader && !loading_ && now < lease;
  if (core_) role.term = core_->term();
  if (role.leading) {
    role.leader = options_.address;
  } else if (core_ && core_->role() != Role::kLeader) {
    const std::string address = LeaderAddress();
    if (!address.empty()) role.leader = address;
  }
  if (!role.leader) role.waits_for = WaitsFor();
  if (role_.leading && role.term != role_.term) outlets_.lease->End();
  if (role.leading) {
    outlets_.lease->Hold(role.term, lease);
  } else {
    outlets_.lease->End();
  }
  const bool same = announced_ && role.leading == role_.leading && role.leader == role_.leader &&
                    role.waits_for == role_.waits_for &&
                    (!role.leading || role.term == role_.term);
  role_ = role;
  if (same) return;
  announced_ = true;
  publish_ = true;
  PublishStatus(now);  // Who hears of the role looks at the status next.
  if (options_.on_role) options_.on_role(role_);
}

void ReplicaActor::PublishStatus(Time now) {
  if (!publish_ && now - published_at_ < kPublishEvery) return;
  publish_ = false;
  published_at_ = now;
  auto status = std::make_shared<ReplicaStatus>();
  status->group = options_.group;
  status->cluster_id = formation_->identity().cluster_id();
  status->member = formation_->identity().member_id();
  status->state = problem_.empty() ? formation_->state() : "failed";
  status->problem = problem_.empty() ? formation_->problem() : problem_;
  status->applied = applied_;
  status->addresses_up = links_.Addresses();
  if (core_) {
    status->raft = core_->status();
    if (status->raft.configuration_index != configuration_index_ || configuration_.members().empty()) {
      configuration_ = status->raft.configuration;
      configuration_index_ = status->raft.configuration_index;
      DialMembers();
    }
    bool member = false;
    for (const auto& each : configuration_.members()) member = member || each.id() == status->member;
    if (!member) status->state = "joining";
  }
  outlets_.status->Set(std::move(status));
}

}  // namespace meseta::log
