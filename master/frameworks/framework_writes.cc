#include "master/frameworks/framework_writes.h"

#include <algorithm>

#include "actors/base/check.h"

namespace meseta::master {

void FrameworkWrites::Out(uint64_t number, const FrameworkId& id, Work work) {
  CHECK(busy_.emplace(id, number).second) << id;
  out_.emplace(number, std::make_pair(id, std::move(work)));
}

bool FrameworkWrites::Wait(const FrameworkId& id, Work work) {
  std::deque<Work>& queue = waiting_[id];
  if (!std::holds_alternative<Removal>(work) && queue.size() >= kMaxWaiting) return false;
  queue.push_back(std::move(work));
  return true;
}

FrameworkWrites::Removal* FrameworkWrites::FindRemoval(const FrameworkId& id) {
  if (auto it = busy_.find(id); it != busy_.end()) {
    if (auto* removal = std::get_if<Removal>(&out_.at(it->second).second)) return removal;
  }
  if (auto it = waiting_.find(id); it != waiting_.end()) {
    for (Work& work : it->second) {
      if (auto* removal = std::get_if<Removal>(&work)) return removal;
    }
  }
  return nullptr;
}

std::optional<std::pair<FrameworkId, FrameworkWrites::Work>> FrameworkWrites::TakeDurable(
    uint64_t number) {
  if (out_.empty() || out_.begin()->first > number) return std::nullopt;
  std::pair<FrameworkId, Work> done = std::move(out_.begin()->second);
  out_.erase(out_.begin());
  busy_.erase(done.first);
  return done;
}

std::optional<FrameworkWrites::Work> FrameworkWrites::TakeWaiting(const FrameworkId& id) {
  auto it = waiting_.find(id);
  if (it == waiting_.end()) return std::nullopt;
  Work work = std::move(it->second.front());
  it->second.pop_front();
  if (it->second.empty()) waiting_.erase(it);
  return work;
}

void FrameworkWrites::CloseSession(const StreamId& session) {
  for (auto& [number, write] : out_) {
    auto* subscribe = std::get_if<Subscribe>(&write.second);
    if (subscribe != nullptr && subscribe->session == session) subscribe->session.reset();
  }
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    std::deque<Work>& queue = it->second;
    queue.erase(std::remove_if(queue.begin(), queue.end(),
                               [&](const Work& work) {
                                 const auto* subscribe = std::get_if<Subscribe>(&work);
                                 return subscribe != nullptr && subscribe->session == session;
                               }),
                queue.end());
    it = queue.empty() ? waiting_.erase(it) : std::next(it);
  }
}

}  // namespace meseta::master
