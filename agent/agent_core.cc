// Registration with masters, and the turn: how effects wait for durability.
#include "agent/agent_core.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace meseta::agent {
namespace {

template <class T>
void Move(std::vector<T>& from, std::vector<T>& to) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
  from.clear();
}

// Everything of `from` that may wait for a write, behind what `to` has.
void Merge(AgentEffects&& from, AgentEffects& to) {
  Move(from.containers, to.containers);
  Move(from.send, to.send);
  Move(from.close, to.close);
  Move(from.delete_sandboxes, to.delete_sandboxes);
  Move(from.view, to.view);
  if (from.stop && !to.stop) to.stop = std::move(from.stop);
}

bool HasParkable(const AgentEffects& effects) {
  return !effects.containers.empty() || !effects.send.empty() || !effects.close.empty() ||
         !effects.delete_sandboxes.empty() || !effects.view.empty() || effects.stop.has_value();
}

}  // namespace

AgentCore::AgentCore(AgentOptions options, RecoveredAgent recovered, Rng rng)
    : options_(std::move(options)), rng_(rng), info_(options_.info), term_(recovered.term),
      leader_(options_.masters) {
  if (recovered.agent) {
    registration_id_ = recovered.agent->registration_id();
    if (recovered.agent->info().has_id()) *info_.mutable_id() = recovered.agent->info().id();
  }
  for (const internal::FrameworkCheckpoint& framework : recovered.frameworks) {
    FrameworkEntry& entry = frameworks_[FrameworkId(framework.info().id().value())];
    entry.info = framework.info();
    entry.shutting_down = framework.shutting_down();
  }
  for (const internal::CompletedCheckpoint& completed : recovered.completed) {
    RestoreCompleted(completed);
  }
  for (RecoveredTask& task : recovered.tasks) Restore(std::move(task));
}

AgentEffects AgentCore::Start(Now now) {
  started_ = now.wall;
  recovery_began_ = now.mono;
  if (registration_id_.empty()) {
    registration_id_ = rng_.Uuid();
    PutAgent();
  } else if (info_.has_id()) {
    PutAgent();  // Flags may have changed what may change: port, ip.
  }
  ShowAgent();
  for (const auto& [id, framework] : frameworks_) {
    turn_.view.push_back(
        FrameworkUpserted{std::make_shared<const v1::FrameworkInfo>(framework.info)});
  }
  for (const auto& [end, container] : garbage_by_end_) {
    turn_.view.push_back(ExecutorCompleted{garbage_.at(container).executor});
  }
  AgentEffects::Recover recover;
  std::vector<TaskKey> over, again;
  for (auto& [key, task] : tasks_) {
    if (task.never_started) {
      again.push_back(key);
      continue;
    }
    using Stage = ExecutorRecord::Stage;
    ShowTask(task, task.ended ? Stage::kTerminated : task.pid != 0 ? Stage::kLaunched
                                                                   : Stage::kQueued);
    if (!task.ended) {
      recover.containers.push_back({task.container, task.sandbox});
      task.recovering = true;
      ++recovering_;
      continue;
    }
    // It ended, but the agent died before the end was told everyone.
    if (!task.container.empty()) CallContainerizer(AgentEffects::Forget{task.container});
    const UpdateStream* stream = streams_.Find(key);
    if (stream == nullptr || stream->closed() || frameworks_.at(key.framework).shutting_down) {
      over.push_back(key);
    }
  }
  turn_.containers.insert(turn_.containers.begin(), std::move(recover));
  for (const TaskKey& key : over) CloseTask(key, now);
  for (const TaskKey& key : again) LaunchAgain(tasks_.at(key), now);
  for (const auto& [id, framework] : frameworks_) {
    if (framework.idle) turn_.view.push_back(FrameworkIdle{id});
  }
  DialMasters();
  return Finish(now);
}

AgentEffects AgentCore::LinkUp(MasterLink link, Now now, const std::string& address) {
  leader_.Up(link, address, now.mono, rng_);
  FollowLeader(now);
  return Finish(now);
}

AgentEffects AgentCore::LinkDown(MasterLink link, Now now) {
  leader_.Down(link, now.mono, rng_);
  if (connection_ != Connection::kDown && link == link_) LeaveMaster();
  FollowLeader(now);
  return Finish(now);
}

void AgentCore::FollowLeader(Now now) {
  const auto step = leader_.Poll(now.mono, rng_);
  if (!step) return;
  if (step->kind == LeaderCore::Step::Kind::kAsk) {
    internal::ToMaster message;
    message.mutable_who_leads();
    turn_.send.push_back({step->link, std::move(message)});
    return;
  }
  if (connection_ != Connection::kDown) LeaveMaster();
  connection_ = Connection::kRegistering;
  link_ = step->link;
  register_backoff_ = kRegisterRetryMin;
  SendRegistration(now);
}

void AgentCore::LeaveMaster() {
  connection_ = Connection::kDown;
  register_again_at_.reset();
  streams_.Disconnected();
  ShowAgent();
  // What was meant for it is of no use any more: the next one starts over from a handshake.
  const auto forget = [link = link_](std::vector<AgentEffects::Send>& send) {
    send.erase(std::remove_if(send.begin(), send.end(),
                              [link](const auto& entry) { return entry.link == link; }),
               send.end());
  };
  forget(turn_.send);
  for (auto& [write, effects] : parked_) forget(effects.send);
}

void AgentCore::DialMasters() {
  std::vector<std::string> wanted = leader_.Dials();
  if (wanted == dialed_) return;
  dialed_ = wanted;
  turn_.dial = std::move(wanted);
}

// True: the message was about who leads, and no more is to be done with it.
bool AgentCore::OnLeadership(MasterLink link, const internal::ToAgent& message, Now now) {
  if (message.has_not_leading()) {
    leader_.DoesNotLead(link, message.not_leading().leader(), now.mono, rng_);
    if (connection_ != Connection::kDown && link == link_) LeaveMaster();
    DialMasters();
  } else if (message.has_leading()) {
    // The leader that this agent is registered with, on another link to it, is no news.
    const bool news = connection_ != Connection::kRegistered || message.term() != master_term_;
    if (news && AcceptTerm(message.term())) leader_.Leads(link, now.mono, rng_);
  } else {
    return false;
  }
  FollowLeader(now);
  return true;
}

AgentEffects AgentCore::FromMaster(MasterLink link, const internal::ToAgent& message, Now now) {
  using Message = internal::ToAgent;
  if (leader_.knows(link) && OnLeadership(link, message, now)) return Finish(now);
  if (connection_ == Connection::kDown || link != link_) {
    Dropped("a message on a link that is not the present master's");
    return Finish(now);
  }
  if (!AcceptTerm(message.term())) {
    // A master that was left behind and does not know it yet; others may know the leader.
    leader_.DoesNotLead(link, "", now.mono, rng_);
    LeaveMaster();
    FollowLeader(now);
    return Finish(now);
  }
  const bool registration = message.message_case() == Message::kRegistered ||
                            message.message_case() == Message::kRefused;
  if (!registration && connection_ != Connection::kRegistered) {
    Dropped("a message of a master that has not yet accepted the registration");
    return Finish(now);
  }
  switch (message.message_case()) {
    case Message::kRegistered: Handle(message.registered(), now); break;
    case Message::kRefused: Handle(message.refused(), now); break;
    case Message::kRunTask: Handle(message.run_task(), now); break;
    case Message::kKillTask: Handle(message.kill_task(), now); break;
    case Message::kAcknowledgeUpdate: Handle(message.acknowledge_update(), now); break;
    case Message::kUpdateFramework: Handle(message.update_framework(), now); break;
    case Message::kShutdownFramework: Handle(message.shutdown_framework(), now); break;
    case Message::kReconcile: Handle(message.reconcile(), now); break;
    case Message::kChannelClosed:
      turn_.close.push_back({link, Unavailable("The master ended this agent's registration")});
      break;
    case Message::kNotLeading:
    case Message::kLeading: break;  // Above.
    case Message::MESSAGE_NOT_SET: Dropped("a message of an unknown kind"); break;
  }
  return Finish(now);
}

AgentEffects AgentCore::FromContainer(const ContainerEvent& event, Now now) {
  std::visit([&](const auto& e) { On(e, now); }, event);
  return Finish(now);
}

AgentEffects AgentCore::Persisted(uint64_t number, Now now) {
  durable_ = std::max(durable_, std::min(number, last_write_));
  return Finish(now);
}

AgentEffects AgentCore::PersistFailed(const Status& status, Now now) {
  // Whether the write is on disk is unknown: say nothing that depends on it, and nothing else.
  turn_ = AgentEffects();
  turn_.stop = status.WithContext("The agent's checkpoint could not be written");
  parked_.clear();
  batch_ = CheckpointBatch();
  AgentEffects out;
  if (!stopped_) Merge(std::move(turn_), out);
  turn_ = AgentEffects();
  stopped_ = true;
  (void)now;
  return out;
}

AgentEffects AgentCore::Tick(Now now) {
  FollowLeader(now);
  if (connection_ == Connection::kRegistering && register_again_at_ &&
      *register_again_at_ <= now.mono) {
    SendRegistration(now);
  }
  if (shutdown_at_ && *shutdown_at_ <= now.mono) {
    turn_.stop = FailedPrecondition(shutdown_reason_);
  }
  CollectGarbage(now);
  RunChecks(now);
  return Finish(now);
}

AgentEffects AgentCore::Finish(Now now) {
  AgentEffects out;
  if (stopped_) {
    turn_ = AgentEffects();
    batch_ = CheckpointBatch();
    return out;
  }
  out.log = std::move(turn_.log);
  out.probes = std::move(turn_.probes);
  out.stop_probes = std::move(turn_.stop_probes);
  out.dial = std::exchange(turn_.dial, std::nullopt);
  if (!batch_.empty()) {
    batch_.number = ++last_write_;
    out.persist.push_back(std::move(batch_));
  }
  batch_ = CheckpointBatch();
  batch_.sync = false;
  Release(out);
  if (HasParkable(turn_)) {
    if (last_write_ > durable_) {
      parked_.emplace_back(last_write_, std::move(turn_));
    } else {
      Merge(std::move(turn_), out);
    }
  }
  turn_ = AgentEffects();
  for (internal::StatusUpdate& update : streams_.Due(durable_, now.mono)) {
    internal::ToMaster message;
    *message.mutable_status_update() = std::move(update);
    out.send.push_back({link_, std::move(message)});
  }
  if (shutdown_at_ && tasks_.empty() && !out.stop && durable_ == last_write_) {
    out.stop = FailedPrecondition(shutdown_reason_);
  }
  if (out.stop) stopped_ = true;
  out.wake_at = NextWake(now);
  return out;
}

void AgentCore::Release(AgentEffects& out) {
  while (!parked_.empty() && parked_.front().first <= durable_) {
    Merge(std::move(parked_.front().second), out);
    parked_.pop_front();
  }
}

std::optional<Time> AgentCore::NextWake(Now now) const {
  std::optional<Time> wake;
  const auto earlier = [&wake](std::optional<Time> time) {
    if (time && (!wake || *time < *wake)) wake = time;
  };
  if (connection_ == Connection::kRegistering) earlier(register_again_at_);
  earlier(leader_.wake_at());
  earlier(streams_.wake_at());
  earlier(shutdown_at_);
  if (!checks_due_.empty() && probes_.size() < kMaxProbesAtOnce) earlier(checks_due_.begin()->first);
  for (const auto& [end, container] : garbage_by_end_) {
    if (garbage_.at(container).deleting) continue;
    const Duration left = end + SandboxMaxAge() - now.wall;
    earlier(now.mono + std::max(left, Duration()));
    break;
  }
  return wake;
}

void AgentCore::SendRegistration(Now now) {
  internal::ToMaster message;
  if (info_.has_id()) {
    internal::ReregisterAgent& again = *message.mutable_reregister_agent();
    again.set_registration_id(registration_id_);
    *again.mutable_info() = info_;
    again.set_version(options_.version);
    again.set_pid(options_.command.pid);
    again.mutable_capabilities()->Assign(options_.capabilities.begin(),
                                         options_.capabilities.end());
    FillTasks(again);
  } else {
    internal::RegisterAgent& first = *message.mutable_register_agent();
    first.set_registration_id(registration_id_);
    *first.mutable_info() = info_;
    first.set_version(options_.version);
    first.set_pid(options_.command.pid);
    first.mutable_capabilities()->Assign(options_.capabilities.begin(),
                                         options_.capabilities.end());
  }
  SendToMaster(std::move(message));
  // Jittered, so that the agents of a new master do not all ask again in step.
  const auto jitter =
      Duration::FromSecondsDouble(register_backoff_.seconds() * (0.5 + rng_.Uniform()));
  register_again_at_ = now.mono + jitter;
  register_backoff_ = std::min(register_backoff_ * 2, kRegisterRetryMax);
}

bool AgentCore::AcceptTerm(uint64_t term) {
  if (term < term_) {
    ++stats_.stale_terms_dropped;
    Log("Dropped a message of a master of term " + std::to_string(term) +
        ", which is deposed: term " + std::to_string(term_) + " was seen");
    return false;
  }
  if (term > term_) {
    term_ = term;
    internal::CheckpointRecord record;
    record.mutable_term()->set_term(term);
    Put(std::move(record));
  }
  return true;
}

void AgentCore::Handle(const internal::AgentRegistered& message, Now) {
  if (message.registration_id() != registration_id_) {
    Dropped("the answer to a registration of another agent");
    return;
  }
  if (message.agent_id().value().empty() ||
      (info_.has_id() && info_.id().value() != message.agent_id().value())) {
    const std::string given = message.agent_id().value();
    turn_.close.push_back({link_, InvalidArgument("The master registered agent '" +
                                                  info_.id().value() + "' as '" + given + "'")});
    return;
  }
  if (!info_.has_id()) {
    *info_.mutable_id() = message.agent_id();
    PutAgent();
  }
  master_id_ = message.master_id();
  master_hostname_ = message.master_hostname();
  if (connection_ == Connection::kRegistered) return;  // A second answer: the first was slow.
  connection_ = Connection::kRegistered;
  master_term_ = term_;
  leader_.Registered();
  register_again_at_.reset();
  streams_.Connected();
  ShowAgent();
  Log("Registered with master " + master_id_ + " at " + master_hostname_ + " as " +
      info_.id().value());
}

void AgentCore::Handle(const internal::RegistrationRefused& message, Now now) {
  Log("The master refused the registration: " + message.reason());
  if (!message.shutdown()) {
    turn_.close.push_back({link_, FailedPrecondition(message.reason())});
    return;
  }
  if (shutdown_at_) return;
  shutdown_reason_ = "The master shut this agent down: " + message.reason();
  shutdown_at_ = now.mono + kShutdownLimit;
  std::vector<FrameworkId> ids;
  for (const auto& [id, framework] : frameworks_) ids.push_back(id);
  for (const FrameworkId& id : ids) {
    internal::ShutdownFramework shutdown;
    shutdown.mutable_framework_id()->set_value(id.value());
    Handle(shutdown, now);
  }
}

void AgentCore::SendToMaster(internal::ToMaster message) {
  turn_.send.push_back({link_, std::move(message)});
}

void AgentCore::CallContainerizer(AgentEffects::ContainerCall call) {
  turn_.containers.push_back(std::move(call));
}

void AgentCore::Dropped(std::string what) {
  ++stats_.unexpected_messages_dropped;
  Log("Dropped " + std::move(what));
}

void AgentCore::ShowAgent() {
  auto record = std::make_shared<AgentRecord>();
  record->info = info_;
  record->pid = options_.command.pid;
  record->registered = connection_ == Connection::kRegistered;
  record->master_id = master_id_;
  record->master_hostname = master_hostname_;
  record->started = started_;
  stats_.registered = record->registered;
  turn_.view.push_back(AgentChanged{std::move(record)});
}

void AgentCore::Put(internal::CheckpointRecord record, bool sync) {
  record.set_version(kCheckpointVersion);
  batch_.sync = batch_.sync || sync;
  batch_.put.push_back(std::move(record));
}

void AgentCore::PutAgent() {
  internal::CheckpointRecord record;
  record.mutable_agent()->set_registration_id(registration_id_);
  *record.mutable_agent()->mutable_info() = info_;
  Put(std::move(record));
}

void AgentCore::CheckInvariants() const {
  std::map<FrameworkId, size_t> count;
  for (const auto& [key, task] : tasks_) {
    ++count[key.framework];
    CHECK(frameworks_.count(key.framework) == 1) << key.task;
    if (!task.container.empty()) CHECK(containers_.at(task.container) == key) << key.task;
    CHECK(task.ended || !task.container.empty()) << key.task;
    CHECK(!task.checks || (!task.ended && !task.kill_grace)) << key.task;
    CHECK(!task.checks_wake || checks_due_.count({*task.checks_wake, key}) == 1) << key.task;
  }
  for (const auto& [id, framework] : frameworks_) {
    CHECK(framework.tasks == count[id]) << id;
    CHECK(framework.idle == (framework.tasks == 0)) << id;
  }
  for (const auto& [id, probe] : probes_) CHECK(tasks_.at(probe.first).checks) << id;
  for (const auto& [due, key] : checks_due_) CHECK(tasks_.at(key).checks_wake == due) << key.task;
  CHECK(garbage_.size() == garbage_by_end_.size());
  CHECK(parked_.empty() || parked_.front().first > durable_);
}

}  // namespace meseta::agent
