#include "actors/net/link_core.h"

#include <algorithm>
#include <utility>

#include "actors/messages/internal/link.pb.h"
#include "actors/net/envelope_codec.h"

namespace meseta::net {
namespace {

using internal::LinkHello;

LinkHello::Role ToWire(PeerRole role) {
  switch (role) {
    case PeerRole::kMaster: return LinkHello::MASTER;
    case PeerRole::kAgent: return LinkHello::AGENT;
    case PeerRole::kFramework: return LinkHello::FRAMEWORK;
    case PeerRole::kClient: return LinkHello::CLIENT;
    case PeerRole::kUnknown: break;
  }
  return LinkHello::UNKNOWN;
}

PeerRole FromWire(LinkHello::Role role) {
  switch (role) {
    case LinkHello::MASTER: return PeerRole::kMaster;
    case LinkHello::AGENT: return PeerRole::kAgent;
    case LinkHello::FRAMEWORK: return PeerRole::kFramework;
    case LinkHello::CLIENT: return PeerRole::kClient;
    case LinkHello::UNKNOWN: break;
  }
  return PeerRole::kUnknown;
}

bool ParseBody(std::string_view body, google::protobuf::MessageLite* message) {
  return message->ParseFromArray(body.data(), static_cast<int>(body.size()));
}

bool Printable(char c) { return c >= 0x20 && c < 0x7f; }

// Peers' texts reach logs and terminals.
bool Printable(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return Printable(c); });
}

std::string MadePrintable(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return !Printable(c); }, '?');
  return text;
}

Status Malformed(std::string_view what) {
  return InvalidArgument("the peer sent a malformed " + std::string(what));
}

StatusCode CodeFromWire(uint32_t code) {
  if (code == 0 || code > static_cast<uint32_t>(StatusCode::kInternal)) {
    return StatusCode::kUnavailable;
  }
  return static_cast<StatusCode>(code);
}

}  // namespace

LinkProfile MasterProfile() { return {Duration::Seconds(1), Duration::Seconds(3)}; }

LinkProfile AgentProfile() { return {Duration::Seconds(5), Duration::Seconds(15)}; }

Duration StretchedKeepalive(const LinkProfile& profile, size_t links) {
  const Duration most = std::min(profile.keepalive * 2, kMaxKeepalive);
  if (profile == MasterProfile() || links <= kStretchFromLinks || most <= profile.keepalive) {
    return profile.keepalive;
  }
  const auto over = static_cast<int64_t>(std::min(links, kStretchToLinks) - kStretchFromLinks);
  const auto span = static_cast<int64_t>(kStretchToLinks - kStretchFromLinks);
  return profile.keepalive + Duration::Millis((most - profile.keepalive).millis() * over / span);
}

// Hands the decoder's messages to the core; `effects` collects.
class LinkCore::Receiver : public MessageSink {
 public:
  Receiver(LinkCore* core, const Context& context, LinkEffects* effects)
      : core_(core), context_(context), effects_(effects) {}
  Status OnMessage(FrameType type, std::string_view body) override {
    return core_->OnMessage(type, body, context_, effects_);
  }

 private:
  LinkCore* core_;
  const Context& context_;
  LinkEffects* effects_;
};

LinkCore::LinkCore(Options options, Rng rng)
    : options_(std::move(options)), rng_(rng), profile_(options_.profile.value_or(AgentProfile())) {
  peer_down_after_ = profile_.down_after;
}

LinkEffects LinkCore::Start(const Context& context) {
  LinkEffects effects;
  last_heard_ = context.now;
  handshake_until_ = context.now + options_.handshake_deadline;
  if (options_.proof.dialed) effects.send.push_back(HelloFrame());
  asked_wake_ = wake_at();
  return effects;
}

LinkEffects LinkCore::Receive(std::string_view bytes, const Context& context) {
  LinkEffects effects;
  if (phase_ == Phase::kDown) return effects;
  last_heard_ = std::max(last_heard_, context.now);
  Receiver receiver(this, context, &effects);
  const Status status = decoder_.Feed(bytes, &receiver);
  if (!status.ok()) {
    Fail(status, !peer_closed_, &effects);
  } else if (phase_ == Phase::kHandshake &&
             (decoder_.buffered() > kMaxHelloBytes || decoder_.frames_skipped() > 0)) {
    Fail(FailedPrecondition("the peer's first frame is not a hello"), true, &effects);
  }
  asked_wake_ = wake_at();
  return effects;
}

LinkEffects LinkCore::Tick(const Context& context) {
  LinkEffects effects;
  if (phase_ == Phase::kDown) return effects;
  // What passed beyond the wake that we asked for is our own delay: bytes of the peer may lie unread.
  if (context.now > asked_wake_) last_heard_ = last_heard_ + (context.now - asked_wake_);
  if (!WantsRead() || last_heard_ > context.now) last_heard_ = context.now;
  if (phase_ == Phase::kHandshake) {
    if (context.now >= handshake_until_) {
      Fail(DeadlineExceeded("the peer did not finish the link's handshake within " +
                            options_.handshake_deadline.ToString()),
           true, &effects);
    }
  } else if (context.now >= last_heard_ + peer_down_after_) {
    Fail(Unavailable("nothing came from the peer for " + peer_down_after_.ToString()), true,
         &effects);
  } else if (context.now >= next_keepalive_) {
    SendKeepalive(context, &effects);
  }
  asked_wake_ = wake_at();
  return effects;
}

LinkEffects LinkCore::Broken(Status reason) {
  LinkEffects effects;
  if (phase_ != Phase::kDown) Fail(std::move(reason), false, &effects);
  return effects;
}

LinkEffects LinkCore::Close(Status reason) {
  LinkEffects effects;
  if (phase_ != Phase::kDown) Fail(std::move(reason), true, &effects);
  return effects;
}

void LinkCore::Consumed(Time now) {
  const bool was_reading = WantsRead();
  if (unconsumed_ > 0) --unconsumed_;
  if (!was_reading && WantsRead()) last_heard_ = std::max(last_heard_, now);
}

bool LinkCore::WantsRead() const {
  return phase_ != Phase::kDown && unconsumed_ < options_.max_unconsumed;
}

Time LinkCore::wake_at() const {
  if (phase_ == Phase::kDown) return Time::Max();
  if (phase_ == Phase::kHandshake) return handshake_until_;
  return std::min(next_keepalive_, last_heard_ + peer_down_after_);
}

Status LinkCore::OnMessage(FrameType type, std::string_view body, const Context& context,
                           LinkEffects* effects) {
  if (type == FrameType::kClose) return OnClose(body);
  if (phase_ == Phase::kHandshake) {
    if (type != FrameType::kHello) {
      return FailedPrecondition("the peer's first frame is not a hello");
    }
    return OnHello(body, context, effects);
  }
  switch (type) {
    case FrameType::kEnvelope: return OnEnvelope(body, effects);
    case FrameType::kKeepalive:
    case FrameType::kKeepaliveAnswer: return OnKeepalive(type, body, context, effects);
    default: return FailedPrecondition("the peer sent a second hello");
  }
}

Status LinkCore::OnHello(std::string_view body, const Context& context, LinkEffects* effects) {
  LinkHello hello;
  if (body.size() > kMaxHelloBytes || !ParseBody(body, &hello) ||
      !Printable(hello.daemon_version()) || !Printable(hello.address()) ||
      !Printable(hello.incarnation())) {
    return Malformed("hello");
  }
  if (hello.protocol() != kLinkProtocol) {
    return FailedPrecondition(
        "the peer (daemon version " + hello.daemon_version() + ") speaks link protocol " +
        std::to_string(hello.protocol()) + ", this daemon (" + options_.self.daemon_version +
        ") speaks " + std::to_string(kLinkProtocol) + ": upgrade the older one");
  }
  peer_claim_ = {FromWire(hello.role()), hello.address(), hello.daemon_version(),
                 hello.incarnation()};
  Result<LinkPeer> peer = AdmitPeer(options_.policy, options_.proof, peer_claim_);
  if (!peer.ok()) return peer.status();
  if (!options_.profile && peer->role == PeerRole::kMaster &&
      options_.self.role == PeerRole::kMaster) {
    profile_ = MasterProfile();
  }
  if (!options_.proof.dialed) effects->send.push_back(HelloFrame());
  phase_ = Phase::kUp;
  peer_down_after_ = profile_.down_after;
  // Links that come up together, after a failover, do not keep alive in step.
  next_keepalive_ =
      context.now + Duration::FromSecondsDouble(profile_.keepalive.seconds() * rng_.Uniform());
  effects->up = *std::move(peer);
  return OkStatus();
}

Status LinkCore::OnEnvelope(std::string_view body, LinkEffects* effects) {
  Envelope envelope;
  if (!DecodeEnvelope(body, &envelope)) return Malformed("envelope");
  effects->deliver.push_back(std::move(envelope));
  return OkStatus();
}

Status LinkCore::OnKeepalive(FrameType type, std::string_view body, const Context& context,
                             LinkEffects* effects) {
  internal::LinkKeepalive keepalive;
  if (!ParseBody(body, &keepalive)) return Malformed("keepalive");
  if (keepalive.has_core_age_ms()) {
    const auto limit = static_cast<uint64_t>(profile_.down_after.millis());
    if (keepalive.core_age_ms() > limit) {
      return Unavailable("the peer's core has not taken a turn for more than " +
                         profile_.down_after.ToString());
    }
  }
  if (type == FrameType::kKeepaliveAnswer) {
    if (keepalive.sequence() == sequence_) round_trip_ = context.now - sequence_sent_;
    return OkStatus();
  }
  const Duration promised =
      std::min(Duration::Millis(static_cast<int64_t>(keepalive.interval_ms())), kMaxKeepalive);
  peer_down_after_ = std::max(profile_.down_after, promised * 2);
  internal::LinkKeepalive answer;
  answer.set_sequence(keepalive.sequence());
  if (context.core_age) answer.set_core_age_ms(static_cast<uint64_t>(context.core_age->millis()));
  effects->send.push_back(ControlFrame{FrameType::kKeepaliveAnswer, answer.SerializeAsString()});
  return OkStatus();
}

Status LinkCore::OnClose(std::string_view body) {
  peer_closed_ = true;
  internal::LinkClose close;
  if (!ParseBody(body, &close)) return Malformed("close");
  return Status(CodeFromWire(close.code()),
                "the peer closed the link: " +
                    MadePrintable(close.reason().substr(0, kMaxReasonBytes)));
}

ControlFrame LinkCore::HelloFrame() const {
  LinkHello hello;
  hello.set_protocol(kLinkProtocol);
  hello.set_daemon_version(options_.self.daemon_version);
  hello.set_role(ToWire(options_.self.role));
  hello.set_address(options_.self.address);
  hello.set_incarnation(options_.self.incarnation);
  return ControlFrame{FrameType::kHello, hello.SerializeAsString()};
}

void LinkCore::SendKeepalive(const Context& context, LinkEffects* effects) {
  const Duration interval = StretchedKeepalive(profile_, context.links);
  internal::LinkKeepalive keepalive;
  keepalive.set_sequence(++sequence_);
  if (context.core_age) {
    keepalive.set_core_age_ms(static_cast<uint64_t>(context.core_age->millis()));
  }
  keepalive.set_interval_ms(static_cast<uint32_t>(interval.millis()));
  sequence_sent_ = context.now;
  next_keepalive_ = context.now + interval;
  effects->send.push_back(ControlFrame{FrameType::kKeepalive, keepalive.SerializeAsString()});
}

void LinkCore::Fail(Status reason, bool tell_peer, LinkEffects* effects) {
  phase_ = Phase::kDown;
  if (tell_peer) {
    internal::LinkClose close;
    close.set_code(static_cast<uint32_t>(reason.code()));
    close.set_reason(reason.message().substr(0, kMaxReasonBytes));
    effects->send.push_back(ControlFrame{FrameType::kClose, close.SerializeAsString()});
  }
  effects->down = std::move(reason);
}

}  // namespace meseta::net
