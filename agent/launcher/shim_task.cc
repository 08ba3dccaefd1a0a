#include <fcntl.h>
#include <grp.h>
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
void OpenStdio(bool discard, int pipe) {
  const char* const kNull = "/dev/null";
  constexpr int kOutputFlags = O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NOCTTY;
  const struct {
    const char* name;
    int flags;
    int target;
  } streams[] = {{kNull, O_RDONLY, STDIN_FILENO},
                 {discard ? kNull : "stdout", discard ? O_WRONLY : kOutputFlags, STDOUT_FILENO},
                 {discard ? kNull : "stderr", discard ? O_WRONLY : kOutputFlags, STDERR_FILENO}};
  for (const auto& stream : streams) {
    const int fd = open(stream.name, stream.flags, 0644);
    if (fd < 0 || dup2(fd, stream.target) < 0) Fail(pipe, LaunchStage::kStdio, stream.name);
    close(fd);  // The task's limit of descriptors holds already, and may be small.
  }
}

// Leaves the standard streams and the pipe, as descriptor 3: the task's limit of descriptors counts
// only what is its own.
int KeepOnlyPipe(int pipe) {
  constexpr int kPipe = 3;
  if (pipe != kPipe && dup3(pipe, kPipe, O_CLOEXEC) == kPipe) pipe = kPipe;
  if (pipe == kPipe && syscall(SYS_close_range, kPipe + 1, ~0U, 0) == 0) return pipe;
  // Marked instead of closed: the pipe must last until the exec.
  for (int fd = 3; fd < 1024; ++fd) fcntl(fd, F_SETFD, FD_CLOEXEC);
  return pipe;
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
  pipe = KeepOnlyPipe(pipe);
  SetRlimits(spec, pipe);
  // Before the switch: the folders above the sandbox may be closed to the user.
  if (chdir(spec.sandbox) != 0) Fail(pipe, LaunchStage::kSandbox, spec.sandbox);
  SwitchUser(spec, pipe);
  OpenStdio(spec.discard_output, pipe);
  ResetSignals();
  // Without its shim nobody would know how the task ends. After setuid, which clears it.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != shim) _exit(127);
  environ = spec.environment;
  execvp(spec.executable, spec.arguments);
  const int error = errno;
  // For the user who looks into the sandbox; the agent is told through the pipe.
  const char* text = strerrordesc_np(error);
  dprintf(STDERR_FILENO, "Failed to execute '%s': %s\n", spec.executable,
          text == nullptr ? "unknown error" : text);
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
