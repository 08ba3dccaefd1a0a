#include "frameworks/services/store/records.h"

#include <cstdio>
#include <memory>
#include <string_view>
#include <utility>

namespace meseta::services {
namespace {

constexpr std::string_view kApp = "app/";
constexpr std::string_view kGroup = "group/";
constexpr std::string_view kVersion = "version/";
constexpr std::string_view kChange = "change/";
constexpr std::string_view kDeployment = "deployment/";
constexpr std::string_view kInstance = "instance/";
constexpr std::string_view kFailure = "failure/";
constexpr std::string_view kBackoff = "backoff/";

std::string Key(std::string_view prefix, const std::string& rest) {
  return std::string(prefix) + rest;
}

std::string Digits(VersionMs version) {
  char text[24];
  std::snprintf(text, sizeof text, "%013lld", static_cast<long long>(version));
  return text;
}

// Calls add(message) for each record with the prefix.
template <class Message, class Add>
Status Load(const store::Snapshot& snapshot, std::string_view prefix, Add add) {
  Status status;
  snapshot.Scan(prefix, prefix, [&](const store::Item& item) {
    Message message;
    if (!message.ParseFromArray(item.value.data(), static_cast<int>(item.value.size()))) {
      status = DataLoss("The record '" + std::string(item.key) +
                        "' of the services' store cannot be read; restore a backup with `meseta log "
                        "restore`");
      return false;
    }
    add(std::move(message));
    return true;
  });
  return status;
}

template <class Message>
Status LoadShared(const store::Snapshot& snapshot, std::string_view prefix,
                  std::vector<std::shared_ptr<const Message>>* out) {
  return Load<Message>(snapshot, prefix, [out](Message message) {
    out->push_back(std::make_shared<const Message>(std::move(message)));
  });
}

Result<internal::ServicesHeader> LoadHeader(const store::Snapshot& snapshot, std::string_view key) {
  internal::ServicesHeader header;
  const auto item = snapshot.Get(key);
  if (!item) return header;
  if (!header.ParseFromArray(item->value.data(), static_cast<int>(item->value.size()))) {
    return DataLoss(
        "The record '" + std::string(key) + "' of the services' store cannot be read; restore a backup with `meseta log restore`");
  }
  if (header.format() > kServicesFormat) {
    return FailedPrecondition("The services' store has format " + std::to_string(header.format()) +
                              ", this release knows " + std::to_string(kServicesFormat) +
                              ": run the release that wrote it, or a newer one");
  }
  return header;
}

}  // namespace

Result<Records> LoadRecords(const store::Snapshot& snapshot) {
  Records records;
  ASSIGN_OR_RETURN(records.header, LoadHeader(snapshot, kHeaderKey));
  RETURN_IF_ERROR(LoadShared(snapshot, kApp, &records.apps));
  RETURN_IF_ERROR(LoadShared(snapshot, kGroup, &records.groups));
  RETURN_IF_ERROR(LoadShared(snapshot, kVersion, &records.versions));
  RETURN_IF_ERROR(LoadShared(snapshot, kChange, &records.changes));
  RETURN_IF_ERROR(LoadShared(snapshot, kDeployment, &records.deployments));
  RETURN_IF_ERROR(LoadShared(snapshot, kInstance, &records.instances));
  RETURN_IF_ERROR(LoadShared(snapshot, kFailure, &records.failures));
  RETURN_IF_ERROR(Load<internal::BackoffRecord>(
      snapshot, kBackoff, [&](internal::BackoffRecord record) {
        records.backoffs.push_back(std::move(record));
      }));
  return records;
}

Result<store::Batch> OpenTerm(const store::Snapshot& snapshot, uint64_t term) {
  ASSIGN_OR_RETURN(internal::ServicesHeader header, LoadHeader(snapshot, kTermKey));
  header.set_format(kServicesFormat);
  header.set_term(term);
  store::Batch batch;
  batch.changes.push_back({kTermKey, header.SerializeAsString()});
  return batch;
}

std::string AppKey(const Path& path) { return Key(kApp, path); }
std::string GroupKey(const Path& path) { return Key(kGroup, path); }
std::string VersionKey(const Path& path, VersionMs version) {
  return Key(kVersion, path + " " + Digits(version));
}
std::string ChangeKey(VersionMs version) { return Key(kChange, Digits(version)); }
std::string DeploymentKey(const std::string& id) { return Key(kDeployment, id); }
std::string InstanceKey(const std::string& id) { return Key(kInstance, id); }
std::string FailureKey(const Path& path) { return Key(kFailure, path); }
std::string BackoffKey(const Path& path) { return Key(kBackoff, path); }

}  // namespace meseta::services
