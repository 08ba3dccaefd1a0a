// The frames of a link under hostile input: however the bytes are cut, the decoder reads the same
// messages, holds no more than came, and a LinkCore survives them, before and after its handshake.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "actors/base/check.h"
#include "actors/messages/internal/link.pb.h"
#include "actors/net/frame_codec.h"
#include "actors/net/link_core.h"

namespace meseta::net {
namespace {

class Collector : public MessageSink {
 public:
  Status OnMessage(FrameType type, std::string_view body) override {
    messages.emplace_back(type, std::string(body));
    return OkStatus();
  }
  std::vector<std::pair<FrameType, std::string>> messages;
};

// Decodes in pieces of `step` bytes; whether all of it was accepted.
bool Decode(std::string_view bytes, size_t step, Collector* got) {
  FrameDecoder decoder;
  for (size_t i = 0; i < bytes.size(); i += step) {
    if (!decoder.Feed(bytes.substr(i, step), got).ok()) return false;
    CHECK(decoder.buffered() <= bytes.size());
  }
  return true;
}

std::string Hello() {
  internal::LinkHello hello;
  hello.set_protocol(kLinkProtocol);
  hello.set_role(internal::LinkHello::AGENT);
  std::string frame;
  AppendFrame(FrameType::kHello, 0, 0, hello.SerializeAsString(), &frame);
  return frame;
}

void RunCore(std::string_view bytes, size_t step, bool with_hello) {
  LinkCore::Options options;
  options.self.role = PeerRole::kMaster;
  LinkCore core(options, Rng(1));
  LinkCore::Context context;
  context.now = Time::FromNanos(1);
  (void)core.Start(context);
  if (with_hello) CHECK(core.Receive(Hello(), context).up.has_value());
  bool ended = false;
  for (size_t i = 0; i < bytes.size(); i += step) {
    const LinkEffects effects = core.Receive(bytes.substr(i, step), context);
    CHECK(!ended || (effects.send.empty() && effects.deliver.empty() && !effects.down));
    CHECK(effects.deliver.empty() || core.up() || effects.down);
    ended |= effects.down.has_value();
    CHECK(ended == core.down());
  }
}

}  // namespace
}  // namespace meseta::net

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace meseta::net;
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const size_t step = std::max<size_t>(data[0] & 0x3f, 1);
  Collector whole;
  Collector pieces;
  const bool accepted = Decode(bytes, std::max<size_t>(bytes.size(), 1), &whole);
  CHECK(Decode(bytes, step, &pieces) == accepted);
  CHECK(whole.messages == pieces.messages);
  RunCore(bytes, step, (data[0] & 0x40) != 0);
  return 0;
}
