#include "master/agents/channel_table.h"

#include <gtest/gtest.h>

namespace meseta::master {
namespace {

TEST(ChannelTable, OneActorOfOneLinkIsOneChannel) {
  ChannelTable table;
  const auto first = table.Open(7, "slave(1)@127.0.0.1:5051");
  ASSERT_TRUE(first);
  EXPECT_EQ(table.Open(7, "slave(1)@127.0.0.1:5051"), first);
  EXPECT_NE(table.Open(7, "slave(1)/2@127.0.0.1:5051"), first);
  EXPECT_NE(table.Open(8, "slave(1)@127.0.0.1:5051"), first);
  EXPECT_EQ(table.size(), 3u);
  EXPECT_EQ(table.Find(*first)->link, 7u);
  EXPECT_EQ(table.Find(*first)->to, "slave(1)");
  EXPECT_FALSE(table.Find(*first)->shared());
  EXPECT_TRUE(table.Find(*table.Open(7, "slave(1)/2@x"))->shared());
}

TEST(ChannelTable, ALinkTakesItsChannelsWithIt) {
  ChannelTable table;
  const auto a = table.Open(1, "slave(1)/1@h:1"), b = table.Open(1, "slave(1)/2@h:1");
  const auto other = table.Open(2, "slave(1)/1@h:1");
  EXPECT_EQ(table.CloseLink(1), (std::vector<ChannelTable::ChannelId>{*a, *b}));
  EXPECT_TRUE(table.CloseLink(1).empty());
  EXPECT_EQ(table.Find(*a), nullptr);
  EXPECT_NE(table.Find(*other), nullptr);
}

TEST(ChannelTable, AClosedChannelComesBackUnderANewId) {
  ChannelTable table;
  const auto a = table.Open(1, "slave(1)/1@h:1");
  table.Close(*a);
  table.Close(*a);
  EXPECT_EQ(table.size(), 0u);
  const auto again = table.Open(1, "slave(1)/1@h:1");
  ASSERT_TRUE(again);
  EXPECT_NE(again, a);
}

TEST(ChannelTable, RefusesNamesThatAreNoneAndMoreThanItsBound) {
  ChannelTable table;
  EXPECT_FALSE(table.Open(1, ""));
  EXPECT_FALSE(table.Open(1, "@h:1"));
  EXPECT_FALSE(table.Open(1, std::string(ChannelTable::kMaxNameBytes + 1, 'a')));
  for (size_t i = 0; i < ChannelTable::kMaxChannelsPerLink; ++i) {
    ASSERT_TRUE(table.Open(1, "slave(1)/" + std::to_string(i)));
  }
  EXPECT_FALSE(table.Open(1, "slave(1)/more"));
  EXPECT_TRUE(table.Open(1, "slave(1)/0"));
  EXPECT_TRUE(table.Open(2, "slave(1)/more"));
}

}  // namespace
}  // namespace meseta::master
