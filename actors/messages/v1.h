// The public v1 API messages, under one name: meseta::v1::TaskInfo, meseta::v1::scheduler::Call ...
// Field names and numbers are Mesos' (a wire contract); the files are v1/*.proto.
#pragma once

#include "actors/messages/v1/agent.pb.h"
#include "actors/messages/v1/allocator.pb.h"
#include "actors/messages/v1/executor.pb.h"
#include "actors/messages/v1/maintenance.pb.h"
#include "actors/messages/v1/master.pb.h"
#include "actors/messages/v1/mesos.pb.h"
#include "actors/messages/v1/quota.pb.h"
#include "actors/messages/v1/resource_provider.pb.h"
#include "actors/messages/v1/scheduler.pb.h"

namespace meseta {
namespace v1 = ::mesos::v1;
}  // namespace meseta
