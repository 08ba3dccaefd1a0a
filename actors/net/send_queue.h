// SendQueue: what one link still has to write, in the order in which it will leave. Pure.
//
// Three lanes: control frames (keepalives, close) leave before everything, urgent messages
// (consensus) before bulk ones. Messages longer than a frame are cut into chunks, and each chunk
// chooses anew, so a 60 MiB message delays a keepalive by at most what one write holds. Within a lane
// the order is kept; all messages to one actor use the same lane, so order per pair of actors holds.
//
// Bounds: messages and bytes, see Options. A push beyond them is refused: the link is then cut.
// Control frames are few by construction (one keepalive per interval and its answer) and have a
// bound of their own. Not thread-safe; the link guards it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "actors/net/frame_codec.h"

namespace meseta::net {

enum class Lane { kUrgent, kBulk };

inline constexpr size_t kMaxQueuedControlFrames = 64;

class SendQueue {
 public:
  struct Options {
    size_t max_messages = 100'000;              // Both lanes together.
    size_t max_bytes = 2 * kMaxMessageBytes;    // Both lanes together, payloads.
    size_t max_write_bytes = 256 * 1024;        // One write gathers about this much.
  };

  SendQueue() = default;
  explicit SendQueue(Options options) : options_(options) {}

  // False when a bound refuses it; `body`, a serialized LinkEnvelope, is then left as it is.
  [[nodiscard]] bool Push(Lane lane, std::string* body);
  [[nodiscard]] bool Push(Lane lane, std::string body) { return Push(lane, &body); }
  // REQUIRES: body.size() <= kMaxFramePayload.
  [[nodiscard]] bool PushControl(FrameType type, std::string body);

  // A frame that leaves when everything else has. The last call counts.
  void PushLast(FrameType type, std::string body);

  // Frames for the next write, empty when nothing is queued. `out` is cleared first.
  void NextWrite(std::string* out);

  [[nodiscard]] bool empty() const { return messages_ == 0 && control_.empty() && !last_; }
  [[nodiscard]] size_t messages() const { return messages_; }
  [[nodiscard]] size_t bytes() const { return bytes_; }
  void Clear();

 private:
  struct Control {
    FrameType type;
    std::string body;
  };
  struct LaneQueue {
    std::deque<std::string> bodies;
    size_t sent = 0;  // Bytes of the front body that have left.
  };

  // Moves one chunk of the lane's front message to `out`.
  void TakeChunk(LaneQueue* lane, uint16_t stream, std::string* out);

  Options options_;
  std::deque<Control> control_;
  std::optional<Control> last_;
  LaneQueue urgent_;
  LaneQueue bulk_;
  size_t messages_ = 0;  // Whole or partly sent, both lanes.
  size_t bytes_ = 0;     // Of them, not yet taken.
};

}  // namespace meseta::net
