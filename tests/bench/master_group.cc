#include "tests/bench/master_group.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

extern char** environ;

namespace meseta::bench {
namespace {

constexpr std::chrono::seconds kPatience{120};
constexpr Duration kAnswer = Duration::Seconds(1);

[[noreturn]] void Fail(const std::string& sentence) {
  std::fprintf(stderr, "error: %s\n", sentence.c_str());
  std::exit(1);
}

Result<http::Response> Get(const std::string& master, const std::string& path) {
  http::ClientRequest request;
  request.url = "http://" + master + path;
  return http::Fetch(std::move(request), kAnswer);
}

}  // namespace

std::string BinFolder() {
  const char* folder = std::getenv("MESETA_BIN");
  return folder != nullptr ? folder : MESETA_BINARY_DIR "/bin";
}

int FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(fd, generic, size) != 0 || getsockname(fd, generic, &size) != 0) Fail("no free port");
  close(fd);
  return ntohs(address.sin_port);
}

MasterGroup::MasterGroup(size_t count, std::vector<std::string> flags) : flags_(std::move(flags)) {
  char name[] = "/tmp/meseta-bench-XXXXXX";
  folder_ = mkdtemp(name);
  for (size_t i = 0; i < count; ++i) addresses_.push_back("127.0.0.1:" + std::to_string(FreePort()));
  pids_.resize(count, -1);
  for (size_t i = 0; i < count; ++i) Start(i);
  (void)AwaitLeader();
}

MasterGroup::~MasterGroup() {
  for (const pid_t pid : pids_) {
    if (pid > 0) kill(pid, SIGKILL);
  }
  for (const pid_t pid : pids_) {
    if (pid > 0) waitpid(pid, nullptr, 0);
  }
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::string MasterGroup::list() const {
  std::string text;
  for (const std::string& address : addresses_) text += (text.empty() ? "" : ",") + address;
  return text;
}

void MasterGroup::Start(size_t index) {
  const std::string name = "master" + std::to_string(index);
  const std::string& address = addresses_[index];
  std::vector<std::string> arguments{BinFolder() + "/meseta-master",
                                     "--port=" + address.substr(address.rfind(':') + 1),
                                     "--work_dir=" + folder_ + "/" + name};
  if (addresses_.size() > 1) arguments.push_back("--peers=" + list());
  arguments.insert(arguments.end(), flags_.begin(), flags_.end());
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 2, (folder_ + "/" + name + ".log").c_str(),
                                   O_CREAT | O_WRONLY | O_APPEND, 0600);
  const int error = posix_spawn(&pids_[index], argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) Fail("cannot start " + arguments[0] + ": build meseta_binaries first");
}

// A master names itself only after a write of its own term is durable at a majority.
std::string MasterGroup::AwaitLeader(const std::string& not_this) {
  const auto end = Clock::now() + kPatience;
  while (Clock::now() < end) {
    for (size_t i = 0; i < addresses_.size(); ++i) {
      if (pids_[i] <= 0 || addresses_[i] == not_this) continue;
      const auto answer = Get(addresses_[i], "/redirect");
      if (!answer.ok() || answer->status != 307) continue;
      const std::string location = answer->headers.Get("Location").value_or("");
      const std::string port = addresses_[i].substr(addresses_[i].rfind(':'));
      if ((location + "/").find(port + "/") != std::string::npos) return addresses_[i];
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  Fail("no master leads; their logs are in " + folder_);
}

void MasterGroup::Kill(const std::string& address) {
  for (size_t i = 0; i < addresses_.size(); ++i) {
    if (addresses_[i] != address || pids_[i] <= 0) continue;
    kill(pids_[i], SIGKILL);
    waitpid(pids_[i], nullptr, 0);
    pids_[i] = -1;
  }
}

void MasterGroup::StartAgain(const std::string& address) {
  for (size_t i = 0; i < addresses_.size(); ++i) {
    if (addresses_[i] == address && pids_[i] <= 0) Start(i);
  }
}

double MasterGroup::CpuSeconds(const std::string& address) const {
  double seconds = 0;
  for (size_t i = 0; i < addresses_.size(); ++i) {
    if (pids_[i] <= 0 || (!address.empty() && addresses_[i] != address)) continue;
    std::ifstream in("/proc/" + std::to_string(pids_[i]) + "/stat");
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    std::istringstream fields(text.substr(std::min(text.size(), text.rfind(')') + 2)));
    std::string field;
    for (int n = 3; fields >> field; ++n) {
      if (n == 14 || n == 15) seconds += std::atof(field.c_str()) / sysconf(_SC_CLK_TCK);
    }
  }
  return seconds;
}

std::optional<double> Metric(const std::string& master, const std::string& name) {
  const auto answer = Get(master, "/metrics/snapshot");
  if (!answer.ok() || answer->status != 200) return std::nullopt;
  const std::string key = "\"" + name + "\":";
  const size_t at = answer->body.find(key);
  if (at == std::string::npos) return std::nullopt;
  return std::atof(answer->body.c_str() + at + key.size());
}

}  // namespace meseta::bench
