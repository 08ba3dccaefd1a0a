// LinkCore: the life of one link incarnation, from the first byte after the upgrade to its end. Pure.
//
//   dialing side                      accepting side
//     hello  ------------------------>  checks version and role
//            <------------------------  hello (consent), or close(reason)
//     up                                up
//            <-- envelopes, keepalives, answers -->
//     close(reason) ----------------->  down
//
// Decides: the handshake and its deadline; when to send keepalives; when a silent peer, or one whose
// core no longer turns, is down; when to stop reading because the actors have not consumed what they
// were handed. Effects leave as a struct, which the link's connection performs in order.
//
// Liveness: any byte shows that the peer's socket lives; keepalives and their answers also carry the
// age of its core's last turn. While we do not read (back-pressure) nothing can be heard, so the
// silence is not held against the peer; nor is time in which this process itself did not run.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/base/rng.h"
#include "actors/base/status.h"
#include "actors/base/time.h"
#include "actors/net/frame_codec.h"
#include "actors/net/link_auth.h"
#include "actors/net/transport.h"

namespace meseta::net {

inline constexpr uint32_t kLinkProtocol = 1;
inline constexpr Duration kHandshakeDeadline = Duration::Seconds(10);
// Batches handed to actors and not yet consumed, beyond which the socket is not read.
inline constexpr int kMaxUnconsumedBatches = 64;
inline constexpr size_t kMaxHelloBytes = 4096;
inline constexpr size_t kMaxReasonBytes = 1024;

// How alive a peer must look.
struct LinkProfile {
  Duration keepalive = Duration::Seconds(5);    // We send one this often.
  Duration down_after = Duration::Seconds(15);  // Silence, or a core without a turn, this long: down.
  friend bool operator==(const LinkProfile&, const LinkProfile&) = default;
};

// Masters among themselves: every second, down after three.
[[nodiscard]] LinkProfile MasterProfile();
// All other links: every five seconds, down after fifteen.
[[nodiscard]] LinkProfile AgentProfile();
// Keepalives of agents' links are stretched, at most twofold, when one daemon has many of them. What
// is promised in the keepalive extends down_after at the other side, to at most 20 s.
[[nodiscard]] Duration StretchedKeepalive(const LinkProfile& profile, size_t links);
inline constexpr size_t kStretchFromLinks = 2'000;
inline constexpr size_t kStretchToLinks = 10'000;
inline constexpr Duration kMaxKeepalive = Duration::Seconds(10);

struct ControlFrame {
  FrameType type = FrameType::kKeepalive;
  std::string body;
  friend bool operator==(const ControlFrame&, const ControlFrame&) = default;
};

struct LinkEffects {
  std::vector<ControlFrame> send;   // First.
  std::optional<LinkPeer> up;       // Then the handshake is done.
  std::vector<Envelope> deliver;    // Then messages, in order.
  std::optional<Status> down;       // Then the end: flush `send`, close the socket.
};

class LinkCore {
 public:
  struct Options {
    PeerClaim self;     // What we say in our hello.
    PeerProof proof;    // What is known of the peer; also says which side we are.
    LinkPolicy policy;
    std::optional<LinkProfile> profile;  // Unset: by the two roles.
    Duration handshake_deadline = kHandshakeDeadline;
    int max_unconsumed = kMaxUnconsumedBatches;
  };

  // What the daemon knows at this moment.
  struct Context {
    Time now;
    std::optional<Duration> core_age;  // Of our own core's last turn; nothing: no core yet.
    size_t links = 1;                  // Of this daemon, to stretch keepalives.
  };

  LinkCore(Options options, Rng rng);

  [[nodiscard]] LinkEffects Start(const Context& context);
  [[nodiscard]] LinkEffects Receive(std::string_view bytes, const Context& context);
  // To be called when wake_at() has come.
  [[nodiscard]] LinkEffects Tick(const Context& context);
  // The socket ended or failed.
  [[nodiscard]] LinkEffects Broken(Status reason);
  // We end it: the peer is told the reason.
  [[nodiscard]] LinkEffects Close(Status reason);

  // Batches handed out and consumed. Both are counted from the connection.
  void Handed(int batches) { unconsumed_ += batches; }
  void Consumed(Time now);

  [[nodiscard]] bool WantsRead() const;
  [[nodiscard]] Time wake_at() const;
  [[nodiscard]] bool up() const { return phase_ == Phase::kUp; }
  [[nodiscard]] bool down() const { return phase_ == Phase::kDown; }
  [[nodiscard]] const PeerClaim& peer_claim() const { return peer_claim_; }
  [[nodiscard]] const LinkProfile& profile() const { return profile_; }
  // Round trip of the last answered keepalive.
  [[nodiscard]] std::optional<Duration> round_trip() const { return round_trip_; }
  [[nodiscard]] uint64_t frames_skipped() const { return decoder_.frames_skipped(); }

 private:
  enum class Phase { kHandshake, kUp, kDown };
  class Receiver;

  Status OnMessage(FrameType type, std::string_view body, const Context& context,
                   LinkEffects* effects);
  Status OnHello(std::string_view body, const Context& context, LinkEffects* effects);
  Status OnEnvelope(std::string_view body, LinkEffects* effects);
  Status OnKeepalive(FrameType type, std::string_view body, const Context& context,
                     LinkEffects* effects);
  Status OnClose(std::string_view body);
  ControlFrame HelloFrame() const;
  void SendKeepalive(const Context& context, LinkEffects* effects);
  void Fail(Status reason, bool tell_peer, LinkEffects* effects);

  Options options_;
  Rng rng_;
  FrameDecoder decoder_;
  Phase phase_ = Phase::kHandshake;
  LinkProfile profile_;
  PeerClaim peer_claim_;        // Empty until its hello.
  bool peer_closed_ = false;    // Its close frame came: it needs none from us.
  Time handshake_until_ = Time::Max();
  Time next_keepalive_ = Time::Max();
  Time last_heard_;             // Any byte; moved on while we do not read or did not run.
  Time asked_wake_ = Time::Max();  // The wake_at() of the last event.
  Duration peer_down_after_;    // down_after, extended by what the peer promised.
  uint64_t sequence_ = 0;       // Of our last keepalive.
  Time sequence_sent_;
  std::optional<Duration> round_trip_;
  int unconsumed_ = 0;          // Batches; may exceed the bound by one read's.
};

}  // namespace meseta::net
