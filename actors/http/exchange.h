// Exchange and Outbox: how an answer travels from any thread to the connection that writes it.
//
// The connection waits on the Signal, then takes what is there. Both survive the connection: once
// it has ended, answers are dropped and streams are closed. The outbox is bounded; a peer that does
// not read is cut.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "actors/http/message.h"
#include "actors/http/signal.h"

namespace meseta::http {

inline constexpr size_t kMaxOutboxBytes = 4 * 1024 * 1024;

class Outbox final : public StreamWriter {
 public:
  Outbox(std::shared_ptr<Signal> signal, size_t max_bytes, std::function<void()> on_closed);

  bool Write(std::string bytes) override;
  bool WriteShared(std::shared_ptr<const std::string> bytes) override;
  void Close() override;
  [[nodiscard]] bool closed() const override;

  // The connection's side.
  struct Batch {
    std::vector<std::shared_ptr<const std::string>> pieces;
    bool last = false;  // Close() came after these.
    bool cut = false;   // The peer did not keep up.
  };
  Batch Take();
  // The stream has ended, for whatever reason. Calls on_closed once.
  void Finish();

 private:
  const std::shared_ptr<Signal> signal_;
  const size_t max_bytes_;
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<const std::string>> queue_;
  size_t queued_bytes_ = 0;    // Without the large piece.
  bool large_queued_ = false;  // One piece above the bound may wait, such as a first snapshot.
  bool closing_ = false;
  bool overflowed_ = false;
  bool finished_ = false;
  std::function<void()> on_closed_;
};

class Exchange final : public Responder {
 public:
  Exchange(std::shared_ptr<Signal> signal, size_t max_outbox_bytes)
      : signal_(std::move(signal)), max_outbox_bytes_(max_outbox_bytes) {}

  void Send(Response response) override;
  std::shared_ptr<StreamWriter> Stream(Response head, std::function<void()> on_closed) override;

  // What the handler's side holds, so that dropping it unanswered is noticed.
  static ResponderPtr Handle(std::shared_ptr<Exchange> exchange);

  // The connection's side.
  [[nodiscard]] bool answered() const;
  Response TakeResponse();           // REQUIRES: answered().
  std::shared_ptr<Outbox> outbox();  // Set when the answer is a stream.
  // The connection has ended: later answers are dropped.
  void Abandon();

 private:
  const std::shared_ptr<Signal> signal_;
  const size_t max_outbox_bytes_;
  mutable std::mutex mutex_;
  std::optional<Response> response_;
  std::shared_ptr<Outbox> outbox_;
  bool answered_ = false;
  bool abandoned_ = false;
};

}  // namespace meseta::http
