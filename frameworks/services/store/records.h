// What meseta-services keeps in its replicated store, one record a key (messages of services.proto):
//
//   header                      ServicesHeader
//   term                        ServicesHeader, of which format and term are set
//   app/<path>                  AppSpec, as wanted now
//   group/<path>                GroupSpec
//   version/<path> <version>    AppSpec, as it was in that version (13 digits: in order)
//   change/<version>            ChangeRecord
//   deployment/<id>             DeploymentRecord, while it runs
//   instance/<id>               ServiceInstance, until its end is known
//   failure/<path>              AppFailure, the last one
//   backoff/<path>              BackoffRecord
//
// Paths hold no spaces. An unknown key is left alone; a record that cannot be read ends the load with
// its key (kDataLoss): nothing is guessed about instances. Pure over store snapshots.
#pragma once

#include <string>
#include <vector>

#include "actors/base/status.h"
#include "frameworks/services/model/catalog.h"
#include "state/store/store_types.h"

namespace meseta::services {

inline constexpr uint32_t kServicesFormat = 1;

struct Records {
  internal::ServicesHeader header;
  std::vector<AppPtr> apps;
  std::vector<GroupPtr> groups;
  std::vector<AppPtr> versions;  // Of all apps; those of one app oldest first.
  std::vector<ChangePtr> changes;
  std::vector<DeploymentPtr> deployments;
  std::vector<InstancePtr> instances;
  std::vector<FailurePtr> failures;
  std::vector<internal::BackoffRecord> backoffs;
};
[[nodiscard]] Result<Records> LoadRecords(const store::Snapshot& snapshot);

// The write with which a leader begins its term. A store of a newer format is refused. It leaves the
// header alone, of which this daemon may not know the newest yet.
[[nodiscard]] Result<store::Batch> OpenTerm(const store::Snapshot& snapshot, uint64_t term);

inline constexpr char kHeaderKey[] = "header";
inline constexpr char kTermKey[] = "term";
[[nodiscard]] std::string AppKey(const Path& path);
[[nodiscard]] std::string GroupKey(const Path& path);
[[nodiscard]] std::string VersionKey(const Path& path, VersionMs version);
[[nodiscard]] std::string ChangeKey(VersionMs version);
[[nodiscard]] std::string DeploymentKey(const std::string& id);
[[nodiscard]] std::string InstanceKey(const std::string& id);
[[nodiscard]] std::string FailureKey(const Path& path);
[[nodiscard]] std::string BackoffKey(const Path& path);

}  // namespace meseta::services
