// DeployProgress: what is to be told of a deployment while it goes on, and when it has ended. Pure.
//
// The server lists a deployment while it is under way and forgets it then; whether it went well shows
// in the apps: all there, as many as wanted, in the version that was asked for. A moment may pass
// between the two, so an app that is incomplete right after the end gets kSettle to show.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "actors/base/time.h"
#include "frameworks/cli/service_rows.h"

namespace meseta::cli {

// Apps that one deployment shows; of more, the first by name.
inline constexpr size_t kMaxWatchedApps = 20;
inline constexpr Duration kSettle = Duration::Seconds(3);

// What is seen at one moment.
struct DeployLook {
  Duration elapsed;                             // Since the deployment was asked for.
  std::optional<ServiceDeployment> deployment;  // None: not under way any more.
  struct App {
    std::string id;
    std::optional<ServiceApp> state;  // None: there is no such app.
    std::string why;                  // It waits for; or empty.
  };
  std::vector<App> apps;
};

enum class DeployState { kGoing, kDone, kFailed };

class DeployProgress {
 public:
  // `version`: of the catalog that the change made; empty: of no matter. `removes`: success is that
  // the apps are gone.
  DeployProgress(std::string id, std::string version, bool removes)
      : id_(std::move(id)), version_(std::move(version)), removes_(removes) {}

  DeployState Update(DeployLook look);

  // Why it failed, or that it is done. Of the end, and of a watch that ends before.
  [[nodiscard]] std::string Summary() const;
  // The whole display, for a terminal of this width.
  [[nodiscard]] std::vector<std::string> Display(size_t width) const;
  // Lines for what is new since the last call, for a file.
  std::vector<std::string> Changes();

  [[nodiscard]] const std::string& id() const { return id_; }

 private:
  [[nodiscard]] DeployState Judge();
  [[nodiscard]] std::string Steps() const;
  [[nodiscard]] std::string AppLine(const DeployLook::App& app) const;
  [[nodiscard]] std::string WhyItFailed(const DeployLook::App& app) const;
  [[nodiscard]] bool Reached(const DeployLook::App& app) const;

  const std::string id_;
  const std::string version_;
  const bool removes_;
  DeployLook look_;
  DeployState state_ = DeployState::kGoing;
  std::string problem_;
  std::optional<Duration> gone_since_;  // When it was first not listed.
  std::map<std::string, std::string> told_;  // Lines of Changes(), by what they are about.
};

}  // namespace meseta::cli
