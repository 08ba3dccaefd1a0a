#include "frameworks/cli/deploy_progress.h"

#include <algorithm>
#include <utility>

#include "actors/base/strings.h"
#include "frameworks/cli/table.h"

namespace meseta::cli {
namespace {

std::string Seconds(Duration elapsed) {
  return ShortAge(static_cast<double>(elapsed.nanos()) / 1e9);
}

std::string Printable(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return text;
}

// So that no line wraps: redrawing counts lines. Cuts between characters.
std::string Cut(std::string text, size_t width) {
  if (text.size() <= width) return text;
  while (width > 0 && (static_cast<unsigned char>(text[width]) & 0xc0) == 0x80) --width;
  return text.substr(0, width);
}

}  // namespace

bool DeployProgress::Reached(const DeployLook::App& app) const {
  return removes_ ? !app.state.has_value() : app.state.has_value() && app.state->complete();
}

DeployState DeployProgress::Update(DeployLook look) {
  look_ = std::move(look);
  if (state_ == DeployState::kGoing) state_ = Judge();
  return state_;
}

DeployState DeployProgress::Judge() {
  if (look_.deployment) {
    gone_since_.reset();
    return DeployState::kGoing;
  }
  if (!gone_since_) gone_since_ = look_.elapsed;
  // An app in a newer version was taken over by another change, be it our own's roll back.
  for (const DeployLook::App& app : look_.apps) {
    const bool newer = app.state && !version_.empty() && app.state->version > version_;
    if (!newer || removes_) continue;
    problem_ = app.id + " is at version " + app.state->version +
               " now: another change replaced this one, or its progress deadline rolled it back";
    return DeployState::kFailed;
  }
  const auto missing = std::find_if(look_.apps.begin(), look_.apps.end(),
                                    [this](const auto& app) { return !Reached(app); });
  if (missing == look_.apps.end()) return DeployState::kDone;
  if (look_.elapsed - *gone_since_ < kSettle) return DeployState::kGoing;
  problem_ = WhyItFailed(*missing);
  return DeployState::kFailed;
}

std::string DeployProgress::WhyItFailed(const DeployLook::App& app) const {
  if (removes_) return app.id + " is still there: the removal was cancelled";
  if (!app.state) return app.id + " does not exist any more";
  std::string text = AppLine(app) +
                     ": the deployment ended before that was reached; it was cancelled, or its "
                     "progress deadline passed";
  if (!app.why.empty()) text += " (" + Printable(app.why) + ")";
  return text;
}

std::string DeployProgress::AppLine(const DeployLook::App& app) const {
  if (!app.state) return app.id + " is not there";
  const ServiceApp& state = *app.state;
  std::string line = state.id + ": " + std::to_string(state.running) + " of " +
                     std::to_string(state.wanted) + " running";
  if (state.staged > 0) line += ", " + std::to_string(state.staged) + " staged";
  if (state.checked) line += ", " + std::to_string(state.healthy) + " healthy";
  if (state.unhealthy > 0) line += ", " + std::to_string(state.unhealthy) + " unhealthy";
  return Printable(line);
}

std::string DeployProgress::Steps() const {
  if (!look_.deployment) return "deployment " + id_ + " has ended";
  const ServiceDeployment& deployment = *look_.deployment;
  std::string text = "deployment " + id_ + " step " + std::to_string(deployment.step) + " of " +
                     std::to_string(deployment.steps);
  if (!deployment.actions.empty()) text += ": " + strings::Join(deployment.actions, ", ");
  return Printable(text);
}

std::string DeployProgress::Summary() const {
  if (state_ == DeployState::kFailed) return problem_;
  if (state_ == DeployState::kDone) return "done after " + Seconds(look_.elapsed);
  for (const DeployLook::App& app : look_.apps) {
    if (Reached(app)) continue;
    return AppLine(app) + (app.why.empty() ? "" : "; it waits: " + Printable(app.why));
  }
  return Steps();
}

std::vector<std::string> DeployProgress::Display(size_t width) const {
  std::vector<std::string> lines{Cut(Seconds(look_.elapsed) + "  " + Steps(), width)};
  for (const DeployLook::App& app : look_.apps) {
    lines.push_back(Cut("  " + AppLine(app), width));
    if (!app.why.empty() && !Reached(app)) {
      lines.push_back(Cut("    waits: " + Printable(app.why), width));
    }
  }
  return lines;
}

std::vector<std::string> DeployProgress::Changes() {
  std::vector<std::string> lines;
  const auto tell = [&](const std::string& about, const std::string& line) {
    if (std::exchange(told_[about], line) == line || line.empty()) return;
    lines.push_back(Seconds(look_.elapsed) + "  " + line);
  };
  tell("", Steps());
  for (const DeployLook::App& app : look_.apps) {
    tell(app.id, AppLine(app));
    tell(app.id + " why",
         app.why.empty() || Reached(app) ? "" : app.id + " waits: " + Printable(app.why));
  }
  return lines;
}

}  // namespace meseta::cli
