// meseta-services: keeps applications running until it is told to stop.
#include "actors/daemon/run_daemon.h"
#include "frameworks/services/daemon/daemon.h"

int main(int argc, char** argv) {
  return meseta::daemon::RunDaemon<meseta::services::ServicesDaemon,
                                   meseta::services::ServicesFlags>(
      argc, argv, "meseta-services", "Keeps applications running, with Marathon's API.");
}
