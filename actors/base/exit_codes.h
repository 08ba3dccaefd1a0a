// What the exit status of a daemon tells its supervisor (systemd: Restart=on-failure with
// RestartPreventExitStatus=64 78).
#pragma once

namespace meseta {

inline constexpr int kExitOk = 0;       // Stopped on request.
inline constexpr int kExitFailure = 1;  // Could not go on; starting again may help.
inline constexpr int kExitUsage = 64;   // Bad flags: starting again does not help.
inline constexpr int kExitConfig = 78;  // Flags contradict the machine or what is on disk.

}  // namespace meseta
