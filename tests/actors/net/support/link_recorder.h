// A LinkSink that remembers, and waits with a deadline for what is to come.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "actors/net/transport.h"

namespace meseta::net {

class LinkRecorder {
 public:
  // With `consume` set each batch is consumed at once.
  explicit LinkRecorder(Transport* consume = nullptr) : consume_(consume) {}

  LinkSink Sink() {
    return [this](LinkEvent event) { Take(std::move(event)); };
  }

  // Waits until `done` holds, looked at under the lock after each event; false after 60 s.
  bool Wait(const std::function<bool(const LinkRecorder&)>& done) {
    std::unique_lock<std::mutex> lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(60), [&] { return done(*this); });
  }
  bool WaitUps(size_t n) {
    return Wait([n](const LinkRecorder& r) { return r.ups.size() >= n; });
  }
  bool WaitDowns(size_t n) {
    return Wait([n](const LinkRecorder& r) { return r.downs.size() >= n; });
  }
  bool WaitMessages(size_t n) {
    return Wait([n](const LinkRecorder& r) { return r.messages.size() >= n; });
  }

  void ConsumeAll(Transport* transport) {
    std::vector<LinkId> batches;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      batches.swap(unconsumed);
    }
    for (const LinkId link : batches) transport->Consumed(link);
  }

  // Read them in Wait(), or when nothing more comes.
  std::vector<LinkUp> ups;
  std::vector<LinkDown> downs;
  std::vector<Envelope> messages;
  size_t batches = 0;
  std::string order;  // u, m, d in the order of events.
  std::vector<LinkId> unconsumed;

 private:
  void Take(LinkEvent event) {
    LinkId consumed = 0;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (auto* up = std::get_if<LinkUp>(&event)) {
        ups.push_back(std::move(*up));
        order += 'u';
      } else if (auto* down = std::get_if<LinkDown>(&event)) {
        downs.push_back(std::move(*down));
        order += 'd';
      } else {
        auto& batch = std::get<LinkMessages>(event);
        for (Envelope& envelope : batch.messages) messages.push_back(std::move(envelope));
        ++batches;
        order += 'm';
        if (consume_ != nullptr) {
          consumed = batch.link;
        } else {
          unconsumed.push_back(batch.link);
        }
      }
      // Under the lock, so that a recorder may be destroyed once its Wait has returned.
      changed_.notify_all();
    }
    if (consumed != 0) consume_->Consumed(consumed);
  }

  Transport* consume_;
  std::mutex mutex_;
  std::condition_variable changed_;
};

}  // namespace meseta::net
