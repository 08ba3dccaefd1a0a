#include "frameworks/cli/run_command.h"

#include <pwd.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <future>
#include <memory>
#include <random>
#include <utility>

#include "actors/base/json/json_writer.h"
#include "frameworks/cli/run_session.h"
#include "frameworks/cli/signals_posix.h"
#include "frameworks/cli/task_name.h"

namespace meseta::cli {
namespace {

std::string CurrentUser() {
  std::array<char, 4096> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(::geteuid(), &entry, buffer.data(), buffer.size(), &found) == 0 &&
      found != nullptr) {
    return entry.pw_name;
  }
  return "root";
}

RunOptions MakeRunOptions(const CommandLine& line, Rng& rng) {
  const Options& o = line.options;
  RunOptions options;
  options.name = TaskName(o.name.empty() ? line.arguments.front() : o.name);
  options.user = o.user.empty() ? CurrentUser() : o.user;
  options.role = o.role;
  options.cpus = o.cpus;
  options.mem = o.mem.value;
  options.disk = o.disk.value;
  options.instances = o.instances;
  options.argv = line.arguments;
  options.environment = o.environment;
  options.run_id = rng.Uuid().substr(0, 8);
  return options;
}

std::string ResultJson(const RunCore& core, int exit_code) {
  std::string out;
  JsonWriter json(&out);
  json.BeginObject();
  json.Key("framework_id");
  json.String(core.framework_id());
  json.Key("exit_code");
  json.Int(exit_code);
  json.Key("tasks");
  json.BeginArray();
  for (const auto& [id, task] : core.tasks()) {
    json.BeginObject();
    json.Key("id");
    json.String(id);
    json.Key("state");
    json.String(v1::TaskState_Name(task.state));
    json.Key("message");
    json.String(task.message);
    json.Key("agent");
    json.String(task.agent_url);
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  return out + "\n";
}

}  // namespace

int RunCommand(const CommandLine& line, Access access) {
  std::random_device device;
  Rng rng((static_cast<uint64_t>(device()) << 32) | device());
  RunSettings settings;
  settings.options = MakeRunOptions(line, rng);
  settings.follow = line.options.follow;
  settings.output_to_stderr = line.options.json;
  settings.timeout = line.options.timeout;

  net::IoRuntime runtime(1);
  std::promise<int> done;
  auto exit_code = done.get_future();
  auto session = std::make_shared<RunSession>(runtime, std::move(access), std::move(settings),
                                              rng.Next(), [&done](int code, const Status& problem) {
                                                if (!problem.ok())
                                                  std::fprintf(stderr, "meseta: %s\n",
                                                               problem.message().c_str());
                                                done.set_value(code);
                                              });
  {
    const Signals signals(runtime, {SIGINT, SIGTERM, SIGHUP},
                          [session](int) { session->Interrupt(); });
    runtime.Post([session] { session->Start(); });
    exit_code.wait();
    runtime.Stop();
    session->Shutdown();
  }
  const int code = exit_code.get();
  if (line.options.json) std::fputs(ResultJson(session->core(), code).c_str(), stdout);
  return code;
}

}  // namespace meseta::cli
