// The JSON that Mesos' un-versioned endpoints (/state and its kin) use for resources, attributes and
// tasks; master and agent share it. Field names and types are Mesos' (reference: HTTP surface 1.3b).
#pragma once

#include "actors/base/json/json_writer.h"
#include "actors/base/time.h"
#include "actors/messages/v1.h"
#include "state/model/resources.h"

namespace meseta::model {

// {"cpus":4.0,"disk":0.0,"gpus":0.0,"mem":1024.0,"ports":"[31000-32000]"}: the four standard scalars
// always, everything else when there is some; revocable ones as "<name>_revocable".
void WriteResourceSummary(const Resources& resources, JsonWriter& json);
// {"role": summary, ...}
void WriteResourceSummaryByRole(const std::map<std::string, Resources>& by_role, JsonWriter& json);
// [Resource, ...] in the endpoint format (both reservation formats).
void WriteResourcesFull(const Resources& resources, JsonWriter& json);
// {"role": [Resource, ...], ...}
void WriteResourcesFullByRole(const std::map<std::string, Resources>& by_role, JsonWriter& json);

// {"rack":"r1","gen":3.0}
void WriteAttributes(const google::protobuf::RepeatedPtrField<v1::Attribute>& attributes,
                     JsonWriter& json);
// [{"key":"k","value":"v"}]
void WriteLabels(const v1::Labels& labels, JsonWriter& json);

// The task object of /state and /tasks.
void WriteTask(const v1::Task& task, JsonWriter& json);

// Seconds since the epoch with a fraction, as Mesos prints times.
[[nodiscard]] inline double EpochSeconds(WallTime t) { return t.seconds(); }


}  // namespace meseta::model
