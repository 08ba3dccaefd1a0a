// Transport: messages between daemons, as components see them.
//
// A daemon's components talk to peers over links (DESIGN section 3). This interface is all they see
// of the network, so that the simulator can replace everything below it. Link incarnations are
// numbered: what is queued never survives one, and each break is reported, so that its users start
// over from a handshake.
//
// Threads: any thread may call; a LinkSink is called on a network thread and only hands on.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "actors/base/status.h"

namespace meseta::net {

// One incarnation of a link, unique within the process and never reused.
using LinkId = uint64_t;

enum class PeerRole { kUnknown, kMaster, kAgent, kFramework, kClient };

// Who is at the other end, as far as its credentials or certificate prove it.
struct LinkPeer {
  PeerRole role = PeerRole::kUnknown;
  std::string principal;  // Empty: not authenticated.
  std::string address;    // host:port that the peer advertises for its own listener.
  std::string daemon_version;
  bool dialed = false;    // We connected to it.
};

struct Envelope {
  // Actor name at the receiver: "master", "slave(1)", "replica". What follows a '/' is the actor's
  // own matter: "slave(1)/17" is handed to "slave(1)".
  std::string to;
  std::string from;     // name@host:port of the sender.
  std::string type;     // Full name of the protobuf message in payload.
  std::string payload;  // Serialized message.
};

struct LinkUp { LinkId link = 0; LinkPeer peer; };
struct LinkMessages { LinkId link = 0; std::vector<Envelope> messages; };  // One socket read's worth.
struct LinkDown { LinkId link = 0; Status reason; };
using LinkEvent = std::variant<LinkUp, LinkMessages, LinkDown>;

// Takes events of the links on which one actor name is used. A LinkMessages batch counts against the
// link's bound of unconsumed batches until Transport::Consumed(link) is called for it.
using LinkSink = std::function<void(LinkEvent)>;

class Transport {
 public:
  virtual ~Transport() = default;

  // Delivers envelopes whose `to` is `actor`, and ups and downs of every link, to `sink`.
  // Link roles that may talk to it are `allowed`; a message of another is dropped and counted.
  virtual void Register(std::string actor, std::vector<PeerRole> allowed, LinkSink sink) = 0;
  virtual void Unregister(const std::string& actor) = 0;

  // Keeps a link to the first of `addresses` (host:port) that answers, with jittered back-off;
  // after a break it starts over. Replaces an earlier Dial under the same name.
  virtual void Dial(const std::string& name, std::vector<std::string> addresses) = 0;
  virtual void StopDialing(const std::string& name) = 0;

  // Queues a message. False: the link is down, or its queue is full (the link is then cut, and
  // LinkDown follows).
  virtual bool Send(LinkId link, Envelope envelope) = 0;
  virtual void Consumed(LinkId link) = 0;
  virtual void Close(LinkId link, Status reason) = 0;

  // Told by the owner of the daemon's core at each turn; keepalives carry its age, so that a wedged
  // core does not look alive.
  virtual void CoreTurned() = 0;
};

}  // namespace meseta::net
