#include "actors/net/send_queue.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace meseta::net {
namespace {

constexpr uint16_t kUrgentStream = 0;
constexpr uint16_t kBulkStream = 1;

}  // namespace

bool SendQueue::Push(Lane lane, std::string* body) {
  if (body->size() > kMaxMessageBytes || messages_ >= options_.max_messages ||
      bytes_ + body->size() > options_.max_bytes) {
    return false;
  }
  ++messages_;
  bytes_ += body->size();
  (lane == Lane::kUrgent ? urgent_ : bulk_).bodies.push_back(std::move(*body));
  return true;
}

bool SendQueue::PushControl(FrameType type, std::string body) {
  if (control_.size() >= kMaxQueuedControlFrames) return false;
  control_.push_back(Control{type, std::move(body)});
  return true;
}

void SendQueue::PushLast(FrameType type, std::string body) {
  last_ = Control{type, std::move(body)};
}

void SendQueue::NextWrite(std::string* out) {
  out->clear();
  for (; !control_.empty(); control_.pop_front()) {
    AppendFrame(control_.front().type, 0, 0, control_.front().body, out);
  }
  while (out->size() < options_.max_write_bytes) {
    if (!urgent_.bodies.empty()) {
      TakeChunk(&urgent_, kUrgentStream, out);
    } else if (!bulk_.bodies.empty()) {
      TakeChunk(&bulk_, kBulkStream, out);
    } else {
      if (last_) AppendFrame(last_->type, 0, 0, last_->body, out);
      last_.reset();
      return;
    }
  }
}

void SendQueue::TakeChunk(LaneQueue* lane, uint16_t stream, std::string* out) {
  const std::string_view rest = std::string_view(lane->bodies.front()).substr(lane->sent);
  const std::string_view chunk = rest.substr(0, kMaxFramePayload);
  const bool last = chunk.size() == rest.size();
  const int flags = (lane->sent == 0 ? kFirstChunk : 0) | (last ? kLastChunk : 0);
  AppendFrame(FrameType::kEnvelope, static_cast<uint8_t>(flags), stream, chunk, out);
  bytes_ -= chunk.size();
  lane->sent += chunk.size();
  if (!last) return;
  lane->sent = 0;
  lane->bodies.pop_front();
  --messages_;
}

void SendQueue::Clear() {
  control_.clear();
  last_.reset();
  urgent_ = {};
  bulk_ = {};
  messages_ = 0;
  bytes_ = 0;
}

}  // namespace meseta::net
