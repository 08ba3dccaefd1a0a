#include "actors/net/link_registry.h"

#include <algorithm>
#include <utility>

namespace meseta::net {
namespace {

// The actor whose sink this thread is inside of.
thread_local const LinkActor* current = nullptr;

// "slave(1)" for "slave(1)/17": one actor may stand for many, and tells them apart itself.
std::string_view ActorOf(std::string_view name) { return name.substr(0, name.find('/')); }

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
  const std::string_view first = messages.empty() ? "" : ActorOf(messages.front().to);
  const auto all_to_one =
      std::all_of(messages.begin(), messages.end(),
                  [first](const Envelope& envelope) { return ActorOf(envelope.to) == first; });
  if (all_to_one) {  // As nearly always: the batch goes on as it came.
    LinkActor* actor = messages.empty() ? nullptr : Receiver(messages.front().to, messages.size());
    return actor != nullptr && Hand(actor, std::move(messages)) ? 1 : 0;
  }
  std::vector<std::pair<LinkActor*, std::vector<Envelope>>> batches;
  for (Envelope& envelope : messages) {
    LinkActor* actor = Receiver(envelope.to, 1);
    if (actor == nullptr) continue;
    const auto same = [actor](const auto& batch) { return batch.first == actor; };
    auto batch = std::find_if(batches.begin(), batches.end(), same);
    if (batch == batches.end()) {
      batch = batches.insert(batch, {actor, std::vector<Envelope>()});
    }
    batch->second.push_back(std::move(envelope));
  }
  int handed = 0;
  for (auto& [actor, batch] : batches) handed += Hand(actor, std::move(batch)) ? 1 : 0;
  return handed;
}

LinkActor* LinkSession::Receiver(std::string_view name, size_t count) {
  const auto found = actors_->find(ActorOf(name));
  if (found == actors_->end()) {
    counters_->dropped_no_actor.fetch_add(count, std::memory_order_relaxed);
    return nullptr;
  }
  if (!found->second->Allows(peer_.role)) {
    counters_->dropped_role.fetch_add(count, std::memory_order_relaxed);
    return nullptr;
  }
  return found->second.get();
}

bool LinkSession::Hand(LinkActor* actor, std::vector<Envelope> messages) {
  const uint64_t count = messages.size();
  if (!actor->Call(LinkMessages{link_, std::move(messages)})) {
    counters_->dropped_no_actor.fetch_add(count, std::memory_order_relaxed);
    return false;
  }
  counters_->messages_in.fetch_add(count, std::memory_order_relaxed);
  counters_->batches_in.fetch_add(1, std::memory_order_relaxed);
  return true;
}

void LinkSession::Down(const Status& reason) {
  if (link_ == 0) return;
  Sync();
  for (const auto& entry : *actors_) entry.second->Call(LinkDown{link_, reason});
  link_ = 0;
}

}  // namespace meseta::net
