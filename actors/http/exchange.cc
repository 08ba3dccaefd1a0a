#include "actors/http/exchange.h"

#include <utility>

#include "actors/base/check.h"

namespace meseta::http {

Outbox::Outbox(std::shared_ptr<Signal> signal, size_t max_bytes, std::function<void()> on_closed)
    : signal_(std::move(signal)), max_bytes_(max_bytes), on_closed_(std::move(on_closed)) {}

bool Outbox::Write(std::string bytes) {
  return WriteShared(std::make_shared<const std::string>(std::move(bytes)));
}

bool Outbox::WriteShared(std::shared_ptr<const std::string> bytes) {
  bool accepted = false;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (closing_ || overflowed_ || finished_) return false;
    if (bytes->empty()) return true;
    if (bytes->size() > max_bytes_) {
      accepted = !std::exchange(large_queued_, true);
    } else {
      accepted = queued_bytes_ + bytes->size() <= max_bytes_;
      if (accepted) queued_bytes_ += bytes->size();
    }
    if (accepted) {
      queue_.push_back(std::move(bytes));
    } else {
      overflowed_ = true;
      queue_.clear();
    }
  }
  signal_->Notify();
  return accepted;
}

void Outbox::Close() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    closing_ = true;
  }
  signal_->Notify();
}

bool Outbox::closed() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return closing_ || overflowed_ || finished_;
}

Outbox::Batch Outbox::Take() {
  const std::lock_guard<std::mutex> lock(mutex_);
  Batch batch;
  batch.pieces = std::move(queue_);
  queue_.clear();
  queued_bytes_ = 0;
  large_queued_ = false;
  batch.last = closing_;
  batch.cut = overflowed_;
  return batch;
}

void Outbox::Finish() {
  std::function<void()> on_closed;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    finished_ = true;
    queue_.clear();
    on_closed = std::move(on_closed_);
    on_closed_ = nullptr;
  }
  if (on_closed) on_closed();
}

void Exchange::Send(Response response) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (answered_) return;
    answered_ = true;
    if (abandoned_) return;
    response_ = std::move(response);
  }
  signal_->Notify();
}

std::shared_ptr<StreamWriter> Exchange::Stream(Response head, std::function<void()> on_closed) {
  auto outbox = std::make_shared<Outbox>(signal_, max_outbox_bytes_, std::move(on_closed));
  bool live = false;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    live = !answered_ && !abandoned_;
    answered_ = true;
    if (live) {
      response_ = std::move(head);
      outbox_ = outbox;
    }
  }
  if (live) {
    signal_->Notify();
  } else {
    outbox->Finish();
  }
  return outbox;
}

namespace {

class HandleImpl final : public Responder {
 public:
  explicit HandleImpl(std::shared_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}
  ~HandleImpl() override {
    if (exchange_->answered()) return;
    exchange_->Send(Response::Text(500, "The request was dropped without an answer"));
  }
  void Send(Response response) override { exchange_->Send(std::move(response)); }
  std::shared_ptr<StreamWriter> Stream(Response head, std::function<void()> on_closed) override {
    return exchange_->Stream(std::move(head), std::move(on_closed));
  }

 private:
  std::shared_ptr<Exchange> exchange_;
};

}  // namespace

ResponderPtr Exchange::Handle(std::shared_ptr<Exchange> exchange) {
  return std::make_shared<HandleImpl>(std::move(exchange));
}

bool Exchange::answered() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return answered_;
}

Response Exchange::TakeResponse() {
  const std::lock_guard<std::mutex> lock(mutex_);
  CHECK(response_.has_value());
  Response response = std::move(*response_);
  response_.reset();
  return response;
}

std::shared_ptr<Outbox> Exchange::outbox() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return outbox_;
}

void Exchange::Abandon() {
  std::shared_ptr<Outbox> outbox;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    abandoned_ = true;
    outbox = outbox_;
  }
  if (outbox) outbox->Finish();
}

}  // namespace meseta::http
