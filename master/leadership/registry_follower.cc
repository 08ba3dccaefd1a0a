#include "master/leadership/registry_follower.h"

#include <utility>

#include "actors/base/check.h"

namespace meseta::master {

void RegistryFollower::Restart(const store::Snapshot& snapshot) {
  state_.emplace();
  version_ = snapshot.version();
  Status status;
  snapshot.Scan("", "", [&](const store::Item& item) {
    status = registry::ApplyRecord(item.key, item.value, &*state_);
    return status.ok();
  });
  if (!status.ok()) state_.reset();
}

void RegistryFollower::Apply(const store::WatchEvent& event) {
  if (event.reset) return Restart(*event.reset);
  if (!state_) return;
  for (const store::Change& change : event.changes) {
    const std::optional<std::string_view> value =
        change.value ? std::optional<std::string_view>(*change.value) : std::nullopt;
    if (!registry::ApplyRecord(change.key, value, &*state_).ok()) return state_.reset();
  }
  version_ = event.version;
}

std::optional<store::Version> RegistryFollower::version() const {
  if (!state_) return std::nullopt;
  return version_;
}

registry::RegistryState RegistryFollower::Take() {
  CHECK(state_.has_value());
  registry::RegistryState state = *std::move(state_);
  state_.reset();
  return state;
}

}  // namespace meseta::master
