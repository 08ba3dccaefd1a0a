// Program: a real process of a test, its output in files. Ended by its id when the test ends.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace meseta::cli {

inline constexpr auto kTestPatience = std::chrono::seconds(60);

// Until `condition` holds; false when it does not within the patience.
inline bool Eventually(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + kTestPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}

class TempFolder {
 public:
  TempFolder() {
    std::string path = std::filesystem::temp_directory_path().string() + "/meseta-test.XXXXXX";
    path_ = ::mkdtemp(path.data());
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class Program {
 public:
  explicit Program(const std::vector<std::string>& args) {
    std::vector<std::string> copy = args;
    std::vector<char*> argv;
    for (std::string& arg : copy) argv.push_back(arg.data());
    argv.push_back(nullptr);
    const std::string out = folder_.path() + "/out";
    const std::string err = folder_.path() + "/err";
    pid_ = ::fork();
    if (pid_ != 0) return;
    ::dup2(::open(out.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600), 1);
    ::dup2(::open(err.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600), 2);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  ~Program() {
    if (running_) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  void Signal(int number) const { ::kill(pid_, number); }
  // The exit code; 1000 + signal when it was killed; -1 when it has not ended within the patience.
  int Wait() {
    const bool ended = Eventually([this] {
      running_ = running_ && ::waitpid(pid_, &status_, WNOHANG) == 0;
      return !running_;
    });
    if (!ended) return -1;
    return WIFEXITED(status_) ? WEXITSTATUS(status_) : 1000 + WTERMSIG(status_);
  }
  [[nodiscard]] std::string out() const { return Read("/out"); }
  [[nodiscard]] std::string err() const { return Read("/err"); }

 private:
  [[nodiscard]] std::string Read(const char* name) const {
    std::ifstream in(folder_.path() + name);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
  }

  TempFolder folder_;
  pid_t pid_ = -1;
  int status_ = 0;
  bool running_ = true;
};

}  // namespace meseta::cli
