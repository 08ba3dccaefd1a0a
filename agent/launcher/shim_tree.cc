#include <dirent.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "agent/launcher/shim_posix.h"

namespace meseta::shim {
namespace {

// Of one walk; what is beyond is found by the next one, after these have been killed.
constexpr size_t kMaxProcesses = 4096;

pid_t processes[kMaxProcesses];
size_t process_count = 0;

char* AppendNumber(char* to, int64_t number) {
  char digits[20];
  size_t count = 0;
  do digits[count++] = static_cast<char>('0' + number % 10);
  while ((number /= 10) > 0);
  while (count > 0) *to++ = digits[--count];
  *to = 0;
  return to;
}

void ReadChildren(const char* path) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  char text[512];
  int64_t number = 0;
  for (ssize_t size; (size = read(fd, text, sizeof(text))) > 0;) {
    for (ssize_t i = 0; i < size; ++i) {
      if (text[i] >= '0' && text[i] <= '9') {
        number = number * 10 + (text[i] - '0');
      } else if (number > 0) {
        if (process_count < kMaxProcesses) processes[process_count++] = static_cast<pid_t>(number);
        number = 0;
      }
    }
  }
  close(fd);
}

// Every thread has children of its own.
void ChildrenOf(pid_t pid) {
  char path[96] = "/proc/";
  char* end = AppendNumber(path + strlen(path), pid);
  strcpy(end, "/task");
  DIR* directory = opendir(path);
  if (directory == nullptr) return;
  end += strlen("/task");
  while (const dirent* entry = readdir(directory)) {
    if (entry->d_name[0] < '0' || entry->d_name[0] > '9' || strlen(entry->d_name) > 20) continue;
    *end = '/';
    strcpy(end + 1, entry->d_name);
    strcat(end, "/children");
    ReadChildren(path);
  }
  closedir(directory);
}

void Collect() {
  process_count = 0;
  ChildrenOf(getpid());
  for (size_t i = 0; i < process_count; ++i) ChildrenOf(processes[i]);
}

}  // namespace

void SignalTree(int signal) {
  Collect();
  for (size_t i = 0; i < process_count; ++i) {
    kill(processes[i], signal);
    // A stopped process would never see its SIGTERM.
    if (signal == SIGTERM) kill(processes[i], SIGCONT);
  }
}

void ReapAll(int64_t limit_ns) {
  const int64_t give_up_at = MonotonicNanos() + limit_ns;
  while (true) {
    const pid_t pid = waitpid(-1, nullptr, WNOHANG);
    if (pid > 0) continue;
    if (pid < 0 && errno == ECHILD) return;
    if (MonotonicNanos() >= give_up_at) return;
    SignalTree(SIGKILL);
    const timespec pause = {0, 2'000'000};
    nanosleep(&pause, nullptr);
  }
}

}  // namespace meseta::shim
