#include "state/log/replica.h"

#include <dirent.h>

#include <algorithm>
#include <utility>

#include "actors/base/logging.h"
#include "actors/runtime/clock.h"
#include "actors/runtime/entropy.h"
#include "state/log/leveldb_storage.h"
#include "state/log/replica_actor.h"

namespace meseta::log {
namespace {

// Of a directory that was set aside, beside it (SetAsideDirectory).
bool HasCorruptSibling(const std::string& directory) {
  const size_t slash = directory.find_last_of('/');
  const std::string parent = slash == std::string::npos ? "." : directory.substr(0, slash + 1);
  const std::string prefix = directory.substr(slash == std::string::npos ? 0 : slash + 1) + ".corrupt-";
  DIR* dir = ::opendir(parent.c_str());
  if (dir == nullptr) return false;
  bool found = false;
  while (const dirent* entry = ::readdir(dir)) {
    found = found || std::string(entry->d_name).rfind(prefix, 0) == 0;
  }
  ::closedir(dir);
  return found;
}

Result<DiskWorker::Opened> OpenOnce(const ReplicaOptions& options) {
  LevelDbStorageOptions storage;
  storage.directory = options.directory;
  storage.sync_padding = options.sync_padding;
  DiskWorker::Opened opened;
  ASSIGN_OR_RETURN(opened.storage, LevelDbStorage::Open(std::move(storage)));
  ASSIGN_OR_RETURN(opened.recovered, opened.storage->Load());
  internal::LogIdentity& identity = opened.recovered.identity;
  if (identity.member_id() != 0 && identity.group() != options.group) {
    return FailedPrecondition("The log in " + options.directory + " belongs to '" +
                              identity.group() + "', not to '" + options.group +
                              "'; start with the --work_dir of this daemon");
  }
  if (identity.format() > kLogFormat) {
    return FailedPrecondition("The log in " + options.directory + " has format " +
                              std::to_string(identity.format()) + ", this version understands " +
                              std::to_string(kLogFormat) + "; start a newer version");
  }
  if (identity.member_id() == 0) identity.set_rejoin_only(HasCorruptSibling(options.directory));
  if (opened.recovered.cut_bytes > 0) {
    LOG(WARNING) << "The log in " << options.directory << " ended in " << opened.recovered.cut_bytes
                 << " bytes of a write that was never acknowledged: they were cut";
  }
  return opened;
}

// A corrupt log is set aside when peers can give its content back.
Result<DiskWorker::Opened> OpenLog(const ReplicaOptions& options) {
  Result<DiskWorker::Opened> opened = OpenOnce(options);
  const bool alone = std::all_of(options.peers.begin(), options.peers.end(),
                                 [&](const std::string& peer) { return peer == options.address; });
  if (opened.ok() || opened.status().code() != StatusCode::kDataLoss || alone) return opened;
  LOG(ERROR) << opened.status().message();
  ASSIGN_OR_RETURN(const std::string aside, SetAsideDirectory(options.directory));
  LOG(ERROR) << "The corrupt log is kept in " << aside
             << "; this member rejoins its cluster with an empty one, under a new member id";
  return OpenOnce(options);
}

template <class M>
bool TryParse(const net::Envelope& envelope, std::vector<PeerMessage>* out) {
  M message;
  if (envelope.type != message.GetTypeName() || !message.ParseFromString(envelope.payload)) {
    return false;
  }
  out->push_back(std::move(message));
  return true;
}

// On the network's thread.
ReplicaEvent ToEvent(net::LinkMessages batch) {
  PeerMessages parsed;
  parsed.link = batch.link;
  for (const net::Envelope& envelope : batch.messages) {
    const bool known = TryParse<Message>(envelope, &parsed.messages) ||
                       TryParse<internal::LogHello>(envelope, &parsed.messages) ||
                       TryParse<internal::LogJoin>(envelope, &parsed.messages) ||
                       TryParse<internal::LogJoinAnswer>(envelope, &parsed.messages);
    LOG_IF_EVERY_N(WARNING, !known, 100) << "A message of type '" << envelope.type.substr(0, 100)
                                         << "' from " << envelope.from.substr(0, 100)
                                         << " cannot be decoded: dropped";
  }
  return parsed;
}

}  // namespace

struct Replica::State {
  ReplicaOptions options;
  std::string actor;
  net::Transport* transport = nullptr;
  TermLease lease;
  runtime::Published<ReplicaStatus> status;
  std::unique_ptr<DiskWorker> disk;
  std::unique_ptr<runtime::CoreShell<ReplicaEvent>> shell;
  runtime::CoreRef<ReplicaEvent> ref;
  std::vector<metrics::Registration> pulled;
  bool stopped = false;
};

namespace {

void AddGauges(const ReplicaStatus& status, const std::string& prefix, Time now,
               std::vector<metrics::Sample>* samples) {
  const auto add = [&](const std::string& name, double value) {
    samples->push_back({prefix + name, metrics::Kind::kGauge, value});
  };
  const RaftStatus& raft = status.raft;
  size_t voters = 0;
  for (const auto& member : raft.configuration.members()) voters += member.learner() ? 0 : 1;
  add("recovered", status.state == "member" ? 1 : 0);
  add("ensemble_size", static_cast<double>(voters));
  add("leading", raft.role == Role::kLeader ? 1 : 0);
  add("term", static_cast<double>(raft.term));
  add("commit_index", static_cast<double>(raft.commit));
  add("applied_index", static_cast<double>(status.applied));
  add("last_index", static_cast<double>(raft.last));
  add("snapshot_index", static_cast<double>(raft.snapshot));
  add("dropped_messages", static_cast<double>(raft.dropped_messages));
  for (const FollowerStatus& follower : raft.followers) {
    const std::string base = "followers/" + follower.member.address() + "/";
    add(base + "lag", static_cast<double>(raft.last - std::min(raft.last, follower.match)));
    if (follower.heard) add(base + "silent_secs", (now - *follower.heard).seconds());
  }
}

// The callbacks outlive neither the worker nor the shell, whose ref they hold.
DiskWorker::Callbacks MakeCallbacks(const std::shared_ptr<runtime::CoreRef<ReplicaEvent>>& ref,
                                    std::function<void(const std::string&)> fatal) {
  DiskWorker::Callbacks callbacks;
  callbacks.written = [ref](uint64_t number, Status status) {
    ref->PostCompletion(Written{number, std::move(status)});
  };
  callbacks.piece_read = [ref](uint64_t asked, Result<std::string> data) {
    ref->PostCompletion(PieceArrived{asked, std::move(data)});
  };
  callbacks.snapshot_stored = [ref](SnapshotMeta meta, Status status) {
    ref->PostCompletion(SnapshotMade{std::move(meta), std::move(status)});
  };
  callbacks.loaded = [ref](SnapshotMeta meta, std::unique_ptr<SnapshotSink> sink, Status status) {
    ref->PostCompletion(SnapshotLoaded{std::move(meta), std::move(sink), std::move(status)});
  };
  callbacks.reopened = [ref](Result<Recovered> recovered) {
    ref->PostCompletion(DiskReopened{std::move(recovered)});
  };
  callbacks.failed = std::move(fatal);
  return callbacks;
}

Status CheckOptions(const ReplicaOptions& options) {
  if (options.peers.size() > FormationCore::kMaxPeers) {
    return InvalidArgument("--peers names " + std::to_string(options.peers.size()) +
                           " masters; at most " + std::to_string(FormationCore::kMaxPeers) +
                           " can form a cluster");
  }
  return OkStatus();
}

}  // namespace

Replica::Replica(std::unique_ptr<State> state) : state_(std::move(state)) {}
Replica::~Replica() { Stop(); }

Result<std::unique_ptr<Replica>> Replica::Start(ReplicaOptions options, runtime::ActorSystem& system,
                                                net::Transport& transport, StateMachine* machine,
                                                metrics::Registry* metrics) {
  RETURN_IF_ERROR(CheckOptions(options));
  ASSIGN_OR_RETURN(DiskWorker::Opened opened, OpenLog(options));
  auto state = std::make_unique<State>();
  State* s = state.get();
  s->options = options;
  s->actor = options.group == "registry" ? "replica" : "replica-" + options.group;
  s->transport = &transport;
  const auto fatal = [&system](const std::string& sentence) { system.Fatal(sentence); };
  const std::string prefix =
      options.group == "registry" ? "registrar/log/" : options.group + "/log/";
  // The worker's completions reach the shell, which is made after it.
  const auto ref = std::make_shared<runtime::CoreRef<ReplicaEvent>>();
  s->disk = std::make_unique<DiskWorker>(
      options.group + "-disk", std::move(opened.storage), [options] { return OpenLog(options); },
      MakeCallbacks(ref, fatal), metrics->AddTimer(prefix + "sync"));

  ReplicaOutlets outlets;
  outlets.transport = &transport;
  outlets.disk = s->disk.get();
  outlets.machine = machine;
  outlets.lease = &s->lease;
  outlets.status = &s->status;
  outlets.commit_time = metrics->AddTimer(prefix + "commit");
  outlets.fatal = fatal;
  s->status.Set(std::make_shared<ReplicaStatus>());
  const auto recovered = std::make_shared<Recovered>(std::move(opened.recovered));
  const uint64_t seed = runtime::EntropySeed();
  s->shell = std::make_unique<runtime::CoreShell<ReplicaEvent>>(
      system, runtime::CoreOptions{.name = s->actor}, [options, outlets, recovered, seed, &system] {
        return std::make_unique<ReplicaActor>(options, outlets, std::move(*recovered), Rng(seed),
                                              system.clock().Mono());
      });
  s->ref = s->shell->ref();
  *ref = s->ref;
  s->pulled.push_back(metrics->PullMany([s, prefix, &system](std::vector<metrics::Sample>* samples) {
    AddGauges(*s->status.Get(), prefix, system.clock().Mono(), samples);
  }));
  transport.Register(s->actor, options.peer_roles, [s](net::LinkEvent event) {
    if (auto* up = std::get_if<net::LinkUp>(&event)) {
      const auto& roles = s->options.peer_roles;
      if (std::find(roles.begin(), roles.end(), up->peer.role) == roles.end()) return;
      s->ref.PostCompletion(PeerUp{up->link, std::move(up->peer.address), up->peer.dialed});
    } else if (auto* down = std::get_if<net::LinkDown>(&event)) {
      s->ref.PostCompletion(PeerDown{down->link});
    } else {
      s->ref.PostCompletion(ToEvent(std::get<net::LinkMessages>(std::move(event))));
    }
  });
  s->ref.PostCompletion(Begin{});
  return std::unique_ptr<Replica>(new Replica(std::move(state)));
}

void Replica::Stop() {
  if (!state_ || std::exchange(state_->stopped, true)) return;
  state_->pulled.clear();
  state_->transport->Unregister(state_->actor);
  state_->shell->Stop();
  state_->disk->Stop();
  state_->lease.End();
}

void Replica::Propose(std::string command, std::optional<Term> term,
                      runtime::Reply<Applied> reply) {
  state_->ref.Post(ProposeRequest{std::move(command), term, std::move(reply)});
}

void Replica::ReadBarrier(runtime::Reply<Index> reply) {
  state_->ref.Post(BarrierRequest{std::move(reply)});
}

void Replica::Change(MemberChange change, runtime::Reply<runtime::Done> reply) {
  state_->ref.Post(ChangeRequest{std::move(change), std::move(reply)});
}

void Replica::Transfer(std::optional<MemberId> to, runtime::Reply<runtime::Done> reply) {
  state_->ref.Post(TransferRequest{to, std::move(reply)});
}

std::shared_ptr<const ReplicaStatus> Replica::status() const { return state_->status.Get(); }

Time Replica::leads_until() const { return state_->lease.until(); }
Time Replica::leads_until(Term term) const { return state_->lease.until(term); }

}  // namespace meseta::log
