// Conversations with a World, as text: lines that begin with "> " are commands, what follows them is
// what was decided. Comments and empty lines stay.
//
//   > create|put|patch JSON            of apps; put-one PATH JSON
//   > create-group BASE JSON, put-group PATH JSON, scale-group PATH FACTOR, rollback-group PATH VERSION,
//     enforce PATH true|false, delete-group PATH
//   > rollback PATH VERSION, restart PATH, delete PATH, scale-down PATH INSTANCE...
//   > undo DEPLOYMENT, cancel DEPLOYMENT
//     "force" before any of these; "dry" before any but the last two
//   > launch PATH [N [HOST]]           those that wait
//   > staging|starting|running|finish|fail|unreachable|gone INSTANCE...
//   > healthy|unhealthy|ready|kill INSTANCE...
//   > up PATH                          launches what waits, and all of it is good
//   > buried                           all that are to be killed have ended
//   > tick SECONDS, failover
//   > instances PATH, catalog, deployments
#pragma once

#include <string>
#include <vector>

#include "tests/frameworks/services/deploy/world.h"

namespace meseta::services {

// The files of a folder of the source tree, without ".txt".
[[nodiscard]] std::vector<std::string> ConversationsIn(const std::string& folder);
// Reads the file, asks a new World, and compares what it says; with MESETA_UPDATE_GOLDEN=1 writes it.
void ExpectConversation(const std::string& folder, const std::string& name);

}  // namespace meseta::services
