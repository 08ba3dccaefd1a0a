// Reply<T>: the obligation to answer a request exactly once, carried inside an event.
//
//   struct GetTasks { std::string framework; Reply<TaskList> reply; };
//   ref.Post(GetTasks{"f1", Reply<TaskList>([](Result<TaskList> r) { ... })});
//
// If it is destroyed unanswered (the event was refused, the core died or stopped), the asker gets
// Unavailable: a lost request is never a silent hole. The callback runs on the thread that answers,
// so it only hands on. Ask() is the blocking form with a deadline, for workers, tools and tests.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "actors/base/status.h"
#include "actors/base/time.h"

namespace meseta::runtime {

template <class T>
class [[nodiscard]] Reply {
 public:
  using Callback = std::function<void(Result<T>)>;

  explicit Reply(Callback callback) : callback_(std::move(callback)) {}
  Reply(Reply&& other) noexcept : callback_(std::exchange(other.callback_, nullptr)) {}
  Reply& operator=(Reply&& other) noexcept {
    if (this != &other) {
      Drop();
      callback_ = std::exchange(other.callback_, nullptr);
    }
    return *this;
  }
  ~Reply() { Drop(); }

  // REQUIRES: not yet answered.
  void Send(Result<T> result) {
    CHECK(callback_ != nullptr) << "answered twice";
    std::exchange(callback_, nullptr)(std::move(result));
  }
  // False once answered or moved from.
  explicit operator bool() const { return callback_ != nullptr; }

 private:
  void Drop() {
    if (callback_) Send(Unavailable("The request was dropped before it was answered; try again"));
  }

  Callback callback_;
};

// For a Reply that carries nothing but success or failure.
struct Done {
  friend bool operator==(const Done&, const Done&) = default;
};

// Hands `post` a Reply and waits for its answer. DeadlineExceeded after `timeout`; a later answer
// is dropped. Not on a core's, the pool's or a network thread.
template <class T>
Result<T> Ask(Duration timeout, const std::function<void(Reply<T>)>& post) {
  struct Slot {
    std::mutex mutex;
    std::condition_variable answered;
    std::optional<Result<T>> result;
  };
  const auto slot = std::make_shared<Slot>();
  post(Reply<T>([slot](Result<T> result) {
    const std::lock_guard<std::mutex> lock(slot->mutex);
    slot->result.emplace(std::move(result));
    slot->answered.notify_one();
  }));
  std::unique_lock<std::mutex> lock(slot->mutex);
  const bool in_time = slot->answered.wait_for(lock, std::chrono::nanoseconds(timeout.nanos()),
                                               [&] { return slot->result.has_value(); });
  if (!in_time) return DeadlineExceeded("No answer within " + timeout.ToString());
  return *std::move(slot->result);
}

}  // namespace meseta::runtime
