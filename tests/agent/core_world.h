// A world for an AgentCore: a disk that loses unsynced batches when the agent crashes, containers
// that outlive it, and a link to a scripted master. Effects are performed at once, except writes,
// which become durable when the test says so.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/agent_core.h"

namespace meseta::agent {

class CoreWorld {
 public:
  explicit CoreWorld(uint64_t seed = 1, std::vector<std::string> masters = {})
      : seed_(seed), masters_(std::move(masters)) {
    Boot();
  }

  static AgentOptions Options() {
    AgentOptions options;
    options.info.set_hostname("host");
    options.info.set_port(5051);
    options.ip = "127.0.0.1";
    options.version = "1.0";
    options.command.work_dir = "/w";
    options.command.launcher_dir = "/l";
    options.command.pid = "slave(1)@127.0.0.1:5051";
    options.command.endpoint = "127.0.0.1:5051";
    options.gc_delay = Duration::Hours(1);
    options.gc_disk_headroom = 0;
    return options;
  }

  // Starts (again) from what is on disk.
  void Boot() {
    std::vector<internal::CheckpointRecord> records;
    for (const auto& [key, record] : disk) records.push_back(record);
    auto plan = PlanRecovery(records, "/w/meta/checkpoint");
    ASSERT_TRUE(plan.ok()) << plan.status();
    for (RecoveredTask& task : plan->tasks) {
      const ContainerId id(task.task.container_id());
      task.never_started =
          !id.empty() && task.task.pid() == 0 && !task.task.ended() && launched_once.count(id) == 0;
    }
    AgentOptions options = Options();
    options.masters = masters_;
    core = std::make_unique<AgentCore>(std::move(options), *std::move(plan), Rng(seed_++));
    link = 0;
    Perform(core->Start(now));
  }
  // kill -9: what was not durable is lost, containers go on.
  void Crash() {
    writing.clear();
    sent.clear();
    Boot();
  }

  void Connect() {
    if (link != 0) Perform(core->LinkDown(link, now));
    link = ++links;
    Perform(core->LinkUp(link, now));
    Settle();
    internal::ToAgent answer;
    answer.set_term(term);
    auto& registered = *answer.mutable_registered();
    registered.mutable_agent_id()->set_value("S0");
    registered.set_registration_id(RegistrationId());
    registered.set_master_id("m");
    registered.set_master_hostname("mhost");
    FromMaster(answer);
    Settle();
  }
  void FromMaster(internal::ToAgent message) {
    if (message.term() == 0) message.set_term(term);
    Perform(core->FromMaster(link, message, now));
  }
  void Run(const std::string& task, bool killing_state = true) {
    internal::ToAgent message;
    *message.mutable_run_task()->mutable_framework() = Framework(killing_state);
    *message.mutable_run_task()->mutable_task() = Task(task);
    FromMaster(message);
  }
  void Kill(const std::string& task) {
    internal::ToAgent message;
    message.mutable_kill_task()->mutable_framework_id()->set_value("F");
    message.mutable_kill_task()->mutable_task_id()->set_value(task);
    FromMaster(message);
  }
  void Acknowledge(const internal::StatusUpdate& update) {
    internal::ToAgent message;
    auto& ack = *message.mutable_acknowledge_update();
    *ack.mutable_framework_id() = update.framework_id();
    *ack.mutable_task_id() = update.status().task_id();
    ack.set_uuid(update.status().uuid());
    FromMaster(message);
  }

  static v1::FrameworkInfo Framework(bool killing_state = true) {
    v1::FrameworkInfo framework;
    framework.set_name("f");
    framework.set_user("root");
    framework.mutable_id()->set_value("F");
    if (killing_state) {
      framework.add_capabilities()->set_type(v1::FrameworkInfo::Capability::TASK_KILLING_STATE);
    }
    framework.add_capabilities()->set_type(v1::FrameworkInfo::Capability::PARTITION_AWARE);
    return framework;
  }
  static v1::TaskInfo Task(const std::string& id) {
    v1::TaskInfo task;
    task.set_name(id);
    task.mutable_task_id()->set_value(id);
    task.mutable_agent_id()->set_value("S0");
    task.mutable_command()->set_value("true");
    return task;
  }

  // Makes the first `count` outstanding writes durable.
  void Persist(size_t count = SIZE_MAX) {
    while (!writing.empty() && count-- > 0) {
      const CheckpointBatch batch = writing.front();
      writing.erase(writing.begin());
      for (const std::string& key : batch.erase) disk.erase(key);
      for (const auto& record : batch.put) disk[KeyOf(record)] = record;
      Perform(core->Persisted(batch.number, now));
    }
  }
  void Settle() {
    while (!writing.empty()) Persist();
  }

  void Start(const ContainerId& id) {
    EXPECT_TRUE(started_tasks.insert(containers.at(id).task).second) << "ran twice";
    containers.at(id).running = true;
    Perform(core->FromContainer(ContainerStarted{id, 42}, now));
  }
  void Exit(const ContainerId& id, int wait_status,
            ContainerExited::Cause cause = ContainerExited::Cause::kSelf) {
    Container& container = containers.at(id);
    container.running = false;
    container.exit = ContainerExited{id, cause, wait_status};
    Perform(core->FromContainer(*container.exit, now));
  }
  ContainerId Find(const std::string& task) const {
    for (const auto& [id, container] : containers) {
      if (container.task == task) return id;
    }
    return ContainerId();
  }
  std::string RegistrationId() const { return disk.at("agent").agent().registration_id(); }

  // Status updates sent since the last call, "task STATE", in order.
  std::vector<std::string> TakeUpdates() {
    std::vector<std::string> updates;
    for (const auto& message : sent) {
      if (!message.has_status_update()) continue;
      const auto& status = message.status_update().status();
      updates.push_back(status.task_id().value() + " " + v1::TaskState_Name(status.state()));
    }
    sent.clear();
    return updates;
  }
  // Acknowledges what is sent until nothing more comes; returns the updates in order.
  std::vector<internal::StatusUpdate> Drain() {
    std::vector<internal::StatusUpdate> updates;
    while (true) {
      Settle();
      std::vector<internal::ToMaster> batch;
      batch.swap(sent);
      bool any = false;
      for (const auto& message : batch) {
        if (!message.has_status_update()) continue;
        any = true;
        updates.push_back(message.status_update());
        Acknowledge(message.status_update());
      }
      if (!any) return updates;
    }
  }
  static std::vector<std::string> Names(const std::vector<internal::StatusUpdate>& updates) {
    std::vector<std::string> names;
    for (const auto& update : updates) names.push_back(v1::TaskState_Name(update.status().state()));
    return names;
  }

  void Perform(AgentEffects effects) {
    for (auto& batch : effects.persist) writing.push_back(std::move(batch));
    for (auto& call : effects.containers) {
      std::visit([this](auto& c) { On(c); }, call);
    }
    for (auto& send : effects.send) {
      EXPECT_EQ(send.link, link);
      sent.push_back(std::move(send.message));
    }
    if (effects.dial) dialed = *effects.dial;
    for (auto& close : effects.close) closed.push_back(close.reason);
    for (auto& sandbox : effects.delete_sandboxes) deleting.push_back(sandbox);
    for (auto& line : effects.log) log.push_back(std::move(line));
    if (effects.stop) stopped = effects.stop;
    wake_at = effects.wake_at;
    for (auto& change : effects.view) view.push_back(std::move(change));
    core->CheckInvariants();
    std::vector<ContainerEvent> events;
    events.swap(events_);
    for (const auto& event : events) Perform(core->FromContainer(event, now));
  }

  struct Container {
    std::string task;
    bool running = false;
    bool kill_asked = false;
    std::optional<ContainerExited> exit;
  };

  std::unique_ptr<AgentCore> core;
  Now now{Time::FromNanos(1), WallTime::FromNanos(1'000'000'000'000)};
  uint64_t term = 1;
  MasterLink link = 0, links = 0;
  std::map<std::string, internal::CheckpointRecord> disk;
  std::vector<CheckpointBatch> writing;  // Handed out, not durable yet.
  std::map<ContainerId, Container> containers;  // Outlive the agent.
  std::set<ContainerId> launched_once;
  std::set<std::string> started_tasks;
  bool lose_launches = false;  // They are on their way to the containerizer when the agent dies.
  std::vector<internal::ToMaster> sent;
  std::vector<Status> closed;
  std::vector<std::string> dialed;
  std::vector<AgentEffects::DeleteSandbox> deleting;
  std::vector<std::string> log;
  std::vector<ViewChange> view;
  std::optional<Status> stopped;
  std::optional<Time> wake_at;

 private:
  void On(AgentEffects::Launch& launch) {
    if (lose_launches) return;
    EXPECT_TRUE(launched_once.insert(launch.spec.id).second) << "launched twice";
    containers[launch.spec.id].task = launch.spec.environment.at("MESOS_TASK_ID");
  }
  void On(AgentEffects::Kill& kill) {
    const auto it = containers.find(kill.id);
    if (it != containers.end()) it->second.kill_asked = true;
  }
  void On(AgentEffects::Forget& forget) { containers.erase(forget.id); }
  void On(AgentEffects::Recover& recover) {
    std::set<ContainerId> named;
    for (const auto& wanted : recover.containers) {
      named.insert(wanted.id);
      const auto it = containers.find(wanted.id);
      if (it == containers.end()) {
        events_.push_back(ContainerExited{wanted.id, ContainerExited::Cause::kLost, 0});
      } else if (it->second.exit) {
        events_.push_back(*it->second.exit);
      } else {
        it->second.running = true;
        events_.push_back(ContainerRecovered{wanted.id, 42});
      }
    }
    for (auto it = containers.begin(); it != containers.end();) {
      it = named.count(it->first) ? std::next(it) : containers.erase(it);
    }
  }

  uint64_t seed_;
  std::vector<std::string> masters_;
  std::vector<ContainerEvent> events_;
};

}  // namespace meseta::agent
