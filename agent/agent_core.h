// AgentCore: all decisions of an agent.
//
// Owns who the agent is (id, registration id, highest master term), its frameworks and tasks, their
// update streams and what is left of completed ones. Events and `now` go in, Effects come out. Pure;
// one thread (the agent's actor).
//
// Durability: each event makes at most one CheckpointBatch, and everything else that it or a later
// event decides waits in the core until that batch is Persisted. So nothing leaves, launches or
// becomes visible before what it follows from is on disk, and nothing overtakes. When a write fails
// the core stops for good: the daemon ends, and its successor starts from what is on disk.
//
// Failure modes: a master may send anything at any time; what does not fit is logged and dropped, or
// answered by a status update. It never reaches a CHECK.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "actors/base/ids.h"
#include "actors/base/rng.h"
#include "actors/base/time.h"
#include "actors/messages/internal/agent.pb.h"
#include "agent/agent_options.h"
#include "agent/checks/check_core.h"
#include "agent/checks/probe.h"
#include "agent/containerizer/containerizer.h"
#include "agent/leader_core.h"
#include "agent/recovery/checkpoint.h"
#include "agent/recovery/recovery_plan.h"
#include "agent/updates/update_streams_core.h"
#include "agent/view/records.h"

namespace meseta::agent {

struct AgentEffects {
  struct Send { MasterLink link = 0; internal::ToMaster message; };
  struct CloseLink { MasterLink link = 0; Status reason; };
  struct Launch { ContainerSpec spec; };
  struct Kill { ContainerId id; Duration grace; };
  struct Forget { ContainerId id; };
  struct Recover { std::vector<ContainerToRecover> containers; };
  using ContainerCall = std::variant<Launch, Kill, Forget, Recover>;
  struct DeleteSandbox { ContainerId container; std::string sandbox; };

  // Performed in this order.
  std::vector<CheckpointBatch> persist;
  std::vector<ContainerCall> containers;
  std::vector<Send> send;
  std::vector<CloseLink> close;
  // Keep links to exactly these masters.
  std::optional<std::vector<std::string>> dial;
  std::vector<DeleteSandbox> delete_sandboxes;  // Each is answered by SandboxDeleted.
  std::vector<ViewChange> view;
  // These wait for no write: a probe changes nothing.
  std::vector<ProbeId> stop_probes;
  std::vector<Probe> probes;       // Each is answered by FromProbe, unless stopped.
  std::vector<std::string> log;    // Sentences for the daemon's log.
  std::optional<Status> stop;      // The daemon must end, for this reason. OK: as asked.
  std::optional<Time> wake_at;     // Call Tick then, at the latest. Replaces an earlier one.
};

// Counts since start, for metrics.
struct AgentStats {
  std::map<v1::TaskState, uint64_t> terminal_tasks;
  std::map<v1::TaskState, uint64_t> live_tasks;  // By state, now.
  uint64_t valid_status_updates = 0;    // Made here.
  uint64_t invalid_status_updates = 0;  // Refused: after a terminal one, or of unknown tasks.
  uint64_t container_launch_errors = 0;
  uint64_t probes_succeeded = 0;  // Of checks: answered; of health checks: healthy.
  uint64_t probes_failed = 0;
  uint64_t probes_running = 0;    // Now.
  uint64_t sandboxes_deleted = 0;
  uint64_t sandbox_deletions_failed = 0;
  uint64_t sandboxes_pending = 0;
  uint64_t stale_terms_dropped = 0;
  uint64_t unexpected_messages_dropped = 0;
  uint64_t executors_registering = 0;
  uint64_t executors_running = 0;
  uint64_t executors_terminating = 0;
  uint64_t executors_terminated = 0;  // Ever.
  uint64_t frameworks_active = 0;
  double sandbox_max_age_seconds = 0;
  double recovery_seconds = 0;  // From Start() until every recovered container was found or lost.
  bool registered = false;
};

class AgentCore {
 public:
  // Completed sandboxes whose deletion is scheduled; beyond it the oldest are deleted early.
  static constexpr size_t kMaxSandboxes = 200'000;
  // Probes under way; what is due beyond waits for one to end, the longest due first.
  static constexpr size_t kMaxProbesAtOnce = 128;
  // Unacknowledged updates of a task beyond which its checks make no more.
  static constexpr size_t kMaxPendingCheckUpdates = 100;
  // An answer to a registration is awaited this long, doubling to a minute, then asked for again. A
  // link loses nothing and a master that is deposed says so: who does not answer has thousands to
  // answer, and saying it twice makes it slower.
  static constexpr Duration kRegisterRetryMin = Duration::Seconds(10);
  static constexpr Duration kRegisterRetryMax = Duration::Minutes(1);
  // After "marked gone": containers get this long to end before the daemon does.
  static constexpr Duration kShutdownLimit = Duration::Seconds(15);

  AgentCore(AgentOptions options, RecoveredAgent recovered, Rng rng);

  // The first event, once.
  [[nodiscard]] AgentEffects Start(Now now);
  // A link to a master is up; `address` is what the master advertises.
  [[nodiscard]] AgentEffects LinkUp(MasterLink link, Now now, const std::string& address = "");
  [[nodiscard]] AgentEffects LinkDown(MasterLink link, Now now);
  [[nodiscard]] AgentEffects FromMaster(MasterLink link, const internal::ToAgent& message, Now now);
  [[nodiscard]] AgentEffects FromContainer(const ContainerEvent& event, Now now);
  [[nodiscard]] AgentEffects FromProbe(const ProbeResult& result, Now now);
  // All batches up to `number` are durable.
  [[nodiscard]] AgentEffects Persisted(uint64_t number, Now now);
  [[nodiscard]] AgentEffects PersistFailed(const Status& status, Now now);
  [[nodiscard]] AgentEffects SandboxDeleted(const ContainerId& container, const Status& status,
                                            Now now);
  // Share of the disk under work_dir that is used, 0 to 1: full disks keep sandboxes for less long.
  [[nodiscard]] AgentEffects DiskUsed(double fraction, Now now);
  [[nodiscard]] AgentEffects Tick(Now now);

  [[nodiscard]] const AgentStats& stats() const { return stats_; }
  [[nodiscard]] uint64_t last_write() const { return last_write_; }
  [[nodiscard]] size_t task_count() const { return tasks_.size(); }
  // For tests: our own invariants, by CHECK.
  void CheckInvariants() const;

 private:
  enum class Connection { kDown, kRegistering, kRegistered };

  struct TaskEntry {
    TaskKey key;
    v1::TaskInfo info;
    v1::Task task;              // State, statuses: as of the newest update made.
    ContainerId container;      // Empty: refused before launch, only its update is left.
    std::string sandbox;
    int64_t pid = 0;
    std::optional<Duration> kill_grace;  // A kill was asked for.
    bool ended = false;                  // The container is gone (or never was).
    bool recovering = false;             // Recover() has not yet said what became of it.
    bool never_started = false;          // Found so by recovery; launched anew by Start().
    WallTime launched;
    uint64_t updates = 0;                // Ever made, and so numbered in the checkpoint.
    std::optional<CheckCore> checks;     // While it runs and is not being killed.
    std::optional<Time> checks_wake;     // Its place in checks_due_.
    std::array<std::optional<ProbeId>, 2> probes;  // Under way, by CheckKind.
    std::array<bool, 2> untold = {};     // Answers that no update has told yet, by CheckKind.
    CheckHistory check_history;
  };
  struct FrameworkEntry {
    v1::FrameworkInfo info;
    bool shutting_down = false;
    bool idle = true;          // Shown as completed.
    size_t tasks = 0;
    size_t completed = 0;      // Sandboxes left.
  };
  struct Garbage {
    ExecutorPtr executor;
    bool deleting = false;
  };

  // agent_core.cc: registration and the turn.
  AgentEffects Finish(Now now);
  void Release(AgentEffects& out);
  std::optional<Time> NextWake(Now now) const;
  void SendRegistration(Now now);
  void FollowLeader(Now now);
  void LeaveMaster();
  bool OnLeadership(MasterLink link, const internal::ToAgent& message, Now now);
  void DialMasters();
  bool AcceptTerm(uint64_t term);
  void Handle(const internal::AgentRegistered& message, Now now);
  void Handle(const internal::RegistrationRefused& message, Now now);
  void SendToMaster(internal::ToMaster message);
  void CallContainerizer(AgentEffects::ContainerCall call);
  void Log(std::string sentence) { turn_.log.push_back(std::move(sentence)); }
  void Dropped(std::string what);
  void ShowAgent();
  uint64_t this_write() const { return last_write_ + 1; }
  void Put(internal::CheckpointRecord record, bool sync = true);
  void PutAgent();

  // agent_core_tasks.cc: tasks, containers, updates.
  void Handle(const internal::RunTask& message, Now now);
  void Handle(const internal::KillTask& message, Now now);
  void Handle(const internal::AcknowledgeUpdate& message, Now now);
  void Handle(const internal::UpdateFramework& message, Now now);
  void Handle(const internal::ShutdownFramework& message, Now now);
  void Handle(const internal::ReconcileWithAgent& message, Now now);
  void On(const ContainerStarted& event, Now now);
  void On(const ContainerFailed& event, Now now);
  void On(const ContainerExited& event, Now now);
  void On(const ContainerRecovered& event, Now now);
  void Restore(RecoveredTask recovered);
  void RecoveredOne(TaskEntry& task, Now now);
  TaskEntry* FindContainer(const ContainerId& id);
  TaskEntry& AddTask(const TaskKey& key, const v1::TaskInfo& info);
  void LaunchTask(const v1::FrameworkInfo& framework, const v1::TaskInfo& info, Now now);
  void LaunchContainer(const v1::FrameworkInfo& framework, TaskEntry& task);
  void LaunchAgain(TaskEntry& task, Now now);
  void RefuseTask(const TaskKey& key, const v1::TaskInfo& info, v1::TaskState state,
                  v1::TaskStatus::Reason reason, std::string message, Now now);
  void Started(TaskEntry& task, int64_t pid, Now now);
  void Ended(TaskEntry& task, const TaskOutcome& outcome, Now now);
  void KillOne(TaskEntry& task, Duration grace, Now now);
  void Update(TaskEntry& task, v1::TaskStatus status, Now now);
  void SendUnstreamed(const TaskKey& key, v1::TaskStatus status);
  v1::TaskStatus NewStatus(const TaskEntry& task, v1::TaskState state, Now now);
  void PutTask(const TaskEntry& task);
  void ShowTask(const TaskEntry& task, ExecutorRecord::Stage stage);
  void CloseTask(const TaskKey& key, Now now);
  FrameworkEntry& UpsertFramework(const v1::FrameworkInfo& info);
  void FrameworkMaybeIdle(const FrameworkId& id);
  void PutFramework(const FrameworkEntry& framework);
  bool HasCapability(const FrameworkId& id, v1::FrameworkInfo::Capability::Type type) const;
  void CountState(v1::TaskState from, v1::TaskState to);
  void FillTasks(internal::ReregisterAgent& message) const;

  // agent_core_checks.cc: checks of running tasks.
  void StartChecks(TaskEntry& task, bool resumed, Now now);
  void StopChecks(TaskEntry& task);
  void ScheduleChecks(TaskEntry& task);
  void RunChecks(Now now);
  void StartProbe(TaskEntry& task, CheckKind kind);
  void Learned(TaskEntry& task, CheckKind kind, const CheckNews& news, Now now);
  void TellChecks(TaskEntry& task, Now now);
  void AddCheckResults(const TaskEntry& task, v1::TaskStatus* status) const;
  static void RestoreCheckResults(TaskEntry& task, const v1::TaskStatus& status);
  static void AddStatus(TaskEntry& task, const v1::TaskStatus& status);

  // agent_core_garbage.cc: completed tasks and their sandboxes.
  void AddGarbage(ExecutorPtr executor, WallTime ended);
  void CollectGarbage(Now now);
  void RestoreCompleted(const internal::CompletedCheckpoint& completed);
  Duration SandboxMaxAge() const;

  const AgentOptions options_;
  Rng rng_;
  std::string registration_id_;
  v1::AgentInfo info_;         // With id once registered.
  uint64_t term_ = 0;          // Highest seen.
  WallTime started_;

  LeaderCore leader_;
  std::vector<std::string> dialed_;
  Connection connection_ = Connection::kDown;
  MasterLink link_ = 0;        // Of the present registration.
  uint64_t master_term_ = 0;   // Of the master that accepted it.
  std::string master_id_, master_hostname_;
  std::optional<Time> register_again_at_;
  Duration register_backoff_ = kRegisterRetryMin;

  std::map<FrameworkId, FrameworkEntry> frameworks_;
  std::map<TaskKey, TaskEntry> tasks_;
  std::map<ContainerId, TaskKey> containers_;  // Of tasks that have one.
  UpdateStreamsCore streams_;

  std::set<std::pair<Time, TaskKey>> checks_due_;  // Of tasks with TaskEntry::checks_wake.
  std::map<ProbeId, std::pair<TaskKey, CheckKind>> probes_;  // Under way.
  ProbeId next_probe_ = 1;

  std::map<ContainerId, Garbage> garbage_;
  std::multimap<WallTime, ContainerId> garbage_by_end_;
  double disk_used_ = 0;

  size_t recovering_ = 0;                // Containers that Recover() was told of and not yet found.
  Time recovery_began_;
  bool stopped_ = false;                 // After a failed write, or for good.
  std::optional<Time> shutdown_at_;      // Marked gone: ends then, at the latest.
  std::string shutdown_reason_;

  // The turn being computed.
  AgentEffects turn_;
  CheckpointBatch batch_;
  // Effects that wait for the write they are keyed by; in order.
  std::deque<std::pair<uint64_t, AgentEffects>> parked_;
  uint64_t last_write_ = 0;   // Newest batch handed out.
  uint64_t durable_ = 0;
  AgentStats stats_;
};

}  // namespace meseta::agent
