// meseta-shim: the parent of one container. It outlives the agent, keeps the task's end for it and
// enforces kill grace and max_completion_time on its own. See shim_protocol.h for the conversation.
//
// Started as `meseta-shim --probe` it runs the command of a check instead: without output, without files
// of a run, and not beyond its connection to the agent, which needs no `go`.
//
// Linked statically without the C++ runtime, so that one shim costs some ten private pages.
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "agent/launcher/shim_core.h"
#include "agent/launcher/shim_posix.h"
#include "agent/launcher/shim_protocol.h"
#include "agent/launcher/shim_spec.h"

namespace meseta::shim {
namespace {

constexpr size_t kMaxClients = 4;  // The agent, and a successor that connects before it is gone.
constexpr int64_t kReapLimitNs = 10'000'000'000;
constexpr int kExitBadSpec = 64;
constexpr int kExitNoGo = 65;
constexpr int kExitLaunchFailed = 66;

struct Client {
  int fd = -1;
  size_t size = 0;  // Bytes of a frame received so far.
  char buffer[kFrameHeaderBytes + kMaxSmallFrameBytes];
};

TaskSpec spec;
ShimCore core;
Client clients[kMaxClients];
bool probe = false;
int listener = -1;
pid_t task = -1;
int64_t task_start_time = 0;

// A frame without fields or of few, on the stack.
class SmallFrame {
 public:
  explicit SmallFrame(FrameType type) : writer_(buffer_, sizeof(buffer_), type) {}
  FrameWriter& writer() { return writer_; }
  const char* data() {
    writer_.Finish();
    return buffer_;
  }
  size_t size() const { return writer_.size(); }

 private:
  char buffer_[kFrameHeaderBytes + kMaxSmallFrameBytes];
  FrameWriter writer_;
};

void Close(Client* client) {
  close(client->fd);
  client->fd = -1;
  client->size = 0;
}

// A client that does not read is cut: the run's files tell it the same later.
void Send(Client* client, SmallFrame* frame) {
  const char* data = frame->data();
  const auto size = static_cast<ssize_t>(frame->size());
  if (send(client->fd, data, frame->size(), MSG_NOSIGNAL | MSG_DONTWAIT) != size) Close(client);
}

void Broadcast(SmallFrame* frame) {
  for (Client& client : clients) {
    if (client.fd >= 0) Send(&client, frame);
  }
}

bool ReadFully(int fd, char* to, size_t size) {
  while (size > 0) {
    const ssize_t count = read(fd, to, size);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    to += count;
    size -= static_cast<size_t>(count);
  }
  return true;
}

char* Map(size_t size) {
  void* memory =
      mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? nullptr : static_cast<char*>(memory);
}

void SendLaunchError(const LaunchError& error) {
  SmallFrame frame(FrameType::kLaunchFailed);
  frame.writer().Number(Key::kStage, static_cast<int64_t>(error.stage));
  frame.writer().Number(Key::kErrno, error.error);
  frame.writer().Bytes(Key::kDetail, error.detail);
  Broadcast(&frame);
}

[[noreturn]] void FailLaunch(LaunchStage stage, int error_number, const char* detail, int code) {
  LaunchError error;
  error.stage = stage;
  error.error = error_number;
  strncpy(error.detail, detail, sizeof(error.detail) - 1);
  SendLaunchError(error);
  _exit(code);
}

// The memory lives until the task has been started.
struct SpecMemory {
  char* fields = nullptr;
  size_t fields_size = 0;
  char* pointers = nullptr;
  size_t pointers_size = 0;

  void Release() const {
    munmap(fields, fields_size);
    munmap(pointers, pointers_size);
  }
};

void ReceiveSpec(SpecMemory* memory) {
  char head[kFrameHeaderBytes];
  FrameHeader header;
  if (!ReadFully(kAgentFd, head, sizeof(head))) _exit(kExitNoGo);
  if (!ReadFrameHeader({head, sizeof(head)}, kMaxFrameBytes, &header) ||
      header.type != FrameType::kSpec) {
    FailLaunch(LaunchStage::kSpec, EPROTO, "header", kExitBadSpec);
  }
  memory->fields_size = header.length + 1;
  memory->fields = Map(memory->fields_size);
  if (memory->fields == nullptr) FailLaunch(LaunchStage::kSpec, errno, "memory", kExitBadSpec);
  if (!ReadFully(kAgentFd, memory->fields, header.length)) _exit(kExitNoGo);
  memory->pointers_size = CountPointers(memory->fields, header.length) * sizeof(char*);
  memory->pointers = Map(memory->pointers_size);
  if (memory->pointers == nullptr) FailLaunch(LaunchStage::kSpec, errno, "memory", kExitBadSpec);
  if (!ParseSpec(memory->fields, header.length, reinterpret_cast<char**>(memory->pointers), &spec)) {
    FailLaunch(LaunchStage::kSpec, EPROTO, "fields", kExitBadSpec);
  }
}

void WriteRecord() {
  if (chdir(spec.run_directory) != 0) {
    FailLaunch(LaunchStage::kRecord, errno, spec.run_directory, kExitLaunchFailed);
  }
  listener = Listen(kSocketFile);
  if (listener < 0) FailLaunch(LaunchStage::kRecord, errno, kSocketFile, kExitLaunchFailed);
  SmallFrame record(FrameType::kRecord);
  record.writer().Number(Key::kPid, getpid());
  record.writer().Number(Key::kStartTime, StartTime(getpid()));
  record.writer().Bytes(Key::kBootId, spec.boot_id);
  const char* data = record.data();
  const int error = WriteFile(kRecordFile, data, record.size(), spec.sync);
  if (error != 0) FailLaunch(LaunchStage::kRecord, error, kRecordFile, kExitLaunchFailed);
}

void AwaitGo() {
  SmallFrame ready(FrameType::kReady);
  ready.writer().Number(Key::kPid, getpid());
  Send(&clients[0], &ready);
  char head[kFrameHeaderBytes];
  FrameHeader header;
  if (!ReadFully(kAgentFd, head, sizeof(head)) || !ReadFrameHeader({head, sizeof(head)}, 0, &header) ||
      header.type != FrameType::kGo) {
    _exit(kExitNoGo);
  }
}

void BuildStarted(FrameWriter* writer) {
  writer->Number(Key::kPid, task);
  writer->Number(Key::kStartTime, task_start_time);
}

void Start() {
  LaunchError error;
  task = StartTask(spec, &error);
  if (task < 0) {
    SendLaunchError(error);
    _exit(kExitLaunchFailed);
  }
  core.Started(MonotonicNanos(), spec.max_completion_ns);
  task_start_time = StartTime(task);
  SmallFrame started(FrameType::kStarted);
  BuildStarted(&started.writer());
  // Without the file only a killed shim's orphans would be harder to find: not worth the task.
  const char* data = started.data();
  if (!probe) (void)WriteFile(kTaskFile, data, started.size(), spec.sync);
  Broadcast(&started);
}

void Handle(Client* client, FrameType type, std::string_view fields) {
  if (type == FrameType::kHello) {
    SmallFrame started(FrameType::kStarted);
    BuildStarted(&started.writer());
    Send(client, &started);
  } else if (type == FrameType::kKill) {
    const int64_t grace = FindNumber(fields, Key::kGraceNs, spec.kill_grace_ns);
    const int signal = core.Kill(grace, MonotonicNanos());
    if (signal != 0) SignalTree(signal);
  }
}

void Receive(Client* client) {
  const ssize_t count = recv(client->fd, client->buffer + client->size,
                             sizeof(client->buffer) - client->size, MSG_DONTWAIT);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count <= 0) return Close(client);
  client->size += static_cast<size_t>(count);
  while (client->fd >= 0 && client->size >= kFrameHeaderBytes) {
    FrameHeader header;
    if (!ReadFrameHeader({client->buffer, kFrameHeaderBytes}, kMaxSmallFrameBytes, &header)) {
      return Close(client);
    }
    const size_t size = kFrameHeaderBytes + header.length;
    if (client->size < size) return;
    Handle(client, header.type, {client->buffer + kFrameHeaderBytes, header.length});
    if (client->fd < 0) return;
    client->size -= size;
    memmove(client->buffer, client->buffer + size, client->size);
  }
}

void Accept() {
  const int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd < 0) return;
  for (Client& client : clients) {
    if (client.fd >= 0) continue;
    client.fd = fd;
    return;
  }
  close(fd);
}

// Reaps what has ended. True when the task itself is among it.
bool Reap(int* status) {
  bool ended = false;
  while (true) {
    int one = 0;
    const pid_t pid = waitpid(-1, &one, WNOHANG);
    if (pid <= 0) return ended;
    if (pid != task) continue;
    *status = one;
    ended = true;
  }
}

timespec UntilWake() {
  const int64_t wake_at = core.wake_at();
  const int64_t now = MonotonicNanos();
  const int64_t wait = wake_at <= now ? 0 : wake_at - now;
  return {wait / 1'000'000'000, wait % 1'000'000'000};
}

int Supervise(int signals) {
  int status = 0;
  while (true) {
    pollfd fds[2 + kMaxClients];
    fds[0] = {signals, POLLIN, 0};
    fds[1] = {listener, POLLIN, 0};
    for (size_t i = 0; i < kMaxClients; ++i) fds[2 + i] = {clients[i].fd, POLLIN, 0};
    const timespec wait = UntilWake();
    const int ready =
        ppoll(fds, 2 + kMaxClients, core.wake_at() == kNever ? nullptr : &wait, nullptr);
    if (ready > 0 && fds[0].revents != 0) {
      signalfd_siginfo info;
      (void)!read(signals, &info, sizeof(info));
      if (Reap(&status)) return status;
    }
    for (size_t i = 0; ready > 0 && i < kMaxClients; ++i) {
      if (fds[2 + i].revents != 0 && clients[i].fd >= 0) Receive(&clients[i]);
    }
    if (ready > 0 && fds[1].revents != 0) Accept();
    if (probe && clients[0].fd < 0 && core.cause() == ExitCause::kSelf) {
      (void)core.Kill(0, MonotonicNanos());
      SignalTree(SIGKILL);
    }
    const int signal = core.Tick(MonotonicNanos());
    if (signal != 0) SignalTree(signal);
  }
}

int BlockSignals() {
  // All but the deadly ones: a stray SIGTERM or SIGHUP must not leave the task without a keeper.
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, nullptr);
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  return signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
}

// The agent's own output must not be held open by its containers.
void DetachStdio() {
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd = 0; null >= 0 && fd < kAgentFd; ++fd) dup2(null, fd);
}

int Main(int count, char** arguments) {
  probe = count > 1 && strcmp(arguments[1], "--probe") == 0;
  // Started in a session of its own; again for whoever starts it by hand.
  setsid();
  syscall(SYS_close_range, kAgentFd + 1, ~0U, 0);
  DetachStdio();
  fcntl(kAgentFd, F_SETFD, FD_CLOEXEC);
  clients[0].fd = kAgentFd;
  const int signals = BlockSignals();
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  SpecMemory memory;
  ReceiveSpec(&memory);
  spec.discard_output = probe;
  if (!probe) {
    WriteRecord();
    AwaitGo();
  }
  Start();
  memory.Release();
  const int status = Supervise(signals);
  ReapAll(kReapLimitNs);
  SmallFrame exited(FrameType::kExited);
  exited.writer().Number(Key::kWaitStatus, status);
  exited.writer().Number(Key::kCause, static_cast<int64_t>(core.cause()));
  const char* data = exited.data();
  // A full disk: the agent, if there is one, still hears it.
  if (!probe) (void)WriteFile(kExitFile, data, exited.size(), spec.sync);
  Broadcast(&exited);
  return 0;
}

}  // namespace
}  // namespace meseta::shim

int main(int count, char** arguments) { return meseta::shim::Main(count, arguments); }
