#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <string>

#include "frameworks/services/model/app_json.h"

namespace meseta::services {
namespace {

// Equal definitions give equal bytes: entries of maps in order of their keys.
std::string Bytes(const AppSpec& app) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  app.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

AppSpec WithoutVersions(const AppSpec& app) {
  AppSpec plain = app;
  plain.clear_version();
  plain.clear_last_scaling_at();
  plain.clear_last_config_change_at();
  return plain;
}

// What tasks are made of.
AppSpec WithoutScale(const AppSpec& app) {
  AppSpec plain = WithoutVersions(app);
  plain.clear_instances();
  plain.clear_progress_deadline_seconds();
  plain.clear_rollback_on_deadline();
  return plain;
}

}  // namespace

bool NeedsRestart(const AppSpec& before, const AppSpec& after) {
  return Bytes(WithoutScale(before)) != Bytes(WithoutScale(after));
}

bool SameDefinition(const AppSpec& a, const AppSpec& b) {
  return Bytes(WithoutVersions(a)) == Bytes(WithoutVersions(b));
}

}  // namespace meseta::services
