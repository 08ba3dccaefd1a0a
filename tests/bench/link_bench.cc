// Link messages per second, echoed, against a plain Asio echo of the same frames in the same run.
//
// Both keep a window of messages under way on each connection, with one thread at each end. The
// baseline reads what there is, finds the frames, and writes them back in one write: what framing
// over TCP costs without envelopes, actors, keepalives, bounds and counters. Rounds of the two take
// turns; the medians are printed.
//
//   link_bench [--seconds 1] [--rounds 3] [--json]
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "actors/http/server.h"
#include "actors/messages/internal/link.pb.h"
#include "actors/net/frame_codec.h"
#include "actors/net/link_http.h"
#include "actors/net/link_transport.h"
#include "actors/net/listener.h"

namespace meseta::net {
namespace {

using tcp = asio::ip::tcp;
using Clock = std::chrono::steady_clock;

constexpr size_t kPayloadBytes = 200;
// Messages under way: enough to keep both ends busy, few enough to stay in the caches.
int WindowOf(int links) { return std::max(2048 / links, 64); }

Envelope BenchMessage(const char* to) {
  Envelope envelope;
  envelope.to = to;
  envelope.from = "slave(1)@127.0.0.1:5051";
  envelope.type = "meseta.internal.ToMaster";
  envelope.payload = std::string(kPayloadBytes, 'x');
  return envelope;
}

std::string BenchFrame() {
  internal::LinkEnvelope wire;
  const Envelope message = BenchMessage("master");
  wire.set_to(message.to);
  wire.set_from(message.from);
  wire.set_type(message.type);
  wire.set_payload(message.payload);
  std::string frame;
  AppendFrame(FrameType::kEnvelope, kFirstChunk | kLastChunk, 0, wire.SerializeAsString(), &frame);
  return frame;
}

struct Rate {
  double per_second = 0;
  double cpu_us = 0;  // Of this process, both ends, for each echo. Steadier on a busy machine.
};

// Seconds of CPU that this process has used.
double CpuSeconds() {
  rusage usage{};
  CHECK(getrusage(RUSAGE_SELF, &usage) == 0);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// By what `count` grows in `seconds`.
Rate Measure(const std::atomic<uint64_t>& count, double seconds) {
  std::this_thread::sleep_for(std::chrono::milliseconds(200));  // Warm.
  const uint64_t before = count.load();
  const double cpu = CpuSeconds();
  const auto start = Clock::now();
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  const std::chrono::duration<double> spent = Clock::now() - start;
  const auto echoes = static_cast<double>(std::max<uint64_t>(count.load() - before, 1));
  return {echoes / spent.count(), (CpuSeconds() - cpu) * 1e6 / echoes};
}

// --- Links -------------------------------------------------------------------------------------

class LinkEcho {
 public:
  explicit LinkEcho(int links) : links_(links) {
    server_.Register("master", {PeerRole::kAgent}, [this](LinkEvent event) {
      auto* batch = std::get_if<LinkMessages>(&event);
      if (batch == nullptr) return;
      for (Envelope& envelope : batch->messages) {
        envelope.to = "agent";
        server_.Send(batch->link, std::move(envelope));
      }
      server_.Consumed(batch->link);
    });
    client_.Register("agent", {PeerRole::kMaster}, [this](LinkEvent event) { OnClient(event); });
    ServeLinks(http_, server_);
    auto opened = Listener::Open(server_io_, {}, [this](std::unique_ptr<AnyStream> stream) {
      http_.Serve(std::move(stream));
    });
    CHECK(opened.ok()) << opened.status();
    listener_ = std::move(*opened);
  }

  ~LinkEcho() {
    client_.Unregister("agent");
    server_.Unregister("master");
    listener_->Close();
    http_.Shutdown();
  }

  Rate Run(double seconds) {
    const std::string address = "127.0.0.1:" + std::to_string(listener_->port());
    for (int i = 0; i < links_; ++i) client_.Dial("link" + std::to_string(i), {address});
    std::unique_lock<std::mutex> lock(mutex_);
    CHECK(all_up_.wait_for(lock, std::chrono::seconds(30), [this] { return up_ == links_; }));
    lock.unlock();
    return Measure(echoes_, seconds);
  }

 private:
  static LinkTransportOptions Options(PeerRole role) {
    LinkTransportOptions options;
    options.role = role;
    options.max_links_per_peer = 1000;
    return options;
  }

  void OnClient(LinkEvent& event) {
    if (auto* up = std::get_if<LinkUp>(&event)) {
      for (int i = 0; i < WindowOf(links_); ++i) client_.Send(up->link, BenchMessage("master"));
      const std::lock_guard<std::mutex> lock(mutex_);
      ++up_;
      all_up_.notify_all();
    } else if (auto* batch = std::get_if<LinkMessages>(&event)) {
      echoes_ += batch->messages.size();
      for (Envelope& envelope : batch->messages) {
        envelope.to = "master";
        client_.Send(batch->link, std::move(envelope));
      }
      client_.Consumed(batch->link);
    }
  }

  const int links_;
  std::mutex mutex_;
  std::condition_variable all_up_;
  int up_ = 0;
  std::atomic<uint64_t> echoes_{0};
  IoRuntime server_io_{1};
  IoRuntime client_io_{1};
  LinkTransport server_{server_io_, Options(PeerRole::kMaster)};
  LinkTransport client_{client_io_, Options(PeerRole::kAgent)};
  http::Server http_{http::Router(), http::ServerOptions()};
  std::unique_ptr<Listener> listener_;
};

// --- Plain Asio --------------------------------------------------------------------------------

// Writes back every frame that it reads.
class EchoEnd : public std::enable_shared_from_this<EchoEnd> {
 public:
  EchoEnd(tcp::socket socket, std::atomic<uint64_t>* count)
      : socket_(std::move(socket)), count_(count) {
    socket_.set_option(tcp::no_delay(true));
  }

  void Write(std::string bytes) {
    out_ = std::move(bytes);
    asio::async_write(socket_, asio::buffer(out_),
                      [self = shared_from_this()](const ErrorCode& error, size_t) {
                        if (!error) self->Read();
                      });
  }

  void Read() {
    socket_.async_read_some(asio::buffer(data_),
                            [self = shared_from_this()](const ErrorCode& error, size_t n) {
                              if (!error) self->OnRead(n);
                            });
  }

 private:
  void OnRead(size_t n) {
    in_.append(data_.data(), n);
    size_t whole = 0;
    uint64_t frames = 0;
    while (in_.size() - whole >= kFrameHeaderBytes) {
      uint32_t length = 0;
      for (size_t i = 0; i < 4; ++i) length = length << 8 | static_cast<uint8_t>(in_[whole + i]);
      if (in_.size() - whole < kFrameHeaderBytes + length) break;
      whole += kFrameHeaderBytes + length;
      ++frames;
    }
    if (count_ != nullptr) *count_ += frames;
    if (whole == 0) return Read();
    std::string rest = in_.substr(whole);
    in_.resize(whole);
    std::swap(in_, rest);
    Write(std::move(rest));
  }

  tcp::socket socket_;
  std::atomic<uint64_t>* count_;
  std::vector<char> data_ = std::vector<char>(256 * 1024);
  std::string in_;
  std::string out_;
};

Rate RunAsioEcho(int links, double seconds) {
  asio::io_context server{1};
  asio::io_context client{1};
  std::atomic<uint64_t> echoes{0};
  const tcp::endpoint any(asio::ip::address_v4::loopback(), 0);
  tcp::acceptor acceptor(server, any);
  std::string window;
  for (int i = 0; i < WindowOf(links); ++i) window += BenchFrame();
  for (int i = 0; i < links; ++i) {
    tcp::socket socket(client);
    socket.connect(acceptor.local_endpoint());
    std::make_shared<EchoEnd>(acceptor.accept(), nullptr)->Read();
    std::make_shared<EchoEnd>(std::move(socket), &echoes)->Write(window);
  }
  std::thread server_thread([&server] { server.run(); });
  std::thread client_thread([&client] { client.run(); });
  const Rate result = Measure(echoes, seconds);
  client.stop();
  server.stop();
  client_thread.join();
  server_thread.join();
  return result;
}

Rate Median(std::vector<Rate> rates) {
  std::sort(rates.begin(), rates.end(),
            [](const Rate& a, const Rate& b) { return a.per_second < b.per_second; });
  return rates[rates.size() / 2];
}

void RunCase(int links, int rounds, double seconds, bool json) {
  std::vector<Rate> rates;
  std::vector<Rate> baseline;
  for (int i = 0; i < rounds; ++i) {
    baseline.push_back(RunAsioEcho(links, seconds));
    rates.push_back(LinkEcho(links).Run(seconds));
  }
  const Rate ours = Median(rates);
  const Rate plain = Median(baseline);
  std::printf(json ? "{\"case\":\"echo_200B\",\"links\":%d,\"per_second\":%.0f,"
                     "\"baseline_per_second\":%.0f,\"cpu_us\":%.2f,\"baseline_cpu_us\":%.2f}\n"
                   : "echo_200B  %6d %12.0f %20.0f %9.2f %16.2f\n",
              links, ours.per_second, plain.per_second, ours.cpu_us, plain.cpu_us);
  std::fflush(stdout);
}

int Main(int argc, char** argv) {
  bool json = false;
  double seconds = 1;
  int rounds = 3;
  for (int i = 1; i < argc; ++i) {
    const std::string_view flag = argv[i];
    if (flag == "--json") {
      json = true;
    } else if (flag == "--seconds" && i + 1 < argc && std::atof(argv[i + 1]) > 0) {
      seconds = std::atof(argv[++i]);
    } else if (flag == "--rounds" && i + 1 < argc && std::atoi(argv[i + 1]) > 0) {
      rounds = std::atoi(argv[++i]);
    } else {
      std::fprintf(stderr, "usage: %s [--seconds S] [--rounds N] [--json]\n", argv[0]);
      return 2;
    }
  }
  if (!json) {
    std::printf("%-10s %6s %12s %20s %9s %16s\n", "case", "links", "per_second",
                "baseline_per_second", "cpu_us", "baseline_cpu_us");
  }
  for (const int links : {1, 64}) RunCase(links, rounds, seconds, json);
  return 0;
}

}  // namespace
}  // namespace meseta::net

int main(int argc, char** argv) { return meseta::net::Main(argc, argv); }
