#include "actors/runtime/daemon_exit.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <thread>

#include "actors/base/check.h"

namespace meseta::runtime {
namespace {

// The write end of the watcher's pipe; -1: no watcher.
std::atomic<int> signal_pipe{-1};

extern "C" void ForwardSignal(int signal) {
  const int saved = errno;
  const auto byte = static_cast<unsigned char>(signal);
  // A full pipe means that the watcher has enough to read already.
  [[maybe_unused]] const ssize_t written = ::write(signal_pipe.load(), &byte, 1);
  errno = saved;
}

extern "C" void IgnoreSignal(int) {}

}  // namespace

void ExitLatch::Request(int code, std::string reason) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (request_) return;
  request_ = ExitRequest{code, std::move(reason)};
  set_.notify_all();
}

ExitRequest ExitLatch::Wait() {
  std::unique_lock<std::mutex> lock(mutex_);
  set_.wait(lock, [this] { return request_.has_value(); });
  return *request_;
}

bool ExitLatch::requested() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return request_.has_value();
}

struct SignalWatcher::State {
  void Install(int signal, void (*handler)(int), int flags) {
    struct sigaction action {};
    action.sa_handler = handler;
    action.sa_flags = flags;
    sigemptyset(&action.sa_mask);
    CHECK(sigaction(signal, &action, &old[installed].action) == 0);
    old[installed++].signal = signal;
  }

  void Watch() {
    for (;;) {
      unsigned char byte = 0;
      const ssize_t n = ::read(pipe[0], &byte, 1);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0 || byte == 0) return;  // 0: the destructor.
      on_stop(byte);
    }
  }

  struct Old {
    int signal = 0;
    struct sigaction action {};
  };
  std::function<void(int)> on_stop;
  std::array<int, 2> pipe{-1, -1};
  std::array<Old, 3> old;
  size_t installed = 0;
  std::thread thread;
};

SignalWatcher::SignalWatcher(std::function<void(int)> on_stop) : state_(std::make_unique<State>()) {
  state_->on_stop = std::move(on_stop);
  CHECK(::pipe2(state_->pipe.data(), O_CLOEXEC) == 0);
  // The handler must never block.
  CHECK(::fcntl(state_->pipe[1], F_SETFL, O_NONBLOCK) == 0);
  int none = -1;
  CHECK(signal_pipe.compare_exchange_strong(none, state_->pipe[1])) << "a second SignalWatcher";
  state_->thread = std::thread([state = state_.get()] { state->Watch(); });
  state_->Install(SIGINT, ForwardSignal, SA_RESTART | static_cast<int>(SA_RESETHAND));
  state_->Install(SIGTERM, ForwardSignal, SA_RESTART);
  state_->Install(SIGPIPE, IgnoreSignal, SA_RESTART);
}

SignalWatcher::~SignalWatcher() {
  for (size_t i = 0; i < state_->installed; ++i) {
    sigaction(state_->old[i].signal, &state_->old[i].action, nullptr);
  }
  signal_pipe.store(-1);
  const unsigned char end = 0;
  while (::write(state_->pipe[1], &end, 1) < 0 && (errno == EINTR || errno == EAGAIN)) {
    std::this_thread::yield();
  }
  state_->thread.join();
  ::close(state_->pipe[0]);
  ::close(state_->pipe[1]);
}

}  // namespace meseta::runtime
