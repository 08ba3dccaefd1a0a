// Answers of the v1 operator API (POST /api/v1) that come from a snapshot. Pure; any thread.
#pragma once

#include <string>

#include "actors/base/json/json_writer.h"
#include "actors/messages/v1.h"
#include "master/view/snapshot.h"

namespace meseta::master {

void FillGetAgents(const Snapshot& view, v1::master::Response::GetAgents* out);
void FillGetFrameworks(const Snapshot& view, v1::master::Response::GetFrameworks* out);
void FillGetTasks(const Snapshot& view, v1::master::Response::GetTasks* out);
void FillGetState(const Snapshot& view, v1::master::Response::GetState* out);
void FillGetRoles(const Snapshot& view, v1::master::Response::GetRoles* out);
void FillGetMaster(const Snapshot& view, v1::master::Response::GetMaster* out);

// JSON of a response as Mesos writes it: lists of agents, frameworks, tasks and executors are
// printed also when they are empty.
std::string OperatorResponseJson(const v1::master::Response& response);

}  // namespace meseta::master
