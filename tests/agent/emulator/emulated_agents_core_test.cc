// EmulatedAgentsCore against a scripted master.
#include "agent/emulator/emulated_agents_core.h"

#include <gtest/gtest.h>

namespace meseta::agent {
namespace {

class EmulatedAgentsTest : public testing::Test {
 protected:
  static EmulatedAgentsOptions Options(uint32_t count, uint32_t first = 1) {
    EmulatedAgentsOptions options;
    options.first = first;
    options.count = count;
    options.agent.info.set_port(5051);
    options.agent.ip = "127.0.0.1";
    options.agent.command.endpoint = "127.0.0.1:5051";
    options.agent.masters = {"a:1", "b:1"};
    return options;
  }

  void Make(EmulatedAgentsOptions options) {
    core_ = std::make_unique<EmulatedAgentsCore>(std::move(options), Rng(3));
    core_->Start(now_);
    Take();
  }
  void Take() {
    EmulatedAgentsCore::Effects effects = core_->TakeEffects();
    for (auto& send : effects.send) sent_.push_back(std::move(send));
    dialed_.insert(dialed_.end(), effects.dial.begin(), effects.dial.end());
    wake_at_ = effects.wake_at;
  }
  void Wait(Duration time) {
    now_.mono = now_.mono + time;
    now_.wall = now_.wall + time;
    core_->Tick(now_);
    Take();
  }
  void Up(MasterLink link, const std::string& address) {
    core_->LinkUp(link, address, now_);
    Take();
  }
  void ToAgent(MasterLink link, const std::string& name, internal::ToAgent message,
               uint64_t term = 1) {
    message.set_term(term);
    core_->FromMaster(link, name, message, now_);
    Take();
  }
  void Leads(MasterLink link, uint64_t term) {
    internal::ToAgent message;
    message.mutable_leading();
    ToAgent(link, "slave(1)", message, term);
    Wait(LeaderCore::kSpread);
  }
  // Accepts every registration that was sent; returns who they were.
  std::vector<uint32_t> Accept(MasterLink link, uint64_t term) {
    std::vector<uint32_t> who;
    for (const auto& send : std::exchange(sent_, {})) {
      internal::ToAgent answer;
      auto& registered = *answer.mutable_registered();
      if (send.message.has_register_agent()) {
        registered.set_registration_id(send.message.register_agent().registration_id());
      } else if (send.message.has_reregister_agent()) {
        registered.set_registration_id(send.message.reregister_agent().registration_id());
      } else {
        continue;
      }
      EXPECT_EQ(send.link, link);
      registered.mutable_agent_id()->set_value("S" + std::to_string(send.agent));
      who.push_back(send.agent);
      ToAgent(link, Name(send.agent), answer, term);
    }
    return who;
  }
  static std::string Name(uint32_t agent) { return "slave(1)/" + std::to_string(agent); }
  void Run(uint32_t agent, const std::string& task, const std::string& command) {
    internal::ToAgent message;
    auto& framework = *message.mutable_run_task()->mutable_framework();
    framework.set_name("f");
    framework.set_user("root");
    framework.mutable_id()->set_value("F");
    auto& info = *message.mutable_run_task()->mutable_task();
    info.set_name(task);
    info.mutable_task_id()->set_value(task);
    info.mutable_agent_id()->set_value("S" + std::to_string(agent));
    info.mutable_command()->set_value(command);
    ToAgent(1, Name(agent), message);
  }
  // The states of a task, each update acknowledged.
  std::vector<std::string> Drain(const std::string& task) {
    std::vector<std::string> states;
    while (!sent_.empty()) {
      for (const auto& send : std::exchange(sent_, {})) {
        if (!send.message.has_status_update()) continue;
        const internal::StatusUpdate& update = send.message.status_update();
        if (update.status().task_id().value() == task) {
          states.push_back(v1::TaskState_Name(update.status().state()));
        }
        internal::ToAgent answer;
        auto& ack = *answer.mutable_acknowledge_update();
        *ack.mutable_framework_id() = update.framework_id();
        *ack.mutable_task_id() = update.status().task_id();
        ack.set_uuid(update.status().uuid());
        ToAgent(send.link, Name(send.agent), answer);
      }
    }
    return states;
  }
  void Settle(uint32_t agents) {
    Make(Options(agents));
    Up(1, "a:1");
    Up(2, "b:1");
    Leads(1, 1);
    Accept(1, 1);
    sent_.clear();
    ASSERT_EQ(core_->stats().registered, agents);
  }

  std::unique_ptr<EmulatedAgentsCore> core_;
  Now now_{Time::FromNanos(1'000'000'000), WallTime::FromNanos(1'000'000'000'000)};
  std::vector<EmulatedAgentsCore::Effects::Send> sent_;
  std::vector<std::string> dialed_;
  std::optional<Time> wake_at_;
};

using States = std::vector<std::string>;

TEST_F(EmulatedAgentsTest, RegisterAsManyOverOneLink) {
  Make(Options(3, 11));
  EXPECT_EQ(dialed_, (std::vector<std::string>{"a:1", "b:1"}));
  Up(1, "a:1");
  EXPECT_TRUE(sent_.empty());
  Leads(1, 1);
  ASSERT_EQ(sent_.size(), 3u);
  EXPECT_EQ(sent_[0].message.register_agent().info().hostname(), "emulated-11");
  EXPECT_EQ(sent_[2].message.register_agent().pid(), "slave(13)@127.0.0.1:5051");
  EXPECT_NE(sent_[0].message.register_agent().registration_id(),
            sent_[1].message.register_agent().registration_id());
  EXPECT_EQ(Accept(1, 1), (std::vector<uint32_t>{11, 12, 13}));
  EXPECT_EQ(core_->stats().registered, 3u);
  EXPECT_EQ(core_->stats().registrations, 3u);
}

TEST_F(EmulatedAgentsTest, TasksAreTimers) {
  Settle(2);
  Run(2, "t", "sleep 30");
  EXPECT_EQ(Drain("t"), (States{"TASK_STARTING", "TASK_RUNNING"}));
  EXPECT_EQ(core_->stats().tasks_running, 1u);
  Wait(Duration::Seconds(29));
  EXPECT_TRUE(Drain("t").empty());
  ASSERT_TRUE(wake_at_);
  EXPECT_LE(*wake_at_, now_.mono + Duration::Seconds(1));
  Wait(Duration::Seconds(1));
  EXPECT_EQ(Drain("t"), (States{"TASK_FINISHED"}));
  EXPECT_EQ(core_->stats().tasks_running, 0u);
  EXPECT_EQ(core_->stats().tasks_finished, 1u);
}

TEST_F(EmulatedAgentsTest, OtherCommandsRunUntilTheyAreKilled) {
  Settle(1);
  Run(1, "t", "serve");
  Drain("t");
  Wait(Duration::Hours(100));
  EXPECT_TRUE(Drain("t").empty());
  internal::ToAgent kill;
  kill.mutable_kill_task()->mutable_framework_id()->set_value("F");
  kill.mutable_kill_task()->mutable_task_id()->set_value("t");
  ToAgent(1, Name(1), kill);
  EXPECT_EQ(Drain("t"), (States{"TASK_KILLED"}));
  EXPECT_EQ(core_->stats().tasks_killed, 1u);
}

TEST_F(EmulatedAgentsTest, DurationAndFailuresByOption) {
  EmulatedAgentsOptions options = Options(1);
  options.task_duration = Duration::Seconds(1);
  options.fail_ratio = 1;
  Make(options);
  Up(1, "a:1");
  Leads(1, 1);
  Accept(1, 1);
  Run(1, "t", "serve");
  Drain("t");
  Wait(Duration::Seconds(1));
  EXPECT_EQ(Drain("t"), (States{"TASK_FAILED"}));
  EXPECT_EQ(core_->stats().tasks_failed, 1u);
}

TEST_F(EmulatedAgentsTest, AllFollowANewLeaderWithTheirTasks) {
  Settle(3);
  Run(2, "t", "serve");
  Drain("t");
  Leads(2, 2);
  ASSERT_EQ(sent_.size(), 3u);
  size_t tasks = 0;
  for (const auto& send : sent_) {
    tasks += static_cast<size_t>(send.message.reregister_agent().tasks_size());
  }
  EXPECT_EQ(tasks, 1u);
  EXPECT_EQ(core_->stats().registered, 0u);
  EXPECT_EQ(Accept(2, 2).size(), 3u);
  EXPECT_EQ(core_->stats().registered, 3u);
  EXPECT_EQ(core_->stats().registrations, 6u);
  core_->LinkDown(1, now_);  // The old leader's, late.
  EXPECT_EQ(core_->stats().registered, 3u);
}

TEST_F(EmulatedAgentsTest, AChannelThatTheMasterEndsIsOpenedAgain) {
  Settle(2);
  internal::ToAgent closed;
  closed.mutable_channel_closed();
  ToAgent(1, Name(2), closed);
  EXPECT_EQ(core_->stats().registered, 1u);
  EXPECT_EQ(core_->stats().channels_closed, 1u);
  Wait(EmulatedAgentsCore::kReopenAfter);
  Wait(LeaderCore::kSpread);
  EXPECT_EQ(Accept(1, 1), (std::vector<uint32_t>{2}));
  EXPECT_EQ(core_->stats().registered, 2u);
}

TEST_F(EmulatedAgentsTest, LeaveWhenTold) {
  Settle(2);
  core_->Unregister();
  Take();
  ASSERT_EQ(sent_.size(), 2u);
  EXPECT_EQ(sent_[1].message.unregister_agent().agent_id().value(), "S2");
}

TEST_F(EmulatedAgentsTest, NamesOfNobodyAreIgnored) {
  Settle(2);
  internal::ToAgent closed;
  closed.mutable_channel_closed();
  for (const char* name : {"slave(1)/0", "slave(1)/3", "slave(1)/x", "slave(1)/", "slave(2)/1",
                           "slave(1)/99999999999999", "slave(1)/1x", ""}) {
    ToAgent(1, name, closed);
  }
  EXPECT_EQ(core_->stats().registered, 2u);
}

TEST(SleepOf, ReadsShellTextAndArguments) {
  v1::CommandInfo command;
  command.set_value("sleep 2.5");
  EXPECT_EQ(SleepOf(command), Duration::Millis(2500));
  command.set_value("sleep 5; echo");
  EXPECT_EQ(SleepOf(command), std::nullopt);
  command.set_value("sleep -1");
  EXPECT_EQ(SleepOf(command), std::nullopt);
  command.set_value("sleep inf");
  EXPECT_EQ(SleepOf(command), std::nullopt);
  command.set_shell(false);
  command.set_value("/bin/sleep");
  command.add_arguments("sleep");
  command.add_arguments("3");
  EXPECT_EQ(SleepOf(command), Duration::Seconds(3));
}

}  // namespace
}  // namespace meseta::agent
