#include "actors/http/connection.h"

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdio>
#include <ctime>
#include <exception>
#include <utility>

#include "actors/base/logging.h"
#include "actors/http/gzip.h"
#include "actors/http/http_date.h"
#include "actors/http/negotiation.h"

namespace meseta::http {
namespace {

using Clock = std::chrono::steady_clock;
using Phase = RequestParser::Phase;

constexpr size_t kReadBytes = 4096;                 // At least this much room for a read.
constexpr size_t kBodyReadBytes = 64 * 1024;        // And this much when there is a lot to read.
constexpr size_t kWriteSliceBytes = 256 * 1024;     // Written under one deadline.
constexpr size_t kCompressPieceBytes = 64 * 1024;   // Compressed before others have their turn.
constexpr size_t kMaxDiscardBytes = 256 * 1024;     // Of the body of a refused request.
constexpr size_t kMaxLingerBytes = 1024 * 1024;     // Read after a last answer, so that it arrives.
constexpr size_t kMaxStreamInputBytes = 64 * 1024;  // What a peer may send while an answer streams.
constexpr Duration kLinger = Duration::Seconds(2);

Duration Since(Clock::time_point start) {
  return Duration::Nanos(
      std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start).count());
}

// The Date header, rendered once a second.
const std::string& DateNow() {
  thread_local std::time_t second = 0;
  thread_local std::string text;
  const std::time_t now = std::time(nullptr);
  if (now != second) {
    second = now;
    text = FormatHttpDate(now);
  }
  return text;
}

std::string_view BodyOf(const Response& response) {
  return response.shared_body ? std::string_view(*response.shared_body) : response.body;
}

}  // namespace

Connection::Connection(std::shared_ptr<ServerCore> core, std::unique_ptr<net::AnyStream> stream)
    : core_(std::move(core)),
      stream_(std::move(stream)),
      executor_(stream_->executor()),
      signal_(std::make_shared<Signal>(executor_)) {
  ++core_->stats.connections;
}

Connection::~Connection() {
  CountBuffered(0);
  if (exchange_) exchange_->Abandon();
  signal_->Detach();
  --core_->stats.connections;
  const std::lock_guard<std::mutex> lock(core_->mutex);
  core_->connections.erase(this);
  if (core_->connections.empty()) core_->emptied.notify_all();
}

void Connection::Drain() {
  draining_ = true;
  if (idle_ && stream_) return Cut();
  if (exchange_) {
    if (auto outbox = exchange_->outbox()) outbox->Close();
  }
}

void Connection::Cut() {
  gone_ = true;
  if (stream_) stream_->Close();
  signal_->Notify();
}

asio::awaitable<void> Connection::Run() {
  const auto self = shared_from_this();
  bool more = true;
  while (more && !gone_ && !core_->stopping) more = co_await ServeOne();
  if (stream_) stream_->Close();
}

// Bodies count while they are collected and until they are answered.
void Connection::CountBuffered(size_t bytes) {
  core_->stats.buffered_body_bytes += bytes;
  core_->stats.buffered_body_bytes -= std::exchange(buffered_, bytes);
}

asio::awaitable<bool> Connection::ServeOne() {
  RequestParser parser(core_->options.max_header_bytes);
  if (!co_await ReadHead(parser)) co_return false;
  ++core_->stats.requests;
  parser.request().peer = stream_->peer();
  const std::string protocol = parser.upgrade();
  const auto upgrade = protocol.empty() ? core_->upgrades.end() : core_->upgrades.find(protocol);
  if (upgrade != core_->upgrades.end()) {
    co_await HandOver(parser, upgrade->second);
    co_return false;
  }
  Facts facts = FactsOf(parser);
  Admission admission = Admit(parser);
  if (!co_await ReadBody(parser, admission)) co_return false;
  std::optional<Response> refusal = std::move(admission.refusal);
  if (!refusal) refusal = DecodeBody(*admission.route, &parser.request());
  if (refusal) {
    CountBuffered(0);
    co_return co_await SendResponse(std::move(*refusal), std::move(facts));
  }
  co_return co_await Answer(*admission.route, std::move(parser.request()), std::move(facts));
}

Connection::Facts Connection::FactsOf(RequestParser& parser) const {
  const Request& request = parser.request();
  Facts facts;
  facts.head = request.method == "HEAD";
  facts.keep_alive = parser.keep_alive();
  facts.http_1_0 = parser.http_1_0();
  facts.gzip = AcceptsGzip(request.headers);
  if (core_->options.jsonp && request.method == "GET") {
    const auto callback = request.query.find("jsonp");
    if (callback != request.query.end()) facts.jsonp = callback->second;
  }
  facts.started = Clock::now();
  return facts;
}

asio::awaitable<bool> Connection::ReadHead(RequestParser& parser) {
  const ServerDeadlines& deadlines = core_->options.deadlines;
  std::optional<Clock::time_point> first_byte;
  for (;;) {
    if (input_.size() > input_start_) {
      idle_ = false;
      if (!first_byte) first_byte = Clock::now();
      Consume(parser.Put(std::string_view(input_).substr(input_start_)));
      if (parser.phase() == Phase::kFailed) co_return co_await ParseFailed(parser);
      if (parser.phase() != Phase::kHeader) co_return true;
    } else {
      idle_ = true;
      if (draining_) co_return false;
    }
    const Duration timeout = first_byte ? deadlines.header - Since(*first_byte) : deadlines.idle;
    if (co_await Fill(timeout)) continue;
    if (timed_out_ && first_byte) {
      ++core_->stats.timed_out;
      Response late = Response::Text(408, "The request took too long to arrive");
      co_return co_await RefuseAndClose(std::move(late), false);
    }
    co_return false;
  }
}

asio::awaitable<bool> Connection::ParseFailed(const RequestParser& parser) {
  ++core_->stats.malformed;
  Response response = Response::Text(parser.error_status(), parser.error_text());
  co_return co_await RefuseAndClose(std::move(response), false);
}

std::optional<Response> Connection::Authenticate(Realm realm, Request* request) const {
  const auto authenticator = core_->options.authenticators.find(realm);
  if (authenticator == core_->options.authenticators.end() || !authenticator->second) {
    return std::nullopt;
  }
  Authenticator::Outcome outcome = authenticator->second->Authenticate(*request);
  if (!outcome.accepted) return std::move(outcome.refusal);
  request->principal = std::move(outcome.principal);
  return std::nullopt;
}

Connection::Admission Connection::Admit(RequestParser& parser) {
  Request& request = parser.request();
  Admission admission;
  admission.route = core_->router.Match(request.path);
  if (admission.route == nullptr) {
    admission.refusal = NotFoundResponse();
    return admission;
  }
  const RouteOptions& options = admission.route->options;
  admission.refusal = Authenticate(options.realm, &request);
  if (admission.refusal) return admission;
  const auto& methods = options.methods;
  const auto allows = [&methods](std::string_view method) {
    return std::find(methods.begin(), methods.end(), method) != methods.end();
  };
  const bool head_as_get = request.method == "HEAD" && allows("GET");
  if (!methods.empty() && !allows(request.method) && !head_as_get) {
    admission.refusal = MethodNotAllowedResponse(methods, request.method);
  } else if (core_->stats.requests_in_flight >= core_->options.max_requests_in_flight ||
             core_->stats.buffered_body_bytes >= core_->options.max_buffered_body_bytes) {
    ++core_->stats.overloaded;
    admission.refusal = Response::Text(503, "The server is overloaded; try again");
    admission.refusal->headers.Add("Retry-After", "1");
  }
  return admission;
}

asio::awaitable<bool> Connection::ReadBody(RequestParser& parser, const Admission& admission) {
  const ServerDeadlines& deadlines = core_->options.deadlines;
  const bool refused = admission.refusal.has_value();
  const bool head_only = parser.request().method == "HEAD";
  if (refused && parser.expects_continue() && parser.has_body()) {
    co_return co_await RefuseAndClose(*admission.refusal, head_only);
  }
  parser.ReadBody(refused ? kMaxDiscardBytes : admission.route->options.max_body_bytes, refused);
  if (parser.phase() == Phase::kBody && parser.expects_continue() &&
      input_.size() == input_start_) {
    if (!co_await WriteAll("HTTP/1.1 100 Continue\r\n\r\n", "")) co_return false;
  }
  const auto start = Clock::now();
  while (parser.phase() == Phase::kBody) {
    if (input_.size() > input_start_) {
      Consume(parser.Put(std::string_view(input_).substr(input_start_)));
      CountBuffered(parser.request().body.size());
      if (parser.phase() != Phase::kBody) break;
    }
    const auto earned = static_cast<int64_t>(
        parser.body_bytes() / std::max<size_t>(deadlines.min_body_bytes_per_second, 1));
    const Duration allowed = deadlines.body_grace + Duration::Seconds(earned);
    if (co_await Fill(allowed - Since(start))) continue;
    if (!timed_out_) co_return false;
    ++core_->stats.timed_out;
    Response late = Response::Text(408, "The request body took too long to arrive");
    co_return co_await RefuseAndClose(std::move(late), head_only);
  }
  if (parser.phase() != Phase::kFailed) co_return true;
  if (refused) co_return co_await RefuseAndClose(*admission.refusal, head_only);
  co_return co_await ParseFailed(parser);
}

std::optional<Response> Connection::DecodeBody(const Router::Route& route, Request* request) const {
  const auto encoding = request->headers.Get("Content-Encoding");
  if (!encoding || SameName(*encoding, "identity")) return std::nullopt;
  if (!SameName(*encoding, "gzip")) {
    return Response::Text(415, "The only Content-Encoding accepted here is gzip");
  }
  auto plain = Gunzip(request->body, route.options.max_body_bytes);
  if (!plain.ok()) {
    const bool large = plain.status().code() == StatusCode::kResourceExhausted;
    return Response::Text(large ? 413 : 400, plain.status().message());
  }
  request->body = std::move(*plain);
  request->headers.Remove("Content-Encoding");
  return std::nullopt;
}

asio::awaitable<void> Connection::HandOver(RequestParser& parser,
                                           const ServerCore::Upgrade& upgrade) {
  auto refusal = Authenticate(upgrade.realm, &parser.request());
  if (!refusal && parser.has_body()) {
    refusal = Response::Text(400, "A request that upgrades cannot have a body");
  }
  if (refusal) {
    co_await RefuseAndClose(std::move(*refusal), false);
    co_return;
  }
  UpgradeRequest request;
  request.head = std::move(parser.request());
  request.stream = std::move(stream_);
  request.early_bytes = input_.substr(input_start_);
  upgrade.handler(std::move(request));
}

asio::awaitable<bool> Connection::Answer(const Router::Route& route, Request request, Facts facts) {
  struct InFlight {
    std::atomic<uint64_t>& count;
    explicit InFlight(std::atomic<uint64_t>& c) : count(c) { ++count; }
    ~InFlight() { --count; }
  };
  auto in_flight = std::make_unique<InFlight>(core_->stats.requests_in_flight);
  exchange_ = std::make_shared<Exchange>(signal_, core_->options.max_outbox_bytes);
  {
    ResponderPtr responder = Exchange::Handle(exchange_);
    try {
      route.handler(std::move(request), responder);
    } catch (const std::exception& e) {
      LOG(ERROR) << "A request handler threw: " << e.what();
      responder->Send(Response::Text(500, "The request failed inside the server"));
    }
  }
  while (!exchange_->answered() && !gone_) co_await signal_->Wait();
  if (gone_) co_return false;
  CountBuffered(0);
  Response response = exchange_->TakeResponse();
  auto outbox = exchange_->outbox();
  bool more = false;
  if (outbox) {
    in_flight.reset();
    more = co_await SendStream(std::move(response), outbox, std::move(facts));
    outbox->Finish();
  } else {
    more = co_await SendResponse(std::move(response), std::move(facts));
  }
  exchange_->Abandon();
  exchange_.reset();
  co_return more;
}

asio::awaitable<void> Connection::Compress(Response& response) {
  std::string compressed;
  GzipCompressor compressor;
  std::string_view rest = BodyOf(response);
  constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
  for (;;) {
    const std::string_view piece = rest.substr(0, kCompressPieceBytes);
    rest.remove_prefix(piece.size());
    compressor.Add(piece, rest.empty(), &compressed);
    if (rest.empty()) break;
    co_await asio::post(executor_, kTuple);
  }
  response.shared_body = nullptr;
  response.body = std::move(compressed);
  response.headers.Set("Content-Encoding", "gzip");
  response.headers.Add("Vary", "Accept-Encoding");
}

asio::awaitable<bool> Connection::SendResponse(Response response, Facts facts) {
  if (response.status >= 500) {
    ++core_->stats.responses_5xx;
  } else if (response.status >= 400) {
    ++core_->stats.responses_4xx;
  }
  if (!facts.jsonp.empty()) WrapJsonp(facts.jsonp, &response);
  if (facts.gzip && WorthCompressing(response, BodyOf(response).size()))
    co_await Compress(response);
  HeadFacts head;
  head.http_1_0 = facts.http_1_0;
  head.keep_alive = facts.keep_alive && !draining_ && !core_->stopping;
  head.date = DateNow();
  const bool has_body = MayHaveBody(response.status);
  if (has_body) head.content_length = BodyOf(response).size();
  const std::string text = RenderHead(response, head);
  const std::string_view body = has_body && !facts.head ? BodyOf(response) : std::string_view();
  const bool written = co_await WriteAll(text, body);
  co_return written&& head.keep_alive;
}

asio::awaitable<bool> Connection::SendStream(Response response, std::shared_ptr<Outbox> outbox,
                                             Facts facts) {
  // A "Connection: close" of the request ends the connection after the stream, never before.
  HeadFacts head;
  head.http_1_0 = facts.http_1_0;
  head.keep_alive = facts.keep_alive && !facts.http_1_0;
  head.chunked = true;
  head.date = DateNow();
  const std::string text = RenderHead(response, head);
  if (!co_await WriteAll(text, "")) co_return false;
  if (facts.head) co_return head.keep_alive;
  struct Open {
    std::atomic<uint64_t>& count;
    ~Open() { --count; }
  } open{core_->stats.streams};
  ++core_->stats.streams;
  net::Spawn(executor_, WatchPeer());
  for (;;) {
    const Outbox::Batch batch = outbox->Take();
    if (batch.cut || gone_) {
      if (batch.cut) ++core_->stats.streams_cut;
      co_return false;
    }
    if (!batch.pieces.empty()) {
      const bool sent = co_await SendBatch(batch, !facts.http_1_0);
      if (!sent) co_return false;
    }
    if (batch.last) break;
    if (batch.pieces.empty()) co_await signal_->Wait();
  }
  if (!facts.http_1_0) co_await WriteAll("0\r\n\r\n", "");
  // The watcher still reads, so the connection is not used again.
  co_await stream_->ShutdownWrite(kLinger);
  co_return false;
}

asio::awaitable<bool> Connection::SendBatch(const Outbox::Batch& batch, bool chunked) {
  size_t total = 0;
  for (const auto& piece : batch.pieces) total += piece->size();
  char line[32];
  const int n = std::snprintf(line, sizeof line, "%zx\r\n", total);
  const std::string_view prefix(line, chunked ? static_cast<size_t>(n) : 0);
  if (batch.pieces.size() == 1) {
    bool sent = co_await WriteAll(prefix, *batch.pieces[0]);
    // Not `a && co_await b`: g++ 12 may await b in any case.
    if (sent && chunked) sent = co_await WriteAll("\r\n", "");
    co_return sent;
  }
  std::string joined(prefix);
  joined.reserve(total + prefix.size() + 2);
  for (const auto& piece : batch.pieces) joined += *piece;
  if (chunked) joined += "\r\n";
  co_return co_await WriteAll(joined, "");
}

asio::awaitable<void> Connection::WatchPeer() {
  const auto self = shared_from_this();
  std::array<char, 512> scratch;
  size_t total = 0;
  while (!gone_ && total <= kMaxStreamInputBytes) {
    const std::span<char> into(scratch);
    auto [error, n] = co_await stream_->ReadSome(into, Duration::Max());
    if (error) break;
    total += n;
  }
  gone_ = true;
  stream_->Close();
  signal_->Notify();
}

asio::awaitable<bool> Connection::RefuseAndClose(Response response, bool head_only) {
  CountBuffered(0);
  Facts facts;
  facts.head = head_only;
  co_await SendResponse(std::move(response), std::move(facts));
  // Closing while the peer still sends would reset the connection before it reads the answer.
  co_await stream_->ShutdownWrite(kLinger);
  const auto start = Clock::now();
  size_t total = 0;
  while (total < kMaxLingerBytes && Since(start) < kLinger) {
    input_.clear();
    input_start_ = 0;
    if (!co_await Fill(kLinger - Since(start))) break;
    total += input_.size();
  }
  co_return false;
}

asio::awaitable<bool> Connection::Fill(Duration timeout) {
  timed_out_ = false;
  if (timeout <= Duration::Nanos(0)) {
    timed_out_ = true;
    co_return false;
  }
  if (input_start_ == input_.size()) {
    input_.clear();
    input_start_ = 0;
    // Many connections are idle most of the time; they should not keep large buffers.
    if (idle_ && input_.capacity() > kReadBytes) input_ = std::string();
  } else if (input_start_ > 0) {
    input_.erase(0, input_start_);
    input_start_ = 0;
  }
  const size_t held = input_.size();
  const size_t room = idle_ ? kReadBytes - 1 : held < kReadBytes ? kReadBytes * 4 : kBodyReadBytes;
  input_.resize(held + room);
  const std::span<char> into(input_.data() + held, room);
  auto [error, n] = co_await stream_->ReadSome(into, timeout);
  input_.resize(held + n);
  timed_out_ = error == asio::error::timed_out;
  co_return !error;
}

void Connection::Consume(size_t n) { input_start_ += n; }

asio::awaitable<bool> Connection::WriteAll(std::string_view first, std::string_view second) {
  const Duration timeout = core_->options.deadlines.write;
  std::string_view slice = second.substr(0, kWriteSliceBytes);
  second.remove_prefix(slice.size());
  for (;;) {
    const std::array<asio::const_buffer, 2> both = {asio::const_buffer(first.data(), first.size()),
                                                    asio::const_buffer(slice.data(), slice.size())};
    const std::span<const asio::const_buffer> buffers(both);
    auto [error, n] = co_await stream_->Write(buffers, timeout);
    if (error) {
      if (error == asio::error::timed_out) ++core_->stats.timed_out;
      gone_ = true;
      co_return false;
    }
    if (second.empty()) co_return true;
    first = {};
    slice = second.substr(0, kWriteSliceBytes);
    second.remove_prefix(slice.size());
  }
}

}  // namespace meseta::http
