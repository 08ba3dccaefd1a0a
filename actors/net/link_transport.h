// LinkTransport: the Transport over sockets.
//
// Accepting side: the daemon's HTTP server hands connections that ask for `Upgrade: meseta-link` on
// kLinkPath to Accept(). Dialing side: Dial(). Both run a LinkConnection on one network thread.
//
// Credentials: a wrong one is answered with 401 to the upgrade; a role that needs one and has none,
// or may not be claimed by this principal, gets a close frame. Both carry a sentence, which the
// dialing side logs once per cause and DialProblem() tells.
//
// The runtime must outlive the transport. After the destructor has returned no sink is called.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "actors/net/any_stream.h"
#include "actors/net/credentials.h"
#include "actors/net/io_runtime.h"
#include "actors/net/link_auth.h"
#include "actors/net/link_core.h"
#include "actors/net/link_counters.h"
#include "actors/net/send_queue.h"
#include "actors/net/transport.h"

namespace meseta::net {

inline constexpr size_t kMaxLinksPerPeer = 4;    // One more may come while a dead one is not noticed.
inline constexpr size_t kMaxLinks = 60'000;
inline constexpr size_t kMaxDials = 1'024;       // Names being dialed.
inline constexpr Duration kUpgradeDeadline = Duration::Seconds(10);

struct LinkTransportOptions {
  PeerRole role = PeerRole::kClient;
  std::string address;         // host:port that peers reach this daemon at; empty: none.
  std::string daemon_version;
  std::string incarnation;     // Empty: a fresh uuid.

  std::optional<Credential> credential;       // What we show when dialing.
  std::shared_ptr<TlsContext> tls;            // With which we dial; none: plain TCP.
  std::shared_ptr<const Credentials> credentials;  // Whose we accept; none: all unchecked.
  LinkPolicy policy;

  std::optional<LinkProfile> profile;         // Unset: by the roles of both ends.
  // Messages to actors whose names begin so overtake bulk ones: consensus, of every group.
  std::string urgent_prefix = "replica";
  SendQueue::Options queue;                   // Of each link.
  int max_unconsumed = kMaxUnconsumedBatches;
  size_t max_links = kMaxLinks;
  size_t max_links_per_peer = kMaxLinksPerPeer;
  Duration handshake_deadline = kHandshakeDeadline;
  Duration write_stall = Duration::Seconds(30);
};

class LinkTransport : public Transport {
 public:
  LinkTransport(IoRuntime& runtime, LinkTransportOptions options);
  ~LinkTransport() override;
  LinkTransport(const LinkTransport&) = delete;
  LinkTransport& operator=(const LinkTransport&) = delete;

  // Answers a request for upgrade on `stream` (101, or 401 with a sentence) and runs the link.
  // `authorization` is the value of that header, empty without; `unread` what followed the request.
  // On the stream's thread.
  void Accept(std::unique_ptr<AnyStream> stream, const std::string& authorization,
              std::string unread);

  void Register(std::string actor, std::vector<PeerRole> allowed, LinkSink sink) override;
  // An actor must have consumed its batches before, or their links stay held back.
  void Unregister(const std::string& actor) override;
  void Dial(const std::string& name, std::vector<std::string> addresses) override;
  void StopDialing(const std::string& name) override;
  bool Send(LinkId link, Envelope envelope) override;
  void Consumed(LinkId link) override;
  void Close(LinkId link, Status reason) override;
  void CoreTurned() override;

  [[nodiscard]] const LinkCounters& counters() const;
  // Why `name` has no link now: the last failure; OK when it is up or not tried yet.
  [[nodiscard]] Status DialProblem(const std::string& name) const;

 private:
  class Shared;
  class Dialer;
  std::shared_ptr<Shared> shared_;
};

}  // namespace meseta::net
