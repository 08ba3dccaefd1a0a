#include "agent/agent_actor.h"

#include <algorithm>
#include <utility>

#include "actors/base/logging.h"
#include "actors/net/address.h"
#include "agent/recovery/paths.h"
#include "agent/recovery/sandbox_linux.h"

namespace meseta::agent {

AgentActor::AgentActor(std::unique_ptr<AgentCore> core, AgentView view, AgentOutlets outlets)
    : core_(std::move(core)), view_(std::move(view)), outlets_(std::move(outlets)) {}

void AgentActor::Turn(std::vector<AgentEvent>& events, runtime::TurnContext& turn) {
  const Now now = turn.now();
  if (!started_) {
    started_ = true;
    Perform(core_->Start(now));
  }
  for (AgentEvent& event : events) {
    std::visit([&](auto& e) { On(e, now); }, event);
  }
  Perform(core_->Tick(now));
  MeasureDisk(now);
  DeleteNextSandbox();
  for (auto it = usage_.begin(); it != usage_.end();) {
    const uint64_t request = (it++)->first;
    if (usage_.at(request).deadline <= now.mono) FinishUsage(request);
  }
  Publish(now);
  outlets_.transport->CoreTurned();
  // Also an idle core takes turns: keepalives tell peers how long ago the last one was.
  const Time heartbeat = now.mono + kIdleTurn;
  turn.WakeAt(std::min(NextWake().value_or(heartbeat), heartbeat));
}

std::optional<Time> AgentActor::NextWake() const {
  std::optional<Time> wake = core_wake_;
  const auto earlier = [&wake](Time time) {
    if (!wake || time < *wake) wake = time;
  };
  if (changed_ && published_) earlier(*published_ + kPublishInterval);
  if (measured_) earlier(*measured_ + outlets_.disk_watch_interval);
  for (const auto& [id, request] : usage_) earlier(request.deadline);
  return wake;
}

void AgentActor::On(net::LinkEvent& event, Now now) {
  if (auto* up = std::get_if<net::LinkUp>(&event)) {
    // Others dial this daemon, too; masters are those that it dialed itself.
    if (!up->peer.dialed) return;
    LOG(INFO) << "Connected to master " << up->peer.address;
    Perform(core_->LinkUp(up->link, now, up->peer.address));
  } else if (auto* down = std::get_if<net::LinkDown>(&event)) {
    Perform(core_->LinkDown(down->link, now));
  } else {
    OnMessages(std::get<net::LinkMessages>(event), now);
  }
}

void AgentActor::OnMessages(net::LinkMessages& batch, Now now) {
  for (const net::Envelope& envelope : batch.messages) {
    internal::ToAgent message;
    if (envelope.type != message.GetTypeName() || !message.ParseFromString(envelope.payload)) {
      LOG(WARNING) << "Dropped a message of type " << envelope.type << " from " << envelope.from
                   << ": it cannot be read";
      continue;
    }
    if (message.has_not_leading() &&
        !net::ParseHostPort(message.not_leading().leader()).ok()) {
      message.mutable_not_leading()->clear_leader();
    }
    Perform(core_->FromMaster(batch.link, message, now));
  }
  if (core_->last_write() <= durable_) {
    outlets_.transport->Consumed(batch.link);
  } else {
    unconsumed_.emplace_back(core_->last_write(), batch.link);
  }
}

void AgentActor::On(CheckpointWritten& event, Now now) {
  if (!event.status.ok()) {
    Perform(core_->PersistFailed(event.status, now));
    return;
  }
  durable_ = std::max(durable_, event.number);
  while (!unconsumed_.empty() && unconsumed_.front().first <= durable_) {
    outlets_.transport->Consumed(unconsumed_.front().second);
    unconsumed_.pop_front();
  }
  Perform(core_->Persisted(event.number, now));
}

void AgentActor::On(SandboxRemoved& event, Now now) {
  deleting_ = false;
  Perform(core_->SandboxDeleted(event.container, event.status, now));
}

void AgentActor::Perform(AgentEffects effects) {
  for (const std::string& line : effects.log) LOG(INFO) << line;
  for (const ProbeId id : effects.stop_probes) outlets_.prober->Stop(id);
  for (Probe& probe : effects.probes) outlets_.prober->Start(std::move(probe));
  for (CheckpointBatch& batch : effects.persist) {
    const uint64_t number = batch.number;
    const Status status = outlets_.write(std::move(batch));
    // The bound of waiting batches: a disk that is so far behind has failed us.
    if (!status.ok()) outlets_.post(CheckpointWritten{number, status});
  }
  for (auto& call : effects.containers) Call(call);
  for (auto& send : effects.send) {
    net::Envelope envelope;
    envelope.to = "master";
    envelope.from = outlets_.address;
    envelope.type = send.message.GetTypeName();
    send.message.SerializeToString(&envelope.payload);
    // A link that is down says so by LinkDown, and the next one starts over.
    outlets_.transport->Send(send.link, std::move(envelope));
  }
  if (effects.dial) Dial(*effects.dial);
  for (auto& close : effects.close) outlets_.transport->Close(close.link, std::move(close.reason));
  for (auto& sandbox : effects.delete_sandboxes) to_delete_.push_back(std::move(sandbox));
  for (const ViewChange& change : effects.view) Show(change);
  if (effects.stop) outlets_.stop(*effects.stop);
  core_wake_ = effects.wake_at;
}

void AgentActor::Dial(const std::vector<std::string>& masters) {
  const std::set<std::string> wanted(masters.begin(), masters.end());
  for (const std::string& master : dialed_) {
    if (wanted.count(master) == 0) outlets_.transport->StopDialing("master " + master);
  }
  for (const std::string& master : masters) {
    if (dialed_.count(master) == 0) outlets_.transport->Dial("master " + master, {master});
  }
  dialed_ = wanted;
}

void AgentActor::Call(AgentEffects::ContainerCall& call) {
  Containerizer& containerizer = *outlets_.containerizer;
  if (auto* launch = std::get_if<AgentEffects::Launch>(&call)) {
    // Before the containerizer's own work on that sandbox, which the same pool does.
    const Status submitted = outlets_.pool->Submit([sandbox = launch->spec.sandbox] {
      const Status linked = LinkLatest(sandbox);
      if (!linked.ok()) LOG(WARNING) << linked.message();
    });
    if (!submitted.ok()) LOG(WARNING) << submitted.message();
    containerizer.Launch(std::move(launch->spec));
  } else if (auto* kill = std::get_if<AgentEffects::Kill>(&call)) {
    containerizer.Kill(kill->id, kill->grace);
  } else if (auto* forget = std::get_if<AgentEffects::Forget>(&call)) {
    containerizer.Forget(forget->id);
  } else {
    containerizer.Recover(std::move(std::get<AgentEffects::Recover>(call).containers));
  }
}

void AgentActor::Show(const ViewChange& change) {
  view_.Apply(change);
  changed_ = true;
  if (const auto* upsert = std::get_if<ExecutorUpserted>(&change)) {
    AttachSandbox(*upsert->executor);
  } else if (const auto* completed = std::get_if<ExecutorCompleted>(&change)) {
    AttachSandbox(*completed->executor);
  } else if (const auto* gone = std::get_if<SandboxGone>(&change)) {
    DetachSandbox(*gone->executor);
  }
}

namespace {

// Where a sandbox shows its newest run: by Mesos' virtual path and by its real one.
std::vector<std::string> LatestPaths(const ExecutorRecord& executor) {
  return {paths::VirtualSandbox(FrameworkId(executor.task.framework_id().value()),
                                ExecutorId(executor.info.executor_id().value())),
          executor.sandbox.substr(0, executor.sandbox.rfind('/')) + "/latest"};
}

}  // namespace

void AgentActor::AttachSandbox(const ExecutorRecord& executor) {
  if (!attached_.insert(executor.container).second) return;
  outlets_.files->Attach(executor.sandbox, executor.sandbox);
  for (const std::string& path : LatestPaths(executor)) {
    latest_[path] = executor.container;
    outlets_.files->Attach(path, executor.sandbox);
  }
}

void AgentActor::DetachSandbox(const ExecutorRecord& executor) {
  if (attached_.erase(executor.container) == 0) return;
  outlets_.files->Detach(executor.sandbox);
  for (const std::string& path : LatestPaths(executor)) {
    const auto it = latest_.find(path);
    if (it == latest_.end() || it->second != executor.container) continue;
    outlets_.files->Detach(path);
    latest_.erase(it);
  }
}

void AgentActor::DeleteNextSandbox() {
  if (deleting_ || to_delete_.empty()) return;
  const AgentEffects::DeleteSandbox next = to_delete_.front();
  const Status submitted = outlets_.pool->Submit(
      [next, work_dir = outlets_.work_dir, post = outlets_.post] {
        post(SandboxRemoved{next.container, DeleteSandbox(work_dir, next.sandbox)});
      });
  if (!submitted.ok()) return;  // The pool is busy: the next turn tries again.
  to_delete_.pop_front();
  deleting_ = true;
}

void AgentActor::MeasureDisk(Now now) {
  if (measured_ && now.mono < *measured_ + outlets_.disk_watch_interval) return;
  measured_ = now.mono;
  const Status submitted =
      outlets_.pool->Submit([work_dir = outlets_.work_dir, post = outlets_.post] {
        const Result<double> used = DiskUsage(work_dir);
        if (used.ok()) post(DiskMeasured{*used});
      });
  if (!submitted.ok()) LOG(WARNING) << "Disk usage is not measured: " << submitted.message();
}

void AgentActor::Publish(Now now) {
  if (!changed_ || (published_ && now.mono < *published_ + kPublishInterval)) return;
  if (!view_.has_agent()) return;  // Its first record is not durable yet: "not recovered".
  changed_ = false;
  published_ = now.mono;
  outlets_.board->Set(view_.Snapshot(core_->stats()));
}

void AgentActor::On(UsageWanted& event, Now now) {
  if (usage_.size() >= kMaxUsageRequests || samples_ >= kMaxUsageSamples || event.executors.empty()) {
    std::vector<ExecutorUsage> unsampled;
    for (ExecutorPtr& executor : event.executors) unsampled.push_back({std::move(executor), {}});
    event.done(std::move(unsampled));
    return;
  }
  const uint64_t id = next_usage_++;
  UsageRequest& request = usage_[id];
  request.deadline = now.mono + kUsageDeadline;
  request.done = std::move(event.done);
  request.missing = event.executors.size();
  for (ExecutorPtr& executor : event.executors) request.usages.push_back({std::move(executor), {}});
  samples_ += request.usages.size();
  for (size_t i = 0; i < request.usages.size(); ++i) {
    outlets_.containerizer->Usage(
        request.usages[i].executor->container,
        [id, i, post = outlets_.post](Result<v1::ResourceStatistics> sample) {
          post(UsageSampled{id, i, std::move(sample)});
        });
  }
}

void AgentActor::On(UsageSampled& event, Now) {
  --samples_;
  const auto it = usage_.find(event.request);
  if (it == usage_.end()) return;  // Past its deadline.
  UsageRequest& request = it->second;
  if (event.sample.ok()) {
    ExecutorUsage& usage = request.usages[event.index];
    usage.statistics = *std::move(event.sample);
    AddLimits(*usage.executor, &*usage.statistics);
  }
  if (--request.missing == 0) FinishUsage(event.request);
}

void AgentActor::FinishUsage(uint64_t id) {
  const auto it = usage_.find(id);
  it->second.done(std::move(it->second.usages));
  usage_.erase(it);
}

}  // namespace meseta::agent
