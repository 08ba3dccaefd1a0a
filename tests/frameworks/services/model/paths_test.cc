// Paths, ids and times: tables of texts and what they mean.
#include "frameworks/services/model/paths.h"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <limits>

namespace meseta::services {
namespace {

constexpr char kUuid[] = "7c9e6679-7425-40de-944b-e07fc1f90ae7";

TEST(PathsTest, CanonicalResolvesAgainstTheBase) {
  struct Row {
    const char* text;
    const char* base;
    const char* path;
  };
  for (const Row& row :
       {Row{"web", "/shop", "/shop/web"}, Row{"/web", "/shop", "/web"},
        Row{"../db", "/shop/web", "/shop/db"}, Row{"./db", "/shop", "/shop/db"},
        Row{"..", "/shop", "/"}, Row{"../../..", "/shop", "/"}, Row{"", "/shop", "/shop"},
        Row{"/", "/shop", "/"}, Row{"//shop//web/", "/", "/shop/web"},
        Row{"shop/web", "/", "/shop/web"}, Row{"/a/./b/../c", "/", "/a/c"}}) {
    EXPECT_EQ(Canonical(row.text, row.base), row.path) << row.text << " at " << row.base;
  }
}

TEST(PathsTest, ParentsAndWhatIsBeneath) {
  EXPECT_EQ(ParentOf("/shop/web"), "/shop");
  EXPECT_EQ(ParentOf("/shop"), "/");
  EXPECT_EQ(ParentOf("/"), "/");
  EXPECT_TRUE(IsBeneath("/shop/web", "/shop"));
  EXPECT_TRUE(IsBeneath("/shop", "/shop"));
  EXPECT_TRUE(IsBeneath("/shop", "/"));
  EXPECT_TRUE(IsBeneath("/", "/"));
  EXPECT_FALSE(IsBeneath("/shopping", "/shop"));
  EXPECT_FALSE(IsBeneath("/shop-2/web", "/shop"));
  EXPECT_FALSE(IsBeneath("/", "/shop"));
}

TEST(PathsTest, IdsThatMarathonTakes) {
  for (const char* path : {"/web", "/shop/web", "/a", "/0", "/a-b", "/a.b.c", "/a1-2.b3", "/"}) {
    EXPECT_EQ(WhyBadPath(path, false), "") << path;
  }
  for (const char* path : {"web", "../web", "./web", "..", "shop/../web", "/shop"}) {
    EXPECT_EQ(WhyBadPath(path, true), "") << path;
  }
}

TEST(PathsTest, IdsThatItRefuses) {
  for (const char* path : {"/Web", "/-a", "/a-", "/a b", "/a_b", "/a..b", "/.a", "/a.", "/a.-b",
                           "/a-.b", "/\xc3\xa4", "/a\n", "", "/a/..", "/.", "web"}) {
    EXPECT_NE(WhyBadPath(path, false), "") << path;
  }
  for (const char* path : {"...", "we_b", "../We"}) EXPECT_NE(WhyBadPath(path, true), "") << path;
}

TEST(PathsTest, WordsOfTheApiAreReserved) {
  for (const char* path : {"/restart", "/a/tasks", "/a/versions", "/a/..", "tasks"}) {
    EXPECT_TRUE(IsReservedAppName(path)) << path;
  }
  for (const char* path : {"/restarts", "/tasks/a", "/a"})
    EXPECT_FALSE(IsReservedAppName(path)) << path;
}

TEST(PathsTest, IdsOfInstancesAndTasks) {
  EXPECT_EQ(SafePath("/shop/web"), "shop_web");
  const std::string instance = InstanceIdOf("/shop/web", kUuid);
  EXPECT_EQ(instance, "shop_web.instance-" + std::string(kUuid));
  const std::string task = TaskIdOf(instance, 3);
  EXPECT_EQ(task, instance + "._app.3");
  EXPECT_EQ(InstanceOfTask(task), instance);
  EXPECT_EQ(InstanceOfTask(instance), instance);
  EXPECT_EQ(InstanceOfTask("shop_web." + std::string(kUuid)),
            "shop_web.marathon-" + std::string(kUuid));
}

TEST(PathsTest, NamesThatAreNoTasksOfOurs) {
  const std::string uuid = kUuid;
  const std::vector<std::string> tasks = {"",
                                          "task-1",
                                          uuid,
                                          "." + uuid,
                                          ".instance-" + uuid,
                                          "web.instance-" + uuid + "._app.",
                                          "web.instance-" + uuid + "._app.x",
                                          "web.instance-123._app.1",
                                          "web." + uuid.substr(1),
                                          "._app.1"};
  for (const std::string& task : tasks) {
    EXPECT_EQ(InstanceOfTask(task), std::nullopt) << task;
  }
}

TEST(TimesTest, AreShownAsMarathonDoes) {
  EXPECT_EQ(ShowTime(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(ShowTime(1'795'356'000'123), "2026-11-22T14:00:00.123Z");
  EXPECT_EQ(ShowTime(-1), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(ShowTime(951'782'400'000), "2000-02-29T00:00:00.000Z");
}

TEST(TimesTest, AreReadInItsForms) {
  EXPECT_EQ(ParseTime("2026-11-22T14:00:00.123Z"), 1'795'356'000'123);
  EXPECT_EQ(ParseTime("2026-11-22T14:00:00Z"), 1'795'356'000'000);
  EXPECT_EQ(ParseTime("2026-11-22T14:00:00.1Z"), 1'795'356'000'100);
  EXPECT_EQ(ParseTime("2026-11-22T14:00:00.123456+00:00"), 1'795'356'000'123);
  for (const char* text :
       {"", "x", "2026-11-22", "2026-13-22T14:00:00.000Z", "2026-02-30T14:00:00.000Z",
        "2026-11-22T24:00:00.000Z", "2026-11-22T14:00:00.xZ", "2026-11-22T14:00:00.Z",
        "2026-11-22T14:00:00.000+01:00", "2026-11-22 14:00:00.000Z"}) {
    EXPECT_EQ(ParseTime(text), 0) << text;
  }
}

TEST(TimesTest, NoNumberIsTooLargeToShow) {
  EXPECT_FALSE(ShowTime(std::numeric_limits<int64_t>::max()).empty());
  EXPECT_FALSE(ShowTime(std::numeric_limits<int64_t>::min()).empty());
}

RC_GTEST_PROP(TimesTest, ReadingUndoesShowing, ()) {
  const int64_t ms = *rc::gen::inRange<int64_t>(1, 253'402'300'799'999);
  RC_ASSERT(ParseTime(ShowTime(ms)) == ms);
}

RC_GTEST_PROP(PathsTest, CanonicalPathsStayAsTheyAre,
              (const std::string& text, const std::string& base)) {
  const Path path = Canonical(text, Canonical(base));
  RC_ASSERT(Canonical(path, "/other") == path);
  RC_ASSERT(path[0] == '/');
  RC_ASSERT(IsBeneath(path, ParentOf(path)));
}

}  // namespace
}  // namespace meseta::services
