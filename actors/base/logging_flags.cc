#include "actors/base/logging_flags.h"

#include "actors/base/files.h"
#include "actors/base/logging.h"

namespace meseta {
namespace {

std::optional<int> Severity(const std::string& level) {
  if (level == "INFO") return google::GLOG_INFO;
  if (level == "WARNING") return google::GLOG_WARNING;
  if (level == "ERROR") return google::GLOG_ERROR;
  return std::nullopt;
}

}  // namespace

void LoggingFlags::AddTo(FlagSet& flags) {
  flags.Add(&quiet, "quiet", "Prints no messages below ERROR on stderr.").Group(kLogging);
  flags
      .Add(&logging_level, "logging_level",
           "Logs messages from this level on: INFO, WARNING, ERROR.")
      .Group(kLogging)
      .ValueName("LEVEL")
      .Check([](const std::string& level) {
        if (Severity(level)) return OkStatus();
        return InvalidArgument("Unknown level '" + level + "': expecting INFO, WARNING or ERROR");
      });
  flags
      .Add(&log_dir, "log_dir",
           "Folder for log files, which is created when missing. "
           "Without it messages go to stderr only.")
      .Group(kLogging);
  flags.Add(&logbufsecs, "logbufsecs", "Seconds for which messages to a file may be buffered.")
      .Group(kLogging)
      .Check([](int seconds) {
        return seconds >= 0 ? OkStatus() : InvalidArgument("must not be negative");
      });
  flags
      .Add(&external_log_file, "external_log_file",
           "File into which something else, such as a service manager, writes this daemon's "
           "messages; the API and the web UI show it.")
      .Group(kLogging);
}

Status StartLogging(const LoggingFlags& flags, const std::string& program) {
  static std::string name;  // glog keeps the pointer.
  name = program;
  const std::optional<int> level = Severity(flags.logging_level);
  if (!level) return InvalidArgument("Unknown logging level '" + flags.logging_level + "'");
  FLAGS_minloglevel = *level;
  FLAGS_logbufsecs = flags.logbufsecs;
  if (flags.log_dir) {
    RETURN_IF_ERROR(files::MakeDirectories(flags.log_dir->value).WithContext("--log_dir"));
    FLAGS_log_dir = flags.log_dir->value;
  } else {
    FLAGS_logtostderr = true;
  }
  FLAGS_stderrthreshold = flags.quiet ? google::GLOG_ERROR : google::GLOG_INFO;
  if (flags.quiet && !flags.log_dir) FLAGS_minloglevel = google::GLOG_ERROR;
  google::InitGoogleLogging(name.c_str());
  return OkStatus();
}

}  // namespace meseta
