// meseta: the command line tool. Parses, dispatches, and turns failures into sentences and exit
// codes.
#include <csignal>
#include <cstdio>

#include "actors/base/exit_codes.h"
#include "frameworks/cli/cluster_client.h"
#include "frameworks/cli/cluster_commands.h"
#include "frameworks/cli/command_line.h"
#include "frameworks/cli/dev_command.h"
#include "frameworks/cli/log_commands.h"
#include "frameworks/cli/master_commands.h"
#include "frameworks/cli/run_command.h"
#include "frameworks/cli/service_commands.h"

namespace meseta::cli {
namespace {

int Fail(const Status& status) {
  std::fprintf(stderr, "meseta: %s\n", status.message().c_str());
  return ExitCodeOf(status);
}

int Main(const std::vector<std::string>& args) {
  const Result<CommandLine> line = ParseCommandLine(args, CurrentEnvironment());
  if (!line.ok()) return Fail(line.status());
  if (line->id == CommandId::kHelp) {
    std::fputs(line->text.c_str(), stdout);
    return kExitOk;
  }
  // After this one: tasks of `meseta dev` must find SIGPIPE at its default.
  if (line->id == CommandId::kDev) return DevCommand(line->options);
  std::signal(SIGPIPE, SIG_IGN);  // A reader that has left shows as a failed write.
  if (IsOfflineLogCommand(*line)) {
    const Result<int> code = RunOfflineLogCommand(*line);
    return code.ok() ? *code : Fail(code.status());
  }
  Result<Access> access = MakeAccess(line->options);
  if (!access.ok()) return Fail(access.status());
  if (line->id == CommandId::kRun) return RunCommand(*line, std::move(*access));
  if (IsServiceCommand(line->id)) {
    const Result<int> code = RunServiceCommand(*line, std::move(*access));
    return code.ok() ? *code : Fail(code.status());
  }
  ClusterClient client(std::move(*access));
  const bool masters = line->id == CommandId::kMembersLs || line->id == CommandId::kMembersAdd ||
                       line->id == CommandId::kMembersRemove ||
                       line->id == CommandId::kMembersPromote ||
                       line->id == CommandId::kMasterTransfer;
  const Status status =
      masters ? RunMasterCommand(*line, client)
      : line->id == CommandId::kLogBackup ? BackupFromMaster(*line, client)
                                          : RunClusterCommand(*line, client);
  return status.ok() ? kExitOk : Fail(status);
}

}  // namespace
}  // namespace meseta::cli

int main(int argc, char** argv) { return meseta::cli::Main({argv + 1, argv + argc}); }
