// AgentActor: carries AgentCore. Turns events into calls of the core and performs its effects.
//
// One thread. The checkpoint is written by a BatchWorker, so that one synced write serves all
// batches that came meanwhile; files are deleted and measured on the pool. Messages of the master
// count as consumed once what they caused is durable: a slow disk holds the master back.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "actors/endpoints/virtual_files.h"
#include "actors/net/transport.h"
#include "actors/runtime/core_shell.h"
#include "actors/runtime/published.h"
#include "actors/runtime/worker_pool.h"
#include "agent/agent_core.h"
#include "agent/api/state_json.h"
#include "agent/view/agent_view.h"

namespace meseta::agent {

struct CheckpointWritten { uint64_t number = 0; Status status; };  // All up to `number`.
struct SandboxRemoved { ContainerId container; Status status; };
struct DiskMeasured { double used = 0; };  // 0 to 1.
struct UsageWanted {
  std::vector<ExecutorPtr> executors;
  std::function<void(std::vector<ExecutorUsage>)> done;
};
struct UsageSampled { uint64_t request = 0; size_t index = 0; Result<v1::ResourceStatistics> sample; };

using AgentEvent = std::variant<net::LinkEvent, ContainerEvent, ProbeResult, CheckpointWritten, SandboxRemoved,
                                DiskMeasured, UsageWanted, UsageSampled>;

// What the actor acts on. Everything outlives it.
struct AgentOutlets {
  net::Transport* transport = nullptr;
  Containerizer* containerizer = nullptr;
  Prober* prober = nullptr;
  runtime::Jobs* pool = nullptr;
  // Answered by CheckpointWritten.
  std::function<Status(CheckpointBatch)> write;
  std::shared_ptr<runtime::Published<AgentSnapshot>> board;
  std::shared_ptr<endpoints::VirtualFiles> files;
  std::function<void(AgentEvent)> post;      // To this actor, never refused.
  std::function<void(const Status&)> stop;   // The daemon must end.
  std::string address;                       // slave(1)@ip:port
  std::string work_dir;
  Duration disk_watch_interval = Duration::Minutes(1);
};

class AgentActor : public runtime::Core<AgentEvent> {
 public:
  // Answers of more requests for usage than this are not awaited; nor longer than the deadline.
  static constexpr size_t kMaxUsageRequests = 64;
  // Samples under way, each a job of the pool that launches wait for, too. Beyond it, requests are
  // answered without figures.
  static constexpr size_t kMaxUsageSamples = 4096;
  static constexpr Duration kUsageDeadline = Duration::Seconds(5);
  // Snapshots are made at most this often.
  static constexpr Duration kPublishInterval = Duration::Millis(20);
  // An idle core takes a turn this often.
  static constexpr Duration kIdleTurn = Duration::Seconds(1);

  AgentActor(std::unique_ptr<AgentCore> core, AgentView view, AgentOutlets outlets);
  void Turn(std::vector<AgentEvent>& events, runtime::TurnContext& turn) override;

 private:
  struct UsageRequest {
    std::vector<ExecutorUsage> usages;
    size_t missing = 0;
    Time deadline;
    std::function<void(std::vector<ExecutorUsage>)> done;
  };

  void On(net::LinkEvent& event, Now now);
  void On(ContainerEvent& event, Now now) { Perform(core_->FromContainer(event, now)); }
  void On(ProbeResult& event, Now now) { Perform(core_->FromProbe(event, now)); }
  void On(CheckpointWritten& event, Now now);
  void On(SandboxRemoved& event, Now now);
  void On(DiskMeasured& event, Now now) { Perform(core_->DiskUsed(event.used, now)); }
  void On(UsageWanted& event, Now now);
  void On(UsageSampled& event, Now now);

  void OnMessages(net::LinkMessages& batch, Now now);
  void Dial(const std::vector<std::string>& masters);
  void Perform(AgentEffects effects);
  void Call(AgentEffects::ContainerCall& call);
  void Show(const ViewChange& change);
  void AttachSandbox(const ExecutorRecord& executor);
  void DetachSandbox(const ExecutorRecord& executor);
  void DeleteNextSandbox();
  void MeasureDisk(Now now);
  void Publish(Now now);
  void FinishUsage(uint64_t request);
  std::optional<Time> NextWake() const;

  std::unique_ptr<AgentCore> core_;
  AgentView view_;
  const AgentOutlets outlets_;
  bool started_ = false;
  std::optional<Time> core_wake_;
  std::set<std::string> dialed_;  // Masters.
  uint64_t durable_ = 0;
  // Batches of a link that are not consumed until the write of their number is durable.
  std::deque<std::pair<uint64_t, net::LinkId>> unconsumed_;

  bool changed_ = true;  // Since the last snapshot.
  std::optional<Time> published_;
  std::optional<Time> measured_;

  std::deque<AgentEffects::DeleteSandbox> to_delete_;  // Bounded by AgentCore::kMaxSandboxes.
  bool deleting_ = false;
  std::set<ContainerId> attached_;
  std::map<std::string, ContainerId> latest_;  // Whose sandbox a virtual `latest` path shows.

  std::map<uint64_t, UsageRequest> usage_;
  size_t samples_ = 0;  // Under way, also for requests past their deadline.
  uint64_t next_usage_ = 0;
};

}  // namespace meseta::agent
