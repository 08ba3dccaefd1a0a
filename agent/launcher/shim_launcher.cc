#include "agent/launcher/shim_launcher.h"

#include <sys/socket.h>
#include <sys/wait.h>

#include <cerrno>
#include <string_view>
#include <utility>

#include "agent/launcher/run_directory.h"

namespace meseta::agent {
namespace {

// The shim reads at once, so a spec larger than the socket's buffer waits for microseconds.
Status SendAll(int fd, std::string_view data) {
  while (!data.empty()) {
    const ssize_t count = send(fd, data.data(), data.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return ErrnoStatus(errno, "Failed to hand the task to its shim");
    data.remove_prefix(static_cast<size_t>(count));
  }
  return OkStatus();
}

}  // namespace

Result<std::shared_ptr<ShimChannel>> ShimLauncher::Launch(const ContainerId& id,
                                                          const ShimSpec& spec) const {
  return Start(id.value(), spec);
}

Result<std::shared_ptr<ShimChannel>> ShimLauncher::LaunchProbe(const ShimSpec& spec) const {
  return Start("--probe", spec);
}

Result<std::shared_ptr<ShimChannel>> ShimLauncher::Start(const std::string& argument,
                                                         const ShimSpec& spec) const {
  ASSIGN_OR_RETURN(const std::string frame, EncodeSpec(spec));
  ASSIGN_OR_RETURN(FdPair sockets, SocketPair());
  SpawnOptions options;
  options.program = program_;
  options.arguments = {"meseta-shim", argument};
  options.inherited = {-1, -1, -1, sockets.theirs.get()};
  ASSIGN_OR_RETURN(const pid_t pid, Spawn(options));
  sockets.theirs.Reset();
  const Status sent = SendAll(sockets.ours.get(), frame);
  if (!sent.ok()) {
    sockets.ours.Reset();
    waitpid(pid, nullptr, 0);  // Without its spec it ends at once.
    return sent;
  }
  return ShimChannel::Create(strand_, std::move(sockets.ours), pid);
}

Result<std::shared_ptr<ShimChannel>> ShimLauncher::Reconnect(const std::string& root,
                                                             const ContainerId& id) const {
  ASSIGN_OR_RETURN(UniqueFd socket, RunDirectory(root, id).Connect());
  RETURN_IF_ERROR(SendAll(socket.get(), EncodeHello()));
  return ShimChannel::Create(strand_, std::move(socket), 0);
}

}  // namespace meseta::agent
