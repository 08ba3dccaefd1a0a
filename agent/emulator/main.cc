// meseta-emulator: thousands of emulated agents in one process, until it is told to stop.
#include "actors/daemon/run_daemon.h"
#include "agent/emulator/emulator.h"

int main(int argc, char** argv) {
  return meseta::daemon::RunDaemon<meseta::agent::Emulator, meseta::agent::EmulatorFlags>(
      argc, argv, "meseta-emulator",
      "Stands for many agents at once, whose tasks are timers, to see how masters and frameworks "
      "scale.");
}
