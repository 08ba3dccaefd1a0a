// TLS streams over loopback, with certificates made on the spot.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <optional>

#include "actors/net/any_stream.h"
#include "actors/net/io_runtime.h"
#include "actors/net/listener.h"
#include "actors/net/tls_context.h"
#include "tests/support/test_certificates.h"

namespace meseta::net {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
constexpr Duration kLong = Duration::Seconds(20);

std::string MakeDirectory() {
  std::string pattern = testing::TempDir() + "meseta_tls_XXXXXX";
  return mkdtemp(pattern.data());
}

// What the server saw of a client.
struct Seen {
  bool certified = false;
  PeerCertificate certificate;
  std::string text;
};

asio::awaitable<void> ServeOnce(std::unique_ptr<AnyStream> stream, std::promise<Seen>* seen) {
  Seen what;
  what.certified = stream->peer_certificate() != nullptr;
  if (what.certified) what.certificate = *stream->peer_certificate();
  std::string got;
  char data[20'000];
  while (got.size() < 100'000) {
    const std::span<char> into(data);
    auto [error, n] = co_await stream->ReadSome(into, kLong);
    if (error) break;
    got.append(data, n);
  }
  const asio::const_buffer buffers[1] = {asio::const_buffer(got.data(), got.size())};
  co_await stream->Write(buffers, kLong);
  what.text = got;
  seen->set_value(what);
}

asio::awaitable<void> Talk(ConnectTarget target, std::promise<Result<std::string>>* done) {
  auto stream = co_await Connect(target, kLong);
  if (!stream.ok()) {
    done->set_value(stream.status());
    co_return;
  }
  const std::string text(100'000, 't');
  const asio::const_buffer buffers[1] = {asio::const_buffer(text.data(), text.size())};
  auto [failed, written] = co_await (*stream)->Write(buffers, kLong);
  std::string got;
  char data[20'000];
  while (!failed && got.size() < text.size()) {
    const std::span<char> into(data);
    auto [error, n] = co_await (*stream)->ReadSome(into, kLong);
    if (error) break;
    got.append(data, n);
  }
  done->set_value(got);
}

class TlsTest : public ::testing::Test {
 protected:
  ~TlsTest() override {
    if (listener_) listener_->Close();
    runtime_.Stop();
    std::filesystem::remove_all(directory_);
  }

  void Listen(const TestCa::Files& files, const std::string& ca, bool require) {
    TlsFiles tls;
    tls.certificate = files.certificate;
    tls.key = files.key;
    tls.ca = ca;
    ListenerOptions options;
    auto context = TlsContext::Server(tls, require);
    ASSERT_TRUE(context.ok()) << context.status();
    options.tls = *context;
    auto listener = Listener::Open(runtime_, options, [this](std::unique_ptr<AnyStream> stream) {
      const auto executor = stream->executor();
      Spawn(executor, ServeOnce(std::move(stream), &seen_));
    });
    ASSERT_TRUE(listener.ok()) << listener.status();
    listener_ = std::move(*listener);
  }

  Result<std::string> Call(const TlsFiles& files, bool verify, const std::string& host) {
    auto context = TlsContext::Client(files, verify);
    if (!context.ok()) return context.status();
    ConnectTarget target;
    target.host = host;
    target.port = listener_->port();
    target.tls = *context;
    std::promise<Result<std::string>> done;
    Spawn(runtime_.Next().get_executor(), Talk(target, &done));
    return done.get_future().get();
  }

  TlsFiles Trusting(const std::string& ca) {
    TlsFiles files;
    files.ca = ca;
    return files;
  }

  std::string directory_ = MakeDirectory();
  TestCa ca_{directory_};
  TestCa::Files server_files_ = ca_.Sign("master", "IP:127.0.0.1,DNS:localhost");
  std::promise<Seen> seen_;
  IoRuntime runtime_{2};
  std::unique_ptr<Listener> listener_;
};

TEST_F(TlsTest, VerifiedClientTalks) {
  Listen(server_files_, "", false);
  auto result = Call(Trusting(ca_.ca_file()), true, "127.0.0.1");
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(*result, std::string(100'000, 't'));
  EXPECT_FALSE(seen_.get_future().get().certified);
}

TEST_F(TlsTest, ByName) {
  Listen(server_files_, "", false);
  EXPECT_TRUE(Call(Trusting(ca_.ca_file()), true, "localhost").ok());
}

TEST_F(TlsTest, AnotherCaIsRefused) {
  const TestCa other(directory_, "Other CA");
  Listen(server_files_, "", false);
  auto result = Call(Trusting(other.ca_file()), true, "127.0.0.1");
  ASSERT_FALSE(result.ok());
  EXPECT_THAT(result.status().message(), HasSubstr("The TLS handshake with 127.0.0.1:"));
}

TEST_F(TlsTest, AnotherHostNameIsRefused) {
  Listen(ca_.Sign("elsewhere", "DNS:elsewhere.example.org"), "", false);
  EXPECT_FALSE(Call(Trusting(ca_.ca_file()), true, "127.0.0.1").ok());
}

TEST_F(TlsTest, WithoutVerificationAnythingGoes) {
  Listen(ca_.Sign("elsewhere", ""), "", false);
  EXPECT_TRUE(Call(TlsFiles(), false, "127.0.0.1").ok());
}

TEST_F(TlsTest, ClientCertificateNamesItsRole) {
  Listen(server_files_, ca_.ca_file(), true);
  TlsFiles files = Trusting(ca_.ca_file());
  const auto agent = ca_.Sign("agent-1", "DNS:agent-1.example.org,IP:10.0.0.7");
  files.certificate = agent.certificate;
  files.key = agent.key;
  ASSERT_TRUE(Call(files, true, "127.0.0.1").ok());
  const Seen seen = seen_.get_future().get();
  ASSERT_TRUE(seen.certified);
  EXPECT_EQ(seen.certificate.common_name, "agent-1");
  EXPECT_THAT(seen.certificate.dns_names, ElementsAre("agent-1.example.org"));
  EXPECT_THAT(seen.certificate.ips, ElementsAre("10.0.0.7"));
}

TEST_F(TlsTest, ClientsWithoutOrWithForeignCertificateAreRefused) {
  Listen(server_files_, ca_.ca_file(), true);
  // With TLS 1.3 the client learns of the refusal at its first read.
  EXPECT_NE(Call(Trusting(ca_.ca_file()), true, "127.0.0.1").value_or(""),
            std::string(100'000, 't'));
  TestCa other(directory_, "Other CA");
  TlsFiles files = Trusting(ca_.ca_file());
  const auto foreign = other.Sign("agent-1", "");
  files.certificate = foreign.certificate;
  files.key = foreign.key;
  EXPECT_NE(Call(files, true, "127.0.0.1").value_or(""), std::string(100'000, 't'));
}

TEST_F(TlsTest, AClientThatDoesNotShakeHandsIsDropped) {
  TlsFiles tls;
  tls.certificate = server_files_.certificate;
  tls.key = server_files_.key;
  ListenerOptions options;
  options.tls = *TlsContext::Server(tls, false);
  options.handshake_timeout = Duration::Millis(50);
  auto listener = Listener::Open(runtime_, options, [](std::unique_ptr<AnyStream>) { FAIL(); });
  ASSERT_TRUE(listener.ok());
  std::promise<ErrorCode> ended;
  const uint16_t port = (*listener)->port();
  auto wait = [&]() -> asio::awaitable<void> {
    ConnectTarget target;
    target.host = "127.0.0.1";
    target.port = port;
    auto stream = co_await Connect(target, kLong);
    char data[16];
    const std::span<char> into(data);
    auto [error, n] = co_await (*stream)->ReadSome(into, kLong);
    ended.set_value(error);
  };
  Spawn(runtime_.Next().get_executor(), wait());
  const ErrorCode error = ended.get_future().get();
  EXPECT_TRUE(error);
  EXPECT_NE(error, asio::error::timed_out);
}

TEST_F(TlsTest, BadFilesAreOneSentence) {
  TlsFiles files;
  EXPECT_THAT(TlsContext::Server(files, false).status().message(),
              HasSubstr("needs a certificate"));
  files.certificate = server_files_.certificate;
  EXPECT_THAT(TlsContext::Server(files, false).status().message(),
              HasSubstr("only the certificate was given"));
  files.key = "/nosuch.key";
  EXPECT_THAT(TlsContext::Server(files, false).status().message(), HasSubstr("'/nosuch.key'"));
  files.key = ca_.Sign("another", "").key;
  EXPECT_THAT(TlsContext::Server(files, false).status().message(), HasSubstr("key"));
  files.key = server_files_.key;
  EXPECT_THAT(TlsContext::Server(files, true).status().message(), HasSubstr("CA file"));
  files.ca = files.key;
  EXPECT_THAT(TlsContext::Server(files, true).status().message(), HasSubstr("CA file"));
  const std::string garbage = directory_ + "/garbage.pem";
  std::ofstream(garbage) << "not a certificate";
  files.certificate = garbage;
  EXPECT_THAT(TlsContext::Server(files, false).status().message(), HasSubstr("garbage.pem"));
}

}  // namespace
}  // namespace meseta::net
