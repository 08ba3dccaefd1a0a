// The logging flags that all daemons have, under Mesos' names, and what starts glog by them.
#pragma once

#include <optional>
#include <string>

#include "actors/base/flags.h"

namespace meseta {

struct LoggingFlags {
  bool quiet = false;                     // Nothing below ERROR on stderr.
  std::string logging_level = "INFO";     // INFO, WARNING or ERROR.
  std::optional<Path> log_dir;            // Unset: stderr only.
  int logbufsecs = 0;                     // Seconds that a line may wait in memory.
  std::optional<Path> external_log_file;  // Shown by the API when something else writes the log.

  void AddTo(FlagSet& flags);
};

// Starts glog; call once, at the start of main(). `program` names the log files. Creates log_dir.
Status StartLogging(const LoggingFlags& flags, const std::string& program);

}  // namespace meseta
