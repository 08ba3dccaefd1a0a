#include "actors/http/client.h"

#include <array>
#include <boost/asio/post.hpp>
#include <future>
#include <utility>

#include "actors/http/client_impl.h"
#include "actors/http/gzip.h"
#include "actors/http/request_head.h"
#include "actors/net/address.h"
#include "actors/net/tls_context.h"

namespace meseta::http {
namespace {

using Clock = std::chrono::steady_clock;
using Phase = ResponseParser::Phase;

constexpr size_t kReadBytes = 32 * 1024;
constexpr size_t kMaxRedirectBodyBytes = 64 * 1024;

std::string AddressOf(const ClientRequest& request, const Url& url) {
  if (!request.unix_path.empty()) return "'" + request.unix_path + "'";
  net::HostPort where;
  where.host = url.host;
  where.port = url.port;
  return where.ToString();
}

bool IsIdempotent(const std::string& method) {
  return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE" ||
         method == "OPTIONS";
}

// Collects the answer of Send.
struct Collector {
  Response response;
  Status problem;
  size_t max_bytes = 0;

  // False when there is more than allowed.
  bool Add(std::string_view data) {
    if (response.body.size() + data.size() > max_bytes) {
      problem =
          ResourceExhausted("The response is larger than " + std::to_string(max_bytes) + " bytes");
      return false;
    }
    response.body += data;
    return true;
  }

  Result<Response> Finish(const Status& status) {
    if (!problem.ok()) return problem;
    if (!status.ok()) return status;
    const auto encoding = response.headers.Get("Content-Encoding");
    if (encoding && SameName(*encoding, "gzip") && !response.body.empty()) {
      ASSIGN_OR_RETURN(response.body, Gunzip(response.body, max_bytes));
      response.headers.Remove("Content-Encoding");
    }
    return std::move(response);
  }
};

}  // namespace

ClientOperation::ClientOperation(std::shared_ptr<ClientCore> core, ClientRequest request,
                                 bool streaming, Callbacks callbacks,
                                 const asio::any_io_executor& executor,
                                 std::unique_ptr<net::AnyStream> stream)
    : core_(std::move(core)),
      request_(std::move(request)),
      streaming_(streaming),
      callbacks_(std::move(callbacks)),
      stream_(std::move(stream)),
      executor_(stream_ ? stream_->executor() : executor) {}

std::string ClientOperation::PoolKey(const ClientRequest& request, const Url& url) {
  return url.scheme + ' ' + AddressOf(request, url);
}

void ClientOperation::Launch() {
  auto self = shared_from_this();
  asio::post(executor_, [self] { net::Spawn(self->executor_, self->Run()); });
}

void ClientOperation::Close() {
  if (cancelled_.exchange(true)) return;
  auto self = shared_from_this();
  asio::post(executor_, [self] {
    if (self->stream_) self->stream_->Close();
  });
}

void ClientOperation::Fail(const Status& status) {
  auto self = shared_from_this();
  asio::post(executor_, [self, status] {
    self->stream_.reset();
    self->End(status);
  });
}

void ClientOperation::End(const Status& status) {
  core_->Finished(this);
  const Callbacks callbacks = std::move(callbacks_);
  callbacks_ = Callbacks();
  if (callbacks.on_end) callbacks.on_end(status);
}

Duration ClientOperation::Left() const {
  if (head_seen_) return request_.stream_silence;
  if (request_.timeout == Duration::Max()) return request_.timeout;
  const auto spent =
      std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - started_).count();
  return std::max(request_.timeout - Duration::Nanos(spent), Duration::Nanos(0));
}

asio::awaitable<void> ClientOperation::Run() {
  const auto self = shared_from_this();
  Status status;
  bool redirected = true;
  while (redirected && !cancelled_) {
    redirected = false;
    const auto url = ParseUrl(request_.url);
    if (!url.ok()) {
      status = url.status();
      break;
    }
    status = co_await Exchange(*url, &redirected);
  }
  stream_.reset();
  if (cancelled_ && (redirected || !status.ok())) status = Unavailable("The request was cancelled");
  End(status);
}

asio::awaitable<Status> ClientOperation::Open(const Url& url) {
  reused_ = stream_ != nullptr && stream_->Quiet();
  if (reused_) co_return OkStatus();
  stream_.reset();
  net::ConnectTarget target;
  target.host = url.host;
  target.port = url.port;
  target.unix_path = request_.unix_path;
  if (url.scheme == "https" && target.unix_path.empty()) {
    auto tls = core_->Tls();
    if (!tls.ok()) co_return tls.status();
    target.tls = std::move(*tls);
  }
  auto stream = co_await net::Connect(target, Left());
  if (!stream.ok()) co_return stream.status();
  stream_ = std::move(*stream);
  if (cancelled_) co_return Unavailable("The request was cancelled");
  co_return OkStatus();
}

asio::awaitable<Status> ClientOperation::WriteRequest(const Url& url) {
  const auto head =
      RenderRequestHead(request_.method, url, request_.headers, request_.body.size(), !streaming_);
  if (!head.ok()) co_return head.status();
  const std::array<asio::const_buffer, 2> both = {
      asio::const_buffer(head->data(), head->size()),
      asio::const_buffer(request_.body.data(), request_.body.size())};
  const std::span<const asio::const_buffer> buffers(both);
  auto [error, n] = co_await stream_->Write(buffers, Left());
  // A server may answer and close before it has read a large body: its answer decides.
  if (error && n < head->size()) {
    co_return net::IoStatus(error, "Cannot send to " + AddressOf(request_, url));
  }
  co_return OkStatus();
}

asio::awaitable<Status> ClientOperation::Fill(Duration timeout) {
  if (timeout <= Duration::Nanos(0)) co_return DeadlineExceeded("the request timed out");
  const size_t held = input_.size();
  input_.resize(held + kReadBytes);
  const std::span<char> into(input_.data() + held, kReadBytes);
  auto [error, n] = co_await stream_->ReadSome(into, timeout);
  input_.resize(held + n);
  if (error) co_return net::IoStatus(error, "No answer");
  co_return OkStatus();
}

asio::awaitable<Status> ClientOperation::ReadHead(ResponseParser& parser) {
  std::string none;
  for (;;) {
    if (!input_.empty()) {
      input_.erase(0, parser.Put(input_, &none));
      if (parser.phase() == Phase::kFailed) co_return Unavailable(parser.error());
      if (parser.phase() != Phase::kHeader) co_return OkStatus();
    }
    Status status = co_await Fill(Left());
    if (!status.ok()) co_return status;
  }
}

asio::awaitable<Status> ClientOperation::ReadBody(ResponseParser& parser, bool deliver) {
  std::string piece;
  size_t dropped = 0;
  while (parser.phase() == Phase::kBody) {
    if (!input_.empty()) {
      piece.clear();
      input_.erase(0, parser.Put(input_, &piece));
      if (parser.phase() == Phase::kFailed) co_return Unavailable(parser.error());
      if (deliver && !piece.empty() && !callbacks_.on_data(piece)) cancelled_ = true;
      if (!deliver) dropped += piece.size();
      if (dropped > kMaxRedirectBodyBytes) co_return Unavailable("The redirect has a large body");
      if (cancelled_) co_return Unavailable("The request was cancelled");
      if (parser.phase() != Phase::kBody) break;
    }
    const Status status = co_await Fill(Left());
    if (status.ok()) continue;
    if (status.code() == StatusCode::kDeadlineExceeded || cancelled_) co_return status;
    parser.PutEnd();
    if (parser.phase() == Phase::kFailed) co_return Unavailable(parser.error());
  }
  co_return OkStatus();
}

bool ClientOperation::WantsRedirect(const Response& head) const {
  const int status = head.status;
  return request_.max_redirects > 0 && head.headers.Has("Location") &&
         (status == 301 || status == 302 || status == 303 || status == 307 || status == 308);
}

Status ClientOperation::PrepareRedirect(const Url& from, const Response& head) {
  ASSIGN_OR_RETURN(const std::string location,
                   ResolveLocation(from, head.headers.Get("Location").value_or("")));
  ASSIGN_OR_RETURN(const Url to, ParseUrl(location));
  const bool same_host = to.host == from.host && to.port == from.port && to.scheme == from.scheme;
  if (!same_host && !request_.redirect_authorization) request_.headers.Remove("Authorization");
  if (head.status < 307 && request_.method != "HEAD") {
    request_.method = "GET";
    request_.body.clear();
  }
  request_.url = location;
  --request_.max_redirects;
  return OkStatus();
}

asio::awaitable<Status> ClientOperation::Exchange(const Url& url, bool* redirected) {
  Status status;
  std::unique_ptr<ResponseParser> parser;
  for (int attempt = 0;; ++attempt) {
    input_.clear();
    status = co_await Open(url);
    if (!status.ok()) co_return status;
    const bool reused = reused_;
    status = co_await WriteRequest(url);
    // Interim answers, such as 100 Continue, come before the real one.
    do {
      parser = std::make_unique<ResponseParser>(request_.method == "HEAD");
      if (status.ok()) status = co_await ReadHead(*parser);
    } while (status.ok() && parser->head().status < 200 && parser->head().status != 101);
    if (status.ok()) break;
    // The server may close a kept connection just as we use it.
    const bool again = reused && attempt == 0 && input_.empty() && !cancelled_ &&
                       status.code() != StatusCode::kDeadlineExceeded &&
                       IsIdempotent(request_.method);
    if (!again) co_return status.WithContext(request_.method + " " + request_.url);
    stream_.reset();
  }
  if (parser->head().status == 101)
    co_return Unavailable("The server changed the protocol unasked");
  const bool follow = WantsRedirect(parser->head());
  if (follow) {
    status = PrepareRedirect(url, parser->head());
    if (!status.ok()) co_return status;
  } else {
    if (callbacks_.on_head) callbacks_.on_head(parser->head());
    head_seen_ = streaming_;
  }
  status = co_await ReadBody(*parser, !follow);
  *redirected = follow && status.ok();
  if (!status.ok()) co_return status;
  if (parser->keep_alive() && input_.empty() && !cancelled_) {
    core_->KeepIdle(PoolKey(request_, url), std::move(stream_));
  }
  stream_.reset();
  co_return OkStatus();
}

Client::Client(net::IoRuntime& runtime, ClientOptions options)
    : core_(std::make_shared<ClientCore>(runtime, std::move(options))) {}

Client::~Client() { core_->Close(); }

void Client::Send(ClientRequest request, OnResponse done) {
  auto collector = std::make_shared<Collector>();
  collector->max_bytes = request.max_body_bytes;
  ClientCore::Callbacks callbacks;
  callbacks.on_head = [collector](const Response& head) { collector->response = head; };
  callbacks.on_data = [collector](std::string_view data) { return collector->Add(data); };
  callbacks.on_end = [collector, done = std::move(done)](const Status& status) {
    done(collector->Finish(status));
  };
  core_->Start(std::move(request), false, std::move(callbacks));
}

std::shared_ptr<ClientStream> Client::Stream(ClientRequest request, OnHead on_head, OnData on_data,
                                             OnEnd on_end) {
  ClientCore::Callbacks callbacks;
  callbacks.on_head = std::move(on_head);
  callbacks.on_data = [on_data = std::move(on_data)](std::string_view data) {
    if (on_data) on_data(data);
    return true;
  };
  callbacks.on_end = std::move(on_end);
  return core_->Start(std::move(request), true, std::move(callbacks));
}

Result<Response> Fetch(ClientRequest request, Duration deadline,
                       std::shared_ptr<net::TlsContext> tls) {
  net::IoRuntime runtime(1);
  ClientOptions options;
  options.tls = std::move(tls);
  request.timeout = std::min(request.timeout, deadline);
  std::promise<Result<Response>> done;
  auto future = done.get_future();
  Client client(runtime, options);
  client.Send(std::move(request),
              [&done](Result<Response> result) { done.set_value(std::move(result)); });
  Result<Response> result = future.get();
  runtime.Stop();
  return result;
}

}  // namespace meseta::http
