// meseta-master: runs a master until it is told to stop.
#include "actors/daemon/run_daemon.h"
#include "master/daemon.h"

int main(int argc, char** argv) {
  return meseta::daemon::RunDaemon<meseta::master::MasterDaemon, meseta::master::MasterFlags>(
      argc, argv, "meseta-master", "Offers the resources of agents to frameworks.");
}
