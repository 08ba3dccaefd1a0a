// Catalog: all apps and groups as they are wanted, their versions, and the changes that led here.
//
// A value: copies share structure, so each change of a thousand-app catalog costs what it changed,
// and a copy can be read on any thread. Each object is its own: what is done to one is never seen
// in its copies, nor the other way round. (SharedMap knows one writer; so that any copy can be
// written, a catalog that was copied, and the copy, give up what they own before their next
// change.)
//
// Invariants: every app's and group's parent exists as a group; the root exists; a path is an app
// or a group, never both (callers have checked it); service ports of apps are counted.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "actors/base/shared_map.h"
#include "frameworks/services/model/types.h"

namespace meseta::services {

// Versions of one app, oldest first.
using AppVersions = std::vector<AppPtr>;
using ChangePtr = std::shared_ptr<const internal::ChangeRecord>;

class Catalog {
 public:
  static constexpr size_t kMaxVersions = 50;    // Of each app, as Marathon's default.
  static constexpr size_t kMaxChanges = 1'000;  // Of the whole catalog.

  Catalog();

  [[nodiscard]] AppPtr FindApp(const Path& path) const;      // Null: none.
  [[nodiscard]] GroupPtr FindGroup(const Path& path) const;  // Null: none.
  [[nodiscard]] size_t apps() const { return apps_.size(); }
  void ForEachApp(const std::function<void(const AppPtr&)>& visit) const;
  // In order of path; `group` "/" is all. The group itself is among those visited.
  void ForEachAppBeneath(const Path& group, const std::function<void(const AppPtr&)>& visit) const;
  void ForEachGroupBeneath(const Path& group,
                           const std::function<void(const GroupPtr&)>& visit) const;

  // Adds or replaces; parents that are not there are made with `app`'s version. The app's version
  // is kept among its versions.
  void PutApp(AppPtr app);
  void RemoveApp(const Path& path);  // Its versions stay known to changes only.
  void PutGroup(GroupPtr group);
  void RemoveGroup(const Path& path);  // REQUIRES: nothing is beneath it.

  // The app as it was in that version; null when it is no longer known.
  [[nodiscard]] AppPtr FindVersion(const Path& path, VersionMs version) const;
  [[nodiscard]] std::vector<VersionMs> VersionsOf(const Path& path) const;  // Newest first.
  // Versions of the catalog in which something beneath `group` changed, newest first.
  [[nodiscard]] std::vector<VersionMs> GroupVersionsOf(const Path& group) const;
  // The apps and groups as they were right after `version`, with the changes up to then and the
  // versions known now; nullopt when that is no longer known (or when nothing is: no change yet).
  [[nodiscard]] std::optional<Catalog> At(VersionMs version) const;

  // What changed between `before` and *this is recorded; the oldest change is dropped beyond the
  // bound. Returns the record, for the disk, also when nothing changed.
  // REQUIRES: `version` is newer than all recorded ones.
  ChangePtr RecordChange(const Catalog& before, VersionMs version);
  void AddChange(ChangePtr change);                   // From the disk, in order.
  void AddVersion(const Path& path, AppPtr version);  // From the disk, in order.

  // See ChangedApps.
  [[nodiscard]] std::vector<Path> AppsChangedSince(const Catalog& before) const;

  // Service ports in use, by how many apps.
  [[nodiscard]] bool IsServicePortUsed(uint32_t port) const;

  // A copy to give away; the same as copying.
  [[nodiscard]] Catalog Freeze() { return *this; }

 private:
  // Whether this object shares with copies all that it has. Copying marks the original, too, which
  // other threads may be copying at the same time: hence an atomic, which only means "at least
  // once".
  class ShareMark {
   public:
    ShareMark() = default;
    ShareMark(const ShareMark& other) : shared_(true) { other.shared_.store(true, kRelaxed); }
    ShareMark(ShareMark&& other) noexcept : shared_(other.shared_.load(kRelaxed)) {}
    ~ShareMark() = default;
    ShareMark& operator=(const ShareMark& other) {
      other.shared_.store(true, kRelaxed);
      shared_.store(true, kRelaxed);
      return *this;
    }
    ShareMark& operator=(ShareMark&& other) noexcept {
      shared_.store(other.shared_.load(kRelaxed), kRelaxed);
      return *this;
    }
    [[nodiscard]] bool Take() { return shared_.exchange(false, kRelaxed); }

   private:
    static constexpr std::memory_order kRelaxed = std::memory_order_relaxed;
    mutable std::atomic<bool> shared_{false};
  };

  void Own();  // Before each change.
  void SetApp(AppPtr app);
  void EraseApp(const Path& path);
  void AddParents(const Path& path, VersionMs version);
  void CountPorts(const AppSpec& app, int by);
  void Undo(const internal::ChangeRecord& change);

  SharedMap<Path, AppPtr> apps_;
  SharedMap<Path, GroupPtr> groups_;
  SharedMap<Path, std::shared_ptr<const AppVersions>> versions_;
  SharedMap<VersionMs, ChangePtr> changes_;
  SharedMap<uint32_t, int> service_ports_;
  ShareMark share_mark_;
};

// All service ports of an app: of its portDefinitions or portMappings, in order.
[[nodiscard]] std::vector<uint32_t> ServicePortsOf(const AppSpec& app);

// The paths whose apps differ (by pointer, then by definition or version), in order.
[[nodiscard]] std::vector<Path> ChangedApps(const Catalog& before, const Catalog& after);

}  // namespace meseta::services
