#include "actors/http/pipeline.h"

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <deque>
#include <utility>

#include "actors/http/request_head.h"
#include "actors/http/response_parser.h"
#include "actors/net/any_stream.h"
#include "actors/net/tls_context.h"

namespace meseta::http {
namespace {

namespace asio = net::asio;
using Clock = std::chrono::steady_clock;
using Phase = ResponseParser::Phase;

constexpr size_t kReadBytes = 32 * 1024;
constexpr size_t kWriteBytes = 256 * 1024;  // Of requests, gathered into one write.
constexpr long kWatchMillis = 1000;         // Between looks at what takes too long.

bool Longer(Clock::time_point since, Duration limit) {
  return Clock::now() - since > std::chrono::nanoseconds(limit.nanos());
}

}  // namespace

// Everything but Post() and Close() happens on the executor's thread.
class Pipeline::Impl : public std::enable_shared_from_this<Pipeline::Impl> {
 public:
  Impl(net::IoRuntime& runtime, PipelineOptions options)
      : options_(std::move(options)), executor_(runtime.Next().get_executor()) {}

  void Post(std::string target, std::string body, OnResponse done) {
    Waiting request;
    request.target = std::move(target);
    request.body = std::move(body);
    request.done = std::move(done);
    asio::post(executor_, [self = shared_from_this(), request = std::move(request)]() mutable {
      self->Take(std::move(request));
    });
  }

  void Close() {
    asio::post(executor_, [self = shared_from_this()] {
      self->closed_ = true;
      self->waiting_.clear();
      self->unanswered_.clear();
      if (self->stream_) self->stream_->Close();
    });
  }

 private:
  struct Waiting {
    std::string target;
    std::string body;
    OnResponse done;
  };
  struct Unanswered {
    size_t bytes = 0;
    Clock::time_point sent;
    OnResponse done;
  };
  using Stream = std::shared_ptr<net::AnyStream>;

  void Take(Waiting request) {
    if (closed_) return;
    if (problem_.ok() && (waiting_.size() + unanswered_.size() >= options_.max_requests ||
                          bytes_ + request.body.size() > options_.max_bytes)) {
      Fail(ResourceExhausted("Too many requests to " + options_.base + " wait for an answer"));
    }
    if (!problem_.ok()) return request.done(problem_);
    bytes_ += request.body.size();
    waiting_.push_back(std::move(request));
    Pump();
  }

  void Pump() {
    if (pumping_ || waiting_.empty() || unanswered_.size() >= options_.max_in_flight) return;
    pumping_ = true;
    net::Spawn(executor_, Write(shared_from_this()));
  }

  void Fail(const Status& problem) {
    if (closed_ || !problem_.ok()) return;
    problem_ = problem.WithContext("POST to " + options_.base);
    if (stream_) stream_->Close();
    std::deque<Unanswered> unanswered = std::move(unanswered_);
    std::deque<Waiting> waiting = std::move(waiting_);
    unanswered_.clear();
    waiting_.clear();
    for (Unanswered& request : unanswered) request.done(problem_);
    for (Waiting& request : waiting) request.done(problem_);
  }

  [[nodiscard]] bool over() const { return closed_ || !problem_.ok(); }

  asio::awaitable<Status> Connect() {
    const auto url = ParseUrl(options_.base);
    if (!url.ok()) co_return url.status();
    url_ = *url;
    net::ConnectTarget target;
    target.host = url_.host;
    target.port = url_.port;
    if (url_.scheme == "https") {
      if (!options_.tls) {
        const net::TlsFiles system;
        auto tls = net::TlsContext::Client(system, true);
        if (!tls.ok()) co_return tls.status();
        options_.tls = std::move(*tls);
      }
      target.tls = options_.tls;
    }
    auto stream = co_await net::Connect(target, options_.timeout);
    if (!stream.ok()) co_return stream.status();
    stream_ = std::move(*stream);
    if (over()) co_return OkStatus();
    last_used_ = Clock::now();
    net::Spawn(executor_, Read(shared_from_this(), stream_));
    net::Spawn(executor_, Watch(shared_from_this(), stream_));
    co_return OkStatus();
  }

  // Requests that wait, as far as they may be in flight, as bytes.
  Result<std::string> Gather() {
    std::string bytes;
    while (!waiting_.empty() && bytes.size() < kWriteBytes &&
           unanswered_.size() < options_.max_in_flight) {
      Waiting& request = waiting_.front();
      Url url = url_;
      url.target = request.target;
      auto head = RenderRequestHead("POST", url, options_.headers, request.body.size(), false);
      if (!head.ok()) return head.status();
      bytes += *head;
      bytes += request.body;
      Unanswered sent;
      sent.bytes = request.body.size();
      sent.sent = Clock::now();
      sent.done = std::move(request.done);
      unanswered_.push_back(std::move(sent));
      waiting_.pop_front();
    }
    return bytes;
  }

  static asio::awaitable<void> Write(std::shared_ptr<Impl> self) {
    while (!self->over() && !self->waiting_.empty() &&
           self->unanswered_.size() < self->options_.max_in_flight) {
      if (!self->stream_) {
        const Status connected = co_await self->Connect();
        if (!connected.ok()) self->Fail(connected);
        if (self->over()) break;
      }
      const Stream stream = self->stream_;
      auto bytes = self->Gather();
      if (!bytes.ok()) {
        self->Fail(bytes.status());
        break;
      }
      const asio::const_buffer buffer(bytes->data(), bytes->size());
      const std::span<const asio::const_buffer> buffers(&buffer, 1);
      auto [error, n] = co_await stream->Write(buffers, self->options_.timeout);
      if (error) self->Fail(net::IoStatus(error, "Cannot send"));
    }
    self->pumping_ = false;
    // Closed while it was being made.
    if (self->over() && self->stream_) self->stream_->Close();
  }

  // Until the connection ends.
  static asio::awaitable<void> Read(std::shared_ptr<Impl> self, Stream stream) {
    std::string input;
    Status status;
    while (status.ok() && !self->over()) status = co_await self->ReadAnswer(stream, &input);
    stream->Close();
    const bool present = self->stream_ == stream;
    if (present) self->stream_.reset();
    if (self->over() || !present) co_return;
    // Closed idle: the next request makes another.
    if (self->unanswered_.empty() && !self->pumping_ && input.empty()) co_return;
    self->Fail(status);
  }

  static asio::awaitable<void> Watch(std::shared_ptr<Impl> self, std::weak_ptr<net::AnyStream> stream) {
    for (;;) {
      co_await net::Sleep(kWatchMillis);
      const Stream watched = stream.lock();
      if (self->over() || !watched || self->stream_ != watched) co_return;
      if (!self->unanswered_.empty()) {
        if (!Longer(self->unanswered_.front().sent, self->options_.timeout)) continue;
        self->Fail(DeadlineExceeded("no answer within " + self->options_.timeout.ToString()));
      } else if (!self->pumping_ && Longer(self->last_used_, self->options_.max_idle_time)) {
        self->stream_.reset();
        watched->Close();
      }
    }
  }

  asio::awaitable<Status> ReadAnswer(Stream stream, std::string* input) {
    auto parser = std::make_unique<ResponseParser>(false);
    std::string body;
    for (;;) {
      if (!input->empty()) {
        input->erase(0, parser->Put(*input, &body));
        if (parser->phase() == Phase::kFailed) co_return Unavailable(parser->error());
        if (body.size() > options_.max_answer_bytes) {
          co_return ResourceExhausted("An answer is too large");
        }
      }
      if (parser->phase() == Phase::kComplete) break;
      if (!input->empty() && parser->phase() == Phase::kBody) continue;
      const Status filled = co_await Fill(stream, input);
      if (filled.ok()) continue;
      if (parser->phase() == Phase::kBody) parser->PutEnd();
      if (parser->phase() != Phase::kComplete) co_return filled;
      break;
    }
    if (parser->head().status < 200) co_return OkStatus();  // Interim, such as 100.
    const bool keep = parser->keep_alive();
    Response response = std::move(parser->head());
    response.body = std::move(body);
    Deliver(std::move(response));
    co_return keep ? OkStatus() : Unavailable("the server closed the connection");
  }

  void Deliver(Response response) {
    if (over()) return;
    if (unanswered_.empty()) return Fail(Unavailable("the server answered what was not asked"));
    Unanswered request = std::move(unanswered_.front());
    unanswered_.pop_front();
    bytes_ -= request.bytes;
    last_used_ = Clock::now();
    request.done(std::move(response));
    Pump();
  }

  // No deadline: one would cut the write that is under way. Watch() looks after the connection.
  static asio::awaitable<Status> Fill(Stream stream, std::string* input) {
    const size_t held = input->size();
    input->resize(held + kReadBytes);
    const std::span<char> into(input->data() + held, kReadBytes);
    auto [error, n] = co_await stream->ReadSome(into, Duration::Max());
    input->resize(held + n);
    if (error) co_return net::IoStatus(error, "No answer");
    co_return OkStatus();
  }

  PipelineOptions options_;
  const asio::any_io_executor executor_;
  Url url_;        // Of `base`, once it was parsed.
  Stream stream_;  // Null: not connected.
  std::deque<Waiting> waiting_;
  std::deque<Unanswered> unanswered_;  // Sent, oldest first.
  size_t bytes_ = 0;                   // Of bodies of both.
  Clock::time_point last_used_;
  bool pumping_ = false;               // Write() runs.
  bool closed_ = false;
  Status problem_;  // Why it is over.
};

Pipeline::Pipeline(net::IoRuntime& runtime, PipelineOptions options)
    : impl_(std::make_shared<Impl>(runtime, std::move(options))) {}

Pipeline::~Pipeline() { Close(); }

void Pipeline::Post(std::string target, std::string body, OnResponse done) {
  impl_->Post(std::move(target), std::move(body), std::move(done));
}

void Pipeline::Close() { impl_->Close(); }

}  // namespace meseta::http
