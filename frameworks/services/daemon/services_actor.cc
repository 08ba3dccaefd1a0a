#include "frameworks/services/daemon/services_actor.h"

#include <algorithm>
#include <utility>

#include "actors/base/logging.h"

namespace meseta::services {
namespace {

constexpr Duration kIdleTurn = Duration::Seconds(1);

bool IsEmpty(const ServicesCore::Effects& e) {
  return e.batch.changes.empty() && e.answers.empty() && e.calls.empty() && e.acknowledge.empty() &&
         e.reconcile.empty() && !e.roles && !e.wanting && e.revive.empty() && e.probes.empty() &&
         e.events.empty() && e.snapshot == nullptr;
}

std::vector<sdk::ReconcilerCore::Task> TasksOf(const std::vector<v1::TaskStatus>& statuses) {
  std::vector<sdk::ReconcilerCore::Task> tasks;
  tasks.reserve(statuses.size());
  for (const v1::TaskStatus& status : statuses) {
    tasks.push_back({status.task_id().value(), status.agent_id().value()});
  }
  return tasks;
}

}  // namespace

ServicesActor::ServicesActor(std::unique_ptr<ServicesCore> core, ServicesOutlets outlets,
                             uint64_t seed)
    : core_(std::move(core)), outlets_(std::move(outlets)), reconciler_({}, Rng(seed)) {}

ServicesActor::~ServicesActor() {
  if (scheduler_) scheduler_->Stop();
}

void ServicesActor::Turn(std::vector<ServicesActorEvent>& events, runtime::TurnContext& turn) {
  const Now now = turn.now();
  outlets_.transport->CoreTurned();  // Else the other daemons take this one for hung.
  for (ServicesActorEvent& event : events) {
    if (over_) break;  // Replies that are dropped answer for themselves.
    std::visit([&](auto& e) { Handle(e, now); }, event);
  }
  if (over_) {
    asked_.clear();
    return;
  }
  core_->Tick(now);
  Effects effects = core_->TakeEffects(now);
  std::optional<Time> wake = effects.wake_at;
  Enqueue(std::move(effects));
  Release();
  Reconcile(reconciler_.Tick(now.mono));
  const Time idle = now.mono + kIdleTurn;
  Time at = std::min(wake.value_or(idle), idle);
  if (reconcile_at_) at = std::min(at, *reconcile_at_);
  turn.WakeAt(at);
}

void ServicesActor::Handle(Begin& event, Now now) {
  self_ = std::move(event);
  StartScheduler(now);
}

void ServicesActor::StartScheduler(Now now) {
  sdk::SchedulerOptions options = outlets_.scheduler;
  options.term = outlets_.term;
  roles_ = core_->Roles();
  if (!core_->framework_id().empty()) {
    options.framework.mutable_id()->set_value(core_->framework_id());
  }
  options.framework.clear_roles();
  const std::set<std::string> wanting = core_->WantingRoles(now);
  for (const std::string& role : roles_) {
    options.framework.add_roles(role);
    if (!wanting.count(role)) options.suppressed_roles.insert(role);
  }
  scheduler_ = std::make_unique<sdk::Scheduler>(*outlets_.io, std::move(options),
                                                self_.on_scheduler);
  if (const Status started = scheduler_->Start(); !started.ok()) {
    over_ = true;
    outlets_.fatal(started.message());
  }
}

void ServicesActor::Handle(AskCore& event, Now now) {
  const uint64_t request = next_request_++;
  asked_.emplace(request, std::move(event.reply));
  core_->Handle(request, event.command, now);
}

void ServicesActor::Handle(StoreWritten& event, Now) {
  if (!event.outcome.ok()) {
    over_ = true;
    outlets_.step_down("A write of its state failed: " + event.outcome.message());
    return;
  }
  const size_t place = event.number - pending_.front().number;  // Numbers have no gaps.
  CHECK(place < pending_.size());
  pending_[place].durable = true;
}

void ServicesActor::Handle(ProbeResult& event, Now now) { core_->HandleProbe(event, now); }

void ServicesActor::Handle(sdk::SchedulerEvent& event, Now now) {
  std::visit([&](const auto& e) { Handle(e, now); }, event);
}

void ServicesActor::Handle(const sdk::Subscribed& event, Now now) {
  LOG(INFO) << "Subscribed as framework " << event.framework_id.value() << " at the master at "
            << event.master;
  core_->Subscribed(event.framework_id.value(), event.master, event.resubscribed, now);
  Reconcile(reconciler_.Start(TasksOf(core_->AllTasks()), now.mono));
}

void ServicesActor::Handle(const sdk::Disconnected& event, Now now) {
  LOG(WARNING) << "The session with the master has ended: " << event.why;
  core_->Disconnected(now);
  reconciler_.Stop();
}

void ServicesActor::Handle(const sdk::OffersArrived& event, Now now) {
  core_->HandleOffers(event.offers, now);
}

void ServicesActor::Handle(const sdk::StatusUpdated& event, Now now) {
  core_->HandleStatus(event.status, now);
  Reconcile(reconciler_.Handle(event.status, now.mono));
}

void ServicesActor::Handle(const sdk::CallRefused& event, Now now) {
  LOG(WARNING) << "The master refused a call of type "
               << v1::scheduler::Call::Type_Name(event.call.type()) << ": "
               << event.status.message();
  if (event.call.type() != v1::scheduler::Call::ACCEPT) return;
  // Its tasks never started. Asking says so, whatever became of the call.
  sdk::ReconcilerCore::Effects ask;
  v1::scheduler::Call call;
  call.set_type(v1::scheduler::Call::RECONCILE);
  for (const auto& operation : event.call.accept().operations()) {
    for (const v1::TaskInfo& task : operation.launch().task_infos()) {
      auto* one = call.mutable_reconcile()->add_tasks();
      *one->mutable_task_id() = task.task_id();
      *one->mutable_agent_id() = task.agent_id();
    }
  }
  if (call.reconcile().tasks_size() > 0) ask.send.push_back(std::move(call));
  ask.wake_at = reconcile_at_;
  Reconcile(std::move(ask));
  (void)now;
}

void ServicesActor::Handle(const sdk::Failed& event, Now) {
  over_ = true;
  outlets_.fatal(event.why.message());
}

void ServicesActor::Reconcile(sdk::ReconcilerCore::Effects effects) {
  reconcile_at_ = effects.wake_at;
  if (!Leads()) return;
  for (v1::scheduler::Call& call : effects.send) scheduler_->Send(std::move(call));
}

void ServicesActor::Enqueue(Effects effects) {
  for (const std::string& warning : effects.warnings) LOG(WARNING) << warning;
  if (IsEmpty(effects)) return;
  Pending pending;
  pending.number = next_write_++;
  pending.durable = effects.batch.changes.empty();
  if (!pending.durable) {
    outlets_.store->Write(
        std::exchange(effects.batch, {}), {.term = outlets_.term},
        runtime::Reply<store::Version>(
            [on_written = self_.on_written, number = pending.number](
                const Result<store::Version>& version) { on_written({number, version.status()}); }));
  }
  pending.effects = std::move(effects);
  pending_.push_back(std::move(pending));
  if (pending_.size() > kMaxPending) {
    over_ = true;
    outlets_.step_down("Its disk does not keep up with its changes");
  }
}

void ServicesActor::Release() {
  while (!pending_.empty() && pending_.front().durable && Leads()) {
    Effects effects = std::move(pending_.front().effects);
    pending_.pop_front();
    Perform(effects);
  }
}

void ServicesActor::Perform(Effects& effects) {
  if (effects.snapshot) outlets_.view->Set(std::move(effects.snapshot));
  if (scheduler_) {
    TellWishes(effects);
    for (v1::scheduler::Call& call : effects.calls) scheduler_->Send(std::move(call));
    for (const v1::TaskStatus& status : effects.acknowledge) scheduler_->Acknowledge(status);
    if (!effects.reconcile.empty()) {
      v1::scheduler::Call call;
      call.set_type(v1::scheduler::Call::RECONCILE);
      for (const v1::TaskStatus& status : effects.reconcile) {
        auto* task = call.mutable_reconcile()->add_tasks();
        *task->mutable_task_id() = status.task_id();
        if (!status.agent_id().value().empty()) *task->mutable_agent_id() = status.agent_id();
      }
      scheduler_->Send(std::move(call));
    }
  }
  if (!effects.probes.empty()) outlets_.probe(std::move(effects.probes));
  if (!effects.events.empty()) {
    outlets_.events.PostCompletion(PublishEvents{std::move(effects.events)});
  }
  for (auto& [request, answer] : effects.answers) {
    const auto found = asked_.find(request);
    if (found == asked_.end()) continue;
    found->second.Send(std::move(answer));
    asked_.erase(found);
  }
}

void ServicesActor::TellWishes(const Effects& effects) {
  if (effects.roles && *effects.roles != roles_) {
    roles_ = *effects.roles;
    v1::scheduler::Call::UpdateFramework update;
    *update.mutable_framework_info() = outlets_.scheduler.framework;
    update.mutable_framework_info()->mutable_id()->set_value(core_->framework_id());
    update.mutable_framework_info()->clear_roles();
    for (const std::string& role : roles_) update.mutable_framework_info()->add_roles(role);
    scheduler_->UpdateFramework(std::move(update));
  }
  if (effects.wanting) {
    std::set<std::string> idle;
    for (const std::string& role : roles_) {
      if (!effects.wanting->count(role)) idle.insert(role);
    }
    if (!idle.empty()) scheduler_->Suppress(std::move(idle));
    if (!effects.wanting->empty()) scheduler_->Revive(*effects.wanting);
  }
  if (!effects.revive.empty()) scheduler_->Revive(effects.revive);
}

bool ServicesActor::Leads() const {
  return !over_ &&
         outlets_.clock->Mono() < outlets_.store->replica().leads_until(outlets_.term);
}

}  // namespace meseta::services
