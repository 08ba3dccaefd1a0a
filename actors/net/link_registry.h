// LinkRegistry: the actors that take part in links, and LinkSession: what one link told them.
//
// The registry is shared by all network threads and the callers of Register; each change makes a new
// immutable snapshot. A LinkSession lives on its link's thread and keeps the promise that each actor
// sees LinkUp, then messages, then LinkDown, however late it registers.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "actors/net/link_counters.h"
#include "actors/net/transport.h"

namespace meseta::net {

// One registration. After Close() has returned its sink is not called any more.
class LinkActor {
 public:
  LinkActor(std::string name, std::vector<PeerRole> allowed, LinkSink sink);
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] bool Allows(PeerRole role) const { return allowed_.count(role) != 0; }
  // False when it is closed.
  bool Call(LinkEvent event);
  // Waits for calls under way, except for one that this thread is inside of.
  void Close();

 private:
  const std::string name_;
  const std::set<PeerRole> allowed_;
  const LinkSink sink_;
  std::shared_mutex mutex_;  // Shared during calls.
  std::atomic<bool> closed_{false};
};

class LinkRegistry {
 public:
  using Actors = std::map<std::string, std::shared_ptr<LinkActor>, std::less<>>;

  LinkRegistry() : actors_(std::make_shared<const Actors>()) {}
  // Replaces an earlier registration of that name.
  void Register(std::string name, std::vector<PeerRole> allowed, LinkSink sink);
  void Unregister(const std::string& name);
  void Clear();

  // Grows with each change.
  [[nodiscard]] uint64_t version() const { return version_.load(std::memory_order_acquire); }
  [[nodiscard]] std::shared_ptr<const Actors> actors() const;

 private:
  std::shared_ptr<LinkActor> Replace(const std::string& name, std::shared_ptr<LinkActor> actor);

  mutable std::mutex mutex_;  // Guards actors_.
  std::shared_ptr<const Actors> actors_;
  std::atomic<uint64_t> version_{0};
};

class LinkSession {
 public:
  LinkSession(const LinkRegistry* registry, LinkCounters* counters)
      : registry_(registry), counters_(counters) {}

  void Up(LinkId link, LinkPeer peer);
  // Tells actors that registered since that the link is up.
  void Sync();
  // Hands the messages of one read over; returns the number of batches.
  int Deliver(std::vector<Envelope> messages);
  void Down(const Status& reason);

 private:
  // Whom `count` messages to `name` go to; null, and counted as dropped, when nobody may have them.
  LinkActor* Receiver(std::string_view name, size_t count);
  bool Hand(LinkActor* actor, std::vector<Envelope> messages);

  const LinkRegistry* registry_;
  LinkCounters* counters_;
  LinkId link_ = 0;  // 0: not up.
  LinkPeer peer_;
  uint64_t version_ = UINT64_MAX;                    // Of the registry that actors_ is.
  std::shared_ptr<const LinkRegistry::Actors> actors_;  // All of them were told LinkUp.
};

}  // namespace meseta::net
