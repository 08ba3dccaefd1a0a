#include "tests/sim/log/sim_replica.h"

#include <algorithm>

#include "actors/base/crc32c.h"
#include "state/store/batch_codec.h"
#include "tests/sim/log/describe.h"

namespace meseta::logsim {
namespace {

constexpr Duration kJoinEvery = Duration::Millis(100);

// What the store's results say to the proposer, if it is its entry that was applied.
SimReplica::Reply ReplyOf(const std::string& results, bool own) {
  if (!own) return {};
  const Result<store::Version> version = store::DecodeResults(results, 1).front();
  if (version.ok()) return {true, 1, *version};
  // A condition that did not hold; else an upload that was lost with its term.
  return {version.status().code() == StatusCode::kFailedPrecondition, 0, 0};
}

}  // namespace

SimReplica::SimReplica(World* world, LogNetwork* network, Checkers* checkers, int slot,
                       AskToJoin ask)
    : world_(world),
      network_(network),
      checkers_(checkers),
      slot_(slot),
      ask_to_join_(std::move(ask)) {}

// --- The disk and the process ---

internal::LogIdentity SimReplica::Identity(bool joined) const {
  internal::LogIdentity identity;
  identity.set_format(1);
  identity.set_member_id(IdOf(slot_, disk_number_));
  identity.set_group("sim");
  if (joined) identity.set_cluster_id(kClusterId);
  return identity;
}

void SimReplica::WriteIdentity(bool joined) {
  log::LogWrite write;
  write.identity = Identity(joined);
  (void)disk_.Write({write});
}

void SimReplica::NewDisk() {
  const bool keep = disk_number_ > 0 && world_->options.mutation == Mutation::kKeepIdentity;
  disk_ = SimDisk();
  if (world_->options.mirror) disk_.Mirror();
  if (!keep) ++disk_number_;
  WriteIdentity(keep);
}

void SimReplica::Found(const log::Configuration& genesis) {
  const Status status =
      disk_.Write({log::RaftCore::Bootstrap(Identity(true), genesis, EmptyState())});
  if (!status.ok()) world_->Fail("Bootstrap: " + status.message());
}

void SimReplica::Boot() {
  ++life_;
  if (CrashAtThisCall()) return;
  if (world_->options.mutation == Mutation::kHideCorruption && !disk_.intact()) {
    disk_.HideCorruption();
  }
  if (world_->options.mutation == Mutation::kForgetVote) disk_.ForgetVote();
  Result<log::Recovered> recovered = disk_.Load();
  if (world_->options.mirror && recovered.ok()) ++world_->probes["disk compared with its mirror"];
  if (!recovered.ok() && disk_.intact()) {
    return world_->Fail("Disk of m" + std::to_string(id()) + ": " + recovered.status().message());
  }
  if (!recovered.ok()) {
    ++world_->probes["corrupt disk found at start"];
    if (world_->trace.on())
      world_->Note("slot " + std::to_string(slot_) + " finds its disk corrupt");
    NewDisk();
    recovered = disk_.Load();
  }
  if (recovered->identity.cluster_id().empty()) return JoinLoop();
  StartCore(*recovered);
}

void SimReplica::StartCore(const log::Recovered& start) {
  const double skew = world_->options.clock_skew;
  clock_ = SimClock(world_->heap.now(),
                    Time() + world_->Between(Duration::Seconds(1), Duration::Seconds(1'000'000)),
                    1 - skew + 2 * skew * world_->rng.Uniform());
  machine_ = std::make_unique<KvMachine>(world_->options.piece_bytes);
  snapshot_index_ = 0;
  static const log::Rules kRules;
  const log::Rules* rules = world_->options.rules != nullptr ? world_->options.rules : &kRules;
  if (start.snapshot && !LoadMachine(*start.snapshot)) return Crash(Duration::Millis(1));
  core_ = std::make_unique<log::RaftCore>(world_->options.raft, start, start.sequence,
                                          Rng(world_->rng.Next()), LocalNow(), rules);
  checkers_->Booted({slot_, id(), core_.get(), &disk_, &clock_}, start);
  if (world_->trace.on()) {
    world_->Note("m" + std::to_string(id()) + " starts: term " + std::to_string(start.hard.term) +
                 ", log to " + std::to_string(disk_.last()));
  }
  Changed();
}

void SimReplica::Stop() {
  ++life_;
  checkers_->Stopped(slot_);
  core_.reset();
  machine_.reset();
  queue_.clear();
  writing_.clear();
  to_apply_.clear();
  proposals_.clear();
  reads_.clear();
  reads_waiting_.clear();
  flush_due_ = false;
  wake_at_ = Time();
  snapshotting_ = 0;
  paused_until_ = Time();
}

void SimReplica::KeepPrefix() {
  for (const Queued& queued : writing_) {
    if (!world_->Chance(world_->options.keeps_unsynced)) {
      ++world_->probes["unsynced write lost"];
      return;
    }
    (void)ToDisk(queued.write);
  }
}

Status SimReplica::ToDisk(const log::LogWrite& write) {
  checkers_->Wrote(id(), write);
  return disk_.Write({write});
}

void SimReplica::Crash(Duration down) {
  if (up()) {
    if (world_->trace.on()) world_->Note("m" + std::to_string(id()) + " crashes");
    ++world_->probes["replica crashed"];
    KeepPrefix();
  }
  if (world_->options.mutation == Mutation::kForgetSynced) disk_.DropLastEntries(1);
  Stop();
  const uint64_t life = life_;
  world_->heap.After(down, [this, life] {
    if (life == life_) Boot();
  });
}

void SimReplica::Pause(Duration pause) {
  if (!up()) return;
  if (world_->trace.on()) world_->Note("m" + std::to_string(id()) + " is paused");
  ++world_->probes["replica paused"];
  paused_until_ = std::max(paused_until_, world_->heap.now() + pause);
}

void SimReplica::Wipe(Duration down) {
  if (world_->trace.on()) world_->Note("m" + std::to_string(id()) + " loses its disk");
  ++world_->probes["disk lost"];
  Crash(down);
  NewDisk();
}

void SimReplica::After(Duration delay, std::function<void()> what) {
  const uint64_t life = life_;
  world_->heap.After(delay, [this, life, what = std::move(what)] { RunLater(life, what); });
}

void SimReplica::RunLater(uint64_t life, std::function<void()> what) {
  if (life != life_) return;
  if (!paused()) return what();
  world_->heap.At(paused_until_, [this, life, what = std::move(what)] { RunLater(life, what); });
}

bool SimReplica::CrashAtThisCall() {
  const bool chosen = ++world_->storage_calls == world_->options.crash_at_call;
  if (!chosen && !world_->Fault(world_->options.crash_at_storage)) return false;
  ++world_->probes["crash at a storage call"];
  Crash(world_->Between(Duration::Millis(1), world_->options.down_max));
  return true;
}

// --- Events into the core, effects out of it ---

void SimReplica::Receive(const log::Message& message) {
  if (!up()) return;
  if (paused()) return After(Duration(), [this, message] { Receive(message); });
  // A message for an earlier disk at this address: the link's shell knows whose it is.
  if (message.to() != id()) return;
  if (world_->trace.on()) world_->Note("  " + Describe(message));
  world_->trace.Mix(static_cast<uint64_t>(world_->heap.now().nanos()) * 31 + message.from());
  const std::optional<log::Index> contradicted = Checkers::Contradicts(*core_, message);
  core_->Step(message, LocalNow());
  if (contradicted) {
    checkers_->Stepped({slot_, id(), core_.get(), &disk_, &clock_}, message, *contradicted);
  }
  Changed();
}

void SimReplica::PeerLost(log::MemberId peer) {
  After(Duration(), [this, peer] {
    core_->PeerLost(peer, LocalNow());
    Changed();
  });
}

void SimReplica::Changed() {
  if (world_->options.turn == Duration()) return Flush();
  if (flush_due_) return;
  flush_due_ = true;
  After(world_->options.turn, [this] { Flush(); });
}

void SimReplica::Flush() {
  flush_due_ = false;
  log::RaftEffects effects = core_->TakeEffects();
  if (world_->trace.on()) Trace(effects);
  checkers_->Took({slot_, id(), core_.get(), &disk_, &clock_}, effects);
  if (world_->check_invariants) core_->CheckInvariants();
  world_->trace.Mix(core_->term() * 8 + static_cast<uint64_t>(core_->role()));
  for (log::LogWrite& write : effects.persist) queue_.push_back({std::move(write), nullptr});
  for (log::Message& message : effects.send) {
    const int to = SlotOf(message.to());
    network_->Send(slot_, to, std::move(message));
  }
  if (effects.restore) {
    if (effects.restore->index() > machine_->applied()) ++world_->probes["snapshot installed"];
    snapshotting_ = 0;
    to_apply_.clear();
    // As log::Replica: nothing is applied to what could not be restored.
    if (!LoadMachine(*effects.restore)) return Crash(Duration::Millis(1));
  }
  TakeCommitted(std::move(effects.committed));
  for (const auto& piece : effects.read_pieces) ReadPiece(piece);
  for (const auto& answer : effects.reads) Answer(answer);
  AnswerWaiting();
  if (effects.wake_at) SetWake(*effects.wake_at);
  StartWrite();
  MaybeSnapshot();
}

void SimReplica::SetWake(Time local) {
  if (local == wake_at_) return;
  wake_at_ = local;
  const uint64_t wake = ++wake_;
  if (local == Time::Max()) return;
  const Duration delay = std::max(Duration(), clock_.WhenItShows(local) - world_->heap.now());
  After(delay, [this, wake] {
    if (wake != wake_) return;
    wake_at_ = Time();
    core_->Tick(LocalNow());
    Changed();
  });
}

// --- Writing ---

void SimReplica::StartWrite() {
  if (!writing_.empty() || queue_.empty()) return;
  writing_.swap(queue_);
  const LogSimOptions& options = world_->options;
  Duration time = world_->Between(options.write_min, options.write_max);
  if (world_->Fault(options.write_stall)) time = time * 10;
  if (++world_->storage_calls == options.crash_at_call || world_->Fault(options.crash_at_storage)) {
    ++world_->probes["crash at a storage call"];
    // Before, within or just after it.
    const bool written = world_->Chance(0.3);
    return After(world_->Between(Duration(), time), [this, written] {
      if (written) {
        for (const Queued& queued : writing_) (void)ToDisk(queued.write);
        writing_.clear();
      }
      Crash(world_->Between(Duration::Millis(1), world_->options.down_max));
    });
  }
  if (world_->heap.now() < disk_full_until_ || world_->Fault(options.write_failure)) {
    return After(time, [this] { WriteFailed(); });
  }
  After(time, [this] { WriteDone(); });
}

void SimReplica::WriteDone() {
  std::vector<Queued> group;
  group.swap(writing_);
  uint64_t number = 0;
  for (const Queued& queued : group) {
    const Status status = ToDisk(queued.write);
    if (!status.ok()) world_->Fail("Disk of m" + std::to_string(id()) + ": " + status.message());
    number = std::max(number, queued.write.number);
  }
  if (number > 0) core_->Persisted(number, LocalNow());
  for (const Queued& queued : group) {
    if (queued.then) queued.then();
  }
  Changed();
}

void SimReplica::WriteFailed() {
  ++world_->probes["write failed"];
  if (world_->trace.on()) world_->Note("m" + std::to_string(id()) + " cannot write");
  KeepPrefix();
  writing_.clear();
  core_->PersistFailed(ResourceExhausted("The disk is full."));
  const log::RaftEffects effects = core_->TakeEffects();
  if (!effects.send.empty() || !effects.persist.empty() || !effects.committed.empty()) {
    world_->Fail("Disk: m" + std::to_string(id()) + " goes on after its disk has failed");
  }
  Stop();
  const uint64_t life = life_;
  world_->heap.After(world_->Between(Duration::Millis(10), world_->options.down_max), [this, life] {
    if (life == life_) Boot();
  });
}

// --- The state machine ---

bool SimReplica::LoadMachine(const log::SnapshotMeta& meta) {
  if (world_->options.mutation == Mutation::kSkipRestore && machine_->applied() > 0) {
    machine_->Applied(meta.index());
    return true;
  }
  std::unique_ptr<log::SnapshotSink> sink = machine_->Restore();
  Status status;
  for (uint32_t i = 0; i < meta.chunks() && status.ok(); ++i) {
    const Result<std::string> piece = disk_.ReadPiece(meta.index(), i);
    status = piece.ok() ? sink->Add(*piece) : piece.status();
  }
  if (status.ok()) status = sink->Install(meta.index());
  if (!status.ok()) {
    if (!disk_.intact()) {  // Was hit meanwhile: found at the next start.
      ++world_->probes["corrupt disk found by a restore"];
      return false;
    }
    world_->Fail("Snapshot " + std::to_string(meta.index()) + " of m" + std::to_string(id()) +
                 ": " + status.message());
  }
  snapshot_index_ = meta.index();
  CheckView();
  checkers_->State(slot_, meta.index(), machine_->hash());
  return true;
}

void SimReplica::CheckView() {
  if (machine_->ViewFitsChanges()) return;
  world_->Fail("State: the view of m" + std::to_string(id()) + " is not what its changes say");
}

void SimReplica::TakeCommitted(std::vector<log::EntryPtr> entries) {
  if (entries.empty()) return;
  const bool waits = !to_apply_.empty();
  to_apply_.insert(to_apply_.end(), entries.begin(), entries.end());
  if (!waits) ApplyNext();
}

void SimReplica::ApplyNext() {
  if (world_->options.apply_max == Duration()) {
    for (const log::EntryPtr& entry : to_apply_) Apply(entry);
    return to_apply_.clear();
  }
  After(world_->Between(Duration(), world_->options.apply_max), [this] {
    // Some of them; a snapshot may have taken their place.
    for (uint64_t n = 1 + world_->rng.Below(8); n > 0 && !to_apply_.empty(); --n) {
      Apply(to_apply_.front());
      to_apply_.pop_front();
    }
    AnswerWaiting();
    MaybeSnapshot();
    if (!to_apply_.empty()) ApplyNext();
  });
}

void SimReplica::Apply(const log::EntryPtr& entry) {
  if (entry->index != machine_->applied() + 1 && world_->options.mutation == Mutation::kNone) {
    world_->Fail("Commit: m" + std::to_string(id()) + " applies entry " +
                 std::to_string(entry->index) + " after " + std::to_string(machine_->applied()));
  }
  std::string result;
  if (entry->kind == log::EntryKind::kCommand) result = machine_->Apply(*entry);
  machine_->Applied(entry->index);
  checkers_->State(slot_, entry->index, machine_->hash());
  world_->trace.Mix(entry->index * 7 + entry->term);
  const auto proposal = proposals_.find(entry->index);
  if (proposal == proposals_.end()) return;
  const Reply reply = ReplyOf(result, proposal->second.term == entry->term);
  const OnReply on_reply = std::move(proposal->second.reply);
  proposals_.erase(proposal);
  if (on_reply) on_reply(reply);
}

void SimReplica::Submit(const Op& op, std::optional<log::Term> term, OnReply reply) {
  if (!up()) return reply({});
  if (paused()) {
    return After(Duration(),
                 [this, op, term, reply = std::move(reply)] { Submit(op, term, reply); });
  }
  if (op.kind == OpKind::kRead) {
    const uint64_t read = ++next_read_;
    reads_[read] = {op.key, std::move(reply)};
    core_->Read(read, LocalNow());
    return Changed();
  }
  if (world_->Chance(0.5)) term = core_->term();
  const Result<log::Index> index = Propose(op, term);
  if (!index.ok()) {
    if (index.status().code() == StatusCode::kResourceExhausted) ++world_->probes["log was full"];
    reply({});
    return Changed();
  }
  if (world_->options.mutation == Mutation::kAnswerEarly) {
    reply({true, 1, *index});
  } else {
    proposals_[*index] = {core_->term(), std::move(reply)};
  }
  Changed();
}

Result<log::Index> SimReplica::Propose(const Op& op, std::optional<log::Term> term) {
  Result<log::Index> index = Unavailable("There is no command.");
  const std::vector<std::string> commands = EncodeOp(op);
  for (const std::string& command : commands) {
    index = core_->Propose(command, term, LocalNow());
    if (index.ok()) continue;
    // As the store's queue does.
    if (commands.size() > 1) (void)core_->Propose(store::DropCommand(op.value), term, LocalNow());
    return index;
  }
  if (commands.size() > 1) ++world_->probes["batch uploaded"];
  return index;
}

void SimReplica::Answer(const log::RaftEffects::ReadAnswer& answer) {
  const auto found = reads_.find(answer.read);
  if (found == reads_.end()) return world_->Fail("Read: one is answered that nobody asked for");
  Reading reading = std::move(found->second);
  reads_.erase(found);
  if (!answer.index) return reading.reply({});
  const bool unapplied = world_->options.mutation == Mutation::kReadUnapplied;
  reads_waiting_.emplace(unapplied ? 0 : *answer.index, std::move(reading));
}

void SimReplica::AnswerWaiting() {
  while (!reads_waiting_.empty() && reads_waiting_.begin()->first <= machine_->applied()) {
    const Reading reading = std::move(reads_waiting_.begin()->second);
    reads_waiting_.erase(reads_waiting_.begin());
    const std::optional<KvMachine::Cell> cell = machine_->Get(reading.key);
    if (!cell) return world_->Fail("State: m" + std::to_string(id()) + " shows a torn batch");
    reading.reply({true, cell->value, cell->version});
  }
}

// --- Snapshots ---

bool SimReplica::SendsSnapshot() const {
  if (core_->role() != log::Role::kLeader) return false;
  const log::RaftStatus status = core_->status();
  return std::any_of(status.followers.begin(), status.followers.end(),
                     [](const log::FollowerStatus& follower) { return follower.snapshotting; });
}

void SimReplica::MaybeSnapshot() {
  const log::Index every = static_cast<log::Index>(world_->options.snapshot_every);
  if (snapshotting_ != 0 || machine_->applied() < snapshot_index_ + every) return;
  // A new one would make transfers of the last one start over, again and again.
  const bool urgent = world_->faults && machine_->applied() > snapshot_index_ + 4 * every;
  if (!urgent && SendsSnapshot()) return;
  snapshotting_ = ++snapshots_;
  ++world_->probes["snapshot made"];
  CheckView();
  log::SnapshotMeta meta = core_->MakeSnapshotMeta(machine_->applied());
  std::vector<std::string> pieces;
  const std::unique_ptr<log::SnapshotSource> source = machine_->Snapshot();
  std::string piece;
  uint32_t checksum = 0;
  uint64_t bytes = 0;
  while (source->Next(&piece)) {
    checksum = Crc32c(piece, checksum);
    bytes += piece.size();
    pieces.push_back(piece);
  }
  meta.set_chunks(static_cast<uint32_t>(pieces.size()));
  meta.set_bytes(bytes);
  meta.set_checksum(checksum);
  WritePieces(meta, std::move(pieces), 0);
}

void SimReplica::WritePieces(const log::SnapshotMeta& meta, std::vector<std::string> pieces,
                             uint32_t number) {
  const uint64_t snapshot = snapshotting_;
  Queued queued;
  queued.write.pieces.push_back({meta.index(), number, pieces[number]});
  queued.then = [this, snapshot, meta, pieces = std::move(pieces), number] {
    if (snapshot != snapshotting_) return;
    if (number + 1 < pieces.size()) return WritePieces(meta, pieces, number + 1);
    snapshotting_ = 0;
    snapshot_index_ = meta.index();
    // In the calm enough for whoever has just got the last snapshot.
    const log::Index keep =
        static_cast<log::Index>(world_->options.keep_entries + (world_->faults ? 0 : 100));
    core_->SnapshotStored(meta, meta.index() > keep ? meta.index() - keep : 0, LocalNow());
  };
  queue_.push_back(std::move(queued));
  StartWrite();
}

void SimReplica::ReadPiece(const log::RaftEffects::ReadPiece& piece) {
  After(world_->Between(world_->options.write_min, world_->options.write_max), [this, piece] {
    if (CrashAtThisCall()) return;
    const Result<std::string> data = disk_.ReadPiece(piece.meta.index(), piece.number);
    core_->PieceRead(piece.to, piece.meta.index(), piece.number, data, LocalNow());
    Changed();
    if (!disk_.intact()) {
      ++world_->probes["corrupt disk found by a read"];
      Crash(world_->Between(Duration::Millis(1), world_->options.down_max));
    }
  });
}

// --- Membership ---

void SimReplica::JoinLoop() {
  After(world_->Between(Duration::Millis(1), kJoinEvery), [this] {
    ask_to_join_(slot_, id());
    JoinLoop();
  });
}

bool SimReplica::Join(int slot, log::MemberId id, bool promote) {
  if (!serving() || paused()) return false;
  const log::RaftStatus status = core_->status();
  bool welcome = false;
  for (const auto& member : status.configuration.members()) {
    // Only once that is committed: it might be forgotten again.
    if (member.id() == id) return status.configuration_index <= status.commit;
    welcome |= member.address() == AddressOf(slot);
  }
  for (const std::string& address : status.configuration.invited()) {
    welcome |= address == AddressOf(slot);
  }
  if (!welcome) return false;
  if (Change(log::AddMember{id, AddressOf(slot), promote}).ok()) {
    ++world_->probes["member added"];
  }
  return false;
}

void SimReplica::Joined() {
  WriteIdentity(true);
  Boot();
}

Status SimReplica::Change(const log::MemberChange& change) {
  if (!up() || paused()) return Unavailable("It does not run.");
  const Result<log::Index> index = core_->ProposeChange(change, LocalNow());
  if (world_->trace.on()) {
    world_->Note("m" + std::to_string(id()) + " is asked to " + Describe(change) + ": " +
                 (index.ok() ? "entry " + std::to_string(*index) : index.status().message()));
  }
  Flush();  // At once: what may be in force must be known when the next disk is lost.
  return index.ok() ? OkStatus() : index.status();
}

Status SimReplica::Transfer(std::optional<log::MemberId> to) {
  if (!up() || paused()) return Unavailable("It does not run.");
  const Status status = core_->Transfer(to, LocalNow());
  if (world_->trace.on()) {
    world_->Note("m" + std::to_string(id()) + " is asked to hand over: " + status.ToString());
  }
  Changed();
  return status;
}

void SimReplica::Trace(const log::RaftEffects& effects) {
  const std::string name = "m" + std::to_string(id());
  for (const std::string& line : effects.log) world_->Note(name + ": " + line);
  for (const log::LogWrite& write : effects.persist) {
    world_->Note(name + " writes " + Describe(write));
  }
  if (effects.restore) {
    world_->Note(name + " restores snapshot " + std::to_string(effects.restore->index()));
  }
  for (const log::EntryPtr& entry : effects.committed) {
    world_->Note(name + " commits " + std::to_string(entry->index) + " of term " +
                 std::to_string(entry->term));
  }
}

}  // namespace meseta::logsim
