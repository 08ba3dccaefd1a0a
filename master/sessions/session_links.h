// SessionLinks: scheduler sessions over links, up to the master's actor: what scheduler_api.h is for
// HTTP, with the same checks, codes and sentences, and the same sessions behind it.
//
// A scheduler dials a link as a framework and sends FromScheduler messages to the actor "scheduler"
// (actors/messages/internal/scheduler.proto draws them). A link that breaks is a closed stream. A
// master that does not lead answers as over HTTP: 307 with the leader, or 503.
//
// A core's thread of its own parses calls. Bounded: sessions per link; calls not yet answered count
// against the link's bound of unconsumed batches, so a scheduler that sends more than the master takes
// is held back, never cut.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "actors/messages/internal/scheduler.pb.h"
#include "actors/net/transport.h"
#include "actors/runtime/core_shell.h"
#include "master/api/leader_only.h"

namespace meseta::master {

inline constexpr char kSessionActor[] = "scheduler";

struct SessionLinksOutlets {
  net::Transport* transport = nullptr;
  LeadershipSource leadership;
  std::function<std::string()> new_uuid;
  std::string address;  // name@host:port, as the sender of messages.
  std::function<void()> count_dropped;
};

class SessionLinks : public runtime::Core<net::LinkEvent> {
 public:
  // A peer that opens more at once on one link is refused.
  static constexpr size_t kMaxSessionsPerLink = 1024;
  static constexpr size_t kMaxNameBytes = 128;  // Of a sender.

  explicit SessionLinks(SessionLinksOutlets outlets);
  void Turn(std::vector<net::LinkEvent>& events, runtime::TurnContext& turn) override;
  void Handle(net::LinkEvent event);

 private:
  struct Session {
    uint64_t number = 0;  // Chosen by the scheduler.
    StreamId stream;
    TermPtr term;
  };
  struct Link {
    net::LinkPeer peer;
    std::map<std::string, Session> sessions;  // By the scheduler's actor.
  };
  // Who asks, and how to answer.
  struct Caller;

  void Handle(net::LinkUp& event);
  void Handle(net::LinkMessages& event);
  void Handle(net::LinkDown& event);
  void HandleCall(Link* link, const Caller& caller, const internal::SessionCall& message);
  void Subscribe(Link* link, const Caller& caller, v1::scheduler::Call call,
                 uint64_t framework_term, const TermPtr& term);
  static void Close(const Session& session);

  const SessionLinksOutlets outlets_;
  std::map<net::LinkId, Link> links_;  // Of frameworks, that are up.
};

}  // namespace meseta::master
