// meseta-agent: runs an agent until it is told to stop. Tasks go on running.
#include "actors/daemon/run_daemon.h"
#include "agent/daemon.h"

int main(int argc, char** argv) {
  return meseta::daemon::RunDaemon<meseta::agent::AgentDaemon, meseta::agent::AgentFlags>(
      argc, argv, "meseta-agent", "Offers a machine to masters and runs tasks on it.");
}
