// What the return of an agent with its tasks costs a new leader, in one thread: parsing of its message,
// MasterCore's decision and the effects. Baseline of the same run: parsing alone.
//
//   reregister_bench [--agents 10000] [--tasks_per_agent 10] [--json]
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "actors/messages/internal/agent.pb.h"
#include "master/core/master_core.h"

namespace meseta::master {
namespace {

using Clock = std::chrono::steady_clock;

double Seconds(Clock::time_point since) {
  return std::chrono::duration<double>(Clock::now() - since).count();
}

void AddScalar(v1::Resource* resource, const char* name, double value) {
  resource->set_name(name);
  resource->set_type(v1::Value::SCALAR);
  resource->mutable_scalar()->set_value(value);
}

internal::ReregisterAgent Message(size_t number, size_t tasks) {
  internal::ReregisterAgent message;
  const std::string n = std::to_string(number);
  message.set_registration_id("registration-" + n);
  message.set_version("1.11.0");
  message.set_pid("slave(" + n + ")@127.0.0.1:5051");
  v1::AgentInfo& info = *message.mutable_info();
  info.mutable_id()->set_value("11111111-2222-4333-8444-555555555555-S" + n);
  info.set_hostname("emulated-" + n);
  AddScalar(info.add_resources(), "cpus", 0.1 * static_cast<double>(tasks));
  AddScalar(info.add_resources(), "mem", 16.0 * static_cast<double>(tasks));
  v1::FrameworkInfo& framework = *message.add_frameworks();
  framework.set_user("root");
  framework.set_name("bench");
  framework.add_roles("*");
  framework.add_capabilities()->set_type(v1::FrameworkInfo::Capability::MULTI_ROLE);
  framework.mutable_id()->set_value("11111111-2222-4333-8444-555555555555-0000");
  for (size_t i = 0; i < tasks; ++i) {
    v1::Task& task = *message.add_tasks();
    const std::string id = "task-" + n + "-" + std::to_string(i);
    task.set_name(id);
    task.mutable_task_id()->set_value(id);
    *task.mutable_framework_id() = framework.id();
    *task.mutable_agent_id() = info.id();
    task.set_state(v1::TASK_RUNNING);
    AddScalar(task.add_resources(), "cpus", 0.1);
    AddScalar(task.add_resources(), "mem", 16);
    for (const v1::TaskState state : {v1::TASK_STARTING, v1::TASK_RUNNING}) {
      v1::TaskStatus& status = *task.add_statuses();
      *status.mutable_task_id() = task.task_id();
      status.set_state(state);
      *status.mutable_agent_id() = info.id();
      status.mutable_executor_id()->set_value(id);
      status.set_source(v1::TaskStatus::SOURCE_EXECUTOR);
      status.set_timestamp(1.7e9);
      status.set_uuid(std::string(16, 'u'));
      status.mutable_container_status()->mutable_container_id()->set_value(std::string(36, 'c'));
      status.mutable_container_status()->set_executor_pid(1000);
    }
  }
  return message;
}

int Main(size_t agents, size_t tasks, bool json) {
  registry::RegistryState registry;
  registry.header.set_format(registry::kRegistryFormat);
  registry.header.set_cluster_id("cluster");
  registry.header.set_term(1);
  std::vector<std::string> bytes;
  for (size_t i = 0; i < agents; ++i) {
    internal::ToMaster message;
    *message.mutable_reregister_agent() = Message(i, tasks);
    bytes.push_back(message.SerializeAsString());
    const internal::ReregisterAgent& agent = message.reregister_agent();
    const registry::AdmitAgent admit{agent.info(), agent.registration_id(), WallTime::FromNanos(1)};
    const auto delta = registry::Evaluate(registry, admit);
    if (!delta.ok() || !registry::Apply(*delta, &registry).ok()) return 1;
  }
  auto begin = Clock::now();
  std::vector<internal::ToMaster> messages(agents);
  for (size_t i = 0; i < agents; ++i) {
    if (!messages[i].ParseFromString(bytes[i])) return 1;
  }
  const double parse = Seconds(begin);
  v1::MasterInfo info;
  info.set_id("m");
  info.set_hostname("localhost");
  info.set_ip(1);
  info.set_port(5050);
  const Now now{Time::FromNanos(1'000'000'000), WallTime::FromNanos(1'700'000'000'000'000'000)};
  MasterCore core(MasterOptions(), info, std::move(registry), now);
  begin = Clock::now();
  double effects_time = 0;
  for (size_t i = 0; i < agents; ++i) {
    core.HandleAgent(i + 1, std::move(messages[i]), now);
    if (i % 256 != 255) continue;
    const auto effects_begin = Clock::now();
    const Effects effects = core.TakeEffects();
    effects_time += Seconds(effects_begin);
  }
  (void)core.TakeEffects();
  const double all = Seconds(begin);
  if (core.state().agents.registered().size() != agents) {
    std::fprintf(stderr, "error: not all agents are registered\n");
    return 1;
  }
  if (json) {
    std::printf("{\"case\":\"return of agents\",\"agents\":%zu,\"tasks\":%zu,\"seconds\":%.3f,"
                "\"baseline\":\"parsing\",\"baseline_seconds\":%.3f}\n",
                agents, agents * tasks, all, parse);
  } else {
    std::printf("%zu agents with %zu tasks: %.3f s, of which effects %.3f s (parsing: %.3f s)\n", agents,
                agents * tasks, all, effects_time, parse);
  }
  return 0;
}

}  // namespace
}  // namespace meseta::master

int main(int argc, char** argv) {
  int agents = 10'000, per_agent = 10;
  bool json = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view flag = argv[i];
    int* number = flag == "--agents" ? &agents : flag == "--tasks_per_agent" ? &per_agent : nullptr;
    if (flag == "--json") {
      json = true;
    } else if (number != nullptr && i + 1 < argc) {
      *number = std::atoi(argv[++i]);
    } else {
      std::fprintf(stderr, "usage: %s [--agents N] [--tasks_per_agent N] [--json]\n", argv[0]);
      return 2;
    }
  }
  if (agents <= 0 || per_agent < 0) {
    std::fprintf(stderr, "--agents must be positive\n");
    return 2;
  }
  return meseta::master::Main(static_cast<size_t>(agents), static_cast<size_t>(per_agent), json);
}
