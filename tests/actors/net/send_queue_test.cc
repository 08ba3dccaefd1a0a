// Goal: order, priorities and bounds of what a link writes. Method: read it back with FrameDecoder.
#include "actors/net/send_queue.h"

#include <gtest/gtest.h>

#include <vector>

namespace meseta::net {
namespace {

// One letter a message: its first byte, or the type of a control frame.
class Letters : public MessageSink {
 public:
  Status OnMessage(FrameType type, std::string_view body) override {
    text += type == FrameType::kEnvelope ? std::string(body.substr(0, 1)) : std::string("*");
    sizes.push_back(body.size());
    return OkStatus();
  }
  std::string text;
  std::vector<size_t> sizes;
};

// Takes one write of the queue into the decoder; false when there was none.
bool Write(SendQueue* queue, FrameDecoder* decoder, Letters* got) {
  std::string out;
  queue->NextWrite(&out);
  EXPECT_EQ(decoder->Feed(out, got), OkStatus());
  return !out.empty();
}

TEST(SendQueueTest, KeepsOrderInALaneAndGathersOneWrite) {
  SendQueue queue;
  for (const char* body : {"a", "b", "c"}) ASSERT_TRUE(queue.Push(Lane::kBulk, body));
  FrameDecoder decoder;
  Letters got;
  EXPECT_TRUE(Write(&queue, &decoder, &got));
  EXPECT_EQ(got.text, "abc");
  EXPECT_TRUE(queue.empty());
  EXPECT_FALSE(Write(&queue, &decoder, &got));
}

TEST(SendQueueTest, ControlThenUrgentOvertakeALargeMessage) {
  SendQueue::Options options;
  options.max_write_bytes = kMaxFramePayload;
  SendQueue queue(options);
  const size_t large = 10 * kMaxFramePayload + 5;
  ASSERT_TRUE(queue.Push(Lane::kBulk, std::string(large, 'L')));
  ASSERT_TRUE(queue.Push(Lane::kBulk, "s"));
  FrameDecoder decoder;
  Letters got;
  Write(&queue, &decoder, &got);
  EXPECT_EQ(got.text, "");  // One chunk of it has left.
  ASSERT_TRUE(queue.Push(Lane::kUrgent, "u"));
  ASSERT_TRUE(queue.PushControl(FrameType::kKeepalive, "k"));
  Write(&queue, &decoder, &got);
  EXPECT_EQ(got.text, "*u");
  while (Write(&queue, &decoder, &got)) continue;
  EXPECT_EQ(got.text, "*uLs");
  EXPECT_EQ(got.sizes[2], large);
  EXPECT_EQ(queue.bytes(), 0u);
}

TEST(SendQueueTest, ALargeUrgentMessageAlternatesWithNothingBelowIt) {
  SendQueue::Options options;
  options.max_write_bytes = kMaxFramePayload;
  SendQueue queue(options);
  ASSERT_TRUE(queue.Push(Lane::kBulk, std::string(3 * kMaxFramePayload, 'b')));
  FrameDecoder decoder;
  Letters got;
  Write(&queue, &decoder, &got);
  ASSERT_TRUE(queue.Push(Lane::kUrgent, std::string(3 * kMaxFramePayload, 'u')));
  while (Write(&queue, &decoder, &got)) continue;
  EXPECT_EQ(got.text, "ub");
}

TEST(SendQueueTest, Bounds) {
  SendQueue::Options options;
  options.max_messages = 2;
  options.max_bytes = 100;
  SendQueue queue(options);
  EXPECT_FALSE(queue.Push(Lane::kBulk, std::string(101, 'x')));
  EXPECT_TRUE(queue.Push(Lane::kBulk, std::string(60, 'x')));
  EXPECT_FALSE(queue.Push(Lane::kUrgent, std::string(41, 'x')));
  EXPECT_TRUE(queue.Push(Lane::kUrgent, std::string(40, 'x')));
  EXPECT_FALSE(queue.Push(Lane::kBulk, ""));
  std::string out;
  queue.NextWrite(&out);
  EXPECT_TRUE(queue.Push(Lane::kBulk, std::string(100, 'x')));
  EXPECT_FALSE(SendQueue().Push(Lane::kBulk, std::string(kMaxMessageBytes + 1, 'x')));
  for (size_t i = 0; i < kMaxQueuedControlFrames; ++i) {
    EXPECT_TRUE(queue.PushControl(FrameType::kKeepalive, ""));
  }
  EXPECT_FALSE(queue.PushControl(FrameType::kKeepalive, ""));
  queue.Clear();
  EXPECT_TRUE(queue.empty());
}

TEST(SendQueueTest, TheLastFrameWaitsForAllElse) {
  SendQueue queue;
  queue.PushLast(FrameType::kClose, "bye");
  EXPECT_FALSE(queue.empty());
  ASSERT_TRUE(queue.Push(Lane::kBulk, std::string(kMaxFramePayload * 6, 'b')));
  FrameDecoder decoder;
  Letters got;
  while (Write(&queue, &decoder, &got)) continue;
  EXPECT_EQ(got.text, "b*");
  EXPECT_TRUE(queue.empty());
}

TEST(SendQueueTest, AnEmptyMessageIsAMessage) {
  SendQueue queue;
  ASSERT_TRUE(queue.Push(Lane::kBulk, ""));
  EXPECT_FALSE(queue.empty());
  FrameDecoder decoder;
  Letters got;
  Write(&queue, &decoder, &got);
  EXPECT_EQ(got.sizes, std::vector<size_t>{0});
}

}  // namespace
}  // namespace meseta::net
