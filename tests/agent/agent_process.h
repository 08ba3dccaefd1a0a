// Runs the real meseta-agent as a child process, in a folder of its own.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace meseta::agent {

// A temporary folder, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    char name[] = "/tmp/meseta_agent_test_XXXXXX";
    path_ = mkdtemp(name);
  }
  ~TemporaryFolder() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class AgentProcess {
 public:
  AgentProcess(const std::string& master, const std::string& work_dir,
               std::vector<std::string> more = {}) {
    std::vector<std::string> arguments{std::string(MESETA_BINARY_DIR) + "/bin/meseta-agent",
                                       "--master=" + master, "--port=0", "--work_dir=" + work_dir};
    arguments.insert(arguments.end(), more.begin(), more.end());
    log_ = work_dir + ".log";
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    pid_ = fork();
    if (pid_ == 0) {
      const int fd = open(log_.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
      dup2(fd, 1);
      dup2(fd, 2);
      execv(argv[0], argv.data());
      _exit(127);
    }
  }
  ~AgentProcess() { (void)End(SIGKILL); }
  AgentProcess(const AgentProcess&) = delete;
  AgentProcess& operator=(const AgentProcess&) = delete;

  // Sends the signal and waits for the end; the wait status, or -1 if it had ended before.
  int End(int signal) {
    if (pid_ <= 0) return -1;
    kill(pid_, signal);
    return Join();
  }
  int Join() {
    int status = -1;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return status;
  }
  [[nodiscard]] std::string Log() const {
    std::ifstream in(log_);
    return {std::istreambuf_iterator<char>(in), {}};
  }

 private:
  pid_t pid_ = -1;
  std::string log_;
};

}  // namespace meseta::agent
