#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "agent/launcher/shim_posix.h"

extern char** environ;

namespace meseta::shim {
namespace {

[[noreturn]] void Fail(int pipe, LaunchStage stage, const char* detail) {
  LaunchError error;
  error.error = errno;
  error.stage = stage;
  strncpy(error.detail, detail, sizeof(error.detail) - 1);
  // The pipe is empty and takes this at once; should it fail, the parent sees a premature end.
  if (write(pipe, &error, sizeof(error)) < 0) _exit(126);
  _exit(127);
}

void SetRlimits(const TaskSpec& spec, int pipe) {
  for (size_t i = 0; i < spec.rlimit_count; ++i) {
    const Rlimit& limit = spec.rlimits[i];
    rlimit value;
    value.rlim_cur = limit.soft;
    value.rlim_max = limit.hard;
    if (setrlimit(static_cast<__rlimit_resource>(limit.resource), &value) != 0) {
      const char number[] = {static_cast<char>('0' + limit.resource / 10),
                             static_cast<char>('0' + limit.resource % 10), 0};
      Fail(pipe, LaunchStage::kRlimit, number);
    }
  }
}

void SwitchUser(const TaskSpec& spec, int pipe) {
  if (!spec.switch_user) return;
  if (setgroups(spec.group_count, spec.groups) != 0) Fail(pipe, LaunchStage::kUser, "setgroups");
  if (setgid(spec.gid) != 0) Fail(pipe, LaunchStage::kUser, "setgid");
  if (setuid(spec.uid) != 0) Fail(pipe, LaunchStage::kUser, "setuid");
}

// As the task's user and without following links: the sandbox is the user's.
void OpenStdio(int pipe) {
  constexpr int kOutputFlags = O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NOCTTY;
  const int in = open("/dev/null", O_RDONLY);
  if (in < 0 || dup2(in, STDIN_FILENO) < 0) Fail(pipe, LaunchStage::kStdio, "/dev/null");
  const int out = open("stdout", kOutputFlags, 0644);
  if (out < 0 || dup2(out, STDOUT_FILENO) < 0) Fail(pipe, LaunchStage::kStdio, "stdout");
  const int err = open("stderr", kOutputFlags, 0644);
  if (err < 0 || dup2(err, STDERR_FILENO) < 0) Fail(pipe, LaunchStage::kStdio, "stderr");
}

void ResetSignals() {
  // The kernel's own call and structure: the library keeps its internal signals from sigaction(2),
  // and an agent may have inherited them ignored. All zero is the default action.
  constexpr size_t kKernelSetBytes = 8;
  const struct {
    unsigned long handler, flags, restorer, mask;
  } action = {};
  for (int signal = 1; signal < NSIG; ++signal) {
    syscall(SYS_rt_sigaction, signal, &action, nullptr, kKernelSetBytes);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

[[noreturn]] void RunTask(const TaskSpec& spec, int pipe, pid_t shim) {
  setsid();
  umask(022);
  SetRlimits(spec, pipe);
  // Before the switch: the folders above the sandbox may be closed to the user.
  if (chdir(spec.sandbox) != 0) Fail(pipe, LaunchStage::kSandbox, spec.sandbox);
  SwitchUser(spec, pipe);
  OpenStdio(pipe);
  ResetSignals();
  // Without its shim nobody would know how the task ends. After setuid, which clears it.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != shim) _exit(127);
  // Marked instead of closed: `pipe` must last until the exec.
  if (syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC) != 0) {
    for (int fd = 3; fd < 1024; ++fd) fcntl(fd, F_SETFD, FD_CLOEXEC);
  }
  environ = spec.environment;
  execvp(spec.executable, spec.arguments);
  const int error = errno;
  // For the user who looks into the sandbox; the agent is told through the pipe.
  dprintf(STDERR_FILENO, "Failed to execute '%s': errno %d\n", spec.executable, error);
  errno = error;
  Fail(pipe, LaunchStage::kExec, spec.executable);
}

}  // namespace

pid_t StartTask(const TaskSpec& spec, LaunchError* error) {
  int pipe[2];
  if (pipe2(pipe, O_CLOEXEC) != 0) {
    error->stage = LaunchStage::kFork;
    error->error = errno;
    return -1;
  }
  const pid_t shim = getpid();
  const pid_t pid = fork();
  if (pid == 0) RunTask(spec, pipe[1], shim);
  const int fork_error = errno;
  close(pipe[1]);
  if (pid < 0) {
    close(pipe[0]);
    error->stage = LaunchStage::kFork;
    error->error = fork_error;
    return -1;
  }
  ssize_t size;
  do {
    size = read(pipe[0], error, sizeof(*error));
  } while (size < 0 && errno == EINTR);
  close(pipe[0]);
  if (size == 0) return pid;
  while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  return -1;
}

}  // namespace meseta::shim
