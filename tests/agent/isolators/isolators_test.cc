// Goal: rlimits mean what Mesos' RLimitInfo says; usage is read right from stat files whatever a
// process calls itself, and counts a whole tree.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "agent/isolators/posix_isolator.h"
#include "agent/isolators/proc_usage.h"
#include "agent/isolators/rlimits.h"

namespace meseta::agent {
namespace {

using RLimit = v1::RLimitInfo::RLimit;

v1::RLimitInfo One(RLimit::Type type) {
  v1::RLimitInfo info;
  info.add_rlimits()->set_type(type);
  return info;
}

TEST(Rlimits, EveryTypeIsMapped) {
  for (int type = RLimit::RLMT_AS; type <= RLimit::RLMT_STACK; ++type) {
    EXPECT_TRUE(MapRlimits(One(static_cast<RLimit::Type>(type))).ok()) << type;
  }
  EXPECT_FALSE(MapRlimits(One(RLimit::UNKNOWN)).ok());
  EXPECT_EQ(MapRlimits(One(RLimit::RLMT_NOFILE)).value()[0].resource, RLIMIT_NOFILE);
}

TEST(Rlimits, SoftAndHardComeTogether) {
  v1::RLimitInfo info = One(RLimit::RLMT_CORE);
  EXPECT_EQ(MapRlimits(info).value()[0].hard, uint64_t{RLIM_INFINITY});
  info.mutable_rlimits(0)->set_soft(5);
  EXPECT_FALSE(MapRlimits(info).ok());
  info.mutable_rlimits(0)->set_hard(7);
  EXPECT_EQ(MapRlimits(info).value()[0].soft, 5U);
  EXPECT_EQ(MapRlimits(info).value()[0].hard, 7U);
  info.mutable_rlimits(0)->set_hard(4);
  EXPECT_FALSE(MapRlimits(info).ok());
}

TEST(Rlimits, TwiceTheSameIsAnError) {
  v1::RLimitInfo info = One(RLimit::RLMT_CORE);
  info.add_rlimits()->set_type(RLimit::RLMT_CORE);
  EXPECT_EQ(MapRlimits(info).status().message(), "Resource limit RLMT_CORE is given twice");
}

TEST(ProcUsage, StatWithAnEvilName) {
  const auto usage = ParseProcessStat(
      "42 (a) R 1 (b) ) S 1 42 42 0 -1 4194560 100 0 0 0 11 12 13 14 20 0 3 0 5555 1000000 77 "
      "18446744073709551615 0 0\n");
  ASSERT_TRUE(usage.has_value());
  EXPECT_EQ(usage->state, 'S');
  EXPECT_EQ(usage->user_ticks, 11U);
  EXPECT_EQ(usage->system_ticks, 12U);
  EXPECT_EQ(usage->waited_user_ticks, 13U);
  EXPECT_EQ(usage->waited_system_ticks, 14U);
  EXPECT_EQ(usage->threads, 3U);
  EXPECT_EQ(usage->rss_pages, 77U);
}

TEST(ProcUsage, GarbageIsNotAStat) {
  for (const char* text : {"", "1", "1 (x", "1 (x) S 1 2", ")"}) {
    EXPECT_FALSE(ParseProcessStat(text).has_value()) << text;
  }
}

TEST(ProcUsage, CountsWhatIsBelowAProcess) {
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t top = fork();
  if (top == 0) {
    const pid_t middle = fork();
    if (middle == 0) {
      if (fork() == 0) {
        (void)!write(ready[1], "x", 1);
        pause();
      }
      (void)!write(ready[1], "x", 1);
      pause();
    }
    pause();
  }
  char byte;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  const std::vector<pid_t> below = Descendants(top);
  EXPECT_EQ(below.size(), 2U);
  v1::ResourceStatistics statistics;
  EXPECT_TRUE(PosixIsolator().AddUsage(ContainerId("c"), top, &statistics).ok());
  EXPECT_EQ(statistics.processes(), 2U);
  EXPECT_EQ(statistics.threads(), 2U);
  EXPECT_GT(statistics.mem_rss_bytes(), 0U);
  kill(top, SIGKILL);
  for (const pid_t pid : below) kill(pid, SIGKILL);
  waitpid(top, nullptr, 0);
  EXPECT_EQ(UsageBelow(top).status().code(), StatusCode::kNotFound);
  close(ready[0]);
  close(ready[1]);
}

}  // namespace
}  // namespace meseta::agent
