// Published<T>: the newest immutable value of something, set by one thread and read by many.
//
// A reader gets a shared pointer and works on that value as long as it likes; the lock is held for
// the copy of the pointer only.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

namespace meseta::runtime {

template <class T>
class Published {
 public:
  // Null until the first Set().
  [[nodiscard]] std::shared_ptr<const T> Get() const {
    const std::lock_guard lock(mutex_);
    return value_;
  }
  void Set(std::shared_ptr<const T> value) {
    {
      const std::lock_guard lock(mutex_);
      value_.swap(value);
    }
    // The old value, if this was its last holder, is destroyed here, outside the lock.
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const T> value_;
};

}  // namespace meseta::runtime
