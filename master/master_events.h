// What the master's actor is told by network threads, pools and other actors. Parsed and checked
// where they arose; the actor hands them to MasterCore in order.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "actors/base/ids.h"
#include "actors/base/status.h"
#include "actors/http/message.h"
#include "actors/messages/internal/agent.pb.h"
#include "actors/messages/v1.h"
#include "actors/net/transport.h"
#include "master/allocator/allocator.h"

namespace meseta::master {

// A scheduler's SUBSCRIBE; its stream is open under this id already, so also a refusal is an event.
struct SubscribeArrived {
  StreamId stream;
  v1::scheduler::Call call;
  std::string principal;
  uint64_t framework_term = 0;  // Of the framework's own leader; 0: none was given.
};

// Any other scheduler call. The responder gets the status code.
struct CallArrived {
  v1::scheduler::Call call;
  std::optional<StreamId> stream;  // The Mesos-Stream-Id header.
  std::string principal;
  http::ResponderPtr responder;
};

// The stream's connection is gone.
struct StreamClosed {
  StreamId stream;
};

// An operator call that changes something (TEARDOWN ...), or its un-versioned endpoint.
struct OperatorCallArrived {
  v1::master::Call call;
  std::string principal;
  http::ResponderPtr responder;
};

// One socket read's worth of messages: counts against its link's bound until this is destroyed, with
// the term that was to handle it or by its actor.
class UnconsumedBatch {
 public:
  UnconsumedBatch() = default;
  UnconsumedBatch(net::Transport* transport, net::LinkId link)
      : transport_(transport), link_(link) {}
  UnconsumedBatch(UnconsumedBatch&& other) noexcept
      : transport_(std::exchange(other.transport_, nullptr)), link_(other.link_) {}
  UnconsumedBatch& operator=(UnconsumedBatch&& other) noexcept {
    std::swap(transport_, other.transport_);
    std::swap(link_, other.link_);
    return *this;
  }
  ~UnconsumedBatch() {
    if (transport_ != nullptr) transport_->Consumed(link_);
  }

 private:
  net::Transport* transport_ = nullptr;
  net::LinkId link_ = 0;
};

struct AgentLinkUp {
  net::LinkId link = 0;
  net::LinkPeer peer;
};
struct AgentLinkDown {
  net::LinkId link = 0;
  Status reason;
};
struct AgentMessagesArrived {
  struct Message {
    std::string from;  // "slave(1)@host:port"
    internal::ToMaster message;
  };
  net::LinkId link = 0;
  std::vector<Message> messages;
  UnconsumedBatch unconsumed;
};

struct ProposalsMade {
  std::vector<Proposal> proposals;
};

// The registry's store finished a batch.
struct RegistryWritten {
  uint64_t number = 0;
  Status status;
};

using MasterEvent =
    std::variant<SubscribeArrived, CallArrived, StreamClosed, OperatorCallArrived, AgentLinkUp,
                 AgentLinkDown, AgentMessagesArrived, ProposalsMade, RegistryWritten>;

}  // namespace meseta::master
