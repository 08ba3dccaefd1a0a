// LinkConnection: one link incarnation over one stream. It performs what LinkCore decides.
//
// Lives on its stream's thread, as three coroutines that share it: the reader, the writer, and the
// timer. Other threads reach it through its LinkOutbox only, whose mutex guards the send queue and is
// never held across I/O or calls of others. A read is one LinkCore::Receive and at most one batch per
// actor; a write gathers all that is queued, up to a bound.
//
// The end (from any cause) happens once: the outbox refuses messages, actors hear LinkDown, the close
// frame is flushed (after what is queued, when we close), the stream closed, and Run() returns.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "actors/net/any_stream.h"
#include "actors/net/link_core.h"
#include "actors/net/link_counters.h"
#include "actors/net/link_registry.h"
#include "actors/net/send_queue.h"

namespace meseta::net {

inline constexpr size_t kMinReadBuffer = 2 * 1024;
inline constexpr size_t kMaxReadBuffer = 256 * 1024;
inline constexpr size_t kIdleWriteBuffer = 16 * 1024;  // A larger one is freed when a link goes idle.
inline constexpr Duration kFlushDeadline = Duration::Seconds(2);  // At the end.

class LinkConnection;

// The end of a link that other threads use.
class LinkOutbox {
 public:
  enum class Sent { kQueued, kDown, kFull };

  LinkOutbox(SendQueue::Options options, asio::any_io_executor executor);
  // Wakes the connection when needed. kFull cuts the link.
  Sent Send(Lane lane, std::string body);
  void Consumed();
  void Close(Status reason);
  // Tells actors that registered since.
  void Sync();

 private:
  friend class LinkConnection;
  // Why a message of that size was refused.
  [[nodiscard]] Status Refused(size_t size) const;
  // Runs `what` on the link's thread, unless the link has ended.
  void Post(void (LinkConnection::*what)());
  void PostLocked(void (LinkConnection::*what)());

  std::mutex mutex_;
  SendQueue queue_;                    // Guarded by mutex_.
  bool open_ = false;                  // Guarded: up, and not down.
  bool wake_posted_ = false;           // Guarded: the writer has been told.
  Status close_reason_;                // Guarded: of Close(), OK when none.
  asio::any_io_executor executor_;     // Guarded by ended_: not used once the link has ended.
  bool ended_ = false;                 // Guarded by mutex_.
  std::weak_ptr<LinkConnection> connection_;
  std::atomic<int> consumed_{0};       // Not yet seen by the core.
  std::atomic<bool> paused_{false};    // The reader waits for consumers.
};

// What connections share with their transport; calls come on network threads.
class LinkHost {
 public:
  virtual ~LinkHost() = default;
  virtual LinkCore::Context Context() const = 0;
  // Enters the link in the table; the id, or why not (too many).
  virtual Result<LinkId> Opened(const PeerClaim& peer, std::shared_ptr<LinkOutbox> outbox) = 0;
  virtual void Ended(LinkId link, const PeerClaim& peer) = 0;
  virtual const LinkRegistry& registry() const = 0;
  virtual LinkCounters& counters() = 0;
};

class LinkConnection : public std::enable_shared_from_this<LinkConnection> {
 public:
  struct Options {
    LinkCore::Options core;
    SendQueue::Options queue;
    Duration write_stall = Duration::Seconds(30);  // A write without end for so long cuts the link.
    uint64_t seed = 0;
  };

  LinkConnection(std::shared_ptr<LinkHost> host, std::unique_ptr<AnyStream> stream,
                 Options options);

  // Runs the link to its end; `first` are bytes that came with the upgrade. On the stream's thread.
  asio::awaitable<void> Run(std::string first);
  // On the stream's thread.
  void Close(Status reason);
  // To be called, once, when the link is up. Set before Run().
  void OnUp(std::function<void()> on_up) { on_up_ = std::move(on_up); }
  // True once the handshake succeeded.
  [[nodiscard]] bool was_up() const { return link_ != 0; }
  // Why it ended.
  [[nodiscard]] const Status& reason() const { return reason_; }

 private:
  friend class LinkOutbox;

  asio::awaitable<void> ReadLoop();
  asio::awaitable<void> WriteLoop();
  asio::awaitable<void> TimerLoop();
  void Perform(LinkEffects effects);
  void GoUp(LinkPeer peer);
  void End(const Status& reason);
  void QueueControl(std::vector<ControlFrame> frames, bool down);
  void FoldConsumed();
  void RearmTimer();
  void ResizeReadBuffer(size_t last_read);
  // Posted by the outbox.
  void WakeWriter();
  void WakeReader();
  void CloseAsAsked();
  void SyncActors();

  std::shared_ptr<LinkHost> host_;
  std::unique_ptr<AnyStream> stream_;
  Options options_;
  LinkCore core_;
  LinkSession session_;
  std::shared_ptr<LinkOutbox> outbox_;
  asio::steady_timer write_wake_;  // Cancelled when there is something to write.
  asio::steady_timer read_wake_;   // Cancelled when reading goes on.
  asio::steady_timer tick_;
  Time tick_at_ = Time::Max();     // What tick_ is armed for.
  std::string read_buffer_;
  std::string write_buffer_;
  std::function<void()> on_up_;
  LinkId link_ = 0;                // 0: never was up.
  bool closing_ = false;           // Close() was called on us.
  bool written_ = false;           // The writer has ended.
  Status reason_;
};

}  // namespace meseta::net
