// A master for tests of real agents: accepts registrations over a real link, runs what the test says
// and acknowledges every update. Waiting calls have a deadline and return what they saw by then.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "actors/daemon/network.h"
#include "actors/messages/internal/agent.pb.h"
#include "actors/messages/v1.h"

namespace meseta::agent {

class ScriptedMaster {
 public:
  static constexpr std::chrono::seconds kDeadline{30};

  ScriptedMaster() {
    daemon::NetworkFlags flags;
    daemon::NetworkOptions options;
    options.role = net::PeerRole::kMaster;
    auto network = daemon::Network::Open(flags, options);
    EXPECT_TRUE(network.ok()) << network.status();
    network_ = *std::move(network);
    transport_ = &network_->transport();
    transport_->Register("master", {net::PeerRole::kAgent},
                         [this](net::LinkEvent event) { On(event); });
    network_->Serve(http::Router());
  }
  ~ScriptedMaster() { network_->Stop(); }

  [[nodiscard]] std::string address() const { return network_->address(); }

  // Registrations so far: of new agents, of known ones.
  bool WaitForRegistrations(size_t first, size_t again) {
    return Wait([&] { return registered_ >= first && reregistered_ >= again; });
  }
  [[nodiscard]] internal::ReregisterAgent last_reregistration() {
    const std::lock_guard lock(mutex_);
    return last_reregistration_;
  }

  void Run(const v1::TaskInfo& task) {
    internal::ToAgent message;
    auto& framework = *message.mutable_run_task()->mutable_framework();
    framework.set_name("f");
    framework.set_user(user_);
    framework.mutable_id()->set_value("F");
    framework.add_capabilities()->set_type(v1::FrameworkInfo::Capability::TASK_KILLING_STATE);
    *message.mutable_run_task()->mutable_task() = task;
    Send(std::move(message));
  }
  void Run(const std::string& id, const std::string& command) {
    v1::TaskInfo task;
    task.set_name(id);
    task.mutable_task_id()->set_value(id);
    task.mutable_agent_id()->set_value("S0");
    task.mutable_command()->set_value(command);
    Run(task);
  }
  void Kill(const std::string& id) {
    internal::ToAgent message;
    message.mutable_kill_task()->mutable_framework_id()->set_value("F");
    message.mutable_kill_task()->mutable_task_id()->set_value(id);
    Send(std::move(message));
  }

  // The states of a task in order, once its last is `state`; without repetitions of one update.
  std::vector<v1::TaskStatus> WaitFor(const std::string& task, v1::TaskState state) {
    (void)Wait([&] { return !updates_[task].empty() && updates_[task].back().state() == state; });
    const std::lock_guard lock(mutex_);
    return updates_[task];
  }
  bool WaitForTerminal(size_t tasks) {
    return Wait([&] { return terminal_ >= tasks; });
  }
  [[nodiscard]] std::vector<v1::TaskStatus> updates(const std::string& task) {
    const std::lock_guard lock(mutex_);
    return updates_[task];
  }
  void set_user(std::string user) { user_ = std::move(user); }

 private:
  bool Wait(const std::function<bool()>& done) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kDeadline, done);
  }

  void On(net::LinkEvent& event) {
    auto* batch = std::get_if<net::LinkMessages>(&event);
    if (batch == nullptr) return;
    for (const net::Envelope& envelope : batch->messages) {
      internal::ToMaster message;
      if (!message.ParseFromString(envelope.payload)) continue;
      On(batch->link, message);
    }
    transport_->Consumed(batch->link);  // Also while the network is being stopped.
  }

  void On(net::LinkId link, const internal::ToMaster& message) {
    const std::lock_guard lock(mutex_);
    if (message.has_register_agent()) {
      link_ = link;
      ++registered_;
      Accept(message.register_agent().registration_id());
    } else if (message.has_reregister_agent()) {
      link_ = link;
      ++reregistered_;
      last_reregistration_ = message.reregister_agent();
      Accept(message.reregister_agent().registration_id());
    } else if (message.has_status_update()) {
      const internal::StatusUpdate& update = message.status_update();
      auto& seen = updates_[update.status().task_id().value()];
      const bool known = std::any_of(seen.begin(), seen.end(), [&](const v1::TaskStatus& status) {
        return status.uuid() == update.status().uuid();
      });
      if (!known) {
        seen.push_back(update.status());
        switch (update.status().state()) {
          case v1::TASK_STAGING:
          case v1::TASK_STARTING:
          case v1::TASK_RUNNING:
          case v1::TASK_KILLING: break;
          default: ++terminal_;
        }
      }
      internal::ToAgent answer;
      auto& ack = *answer.mutable_acknowledge_update();
      *ack.mutable_framework_id() = update.framework_id();
      *ack.mutable_task_id() = update.status().task_id();
      ack.set_uuid(update.status().uuid());
      SendLocked(std::move(answer));
    }
    changed_.notify_all();
  }

  void Accept(const std::string& registration) {
    internal::ToAgent answer;
    auto& registered = *answer.mutable_registered();
    registered.mutable_agent_id()->set_value("S0");
    registered.set_registration_id(registration);
    registered.set_master_id("m");
    registered.set_master_hostname("localhost");
    SendLocked(std::move(answer));
  }

  void Send(internal::ToAgent message) {
    const std::lock_guard lock(mutex_);
    SendLocked(std::move(message));
  }
  void SendLocked(internal::ToAgent message) {
    message.set_term(1);
    net::Envelope envelope;
    envelope.to = "slave(1)";
    envelope.from = "master@" + network_->address();
    envelope.type = message.GetTypeName();
    message.SerializeToString(&envelope.payload);
    network_->transport().Send(link_, std::move(envelope));
  }

  std::unique_ptr<daemon::Network> network_;
  net::Transport* transport_ = nullptr;  // The network's.
  std::mutex mutex_;
  std::condition_variable changed_;
  net::LinkId link_ = 0;
  size_t registered_ = 0, reregistered_ = 0, terminal_ = 0;
  internal::ReregisterAgent last_reregistration_;
  std::map<std::string, std::vector<v1::TaskStatus>> updates_;
  std::string user_ = "root";
};

}  // namespace meseta::agent
