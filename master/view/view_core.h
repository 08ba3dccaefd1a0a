// ViewCore: turns MasterCore's numbered changes into snapshots.
//
// Pure. Owned by the view actor; Apply() for each batch in order, then Publish() for the snapshot to
// answer from. Work and memory of a publication are proportional to what changed. History is bounded
// by Options.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "master/view/records.h"
#include "master/view/snapshot.h"

namespace meseta::master {

class ViewCore {
 public:
  struct Options {
    size_t max_completed_frameworks = 50;
    size_t max_completed_tasks_per_framework = 1000;
    size_t max_unreachable_tasks_per_framework = 1000;
  };

  ViewCore(MasterRecord master, Options options);

  // `first` is the number of changes[0]; numbers are consecutive over all calls.
  void Apply(uint64_t first, const std::vector<ViewChange>& changes);
  [[nodiscard]] SnapshotPtr Publish();

 private:
  struct Framework {
    FrameworkView view;
    uint64_t next_completed = 0;
  };
  struct AgentSums {
    model::Quantities total, used, revocable_total, revocable_used;
  };

  void Handle(const AgentUpserted& change);
  void Handle(const AgentDropped& change);
  void Handle(const AgentRecovered& change);
  void Handle(const AgentUnreachable& change);
  void Handle(const FrameworkUpserted& change);
  void Handle(const FrameworkCompleted& change);
  void Handle(const TaskUpserted& change);
  void Handle(const TaskCompleted& change);
  void Handle(const TaskUnreachable& change);
  void Handle(const OfferAdded& change);
  void Handle(const OfferGone& change);

  Framework& FrameworkOf(const v1::Task& task);
  void CountLive(const TaskPtr* before, const v1::Task* after);
  void SetSums(const AgentId& id, AgentSums sums);
  // Freezes the framework's maps into an immutable view.
  static FrameworkViewPtr Freeze(Framework& framework);

  const Options options_;
  uint64_t version_ = 0;
  uint64_t next_completed_framework_ = 0;
  Snapshot now_;                                // Its `frameworks` lag until Publish().
  std::map<FrameworkId, Framework> frameworks_;
  std::set<FrameworkId> dirty_;                 // Changed since the last publication.
  std::map<AgentId, AgentSums> sums_;
};

}  // namespace meseta::master
