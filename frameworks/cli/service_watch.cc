#include "frameworks/cli/service_watch.h"

#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <thread>
#include <utility>

#include "actors/base/exit_codes.h"
#include "frameworks/cli/command_line.h"
#include "frameworks/cli/deploy_progress.h"

namespace meseta::cli {
namespace {

constexpr std::chrono::milliseconds kPollPause{400};
constexpr std::chrono::milliseconds kSlice{50};  // Until Ctrl-C is seen.
constexpr int kMaxFailedLooks = 30;              // In a row; each has been patient already.
constexpr size_t kDefaultWidth = 100;

volatile sig_atomic_t interrupted = 0;
void OnInterrupt(int) { interrupted = 1; }

// While it lives, SIGINT is noted rather than deadly.
class InterruptWatch {
 public:
  InterruptWatch() {
    interrupted = 0;
    struct sigaction action {};
    action.sa_handler = OnInterrupt;
    ::sigaction(SIGINT, &action, &before_);
  }
  ~InterruptWatch() { ::sigaction(SIGINT, &before_, nullptr); }
  InterruptWatch(const InterruptWatch&) = delete;
  InterruptWatch& operator=(const InterruptWatch&) = delete;

 private:
  struct sigaction before_ {};
};

// The display on stderr.
class Screen {
 public:
  Screen() : terminal_(::isatty(STDERR_FILENO) != 0) {}

  void Show(DeployProgress& progress) {
    if (!terminal_) {
      for (const std::string& line : progress.Changes()) std::fprintf(stderr, "%s\n", line.c_str());
      return;
    }
    struct winsize size {};
    const bool known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
    const std::vector<std::string> lines =
        progress.Display(known ? size.ws_col - size_t{1} : kDefaultWidth);
    std::string text;
    if (drawn_ > 0) text = "\x1b[" + std::to_string(drawn_) + "A";
    for (const std::string& line : lines) text += "\r" + line + "\x1b[K\n";
    text += "\x1b[J";  // What a longer display left below.
    drawn_ = lines.size();
    std::fwrite(text.data(), 1, text.size(), stderr);
  }

 private:
  const bool terminal_;
  size_t drawn_ = 0;  // Lines of the last display.
};

Result<DeployLook> Look(const Watched& watched, ServicesClient& client) {
  DeployLook look;
  ASSIGN_OR_RETURN(const auto deployments, client.Deployments());
  for (const ServiceDeployment& deployment : deployments) {
    if (deployment.id == watched.deployment.id) look.deployment = deployment;
  }
  for (const std::string& id : watched.apps) {
    if (look.apps.size() == kMaxWatchedApps) break;
    DeployLook::App app;
    app.id = id;
    auto state = client.App(id);
    if (state.ok()) app.state = *std::move(state);
    else if (state.status().code() != StatusCode::kNotFound) return state.status();
    if (app.state && !app.state->complete()) {
      const auto why = client.Why(id);
      if (why.ok()) app.why = why->sentence;  // A help, no more.
    }
    look.apps.push_back(std::move(app));
  }
  return look;
}

void GoesOn(const DeployProgress& progress, const char* what, const std::string& app) {
  std::fprintf(stderr,
               "%s; deployment %s goes on. %s\nmeseta service show %s shows it, meseta service "
               "rollback %s undoes it.\n",
               what, progress.id().c_str(), progress.Summary().c_str(), app.c_str(), app.c_str());
}

}  // namespace

Result<int> WatchDeployment(const Watched& watched, std::optional<Duration> timeout,
                            ServicesClient& client) {
  const InterruptWatch watch;
  Screen screen;
  DeployProgress progress(watched.deployment.id, watched.deployment.version, watched.removes);
  const std::string app = watched.apps.empty() ? "APP" : watched.apps.front();
  const auto begin = std::chrono::steady_clock::now();
  int failed_looks = 0;
  for (;;) {
    auto look = Look(watched, client);
    const Duration elapsed =
        Duration::Nanos(std::chrono::duration_cast<std::chrono::nanoseconds>(
                            std::chrono::steady_clock::now() - begin)
                            .count());
    DeployState state = DeployState::kGoing;
    if (look.ok()) {
      failed_looks = 0;
      look->elapsed = elapsed;
      state = progress.Update(*std::move(look));
      screen.Show(progress);
    } else if (++failed_looks == kMaxFailedLooks) {
      return look.status();
    }
    if (state == DeployState::kDone) {
      std::fprintf(stderr, "%s\n", progress.Summary().c_str());
      return kExitOk;
    }
    if (state == DeployState::kFailed) return Internal(progress.Summary());
    if (timeout && elapsed >= *timeout) {
      GoesOn(progress, "Not done within --timeout", app);
      return kExitFailure;
    }
    for (auto waited = kSlice; waited <= kPollPause && !interrupted; waited += kSlice) {
      std::this_thread::sleep_for(kSlice);
    }
    if (interrupted) {
      GoesOn(progress, "Stopped watching", app);
      return kExitInterrupted;
    }
  }
}

}  // namespace meseta::cli
