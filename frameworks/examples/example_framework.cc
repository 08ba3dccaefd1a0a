// meseta-example-framework: runs a command so many times, and tells what became of each task.
//
// The scheduler's events are handled on a thread of our own, one after the other; so Run needs no
// locks. A task that is lost or fails is not run again; see frameworks/services for that.
#include <cstdio>
#include <map>
#include <memory>
#include <string>

#include "actors/base/flags.h"
#include "actors/runtime/batch_worker.h"
#include "actors/runtime/daemon_exit.h"
#include "frameworks/sdk/cpp/calls.h"
#include "frameworks/sdk/cpp/scheduler.h"
#include "state/model/task_state.h"

namespace meseta {
namespace {

struct ExampleFlags {
  std::string master = "127.0.0.1:5050";
  int tasks = 5;
  std::string command = "true";
  double cpus = 0.1;
  double mem = 32;  // MB.
  bool link = true;
};

class Run {
 public:
  Run(const ExampleFlags& flags, runtime::ExitLatch* exit) : flags_(flags), exit_(exit) {}

  void Handle(sdk::Scheduler* scheduler, const sdk::SchedulerEvent& event) {
    if (const auto* subscribed = std::get_if<sdk::Subscribed>(&event)) {
      std::printf("subscribed as %s at %s\n", subscribed->framework_id.value().c_str(),
                  subscribed->master.c_str());
      // Updates may have been lost with a session: asks for all that still run.
      if (!running_.empty()) scheduler->Send(sdk::ReconcileCall(running_));
    } else if (const auto* arrived = std::get_if<sdk::OffersArrived>(&event)) {
      for (const v1::Offer& offer : arrived->offers) Use(scheduler, offer);
    } else if (const auto* updated = std::get_if<sdk::StatusUpdated>(&event)) {
      Note(scheduler, updated->status);
    } else if (const auto* disconnected = std::get_if<sdk::Disconnected>(&event)) {
      std::printf("disconnected: %s\n", disconnected->why.c_str());
    } else if (const auto* retrying = std::get_if<sdk::Retrying>(&event)) {
      std::printf("%s\n", retrying->why.c_str());
    } else if (const auto* refused = std::get_if<sdk::CallRefused>(&event)) {
      std::printf("refused: %s\n", refused->status.message().c_str());
    } else if (std::holds_alternative<sdk::TornDown>(event)) {
      exit_->Request(failed_ == 0 ? kExitOk : kExitFailure, "");
    } else if (const auto* over = std::get_if<sdk::Failed>(&event)) {
      exit_->Request(kExitFailure, over->why.message());
    }
    std::fflush(stdout);
  }

 private:
  void Use(sdk::Scheduler* scheduler, const v1::Offer& offer) {
    double cpus = sdk::FreeScalar(offer, "cpus");
    double mem = sdk::FreeScalar(offer, "mem");
    std::vector<v1::TaskInfo> tasks;
    while (launched_ < flags_.tasks && cpus >= flags_.cpus && mem >= flags_.mem) {
      cpus -= flags_.cpus;
      mem -= flags_.mem;
      tasks.push_back(MakeTask(offer));
    }
    if (tasks.empty()) return scheduler->Send(sdk::DeclineCall({offer.id()}, 5));
    scheduler->Send(sdk::AcceptCall(offer.id(), {sdk::LaunchOperation(std::move(tasks))}, 5));
    if (launched_ == flags_.tasks) scheduler->Suppress();
  }

  v1::TaskInfo MakeTask(const v1::Offer& offer) {
    v1::TaskInfo task;
    task.set_name("example");
    task.mutable_task_id()->set_value("example-" + std::to_string(launched_++));
    *task.mutable_agent_id() = offer.agent_id();
    task.mutable_command()->set_value(flags_.command);
    *task.add_resources() = sdk::ScalarOf(offer, "cpus", flags_.cpus);
    *task.add_resources() = sdk::ScalarOf(offer, "mem", flags_.mem);
    running_[task.task_id().value()] = offer.agent_id().value();
    return task;
  }

  void Note(sdk::Scheduler* scheduler, const v1::TaskStatus& status) {
    scheduler->Acknowledge(status);  // Nothing of it has to survive us.
    const std::string& id = status.task_id().value();
    const auto task = running_.find(id);
    if (task == running_.end()) return;
    std::printf("%s %s %s\n", id.c_str(), v1::TaskState_Name(status.state()).c_str(),
                status.message().c_str());
    // A master that knows nothing of a task was never asked to launch it.
    if (!model::IsTerminal(status.state()) && status.state() != v1::TASK_UNKNOWN) return;
    if (status.state() != v1::TASK_FINISHED) ++failed_;
    running_.erase(task);
    if (launched_ == flags_.tasks && running_.empty()) scheduler->Teardown();
  }

  const ExampleFlags flags_;
  runtime::ExitLatch* const exit_;
  int launched_ = 0;
  int failed_ = 0;
  std::map<std::string, std::string> running_;  // Agent by task.
};

int Main(int argc, char** argv) {
  ExampleFlags flags;
  FlagSet set("meseta-example-framework", "Runs a command so many times on a cluster.");
  set.Add(&flags.master, "master", "Masters, host:port each, separated by commas.");
  set.Add(&flags.tasks, "tasks", "How often the command is run.");
  set.Add(&flags.command, "command", "What a shell runs.");
  set.Add(&flags.cpus, "cpus", "Of each task.");
  set.Add(&flags.link, "link", "Speak to the master over a link rather than HTTP.");
  if (const auto code = ParseOrExitCode(set, argc, argv)) return *code;

  runtime::ExitLatch exit;
  const runtime::SignalWatcher signals([&](int) { exit.Request(kExitFailure, "interrupted"); });
  sdk::SchedulerOptions options;
  options.masters = {flags.master};
  options.transport = flags.link ? sdk::Transport::kLink : sdk::Transport::kHttp;
  options.framework.set_user("root");
  options.framework.set_name("example");
  options.framework.set_failover_timeout(600);
  net::IoRuntime network(1);
  Run run(flags, &exit);
  std::unique_ptr<sdk::Scheduler> scheduler;  // Set before the first event comes.
  runtime::BatchWorker<sdk::SchedulerEvent> worker(
      "events", 100'000, 1000,
      [&](auto& events) {
        for (const sdk::SchedulerEvent& event : events) run.Handle(scheduler.get(), event);
      },
      [&](const std::string& why) { exit.Request(kExitFailure, why); });
  scheduler = std::make_unique<sdk::Scheduler>(network, options, [&](sdk::SchedulerEvent event) {
    const Status queued = worker.Submit(std::move(event));
    if (!queued.ok()) exit.Request(kExitFailure, queued.message());
  });
  const Status started = scheduler->Start();
  if (!started.ok()) exit.Request(kExitUsage, started.message());
  const runtime::ExitRequest end = exit.Wait();
  scheduler->Stop();
  worker.Stop();
  if (!end.reason.empty()) std::fprintf(stderr, "%s\n", end.reason.c_str());
  return end.code;
}

}  // namespace
}  // namespace meseta

int main(int argc, char** argv) { return meseta::Main(argc, argv); }
