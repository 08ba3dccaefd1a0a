// Probes of real sockets on loopback: good, bad, slow, endless, broken, encrypted and absent
// servers.
#include "frameworks/services/health/prober.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <future>
#include <map>
#include <vector>

#include "actors/net/any_stream.h"
#include "actors/net/listener.h"
#include "actors/net/tls_context.h"
#include "tests/support/test_certificates.h"

namespace meseta::services {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr Duration kLong = Duration::Seconds(20);

// Reads a request, sends `answer` (again and again when `endless`), then closes or waits for the
// peer.
net::asio::awaitable<void> Serve(std::shared_ptr<net::AnyStream> stream, std::string answer,
                                 bool endless, bool wait) {
  char data[4096];
  const std::span<char> into(data);
  const auto [read_error, n] = co_await stream->ReadSome(into, kLong);
  if (read_error) co_return;
  const net::asio::const_buffer buffers[1] = {
      net::asio::const_buffer(answer.data(), answer.size())};
  do {
    const auto [error, written] = co_await stream->Write(buffers, kLong);
    if (error) co_return;
  } while (endless);
  if (!wait) co_return;
  (void)co_await stream->ReadSome(into, kLong);
}

class ProberTest : public ::testing::Test {
 protected:
  ProberTest() : runtime_(2) {
    prober_ = Prober::Make(runtime_, [this](ProbeResult result) {
                const uint64_t id = result.id;
                results_.at(id).set_value(std::move(result));
              }).value();
  }
  ~ProberTest() override {
    prober_.reset();
    for (auto& listener : listeners_) listener->Close();
    runtime_.Stop();
    if (!directory_.empty()) std::filesystem::remove_all(directory_);
  }

  struct Behaviour {
    std::string answer;
    bool endless = false;
    bool wait = false;
    bool tls = false;
    std::string ip = "127.0.0.1";
  };
  uint32_t Listen(const Behaviour& behaviour) {
    net::ListenerOptions options;
    options.ip = behaviour.ip;
    if (behaviour.tls) options.tls = ServerTls();
    auto listener =
        net::Listener::Open(runtime_, options, [behaviour](std::unique_ptr<net::AnyStream> given) {
          const std::shared_ptr<net::AnyStream> stream = std::move(given);
          // The listener has shaken hands already.
          net::Spawn(stream->executor(),
                     Serve(stream, behaviour.answer, behaviour.endless, behaviour.wait));
        });
    if (!listener.ok()) return 0;
    listeners_.push_back(std::move(*listener));
    return listeners_.back()->port();
  }
  std::shared_ptr<net::TlsContext> ServerTls() {
    std::string pattern = ::testing::TempDir() + "meseta_prober_XXXXXX";
    directory_ = mkdtemp(pattern.data());
    ca_ = std::make_unique<TestCa>(directory_);
    const TestCa::Files own = ca_->Sign("another-host", "DNS:another-host");
    net::TlsFiles files;
    files.certificate = own.certificate;
    files.key = own.key;
    return net::TlsContext::Server(files, false).value();
  }

  ProbeResult Ask(ProbeTarget target) {
    Probe probe;
    probe.id = ++last_id_;
    if (target.host.empty()) target.host = "127.0.0.1";
    if (target.timeout == Duration()) target.timeout = kLong;
    probe.target = target;
    auto future = results_[probe.id].get_future();
    prober_->Start(probe);
    if (future.wait_for(std::chrono::seconds(60)) != std::future_status::ready) {
      ADD_FAILURE() << "no result";
      return {};
    }
    return future.get();
  }
  ProbeResult AskHttp(const Behaviour& behaviour, bool keep_body = false,
                      Duration timeout = kLong) {
    ProbeTarget target;
    target.port = Listen(behaviour);
    target.path = "/health";
    target.keep_body = keep_body;
    target.timeout = timeout;
    return Ask(target);
  }

  net::IoRuntime runtime_;
  std::unique_ptr<Prober> prober_;
  std::vector<std::unique_ptr<net::Listener>> listeners_;
  std::map<uint64_t, std::promise<ProbeResult>> results_;
  uint64_t last_id_ = 0;
  std::string directory_;
  std::unique_ptr<TestCa> ca_;
};

TEST_F(ProberTest, Statuses) {
  for (const auto& [line, status, problem] : std::vector<std::tuple<std::string, int, std::string>>{
           {"200 OK", 200, ""},
           {"302 Found", 302, ""},
           {"404 Not Found", 404, "404 Not Found"},
           {"503 Service Unavailable", 503, "503 Service Unavailable"}}) {
    Behaviour behaviour;
    behaviour.answer =
        "HTTP/1.1 " + line + "\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 2\r\n\r\nok";
    const ProbeResult result = AskHttp(behaviour);
    EXPECT_TRUE(result.answered);
    EXPECT_EQ(result.status, status);  // Redirects are not followed.
    EXPECT_EQ(result.problem, problem);
    EXPECT_EQ(result.body, "");
  }
}

TEST_F(ProberTest, InterimAnswersAreNotTheAnswer) {
  Behaviour behaviour;
  behaviour.answer = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n";
  EXPECT_EQ(AskHttp(behaviour).status, 204);
}

TEST_F(ProberTest, OnlyInterimAnswersAreNone) {
  Behaviour behaviour;
  behaviour.answer = "HTTP/1.1 102 Processing\r\n\r\n";
  behaviour.wait = true;
  const ProbeResult result = AskHttp(behaviour, false, Duration::Millis(200));
  EXPECT_FALSE(result.answered);
}

TEST_F(ProberTest, TheHeadIsEnough) {
  Behaviour behaviour;
  behaviour.answer = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n";
  behaviour.wait = true;
  EXPECT_EQ(AskHttp(behaviour).status, 200);
}

TEST_F(ProberTest, BodiesAreKeptWhenAskedFor) {
  Behaviour behaviour;
  behaviour.answer =
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nready";
  const ProbeResult result = AskHttp(behaviour, true);
  EXPECT_EQ(result.body, "ready");
  EXPECT_EQ(result.content_type, "text/plain");
}

TEST_F(ProberTest, EndlessBodiesAreCutOff) {
  Behaviour behaviour;
  behaviour.answer = "HTTP/1.1 200 OK\r\n\r\n" + std::string(100'000, 'x');
  behaviour.endless = true;
  for (const bool keep : {false, true}) {
    const ProbeResult result = AskHttp(behaviour, keep);
    EXPECT_EQ(result.status, 200);
    EXPECT_EQ(result.body.size(), keep ? Prober::kMaxBodyBytes : 0U);
  }
}

TEST_F(ProberTest, SlowServersTimeOut) {
  Behaviour behaviour;
  behaviour.wait = true;
  const ProbeResult result = AskHttp(behaviour, false, Duration::Millis(200));
  EXPECT_FALSE(result.answered);
  EXPECT_NE(result.problem, "");
}

TEST_F(ProberTest, ABodyThatDoesNotEndIsCutOffInTime) {
  Behaviour behaviour;
  behaviour.answer = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf";
  behaviour.wait = true;
  const ProbeResult result = AskHttp(behaviour, true, Duration::Millis(300));
  EXPECT_EQ(result.status, 200);
  EXPECT_EQ(result.body, "half");
}

TEST_F(ProberTest, BrokenAnswers) {
  for (const std::string answer : {"", "SSH-2.0-OpenSSH_9\r\n", "HTTP/1.1 abc\r\n\r\n"}) {
    Behaviour behaviour;
    behaviour.answer = answer;
    const ProbeResult result = AskHttp(behaviour);
    EXPECT_FALSE(result.answered) << answer;
    EXPECT_NE(result.problem, "") << answer;
  }
}

TEST_F(ProberTest, ClosedPorts) {
  ProbeTarget target;
  target.port = Listen({});
  listeners_.back()->Close();
  for (const auto kind :
       {ProbeTarget::Kind::kHttp, ProbeTarget::Kind::kHttps, ProbeTarget::Kind::kTcp}) {
    target.kind = kind;
    const ProbeResult result = Ask(target);
    EXPECT_FALSE(result.answered);
    EXPECT_THAT(result.problem, HasSubstr("127.0.0.1:" + std::to_string(target.port)));
  }
}

TEST_F(ProberTest, NoPort) {
  for (const uint32_t port : {0U, 70'000U}) {
    ProbeTarget target;
    target.port = port;
    EXPECT_EQ(Ask(target).problem, "the instance has no port for this check");
  }
}

TEST_F(ProberTest, Tcp) {
  ProbeTarget target;
  target.kind = ProbeTarget::Kind::kTcp;
  target.port = Listen({});
  const ProbeResult result = Ask(target);
  EXPECT_TRUE(result.answered);
  EXPECT_EQ(result.problem, "");
}

TEST_F(ProberTest, TlsWithACertificateOfAnybody) {
  Behaviour behaviour;
  behaviour.answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  behaviour.tls = true;
  ProbeTarget target;
  target.kind = ProbeTarget::Kind::kHttps;
  target.port = Listen(behaviour);
  EXPECT_EQ(Ask(target).status, 200);
  target.kind = ProbeTarget::Kind::kHttp;  // In plain text to a TLS server.
  EXPECT_FALSE(Ask(target).answered);
}

TEST_F(ProberTest, Ipv6) {
  Behaviour behaviour;
  behaviour.answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  behaviour.ip = "::1";
  ProbeTarget target;
  target.host = "::1";
  target.port = Listen(behaviour);
  if (target.port == 0) GTEST_SKIP() << "no IPv6 on loopback";
  EXPECT_EQ(Ask(target).status, 200);
  target.kind = ProbeTarget::Kind::kTcp;
  EXPECT_TRUE(Ask(target).answered);
}

TEST_F(ProberTest, ManyAtOnceGiveOneResultEach) {
  Behaviour behaviour;
  behaviour.answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  ProbeTarget target;
  target.host = "127.0.0.1";
  target.port = Listen(behaviour);
  target.timeout = kLong;
  constexpr uint64_t kProbes = 300;
  std::vector<std::future<ProbeResult>> futures;
  for (uint64_t id = 1; id <= kProbes; ++id) futures.push_back(results_[id].get_future());
  for (uint64_t id = 1; id <= kProbes; ++id) {
    Probe probe;
    probe.id = id;
    probe.target = target;
    prober_->Start(probe);
  }
  for (auto& future : futures) {
    ASSERT_EQ(future.wait_for(std::chrono::seconds(60)), std::future_status::ready);
    EXPECT_EQ(future.get().status, 200);
  }
}

TEST_F(ProberTest, CanEndWithProbesUnderWay) {
  Behaviour behaviour;
  behaviour.wait = true;
  ProbeTarget target;
  target.host = "127.0.0.1";
  target.port = Listen(behaviour);
  target.timeout = kLong;
  for (const auto kind : {ProbeTarget::Kind::kHttp, ProbeTarget::Kind::kTcp}) {
    Probe probe;
    probe.id = ++last_id_;
    probe.target = target;
    probe.target.kind = kind;
    results_[probe.id];
    prober_->Start(probe);
  }
  prober_.reset();
}

}  // namespace
}  // namespace meseta::services
