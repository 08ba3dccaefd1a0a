#include "agent/launcher/shim_channel.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <deque>
#include <optional>
#include <utility>

#include "actors/base/logging.h"
#include "agent/launcher/io_strand_asio.h"

namespace meseta::agent {
namespace {

namespace asio = boost::asio;
using Socket = asio::local::stream_protocol::socket;
using Strand = asio::strand<asio::io_context::executor_type>;

// `go` and kills; what a user's impatience adds beyond is dropped, the first kill counts.
constexpr size_t kMaxPendingFrames = 32;
constexpr std::chrono::milliseconds kFirstReapDelay{5};
constexpr std::chrono::milliseconds kMaxReapDelay{1000};

class AsioShimChannel final : public ShimChannel,
                              public std::enable_shared_from_this<AsioShimChannel> {
 public:
  AsioShimChannel(Strand strand, UniqueFd socket, pid_t child)
      : strand_(strand), socket_(strand), reap_timer_(strand), child_(child) {
    boost::system::error_code error;
    socket_.assign(asio::local::stream_protocol(), socket.get(), error);
    if (error) {
      LOG(ERROR) << "Failed to watch a shim: " << error.message();
    } else {
      socket.Release();
    }
  }

  void Start(Handler handler) override {
    handler_ = std::move(handler);
    ReadHeader();
  }

  void Send(std::string frame) override {
    if (!socket_.is_open() || pending_.size() >= kMaxPendingFrames) return;
    pending_.push_back(std::move(frame));
    if (pending_.size() == 1) Write();
  }

  void Close() override {
    boost::system::error_code ignored;
    socket_.shutdown(Socket::shutdown_both, ignored);  // The pending read ends and tells Gone.
  }

 private:
  void ReadHeader() {
    auto self = shared_from_this();
    asio::async_read(socket_, asio::buffer(buffer_.data(), shim::kFrameHeaderBytes),
                     [self](boost::system::error_code error, size_t) {
                       if (error) return self->End();
                       self->ReadFields();
                     });
  }

  void ReadFields() {
    const std::string_view head(buffer_.data(), shim::kFrameHeaderBytes);
    if (!shim::ReadFrameHeader(head, shim::kMaxSmallFrameBytes, &header_)) {
      LOG(ERROR) << "A shim sent a malformed frame";
      return End();
    }
    auto self = shared_from_this();
    asio::async_read(socket_, asio::buffer(buffer_.data(), header_.length),
                     [self](boost::system::error_code error, size_t) {
                       if (error) return self->End();
                       self->Deliver();
                       self->ReadHeader();
                     });
  }

  void Deliver() {
    const std::string_view fields(buffer_.data(), header_.length);
    const std::optional<ShimEvent> event = DecodeEvent(header_.type, fields);
    if (event.has_value() && handler_) handler_(*event);
  }

  void Write() {
    auto self = shared_from_this();
    asio::async_write(socket_, asio::buffer(pending_.front()),
                      [self](boost::system::error_code error, size_t) {
                        if (error) return self->pending_.clear();  // The reader tells the end.
                        self->pending_.pop_front();
                        if (!self->pending_.empty()) self->Write();
                      });
  }

  void End() {
    boost::system::error_code ignored;
    socket_.close(ignored);
    Reap();
    const Handler handler = std::exchange(handler_, nullptr);
    if (handler) handler(ShimGone{});
  }

  // The shim exits right after it has closed its end, or has been killed: mostly it is done, or will
  // be in a moment. One that lives on without its channel is asked for ever more rarely.
  void Reap() {
    if (child_ == 0 || waitpid(child_, nullptr, WNOHANG) != 0) return;
    reap_timer_.expires_after(reap_delay_);
    reap_delay_ = std::min(2 * reap_delay_, kMaxReapDelay);
    auto self = shared_from_this();
    reap_timer_.async_wait([self](boost::system::error_code error) {
      if (!error) self->Reap();
    });
  }

  Strand strand_;
  Socket socket_;
  asio::steady_timer reap_timer_;
  std::chrono::milliseconds reap_delay_ = kFirstReapDelay;
  const pid_t child_;  // 0: not a child of this process, so not ours to reap.
  Handler handler_;
  shim::FrameHeader header_;
  std::array<char, shim::kMaxSmallFrameBytes> buffer_;
  std::deque<std::string> pending_;  // The first is being written.
};

}  // namespace

std::shared_ptr<ShimChannel> ShimChannel::Create(IoStrand& strand, UniqueFd socket, pid_t child) {
  return std::make_shared<AsioShimChannel>(strand.impl().strand, std::move(socket), child);
}

}  // namespace meseta::agent
