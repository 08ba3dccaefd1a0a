#include "actors/net/io_runtime.h"

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "actors/base/check.h"
#include "actors/base/logging.h"

namespace meseta::net {
namespace {

namespace asio = boost::asio;

struct Shard {
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> guard{context.get_executor()};
  std::thread thread;
};

// A handler that throws must not take the daemon's network down with it.
void RunShard(asio::io_context& context) {
  for (;;) {
    try {
      context.run();
      return;
    } catch (const std::exception& e) {
      LOG(ERROR) << "A network handler threw: " << e.what();
    }
  }
}

class TimerImpl final : public IoTimer, public std::enable_shared_from_this<TimerImpl> {
 public:
  TimerImpl(asio::io_context& context, std::function<void()> work)
      : timer_(context), work_(std::move(work)) {}

  void Start(Duration delay) {
    auto self = shared_from_this();
    asio::post(timer_.get_executor(), [self, delay] {
      if (self->cancelled_) return self->Drop();
      self->timer_.expires_after(std::chrono::nanoseconds(delay.nanos()));
      self->timer_.async_wait([self](const boost::system::error_code& error) {
        if (error || self->cancelled_) return self->Drop();
        auto work = std::move(self->work_);
        self->work_ = nullptr;
        work();
      });
    });
  }

  void Cancel() override {
    cancelled_ = true;
    auto self = shared_from_this();
    asio::post(timer_.get_executor(), [self] { self->timer_.cancel(); });
  }

 private:
  void Drop() { work_ = nullptr; }

  asio::steady_timer timer_;
  std::function<void()> work_;
  std::atomic<bool> cancelled_ = false;
};

}  // namespace

struct IoRuntime::State {
  std::vector<std::unique_ptr<Shard>> shards;
  std::atomic<size_t> next = 0;
  std::mutex stop_mutex;
};

IoRuntime::IoRuntime(int threads) : state_(std::make_unique<State>()) {
  CHECK(threads > 0);
  for (int i = 0; i < threads; ++i) state_->shards.push_back(std::make_unique<Shard>());
  for (auto& shard : state_->shards) {
    shard->thread = std::thread([&context = shard->context] { RunShard(context); });
  }
}

IoRuntime::~IoRuntime() { Stop(); }

asio::io_context& IoRuntime::Next() {
  return state_->shards[state_->next++ % state_->shards.size()]->context;
}

asio::io_context& IoRuntime::At(size_t index) {
  CHECK(index < state_->shards.size());
  return state_->shards[index]->context;
}

size_t IoRuntime::size() const { return state_->shards.size(); }

void IoRuntime::Post(std::function<void()> work) {
  asio::post(state_->shards[0]->context, std::move(work));
}

std::shared_ptr<IoTimer> IoRuntime::PostAfter(Duration delay, std::function<void()> work) {
  auto timer = std::make_shared<TimerImpl>(state_->shards[0]->context, std::move(work));
  timer->Start(delay);
  return timer;
}

void IoRuntime::Stop() {
  const std::lock_guard<std::mutex> lock(state_->stop_mutex);
  for (auto& shard : state_->shards) {
    shard->guard.reset();
    shard->context.stop();
  }
  for (auto& shard : state_->shards) {
    if (shard->thread.joinable()) shard->thread.join();
  }
}

}  // namespace meseta::net
