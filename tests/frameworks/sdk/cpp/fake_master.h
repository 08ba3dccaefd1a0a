// FakeMaster: a master's scheduler API of which a test writes every byte, and EventLog: what a
// scheduler was told.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "actors/base/json/json_codec.h"
#include "actors/http/recordio.h"
#include "frameworks/sdk/cpp/scheduler_event.h"
#include "tests/actors/http/server_fixture.h"

namespace meseta::sdk {

inline constexpr auto kPatience = std::chrono::seconds(60);

inline v1::scheduler::Event SubscribedAs(const std::string& id, double heartbeat = 15) {
  v1::scheduler::Event event;
  event.set_type(v1::scheduler::Event::SUBSCRIBED);
  event.mutable_subscribed()->mutable_framework_id()->set_value(id);
  event.mutable_subscribed()->set_heartbeat_interval_seconds(heartbeat);
  return event;
}

class FakeMaster {
 public:
  struct Got {
    v1::scheduler::Call call;
    std::string stream_id;  // The header.
    std::string authorization;
    std::string term;
    http::ResponderPtr responder;
  };

  FakeMaster() {
    http::Router router;
    router.Add("/api/v1/scheduler", {}, [this](http::Request request, http::ResponderPtr responder) {
      Got got;
      const bool json = request.headers.Get("Content-Type").value_or("") == "application/json";
      if (json) {
        CHECK(FromJson(request.body, &got.call).ok());
      } else {
        CHECK(got.call.ParseFromString(request.body));
      }
      got.stream_id = request.headers.Get("Mesos-Stream-Id").value_or("");
      got.authorization = request.headers.Get("Authorization").value_or("");
      got.term = request.headers.Get("Meseta-Framework-Term").value_or("");
      got.responder = std::move(responder);
      const std::lock_guard<std::mutex> lock(mutex_);
      const bool subscribe = got.call.type() == v1::scheduler::Call::SUBSCRIBE;
      if (!subscribe && accept_calls_) got.responder->Send(http::Response::Text(202, ""));
      got_.push_back(std::move(got));
      changed_.notify_all();
    });
    server_ = std::make_unique<http::TestServer>(std::move(router));
    port_ = server_->Start();
  }

  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  // Answer calls by hand.
  void KeepCalls() { accept_calls_ = false; }
  // The next call; fails the test when none comes.
  Got Next() {
    std::unique_lock<std::mutex> lock(mutex_);
    if (!changed_.wait_for(lock, kPatience, [&] { return !got_.empty(); })) {
      ADD_FAILURE() << "no call came";
      return {};
    }
    Got got = std::move(got_.front());
    got_.pop_front();
    return got;
  }
  // Answers a SUBSCRIBE with a stream of its own.
  std::shared_ptr<http::StreamWriter> Open(const Got& got) {
    EXPECT_EQ(got.call.type(), v1::scheduler::Call::SUBSCRIBE);
    EXPECT_EQ(got.stream_id, "");
    http::Response head;
    head.headers.Set("Content-Type", "application/x-protobuf");
    head.headers.Set("Mesos-Stream-Id", "stream-" + std::to_string(++streams_));
    return got.responder->Stream(std::move(head), [] {});
  }
  static void Write(const std::shared_ptr<http::StreamWriter>& stream,
                    const v1::scheduler::Event& event) {
    stream->Write(http::EncodeRecord(event.SerializeAsString()));
  }
  // The next SUBSCRIBE, accepted.
  std::shared_ptr<http::StreamWriter> Subscribe(const std::string& id) {
    auto stream = Open(Next());
    Write(stream, SubscribedAs(id));
    return stream;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Got> got_;
  bool accept_calls_ = true;
  int streams_ = 0;
  uint16_t port_ = 0;
  std::unique_ptr<http::TestServer> server_;
};

class EventLog {
 public:
  void Add(SchedulerEvent event) {
    const std::lock_guard<std::mutex> lock(mutex_);
    events_.push_back(std::move(event));
    changed_.notify_all();
  }
  // The next event of this kind; others before it are passed over.
  template <class T>
  T Await() {
    std::unique_lock<std::mutex> lock(mutex_);
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    for (;;) {
      while (!events_.empty()) {
        SchedulerEvent event = std::move(events_.front());
        events_.pop_front();
        if (T* found = std::get_if<T>(&event)) return std::move(*found);
      }
      if (changed_.wait_until(lock, deadline) == std::cv_status::timeout) {
        ADD_FAILURE() << "the event did not come";
        return T();
      }
    }
  }
  [[nodiscard]] bool empty() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return events_.empty();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<SchedulerEvent> events_;
};

}  // namespace meseta::sdk
