// Calls per second of one scheduler through the C++ library, over HTTP and over a link, against the
// plain HTTP client that sends one call after the other's answer, in the same run on the same master.
//
// The call is SUPPRESS, which costs the master next to nothing: what is measured is the way there. Each
// case subscribes a framework of its own and ends with its TEARDOWN, whose answer tells that all calls
// have been taken. Rounds of the three take turns; the medians are printed.
//
//   scheduler_calls_bench [--calls 20000] [--rounds 3] [--json]
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <string>
#include <string_view>
#include <vector>

#include "actors/http/client.h"
#include "actors/http/recordio.h"
#include "frameworks/sdk/cpp/scheduler.h"
#include "tests/bench/bench_cluster.h"

namespace meseta::bench {
namespace {

using Call = v1::scheduler::Call;
using Event = v1::scheduler::Event;

constexpr size_t kPlainShare = 10;  // The plain client makes a tenth of the calls.

v1::FrameworkInfo Info() {
  v1::FrameworkInfo info;
  info.set_user("root");
  info.set_name("bench");
  return info;
}

Call SuppressCall() {
  Call call;
  call.set_type(Call::SUPPRESS);
  return call;
}

[[noreturn]] void Give(const std::string& why) {
  std::fprintf(stderr, "scheduler_calls_bench: %s\n", why.c_str());
  std::exit(1);
}

double LibraryPerSecond(const std::string& master, sdk::Transport transport, size_t calls) {
  net::IoRuntime runtime(2);
  std::promise<void> subscribed;
  std::promise<void> torn_down;
  sdk::SchedulerOptions options;
  options.masters = {master};
  options.transport = transport;
  options.framework = Info();
  sdk::Scheduler scheduler(runtime, options, [&](const sdk::SchedulerEvent& event) {
    if (std::holds_alternative<sdk::Subscribed>(event)) subscribed.set_value();
    if (std::holds_alternative<sdk::TornDown>(event)) torn_down.set_value();
    if (const auto* lost = std::get_if<sdk::Disconnected>(&event)) Give(lost->why);
    if (const auto* failed = std::get_if<sdk::Failed>(&event)) Give(failed->why.message());
    if (const auto* refused = std::get_if<sdk::CallRefused>(&event)) {
      Give(refused->status.message());
    }
  });
  if (const Status started = scheduler.Start(); !started.ok()) Give(started.message());
  subscribed.get_future().wait();
  const auto begin = Clock::now();
  for (size_t i = 0; i < calls; ++i) scheduler.Send(SuppressCall());
  scheduler.Teardown();
  torn_down.get_future().wait();
  const double seconds = Seconds(Clock::now() - begin);
  scheduler.Stop();
  return static_cast<double>(calls) / seconds;
}

// One at a time.
class PlainScheduler {
 public:
  explicit PlainScheduler(std::string master) : url_("http://" + master + "/api/v1/scheduler") {
    Call subscribe;
    subscribe.set_type(Call::SUBSCRIBE);
    *subscribe.mutable_subscribe()->mutable_framework_info() = Info();
    stream_ = client_.Stream(
        Request(subscribe),
        [this](const http::Response& head) {
          stream_id_ = head.headers.Get("Mesos-Stream-Id").value_or("");
        },
        [this](std::string_view bytes) { OnBytes(bytes); }, [](const Status&) {});
    framework_ = subscribed_.get_future().get();
  }
  ~PlainScheduler() {
    stream_->Close();
    runtime_.Stop();
  }
  void Send(Call call) {
    call.mutable_framework_id()->set_value(framework_);
    std::promise<int> status;
    http::ClientRequest request = Request(call);
    request.headers.Set("Mesos-Stream-Id", stream_id_);
    client_.Send(std::move(request), [&status](const Result<http::Response>& answer) {
      status.set_value(answer.ok() ? answer->status : 0);
    });
    if (status.get_future().get() != 202) Give("the plain client's call was refused");
  }

 private:
  [[nodiscard]] http::ClientRequest Request(const Call& call) const {
    http::ClientRequest request;
    request.method = "POST";
    request.url = url_;
    request.headers.Set("Content-Type", "application/x-protobuf");
    request.headers.Set("Accept", "application/x-protobuf");
    request.body = call.SerializeAsString();
    return request;
  }
  void OnBytes(std::string_view bytes) {
    const auto records = decoder_.Decode(bytes);
    if (!records.ok()) Give(records.status().message());
    for (const std::string& record : *records) {
      Event event;
      if (event.ParseFromString(record) && event.type() == Event::SUBSCRIBED) {
        subscribed_.set_value(event.subscribed().framework_id().value());
      }
    }
  }

  const std::string url_;
  net::IoRuntime runtime_{1};
  http::Client client_{runtime_, {}};
  http::RecordDecoder decoder_;
  std::promise<std::string> subscribed_;
  std::string framework_;
  std::string stream_id_;
  std::shared_ptr<http::ClientStream> stream_;
};

double PlainPerSecond(const std::string& master, size_t calls) {
  PlainScheduler scheduler(master);
  const auto begin = Clock::now();
  for (size_t i = 0; i < calls; ++i) scheduler.Send(SuppressCall());
  const double seconds = Seconds(Clock::now() - begin);
  Call teardown;
  teardown.set_type(Call::TEARDOWN);
  scheduler.Send(teardown);
  return static_cast<double>(calls) / seconds;
}

void Print(const char* which, size_t calls, double rate, double plain, bool json) {
  if (json) {
    std::printf("{\"case\":\"%s\",\"calls\":%zu,\"per_second\":%.0f,\"baseline\":\"one at a time\","
                "\"baseline_per_second\":%.0f,\"ratio\":%.2f,\"load\":%.2f}\n",
                which, calls, rate, plain, rate / plain, LoadAverage());
  } else {
    std::printf("%-24s %7zu calls %10.0f /s   %.1f times one at a time (%.0f /s)\n", which, calls, rate,
                rate / plain, plain);
  }
}

int Main(size_t calls, size_t rounds, bool json) {
  Cluster cluster("cpus:4;mem:1024;disk:1000");
  std::vector<double> plain;
  std::vector<double> http;
  std::vector<double> link;
  for (size_t i = 0; i < rounds; ++i) {
    plain.push_back(PlainPerSecond(cluster.master(), std::max<size_t>(calls / kPlainShare, 1)));
    http.push_back(LibraryPerSecond(cluster.master(), sdk::Transport::kHttp, calls));
    link.push_back(LibraryPerSecond(cluster.master(), sdk::Transport::kLink, calls));
  }
  Print("library over HTTP", calls, Median(http), Median(plain), json);
  Print("library over a link", calls, Median(link), Median(plain), json);
  return 0;
}

}  // namespace
}  // namespace meseta::bench

int main(int argc, char** argv) {
  int calls = 20'000;
  int rounds = 3;
  bool json = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view flag = argv[i];
    if (flag == "--json") {
      json = true;
    } else if (flag == "--calls" && i + 1 < argc) {
      calls = std::atoi(argv[++i]);
    } else if (flag == "--rounds" && i + 1 < argc) {
      rounds = std::atoi(argv[++i]);
    } else {
      std::fprintf(stderr, "usage: %s [--calls N] [--rounds N] [--json]\n", argv[0]);
      return 2;
    }
  }
  if (calls <= 0 || rounds <= 0) {
    std::fprintf(stderr, "--calls and --rounds must be positive\n");
    return 2;
  }
  return meseta::bench::Main(static_cast<size_t>(calls), static_cast<size_t>(rounds), json);
}
