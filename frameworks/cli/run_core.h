// RunCore: the framework behind `meseta run`. Decides which offers to use, which calls to send and
// how the program ends. Pure: events in, calls and lines out.
//
// It launches `instances` tasks, each once: a task that fails is reported, not retried. It is done
// when every task is terminal, and then tears its framework down.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "actors/messages/v1.h"

namespace meseta::cli {

struct RunOptions {
  std::string name;
  std::string user;
  std::string role = "*";
  double cpus = 0.1;   // Per instance.
  double mem = 32;     // Megabytes per instance.
  double disk = 0;     // Megabytes per instance.
  int instances = 1;
  std::vector<std::string> argv;  // One element: a shell command; several: a program and arguments.
  std::map<std::string, std::string> environment;
  std::string run_id;  // Makes task ids unique: "<name>-<run_id>-<n>".
};

class RunCore {
 public:
  explicit RunCore(RunOptions options);

  struct TaskView {
    v1::TaskState state = v1::TASK_STAGING;
    std::string message;
    std::string agent_host;     // Where its files are: host:port of the agent.
    bool launched = false;
    bool terminal = false;
  };
  struct Actions {
    std::vector<v1::scheduler::Call> calls;  // In order.
    std::vector<std::string> lines;          // For stderr.
  };

  [[nodiscard]] v1::scheduler::Call Subscribe() const;
  [[nodiscard]] Actions Handle(const v1::scheduler::Event& event);
  // Kills what still runs (the user pressed Ctrl-C).
  [[nodiscard]] Actions KillAll();

  [[nodiscard]] bool done() const;
  // 0: every task finished. 1: at least one did not. Meaningful once done() or failed.
  [[nodiscard]] int exit_code() const;
  [[nodiscard]] const std::map<std::string, TaskView>& tasks() const { return tasks_; }
  [[nodiscard]] const std::string& framework_id() const { return framework_id_; }

 private:
  Actions OnOffers(const v1::scheduler::Event::Offers& offers);
  Actions OnUpdate(const v1::TaskStatus& status);
  [[nodiscard]] v1::TaskInfo MakeTask(const std::string& id, const v1::Offer& offer) const;
  [[nodiscard]] v1::scheduler::Call NewCall(v1::scheduler::Call::Type type) const;
  [[nodiscard]] bool AllLaunched() const;

  const RunOptions options_;
  std::string framework_id_;
  std::map<std::string, TaskView> tasks_;  // By task id.
  std::string error_;                      // The master refused us.
};

[[nodiscard]] bool IsTerminal(v1::TaskState state);

}  // namespace meseta::cli
