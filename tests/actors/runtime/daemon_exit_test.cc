// Goal: signals reach the latch, a broken pipe kills nobody, and children find defaults.
#include "actors/runtime/daemon_exit.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>

namespace meseta::runtime {
namespace {

TEST(ExitLatchTest, TheFirstRequestCounts) {
  ExitLatch latch;
  EXPECT_FALSE(latch.requested());
  latch.Request(kExitFailure, "first");
  latch.Request(kExitOk, "second");
  EXPECT_TRUE(latch.requested());
  EXPECT_EQ(latch.Wait().code, kExitFailure);
  EXPECT_EQ(latch.Wait().reason, "first");
}

TEST(SignalWatcherTest, ReportsSigtermAndSigint) {
  for (const int signal : {SIGTERM, SIGINT}) {
    ExitLatch latch;
    SignalWatcher watcher([&](int got) { latch.Request(got, "signal"); });
    ASSERT_EQ(kill(getpid(), signal), 0);
    EXPECT_EQ(latch.Wait().code, signal);
  }
}

TEST(SignalWatcherTest, ABrokenPipeIsAnErrorNotTheEnd) {
  SignalWatcher watcher([](int) {});
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  close(ends[0]);
  EXPECT_EQ(write(ends[1], "x", 1), -1);
  EXPECT_EQ(errno, EPIPE);
  close(ends[1]);
}

TEST(SignalWatcherTest, NoSignalIsMaskedOrIgnoredForChildren) {
  SignalWatcher watcher([](int) {});
  sigset_t mask;
  ASSERT_EQ(pthread_sigmask(SIG_BLOCK, nullptr, &mask), 0);
  for (const int signal : {SIGINT, SIGTERM, SIGPIPE}) {
    EXPECT_EQ(sigismember(&mask, signal), 0);
    struct sigaction action {};
    ASSERT_EQ(sigaction(signal, nullptr, &action), 0);
    EXPECT_NE(action.sa_handler, SIG_IGN);
  }
}

}  // namespace
}  // namespace meseta::runtime
