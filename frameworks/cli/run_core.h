// RunCore: the framework behind `meseta run`. Decides which offers to use, which calls to send and
// how the program ends. Pure: events in, calls and lines out.
//
// It launches `instances` tasks, each once: a task that fails is reported, not retried. After every
// subscription it reconciles what it launched, so that updates and calls lost with a connection
// leave no gap; a task whose launch was lost is then reported gone. It is done when every task is
// terminal; the caller then sends Teardown().
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "actors/messages/v1.h"

namespace meseta::cli {

// How long tasks outlive a lost `meseta run`.
inline constexpr double kFailoverSeconds = 600;

// How others know a framework of `meseta run`: its name, and a label with its number of instances.
inline constexpr char kRunFrameworkPrefix[] = "meseta run: ";
inline constexpr char kInstancesLabel[] = "meseta.instances";

struct RunOptions {
  std::string name;
  std::string user;
  std::string role = "*";
  double cpus = 0.1;  // Per instance.
  double mem = 32;    // Megabytes per instance.
  double disk = 0;    // Megabytes per instance.
  int instances = 1;
  std::vector<std::string> argv;  // One element: a shell command; several: a program and arguments.
  std::map<std::string, std::string> environment;
  std::string run_id;  // Makes task ids unique: "<name>-<run_id>-<n>".
};

// What tasks can have, in thousandths: amounts add up exactly.
struct RunResources {
  int64_t cpus = 0;
  int64_t mem = 0;
  int64_t disk = 0;

  [[nodiscard]] bool Fits(const RunResources& other) const {
    return other.cpus <= cpus && other.mem <= mem && other.disk <= disk;
  }
  // "cpus 0.5, mem 32 MB"
  [[nodiscard]] std::string ToString() const;
};

// Of one instance.
[[nodiscard]] RunResources NeedOf(const RunOptions& options);

class RunCore {
 public:
  // REQUIRES: options.argv is not empty, options.instances > 0.
  explicit RunCore(RunOptions options);

  struct TaskView {
    int number = 0;  // From 0.
    v1::TaskState state = v1::TASK_STAGING;
    std::string message;
    std::string agent_url;   // Where its files are: "http://host:port".
    std::string agent_name;  // For people.
    bool launched = false;
    bool has_sandbox = false;  // Its agent has spoken of it: there may be output.
    bool terminal = false;
  };
  struct Actions {
    std::vector<v1::scheduler::Call> calls;  // In order.
    std::vector<std::string> lines;          // For stderr.
  };

  [[nodiscard]] v1::scheduler::Call Subscribe() const;
  [[nodiscard]] Actions Handle(const v1::scheduler::Event& event);
  // Kills what still runs and launches no more; again when the kills may have been lost.
  [[nodiscard]] Actions KillAll();
  // Ends this run with a sentence why (the master refused a call for good).
  void Fail(std::string error) { error_ = std::move(error); }
  // Removes the framework. REQUIRES: subscribed.
  [[nodiscard]] v1::scheduler::Call Teardown() const;

  [[nodiscard]] bool done() const;
  // 0: every task finished. 1: at least one did not. Meaningful once done().
  [[nodiscard]] int exit_code() const;
  [[nodiscard]] const std::string& error() const { return error_; }
  [[nodiscard]] bool killing() const { return killing_; }
  [[nodiscard]] int waiting() const;  // Tasks not launched yet.
  [[nodiscard]] const std::map<std::string, TaskView>& tasks() const { return tasks_; }
  [[nodiscard]] const std::string& framework_id() const { return framework_id_; }
  // The largest offer (by cpus, then memory) that was declined as too small.
  [[nodiscard]] const std::optional<RunResources>& too_small() const { return too_small_; }

 private:
  Actions OnSubscribed(const v1::scheduler::Event::Subscribed& subscribed);
  Actions OnOffers(const v1::scheduler::Event::Offers& offers);
  Actions OnUpdate(const v1::TaskStatus& status);
  // Adds the tasks that fit to `launch`.
  void UseOffer(const v1::Offer& offer, v1::Offer::Operation::Launch* launch);
  [[nodiscard]] v1::TaskInfo MakeTask(const std::string& id, const v1::Offer& offer) const;
  [[nodiscard]] v1::scheduler::Call NewCall(v1::scheduler::Call::Type type) const;

  const RunOptions options_;
  const RunResources need_;
  std::string framework_id_;
  std::map<std::string, TaskView> tasks_;  // By task id.
  std::optional<RunResources> too_small_;
  std::string error_;  // Why the run cannot go on.
  bool killing_ = false;
};

}  // namespace meseta::cli
