// meseta-fetcher: fetches the URIs of one task as the task's user. See fetch_protocol.h.
#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>
#include <thread>

#include "agent/fetcher/fetch_protocol.h"
#include "agent/fetcher/fetch_uris.h"
#include "agent/launcher/shim_protocol.h"

namespace meseta::agent {
namespace {

bool ReadFully(char* to, size_t size) {
  while (size > 0) {
    const ssize_t count = read(STDIN_FILENO, to, size);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    to += count;
    size -= static_cast<size_t>(count);
  }
  return true;
}

Result<FetchSpec> ReadSpec() {
  std::string frame(shim::kFrameHeaderBytes, '\0');
  shim::FrameHeader header;
  if (!ReadFully(frame.data(), frame.size()) ||
      !shim::ReadFrameHeader(frame, shim::kMaxFrameBytes, &header)) {
    return InvalidArgument("The fetch request is malformed");
  }
  frame.resize(shim::kFrameHeaderBytes + header.length);
  if (!ReadFully(frame.data() + shim::kFrameHeaderBytes, header.length)) {
    return InvalidArgument("The fetch request is cut");
  }
  return DecodeFetchSpec(frame);
}

Status SwitchUser(const std::optional<UserIds>& user) {
  if (!user.has_value()) return OkStatus();
  if (setgroups(user->groups.size(), user->groups.data()) != 0 || setgid(user->gid) != 0 ||
      setuid(user->uid) != 0) {
    return ErrnoStatus(errno, "Failed to switch to the task's user");
  }
  return OkStatus();
}

// What is fetched is told where the task's owner looks.
void LogIntoSandbox() {
  const int fd = open("stderr", O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0644);
  if (fd >= 0) dup2(fd, STDERR_FILENO);
}

// The agent's end closes when it does not want this any more, or is dead.
void StopWithTheAgent() {
  std::thread([] {
    char byte;
    while (read(STDIN_FILENO, &byte, 1) > 0) {
    }
    _exit(1);
  }).detach();
}

Status Run() {
  ASSIGN_OR_RETURN(const FetchSpec spec, ReadSpec());
  // The agent's work directory may be closed to the user: enter the sandbox before the switch.
  if (chdir(spec.sandbox.c_str()) != 0) return ErrnoStatus(errno, "Failed to enter the sandbox");
  RETURN_IF_ERROR(SwitchUser(spec.user));
  umask(022);
  LogIntoSandbox();
  StopWithTheAgent();
  FetchSpec inside = spec;
  inside.sandbox = std::string(".");
  const Status status = FetchUris(inside);
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.message().c_str());
  return status;
}

int Main() {
  const Status status = Run();
  const std::string answer = EncodeFetchAnswer(status);
  const bool told =
      write(STDOUT_FILENO, answer.data(), answer.size()) == static_cast<ssize_t>(answer.size());
  _exit(status.ok() && told ? 0 : 1);  // Not waiting for the thread that watches the agent.
}

}  // namespace
}  // namespace meseta::agent

int main() { return meseta::agent::Main(); }
