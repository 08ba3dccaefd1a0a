// Answers to the operator calls that masters and agents have in common. Their messages are twins
// with the same field names, so each is a template over the Call and Response of one API.
#pragma once

#include "actors/base/status.h"
#include "actors/base/time.h"
#include "actors/endpoints/common_routes.h"
#include "actors/endpoints/virtual_files.h"

namespace meseta::endpoints {

inline constexpr Duration kDefaultMetricsTimeout = Duration::Seconds(10);

template <class Response>
void FillFlags(const CommonContext& common, Response* out) {
  auto* list = out->mutable_get_flags();
  for (const auto& [name, value] : common.flags()) {
    auto* flag = list->add_flags();
    flag->set_name(name);
    flag->set_value(value);
  }
}

template <class Response>
void FillVersion(Response* out) {
  const BuildInfo& build = CurrentBuild();
  auto* version = out->mutable_get_version()->mutable_version_info();
  version->set_version(build.version);
  version->set_build_date(build.build_date);
  version->set_build_time(build.build_time);
  version->set_build_user(build.build_user);
}

template <class Call, class Response>
void FillMetrics(const CommonContext& common, const Call& call, Response* out) {
  const Duration timeout = call.get_metrics().has_timeout()
                               ? Duration::Nanos(call.get_metrics().timeout().nanoseconds())
                               : kDefaultMetricsTimeout;
  auto* metrics = out->mutable_get_metrics();
  for (const auto& [name, value] : common.metrics(timeout)) {
    auto* metric = metrics->add_metrics();
    metric->set_name(name);
    metric->set_value(value);
  }
}

// LIST_FILES and READ_FILE.
template <class Call, class Response>
Status FillFiles(const VirtualFiles& files, const Call& call, Response* out) {
  if (call.type() == Call::LIST_FILES) {
    ASSIGN_OR_RETURN(const auto entries, files.Browse(call.list_files().path()));
    auto* list = out->mutable_list_files();
    for (const FileEntry& entry : entries) {
      auto* info = list->add_file_infos();
      info->set_path(entry.path);
      info->set_nlink(static_cast<int32_t>(entry.nlink));
      info->set_size(entry.size);
      info->mutable_mtime()->set_nanoseconds(static_cast<int64_t>(entry.mtime * 1e9));
      info->set_mode(entry.mode_bits);
      info->set_uid(entry.uid);
      info->set_gid(entry.gid);
    }
    return OkStatus();
  }
  const auto& wanted = call.read_file();
  const size_t length =
      wanted.has_length() ? static_cast<size_t>(wanted.length()) : kMaxReadBytes;
  ASSIGN_OR_RETURN(const auto chunk, files.Read(wanted.path(), wanted.offset(), length));
  out->mutable_read_file()->set_size(chunk.size);
  out->mutable_read_file()->set_data(chunk.data);
  return OkStatus();
}

}  // namespace meseta::endpoints
