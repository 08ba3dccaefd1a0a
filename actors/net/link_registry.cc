#include "actors/net/link_registry.h"

#include <utility>

namespace meseta::net {
namespace {

// The actor whose sink this thread is inside of.
thread_local const LinkActor* current = nullptr;

}  // namespace

LinkActor::LinkActor(std::string name, std::vector<PeerRole> allowed, LinkSink sink)
    : name_(std::move(name)), allowed_(allowed.begin(), allowed.end()), sink_(std::move(sink)) {}

bool LinkActor::Call(LinkEvent event) {
  const std::shared_lock<std::shared_mutex> lock(mutex_);
  if (closed_.load(std::memory_order_acquire)) return false;
  const LinkActor* outer = std::exchange(current, this);
  sink_(std::move(event));
  current = outer;
  return true;
}

void LinkActor::Close() {
  closed_.store(true, std::memory_order_release);
  if (current != this) const std::unique_lock<std::shared_mutex> wait(mutex_);
}

void LinkRegistry::Register(std::string name, std::vector<PeerRole> allowed, LinkSink sink) {
  auto actor = std::make_shared<LinkActor>(name, std::move(allowed), std::move(sink));
  if (const auto replaced = Replace(name, std::move(actor))) replaced->Close();
}

void LinkRegistry::Unregister(const std::string& name) {
  if (const auto removed = Replace(name, nullptr)) removed->Close();
}

void LinkRegistry::Clear() {
  const auto all = actors();
  for (const auto& entry : *all) Unregister(entry.first);
}

std::shared_ptr<const LinkRegistry::Actors> LinkRegistry::actors() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return actors_;
}

std::shared_ptr<LinkActor> LinkRegistry::Replace(const std::string& name,
                                                 std::shared_ptr<LinkActor> actor) {
  const std::lock_guard<std::mutex> lock(mutex_);
  auto next = std::make_shared<Actors>(*actors_);
  std::shared_ptr<LinkActor> before;
  const auto found = next->find(name);
  if (found != next->end()) before = found->second;
  if (actor) {
    (*next)[name] = std::move(actor);
  } else if (found != next->end()) {
    next->erase(found);
  }
  actors_ = std::move(next);
  version_.fetch_add(1, std::memory_order_acq_rel);
  return before;
}

void LinkSession::Up(LinkId link, LinkPeer peer) {
  link_ = link;
  peer_ = std::move(peer);
  Sync();
}

void LinkSession::Sync() {
  if (link_ == 0 || version_ == registry_->version()) return;
  version_ = registry_->version();  // Before the snapshot: a change in between is seen next time.
  const auto before = std::exchange(actors_, registry_->actors());
  for (const auto& [name, actor] : *actors_) {
    if (before) {
      const auto told = before->find(name);
      if (told != before->end() && told->second == actor) continue;
    }
    actor->Call(LinkUp{link_, peer_});
  }
}

int LinkSession::Deliver(std::vector<Envelope> messages) {
  Sync();
  struct Batch {
    LinkActor* actor;
    LinkMessages messages;
  };
  std::vector<Batch> batches;
  LinkActor* last = nullptr;
  size_t last_batch = 0;
  for (Envelope& envelope : messages) {
    if (last == nullptr || last->name() != envelope.to) {
      const auto found = actors_->find(envelope.to);
      if (found == actors_->end()) {
        counters_->dropped_no_actor.fetch_add(1, std::memory_order_relaxed);
        continue;
      }
      if (!found->second->Allows(peer_.role)) {
        counters_->dropped_role.fetch_add(1, std::memory_order_relaxed);
        continue;
      }
      last = found->second.get();
      last_batch = 0;
      while (last_batch < batches.size() && batches[last_batch].actor != last) ++last_batch;
      if (last_batch == batches.size()) batches.push_back(Batch{last, LinkMessages{link_, {}}});
    }
    batches[last_batch].messages.messages.push_back(std::move(envelope));
  }
  int handed = 0;
  for (Batch& batch : batches) {
    const uint64_t count = batch.messages.messages.size();
    if (!batch.actor->Call(std::move(batch.messages))) {
      counters_->dropped_no_actor.fetch_add(count, std::memory_order_relaxed);
      continue;
    }
    counters_->messages_in.fetch_add(count, std::memory_order_relaxed);
    counters_->batches_in.fetch_add(1, std::memory_order_relaxed);
    ++handed;
  }
  return handed;
}

void LinkSession::Down(const Status& reason) {
  if (link_ == 0) return;
  Sync();
  for (const auto& entry : *actors_) entry.second->Call(LinkDown{link_, reason});
  link_ = 0;
}

}  // namespace meseta::net
