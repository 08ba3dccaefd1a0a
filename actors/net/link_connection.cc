#include "actors/net/link_connection.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <algorithm>
#include <chrono>
#include <span>
#include <utility>

namespace meseta::net {
namespace {

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
using SteadyTime = std::chrono::steady_clock::time_point;

SteadyTime ToSteady(Time time) {
  if (time == Time::Max()) return SteadyTime::max();
  return SteadyTime(std::chrono::nanoseconds(time.nanos()));
}

}  // namespace

LinkOutbox::LinkOutbox(SendQueue::Options options, asio::any_io_executor executor)
    : queue_(options), executor_(std::move(executor)) {}

void LinkOutbox::Post(void (LinkConnection::*what)()) {
  const std::lock_guard<std::mutex> lock(mutex_);
  PostLocked(what);
}

void LinkOutbox::PostLocked(void (LinkConnection::*what)()) {
  if (ended_) return;
  asio::post(executor_, [connection = connection_, what] {
    if (const auto self = connection.lock()) ((*self).*what)();
  });
}

LinkOutbox::Sent LinkOutbox::Send(Lane lane, std::string body) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!open_) return Sent::kDown;
    if (queue_.Push(lane, &body)) {
      if (std::exchange(wake_posted_, true)) return Sent::kQueued;
    } else {
      open_ = false;
      close_reason_ = Refused(body.size());
      queue_.Clear();
    }
    if (open_) {
      PostLocked(&LinkConnection::WakeWriter);
      return Sent::kQueued;
    }
    PostLocked(&LinkConnection::CloseAsAsked);
  }
  return Sent::kFull;
}

Status LinkOutbox::Refused(size_t size) const {
  if (size > kMaxMessageBytes) {
    return ResourceExhausted("a message of " + std::to_string(size) +
                             " bytes is larger than a link carries");
  }
  return ResourceExhausted("the peer does not read: " + std::to_string(queue_.messages()) +
                           " messages, " + std::to_string(queue_.bytes()) + " bytes wait for it");
}

void LinkOutbox::Consumed() {
  consumed_.fetch_add(1);
  if (paused_.load()) Post(&LinkConnection::WakeReader);
}

void LinkOutbox::Close(Status reason) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    open_ = false;
    if (reason.ok()) reason = Unavailable("the link is not needed any more");
    if (close_reason_.ok()) close_reason_ = std::move(reason);
  }
  Post(&LinkConnection::CloseAsAsked);
}

void LinkOutbox::Sync() { Post(&LinkConnection::SyncActors); }

LinkConnection::LinkConnection(std::shared_ptr<LinkHost> host, std::unique_ptr<AnyStream> stream,
                               Options options)
    : host_(std::move(host)),
      stream_(std::move(stream)),
      options_(std::move(options)),
      core_(options_.core, Rng(options_.seed)),
      session_(&host_->registry(), &host_->counters()),
      outbox_(std::make_shared<LinkOutbox>(options_.queue, stream_->executor())),
      write_wake_(stream_->executor(), SteadyTime::max()),
      read_wake_(stream_->executor(), SteadyTime::max()),
      tick_(stream_->executor()),
      read_buffer_(kMinReadBuffer, '\0') {}

asio::awaitable<void> LinkConnection::Run(std::string first) {
  const auto self = shared_from_this();
  outbox_->connection_ = self;
  Perform(core_.Start(host_->Context()));
  Spawn(stream_->executor(), TimerLoop());
  Spawn(stream_->executor(), WriteLoop());
  if (!first.empty()) Perform(core_.Receive(first, host_->Context()));
  co_await ReadLoop();
}

asio::awaitable<void> LinkConnection::ReadLoop() {
  const auto self = shared_from_this();
  while (!core_.down()) {
    FoldConsumed();
    if (!core_.WantsRead()) {
      host_->counters().pauses.fetch_add(1, std::memory_order_relaxed);
      outbox_->paused_.store(true);
      FoldConsumed();  // One may have consumed before it could see paused_.
      while (!core_.WantsRead() && !core_.down()) co_await read_wake_.async_wait(kTuple);
      outbox_->paused_.store(false);
      continue;
    }
    const std::span<char> into(read_buffer_);
    const auto [error, n] = co_await stream_->ReadSome(into, Duration::Max());
    if (core_.down()) break;
    if (error) {
      // A write that met its deadline ends the read, too.
      Perform(core_.Broken(error == asio::error::operation_aborted
                               ? DeadlineExceeded("the peer has not taken what was written for " +
                                                  options_.write_stall.ToString())
                               : IoStatus(error, "the link to " + stream_->peer() + " broke")));
      break;
    }
    host_->counters().bytes_in.fetch_add(n, std::memory_order_relaxed);
    const std::string_view bytes(read_buffer_.data(), n);
    Perform(core_.Receive(bytes, host_->Context()));
    ResizeReadBuffer(n);
  }
}

asio::awaitable<void> LinkConnection::WriteLoop() {
  const auto self = shared_from_this();
  for (;;) {
    {
      const std::lock_guard<std::mutex> lock(outbox_->mutex_);
      outbox_->wake_posted_ = false;
      outbox_->queue_.NextWrite(&write_buffer_);
      if (!write_buffer_.empty()) outbox_->wake_posted_ = true;  // We look again ourselves.
    }
    if (write_buffer_.empty()) {
      if (core_.down()) break;
      if (write_buffer_.capacity() > kIdleWriteBuffer) std::string().swap(write_buffer_);
      co_await write_wake_.async_wait(kTuple);
      continue;
    }
    const asio::const_buffer buffers[1] = {asio::buffer(write_buffer_)};
    const std::span<const asio::const_buffer> all(buffers);
    const auto [error, n] = co_await stream_->Write(all, options_.write_stall);
    host_->counters().bytes_out.fetch_add(n, std::memory_order_relaxed);
    host_->counters().writes.fetch_add(1, std::memory_order_relaxed);
    if (!error) continue;
    Perform(core_.Broken(IoStatus(error, "cannot write to the link to " + stream_->peer())));
    break;
  }
  co_await stream_->ShutdownWrite(kFlushDeadline);
  stream_->Close();
  written_ = true;
  tick_.cancel();
}

asio::awaitable<void> LinkConnection::TimerLoop() {
  const auto self = shared_from_this();
  while (!core_.down()) {
    tick_at_ = core_.wake_at();
    tick_.expires_at(ToSteady(tick_at_));
    co_await tick_.async_wait(kTuple);
    if (!core_.down()) Perform(core_.Tick(host_->Context()));
  }
  // What is left to write gets a moment, however little the peer reads.
  tick_.expires_after(std::chrono::nanoseconds(kFlushDeadline.nanos()));
  if (!written_) co_await tick_.async_wait(kTuple);
  stream_->Close();
}

void LinkConnection::Perform(LinkEffects effects) {
  QueueControl(std::move(effects.send), effects.down.has_value());
  if (effects.up) GoUp(*std::move(effects.up));
  if (!effects.deliver.empty() && link_ != 0 && reason_.ok()) {
    core_.Handed(session_.Deliver(std::move(effects.deliver)));
  }
  if (effects.down && reason_.ok()) End(*effects.down);
  RearmTimer();
}

void LinkConnection::GoUp(LinkPeer peer) {
  Result<LinkId> link = host_->Opened(core_.peer_claim(), outbox_);
  if (!link.ok()) {
    Perform(core_.Close(link.status()));
    return;
  }
  link_ = *link;
  {
    const std::lock_guard<std::mutex> lock(outbox_->mutex_);
    outbox_->open_ = true;
  }
  if (on_up_) on_up_();
  session_.Up(link_, std::move(peer));
}

void LinkConnection::End(const Status& reason) {
  reason_ = reason;
  {
    const std::lock_guard<std::mutex> lock(outbox_->mutex_);
    outbox_->open_ = false;
    outbox_->ended_ = true;
  }
  if (link_ != 0) {
    session_.Down(reason);
    host_->Ended(link_, core_.peer_claim());
  } else {
    host_->counters().links_refused.fetch_add(1, std::memory_order_relaxed);
  }
  write_wake_.cancel();
  read_wake_.cancel();
  tick_.cancel();
}

void LinkConnection::QueueControl(std::vector<ControlFrame> frames, bool down) {
  if (frames.empty() && !down) return;
  {
    const std::lock_guard<std::mutex> lock(outbox_->mutex_);
    // Only when we close the link ourselves what is queued still leaves, before the close frame.
    if (down && !closing_) outbox_->queue_.Clear();
    for (ControlFrame& frame : frames) {
      if (frame.type == FrameType::kClose) {
        outbox_->queue_.PushLast(frame.type, std::move(frame.body));
      } else if (!outbox_->queue_.PushControl(frame.type, std::move(frame.body))) {
        break;  // A flood of keepalives gets fewer answers.
      }
    }
  }
  write_wake_.cancel();
}

void LinkConnection::FoldConsumed() {
  const Time now = host_->Context().now;
  for (int n = outbox_->consumed_.exchange(0); n > 0; --n) core_.Consumed(now);
}

void LinkConnection::RearmTimer() {
  if (core_.wake_at() < tick_at_) tick_.cancel();
}

// Grows while reads fill it, shrinks when they do not come near: thousands of idle links stay small.
void LinkConnection::ResizeReadBuffer(size_t last_read) {
  const size_t size = read_buffer_.size();
  if (last_read == size && size < kMaxReadBuffer) {
    read_buffer_.assign(size * 4 > kMaxReadBuffer ? kMaxReadBuffer : size * 4, '\0');
  } else if (last_read < size / 16 && size > kMinReadBuffer) {
    std::string(std::max(size / 4, kMinReadBuffer), '\0').swap(read_buffer_);
  }
}

void LinkConnection::Close(Status reason) {
  closing_ = true;
  Perform(core_.Close(std::move(reason)));
}

void LinkConnection::WakeWriter() { write_wake_.cancel(); }

void LinkConnection::WakeReader() {
  FoldConsumed();
  if (core_.WantsRead()) read_wake_.cancel();
}

void LinkConnection::CloseAsAsked() {
  Status reason;
  {
    const std::lock_guard<std::mutex> lock(outbox_->mutex_);
    reason = outbox_->close_reason_;
  }
  if (!reason.ok()) Close(std::move(reason));
}

void LinkConnection::SyncActors() {
  if (!core_.down()) session_.Sync();
}

}  // namespace meseta::net
