#include "frameworks/services/health/prober.h"

#include <algorithm>
#include <atomic>
#include <string>
#include <utility>

#include "actors/http/client.h"
#include "actors/net/any_stream.h"
#include "actors/net/tls_context.h"

namespace meseta::services {
namespace {

std::string UrlOf(const ProbeTarget& target) {
  const bool v6 = target.host.find(':') != std::string::npos;
  const std::string host = v6 ? "[" + target.host + "]" : target.host;
  return (target.kind == ProbeTarget::Kind::kHttps ? "https://" : "http://") + host + ":" +
         std::to_string(target.port) + target.path;
}

http::ClientOptions ClientOptionsOf(std::shared_ptr<net::TlsContext> tls) {
  http::ClientOptions options;
  options.tls = std::move(tls);
  options.max_idle_connections = 0;  // A kept connection would prove less.
  return options;
}

std::string StatusLine(int status) {
  const std::string_view reason = http::ReasonPhrase(status);
  return std::to_string(status) + (reason.empty() ? "" : " " + std::string(reason));
}

// One HTTP probe under way. Touched on the first network thread only.
struct HttpProbe {
  ProbeResult result;
  bool keep_body = false;
  bool done = false;
  std::shared_ptr<http::ClientStream> stream;
  std::shared_ptr<net::IoTimer> timer;
};

}  // namespace

// `closed` and the constants may be read on any thread; the rest belongs to the first network
// thread, where all callbacks are taken to.
struct Prober::State : std::enable_shared_from_this<Prober::State> {
  State(net::IoRuntime& given, OnResult to) : runtime(given), on_result(std::move(to)) {}

  void Begin(const Probe& probe, http::Client& client);
  void BeginHttp(const Probe& probe, http::Client& client);
  void BeginTcp(const Probe& probe);
  void OnHead(const std::shared_ptr<HttpProbe>& probe, int status, std::string content_type);
  void OnBody(const std::shared_ptr<HttpProbe>& probe, std::string data);
  void OnEnd(const std::shared_ptr<HttpProbe>& probe, std::string problem);
  void Finish(ProbeResult result);
  static net::asio::awaitable<void> ConnectOnce(std::shared_ptr<State> state, Probe probe);

  net::IoRuntime& runtime;
  const OnResult on_result;
  std::atomic<bool> closed = false;
  size_t under_way = 0;
};

void Prober::State::Finish(ProbeResult result) {
  --under_way;
  if (!closed) on_result(std::move(result));
}

void Prober::State::Begin(const Probe& probe, http::Client& client) {
  if (closed) return;
  ++under_way;
  ProbeResult result;
  result.id = probe.id;
  if (under_way > kMaxAtOnce) {
    result.problem = "too many checks are under way";
  } else if (probe.target.port == 0 || probe.target.port > 65'535) {
    result.problem = "the instance has no port for this check";
  } else if (probe.target.kind == ProbeTarget::Kind::kTcp) {
    return BeginTcp(probe);
  } else {
    return BeginHttp(probe, client);
  }
  Finish(std::move(result));
}

void Prober::State::BeginHttp(const Probe& probe, http::Client& client) {
  auto under = std::make_shared<HttpProbe>();
  under->result.id = probe.id;
  under->keep_body = probe.target.keep_body;
  http::ClientRequest request;
  request.url = UrlOf(probe.target);
  request.timeout = probe.target.timeout;
  request.stream_silence = probe.target.timeout;
  request.headers.Set("Connection", "close");
  request.headers.Set("Accept", "*/*");
  const auto self = shared_from_this();
  const auto on_head = [self, under](const http::Response& head) {
    std::string type =
        head.headers.Get("Content-Type").value_or("").substr(0, kMaxContentTypeBytes);
    self->runtime.Post([self, under, status = head.status, type = std::move(type)]() mutable {
      self->OnHead(under, status, std::move(type));
    });
  };
  const auto room = std::make_shared<size_t>(probe.target.keep_body ? kMaxBodyBytes : 0);
  const auto on_data = [self, under, room](std::string_view data) {
    if (*room == 0) return;
    std::string piece(data.substr(0, *room));
    *room -= piece.size();
    self->runtime.Post([self, under, piece = std::move(piece)]() mutable {
      self->OnBody(under, std::move(piece));
    });
  };
  const auto on_end = [self, under](const Status& status) {
    self->runtime.Post([self, under, problem = status.ok() ? "" : status.message()] {
      self->OnEnd(under, problem);
    });
  };
  under->timer =
      runtime.PostAfter(probe.target.timeout, [self, under, timeout = probe.target.timeout] {
        self->OnEnd(under, "no answer within " + timeout.ToString());
      });
  under->stream = client.Stream(std::move(request), on_head, on_data, on_end);
}

void Prober::State::OnHead(const std::shared_ptr<HttpProbe>& probe, int status,
                           std::string content_type) {
  if (probe->done) return;
  probe->result.answered = true;
  probe->result.status = status;
  probe->result.content_type = std::move(content_type);
  if (status < 200 || status >= 400) probe->result.problem = StatusLine(status);
  if (!probe->keep_body) OnEnd(probe, "");
}

void Prober::State::OnBody(const std::shared_ptr<HttpProbe>& probe, std::string data) {
  if (probe->done) return;
  probe->result.body += data;
  if (probe->result.body.size() >= kMaxBodyBytes) OnEnd(probe, "");
}

void Prober::State::OnEnd(const std::shared_ptr<HttpProbe>& probe, std::string problem) {
  if (probe->done) return;
  probe->done = true;
  // Once there is a status, a body that breaks off changes nothing.
  if (!probe->result.answered) {
    probe->result.problem =
        problem.empty() ? "the connection was closed without an answer" : problem;
  }
  if (probe->stream) probe->stream->Close();
  if (probe->timer) probe->timer->Cancel();
  probe->stream.reset();
  probe->timer.reset();
  Finish(std::move(probe->result));
}

void Prober::State::BeginTcp(const Probe& probe) {
  net::Spawn(runtime.Next().get_executor(), ConnectOnce(shared_from_this(), probe));
}

net::asio::awaitable<void> Prober::State::ConnectOnce(std::shared_ptr<State> state, Probe probe) {
  net::ConnectTarget target;
  target.host = probe.target.host;
  target.port = static_cast<uint16_t>(probe.target.port);
  auto stream = co_await net::Connect(target, probe.target.timeout);
  ProbeResult result;
  result.id = probe.id;
  result.answered = stream.ok();
  if (!stream.ok()) result.problem = stream.status().message();
  if (stream.ok()) (*stream)->Close();
  state->runtime.Post(
      [state, result = std::move(result)]() mutable { state->Finish(std::move(result)); });
}

Prober::Prober(std::shared_ptr<State> state, std::shared_ptr<http::Client> client)
    : state_(std::move(state)), client_(std::move(client)) {}

Prober::~Prober() { state_->closed = true; }

Result<std::unique_ptr<Prober>> Prober::Make(net::IoRuntime& runtime, OnResult on_result) {
  const net::TlsFiles none;
  ASSIGN_OR_RETURN(auto tls, net::TlsContext::Client(none, false));
  auto state = std::make_shared<State>(runtime, std::move(on_result));
  auto client = std::make_shared<http::Client>(runtime, ClientOptionsOf(std::move(tls)));
  return std::unique_ptr<Prober>(new Prober(std::move(state), std::move(client)));
}

// What is posted must not keep the client alive: it ends before the runtime.
void Prober::Start(const Probe& probe) {
  const std::weak_ptr<http::Client> weak = client_;
  state_->runtime.Post([state = state_, weak, probe] {
    if (const auto client = weak.lock()) state->Begin(probe, *client);
  });
}

}  // namespace meseta::services
