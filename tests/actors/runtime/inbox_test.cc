// Goal: an inbox asks for one signal per batch, keeps order and bound, and knows its oldest event.
#include "actors/runtime/inbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace meseta::runtime {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Pushed = Inbox<int>::Pushed;

class InboxTest : public ::testing::Test {
 protected:
  std::vector<int> Take(size_t max = 100) {
    std::vector<int> out;
    more = inbox.Take(max, &out);
    return out;
  }
  ManualClock clock;
  Inbox<int> inbox{4, &clock};
  bool more = false;
};

TEST_F(InboxTest, OneSignalPerBatch) {
  EXPECT_EQ(inbox.Push(1, true), Pushed::kQueuedSignal);
  EXPECT_EQ(inbox.Push(2, true), Pushed::kQueued);
  EXPECT_THAT(Take(), ElementsAre(1, 2));
  EXPECT_FALSE(more);
  EXPECT_EQ(inbox.Push(3, true), Pushed::kQueuedSignal);
}

TEST_F(InboxTest, PartsKeepTheOrder) {
  for (const int i : {1, 2, 3}) EXPECT_NE(inbox.Push(int{i}, true), Pushed::kRefused);
  EXPECT_THAT(Take(2), ElementsAre(1, 2));
  EXPECT_TRUE(more);
  for (const int i : {4, 5, 6}) {
    EXPECT_EQ(inbox.Push(int{i}, true), Pushed::kQueued);  // The taker goes on by itself.
  }
  EXPECT_EQ(inbox.Push(7, true), Pushed::kRefused);
  EXPECT_EQ(inbox.Push(8, false), Pushed::kQueued);
  EXPECT_EQ(inbox.stats().queued, 5u);
  EXPECT_EQ(inbox.stats().refused, 1u);
  EXPECT_THAT(Take(2), ElementsAre(3));
  EXPECT_THAT(Take(3), ElementsAre(4, 5, 6));
  EXPECT_TRUE(more);
  EXPECT_THAT(Take(3), ElementsAre(8));
  EXPECT_FALSE(more);
  EXPECT_THAT(Take(), IsEmpty());
}

TEST_F(InboxTest, TheOldestEventHasAnAge) {
  EXPECT_EQ(inbox.stats().oldest, std::nullopt);
  const Time first = clock.Mono();
  (void)inbox.Push(1, true);
  clock.Advance(Duration::Seconds(5));
  (void)inbox.Push(2, true);
  EXPECT_EQ(inbox.stats().oldest, first);
  (void)Take();
  EXPECT_EQ(inbox.stats().oldest, std::nullopt);
  (void)inbox.Push(3, true);
  EXPECT_EQ(inbox.stats().oldest, clock.Mono());
}

TEST_F(InboxTest, AClosedInboxRefusesAndForgets) {
  (void)inbox.Push(1, true);
  inbox.Close();
  EXPECT_EQ(inbox.Push(2, false), Pushed::kRefused);
  EXPECT_THAT(Take(), IsEmpty());
}

}  // namespace
}  // namespace meseta::runtime
