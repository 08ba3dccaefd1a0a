// HTTP requests per second against a plain Asio server that answers a fixed text without parsing,
// in the same run.
//
// The baseline reads until it has seen the end of each header and writes the same bytes that our
// server answers: what the sockets alone cost. Clients are the same for both: each keeps one
// connection with one request under way. Rounds of the two take turns; the medians are printed.
//
//   http_bench [--seconds 1] [--rounds 3] [--json]
#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "actors/http/server.h"
#include "actors/net/listener.h"

namespace meseta::http {
namespace {

using tcp = asio::ip::tcp;
using Clock = std::chrono::steady_clock;

constexpr int kServerThreads = 1;
constexpr std::string_view kRequest =
    "GET /state HTTP/1.1\r\nHost: 127.0.0.1:5050\r\nUser-Agent: bench\r\n"
    "Accept: application/json\r\n\r\n";

struct Case {
  const char* name;
  int connections;
  size_t body_bytes;
};
constexpr Case kCases[] = {
    {"small answer, 1 connection", 1, 200},
    {"small answer, 64 connections", 64, 200},
    {"10 KB answer, 64 connections", 64, 10'000},
    {"10 KB answer, 1000 connections", 1000, 10'000},
};

// Answers every header with the same bytes.
class PlainSession : public std::enable_shared_from_this<PlainSession> {
 public:
  PlainSession(tcp::socket socket, const std::string& answer)
      : socket_(std::move(socket)), answer_(answer) {}

  void Read() {
    auto self = shared_from_this();
    socket_.async_read_some(asio::buffer(input_), [self](net::ErrorCode error, size_t n) {
      if (error) return;
      self->held_.append(self->input_.data(), n);
      const size_t end = self->held_.find("\r\n\r\n");
      if (end == std::string::npos) return self->Read();
      self->held_.erase(0, end + 4);
      self->Write();
    });
  }

 private:
  void Write() {
    auto self = shared_from_this();
    asio::async_write(socket_, asio::buffer(answer_), [self](net::ErrorCode error, size_t) {
      if (!error) self->Read();
    });
  }

  tcp::socket socket_;
  const std::string& answer_;
  std::array<char, 4096> input_;
  std::string held_;
};

class PlainServer {
 public:
  explicit PlainServer(std::string answer) : answer_(std::move(answer)) {
    Accept();
    thread_ = std::thread([this] { context_.run(); });
  }
  ~PlainServer() {
    context_.stop();
    thread_.join();
  }
  uint16_t port() { return acceptor_.local_endpoint().port(); }

 private:
  void Accept() {
    acceptor_.async_accept([this](net::ErrorCode error, tcp::socket socket) {
      if (error) return;
      socket.set_option(tcp::no_delay(true));
      std::make_shared<PlainSession>(std::move(socket), answer_)->Read();
      Accept();
    });
  }

  const std::string answer_;
  asio::io_context context_{1};
  tcp::acceptor acceptor_{context_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)};
  std::thread thread_;
};

// One connection that asks, waits for as many bytes as an answer has, and asks again.
class BenchClient : public std::enable_shared_from_this<BenchClient> {
 public:
  BenchClient(asio::io_context& context, size_t answer_bytes, std::atomic<uint64_t>& answers)
      : socket_(context), answer_bytes_(answer_bytes), answers_(answers) {}

  void Start(uint16_t port) {
    socket_.connect(tcp::endpoint(asio::ip::address_v4::loopback(), port));
    socket_.set_option(tcp::no_delay(true));
    Ask();
  }

 private:
  void Ask() {
    auto self = shared_from_this();
    left_ = answer_bytes_;
    asio::async_write(socket_, asio::buffer(kRequest), [self](net::ErrorCode error, size_t) {
      if (!error) self->Read();
    });
  }

  void Read() {
    auto self = shared_from_this();
    socket_.async_read_some(asio::buffer(input_), [self](net::ErrorCode error, size_t n) {
      if (error) return;
      self->left_ -= std::min(n, self->left_);
      if (self->left_ > 0) return self->Read();
      ++self->answers_;
      self->Ask();
    });
  }

  tcp::socket socket_;
  const size_t answer_bytes_;
  size_t left_ = 0;
  std::atomic<uint64_t>& answers_;
  std::array<char, 16'384> input_;
};

// Requests per second of the server at `port`.
double Measure(uint16_t port, int connections, size_t answer_bytes, double seconds) {
  asio::io_context context{1};
  std::atomic<uint64_t> answers = 0;
  for (int i = 0; i < connections; ++i) {
    std::make_shared<BenchClient>(context, answer_bytes, answers)->Start(port);
  }
  context.run_for(std::chrono::milliseconds(100));  // Warm.
  answers = 0;
  const auto start = Clock::now();
  context.run_for(std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::duration<double>(seconds)));
  return static_cast<double>(answers) / std::chrono::duration<double>(Clock::now() - start).count();
}

// The bytes of one answer of our server, head and body.
std::string OneAnswer(uint16_t port, size_t body_bytes) {
  asio::io_context context{1};
  tcp::socket socket(context);
  socket.connect(tcp::endpoint(asio::ip::address_v4::loopback(), port));
  asio::write(socket, asio::buffer(kRequest));
  std::string answer;
  std::array<char, 16'384> data;
  for (;;) {
    const size_t end = answer.find("\r\n\r\n");
    if (end != std::string::npos && answer.size() >= end + 4 + body_bytes) return answer;
    answer.append(data.data(), socket.read_some(asio::buffer(data)));
  }
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

int RunCase(const Case& which, double seconds, int rounds, bool json) {
  auto body = std::make_shared<const std::string>(which.body_bytes, 'x');
  Router router;
  router.Add("/state", {}, [body](Request, ResponderPtr responder) {
    Response response = Response::Json("");
    response.shared_body = body;
    responder->Send(std::move(response));
  });
  net::IoRuntime runtime(kServerThreads);
  Server server(std::move(router), {});
  auto listener =
      net::Listener::Open(runtime, {}, [&server](auto stream) { server.Serve(std::move(stream)); });
  if (!listener.ok()) {
    std::fprintf(stderr, "%s\n", listener.status().message().c_str());
    return 1;
  }
  const std::string answer = OneAnswer((*listener)->port(), which.body_bytes);
  PlainServer plain(answer);
  std::vector<double> ours;
  std::vector<double> baseline;
  for (int i = 0; i < rounds; ++i) {
    ours.push_back(Measure((*listener)->port(), which.connections, answer.size(), seconds));
    baseline.push_back(Measure(plain.port(), which.connections, answer.size(), seconds));
  }
  const double a = Median(ours);
  const double b = Median(baseline);
  if (json) {
    std::printf("{\"case\":\"%s\",\"per_second\":%.0f,\"baseline_per_second\":%.0f}\n", which.name,
                a, b);
  } else {
    std::printf("%-34s %10.0f %10.0f %7.2f\n", which.name, a, b, a / b);
  }
  std::fflush(stdout);
  (*listener)->Close();
  server.Shutdown();
  runtime.Stop();
  return 0;
}

}  // namespace
}  // namespace meseta::http

int main(int argc, char** argv) {
  double seconds = 1;
  int rounds = 3;
  bool json = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view flag = argv[i];
    if (flag == "--json") {
      json = true;
    } else if (flag == "--seconds" && i + 1 < argc) {
      seconds = std::atof(argv[++i]);
    } else if (flag == "--rounds" && i + 1 < argc) {
      rounds = std::atoi(argv[++i]);
    } else {
      std::fprintf(stderr, "usage: %s [--seconds S] [--rounds N] [--json]\n", argv[0]);
      return 2;
    }
  }
  if (seconds <= 0 || rounds <= 0) {
    std::fprintf(stderr, "--seconds and --rounds must be positive\n");
    return 2;
  }
  if (!json) std::printf("%-34s %10s %10s %7s\n", "case", "per s", "baseline", "ratio");
  for (const auto& which : meseta::http::kCases) {
    if (const int failed = meseta::http::RunCase(which, seconds, rounds, json)) return failed;
  }
  return 0;
}
