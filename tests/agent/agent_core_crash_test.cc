// Property: whatever crashes, cuts and delays happen, no task runs twice, and the framework sees for
// every task that was asked for each update in order and exactly one terminal state.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "tests/agent/core_world.h"

namespace meseta::agent {
namespace {

// What the framework has seen of one task.
struct Seen {
  std::vector<std::string> uuids;
  std::vector<v1::TaskState> states;
};

class CrashRun {
 public:
  void Step() {
    switch (*rc::gen::inRange(0, 12)) {
      case 0:
      case 1:
        if (world_.link != 0) {
          asked_.push_back("t" + std::to_string(asked_.size()));
          world_.Run(asked_.back());
        }
        break;
      case 2: world_.Persist(1); break;
      case 3: world_.Settle(); break;
      case 4: StartOne(); break;
      case 5: ExitOne(); break;
      case 6:
        if (world_.link != 0 && !asked_.empty()) world_.Kill(asked_[*rc::gen::inRange<size_t>(0, asked_.size())]);
        break;
      case 7:
        world_.lose_launches = false;
        world_.Crash();
        break;
      case 8: world_.Connect(); break;
      case 9:
        world_.Perform(world_.core->LinkDown(world_.link, world_.now));
        world_.link = 0;
        world_.sent.clear();
        break;
      case 10:
        world_.now.mono = world_.now.mono + Duration::Seconds(20);
        world_.Perform(world_.core->Tick(world_.now));
        break;
      case 11: world_.lose_launches = true; break;  // Until the next crash.
    }
    Receive(*rc::gen::arbitrary<bool>());
  }

  void Finish() {
    for (int round = 0; round < 3; ++round) {
      world_.lose_launches = false;
      world_.Crash();
      world_.Connect();
      Reconcile();
      while (StartOne()) {
      }
      while (ExitOne()) {
      }
      for (int i = 0; i < 20; ++i) {
        world_.Settle();
        Receive(/*acknowledge=*/true);
      }
    }
    RC_ASSERT(world_.core->task_count() == 0u);
    for (const std::string& task : asked_) {
      const Seen& seen = seen_[task];
      RC_ASSERT(!seen.states.empty());
      RC_ASSERT(std::count_if(seen.states.begin(), seen.states.end(), IsTerminal) == 1);
      RC_ASSERT(IsTerminal(seen.states.back()));
    }
  }

 private:
  bool StartOne() {
    for (const auto& [id, container] : world_.containers) {
      if (!container.running && !container.exit) {
        world_.Start(id);
        return true;
      }
    }
    return false;
  }
  bool ExitOne() {
    for (const auto& [id, container] : world_.containers) {
      if (container.running && !container.exit) {
        world_.Exit(id, container.kill_asked ? 15 : 0,
                    container.kill_asked ? ContainerExited::Cause::kKilled
                                         : ContainerExited::Cause::kSelf);
        return true;
      }
    }
    return false;
  }
  // As the master does after a re-registration: it asks for what the agent did not name.
  void Reconcile() {
    internal::ToAgent message;
    for (const std::string& task : asked_) {
      const Seen& seen = seen_[task];
      if (!seen.states.empty() && IsTerminal(seen.states.back())) continue;
      auto& entry = *message.mutable_reconcile()->add_tasks();
      entry.mutable_framework_id()->set_value("F");
      entry.mutable_task_id()->set_value(task);
    }
    world_.FromMaster(message);
  }
  void Receive(bool acknowledge) {
    std::vector<internal::ToMaster> sent;
    sent.swap(world_.sent);
    for (const auto& message : sent) {
      if (!message.has_status_update()) continue;
      const v1::TaskStatus& status = message.status_update().status();
      Seen& seen = seen_[status.task_id().value()];
      if (std::find(seen.uuids.begin(), seen.uuids.end(), status.uuid()) == seen.uuids.end()) {
        seen.uuids.push_back(status.uuid());
        seen.states.push_back(status.state());
      }
      if (acknowledge && world_.link != 0) world_.Acknowledge(message.status_update());
    }
  }

  CoreWorld world_;
  std::vector<std::string> asked_;
  std::map<std::string, Seen> seen_;
};

RC_GTEST_PROP(AgentCoreCrash, NothingIsLostOrRunTwice, ()) {
  CrashRun run;
  for (int step = 0; step < 80; ++step) run.Step();
  run.Finish();
}

}  // namespace
}  // namespace meseta::agent
