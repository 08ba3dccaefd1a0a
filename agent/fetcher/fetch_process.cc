#include "agent/fetcher/fetch_process.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <cerrno>
#include <utility>

#include "agent/launcher/io_strand_asio.h"
#include "agent/launcher/process_posix.h"

namespace meseta::agent {
namespace {

namespace asio = boost::asio;
using Socket = asio::local::stream_protocol::socket;

class AsioFetchProcess final : public FetchProcess,
                               public std::enable_shared_from_this<AsioFetchProcess> {
 public:
  AsioFetchProcess(IoStrand& strand, UniqueFd socket, pid_t pid)
      : socket_(strand.impl().strand), pid_(pid), answer_(kMaxFetchAnswerBytes, '\0') {
    boost::system::error_code error;
    socket_.assign(asio::local::stream_protocol(), socket.get(), error);
    if (!error) socket.Release();
  }

  ~AsioFetchProcess() override {
    if (pid_ <= 0) return;
    kill(-pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }

  void Await(Done done) override {
    done_ = std::move(done);
    auto self = shared_from_this();
    asio::async_read(socket_, asio::buffer(answer_.data(), answer_.size()),
                     [self](boost::system::error_code, size_t size) { self->End(size); });
  }

  void Kill() override {
    if (pid_ > 0) kill(-pid_, SIGKILL);
  }

 private:
  void End(size_t size) {
    // It has closed its end or said too much: dead or dying, so this takes no time.
    kill(-pid_, SIGKILL);
    waitpid(std::exchange(pid_, 0), nullptr, 0);
    answer_.resize(size);
    const Done done = std::exchange(done_, nullptr);
    if (done) done(DecodeFetchAnswer(answer_));
  }

  Socket socket_;
  pid_t pid_;  // Also its process group.
  std::string answer_;
  Done done_;
};

Status SendAll(int fd, std::string_view data) {
  while (!data.empty()) {
    const ssize_t count = send(fd, data.data(), data.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return ErrnoStatus(errno, "Failed to hand the URIs to the fetcher");
    data.remove_prefix(static_cast<size_t>(count));
  }
  return OkStatus();
}

}  // namespace

Result<std::shared_ptr<FetchProcess>> FetchProcess::Start(IoStrand& strand,
                                                          const std::string& program,
                                                          const FetchSpec& spec) {
  const std::string frame = EncodeFetchSpec(spec);
  if (frame.size() > shim::kMaxFrameBytes) return InvalidArgument("The URIs are too long");
  ASSIGN_OR_RETURN(FdPair sockets, SocketPair());
  SpawnOptions options;
  options.program = program;
  options.arguments = {"meseta-fetcher"};
  options.inherited = {sockets.theirs.get(), sockets.theirs.get(), -1};
  ASSIGN_OR_RETURN(const pid_t pid, Spawn(options));
  sockets.theirs.Reset();
  const Status sent = SendAll(sockets.ours.get(), frame);
  if (!sent.ok()) {
    kill(-pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    return sent;
  }
  std::shared_ptr<FetchProcess> process =
      std::make_shared<AsioFetchProcess>(strand, std::move(sockets.ours), pid);
  return process;
}

}  // namespace meseta::agent
