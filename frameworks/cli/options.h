// What a command line says, as values. Shared by the commands; each reads only what its flags set.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "actors/base/flag_types.h"
#include "actors/base/time.h"

namespace meseta::cli {

// Megabytes: "256" and "256MB" are one, "1.5GB" is 1536.
struct Megabytes {
  double value = 0;
};

enum class CommandId {
  kHelp,  // Prints CommandLine::text.
  kRun,
  kTaskLs,
  kTaskShow,
  kTaskKill,
  kTaskLogs,
  kAgentLs,
  kFrameworkLs,
  kMembersLs,
  kMembersAdd,
  kMembersRemove,
  kMembersPromote,
  kMasterTransfer,
  kLogInspect,
  kLogVerify,
  kLogBackup,
  kLogRestore,
  kServiceDeploy,  // IsServiceCommand: from here ...
  kServiceLs,
  kServiceShow,
  kServiceScale,
  kServiceRestart,
  kServiceRollback,
  kServiceVersions,
  kServiceLogs,
  kServiceWhy,
  kServiceRm,  // ... to here.
  kDev,
};

struct Options {
  // Of every command.
  std::string master = "127.0.0.1:5050";
  std::string principal;
  std::string secret;
  Path credential;
  Path tls_ca_file;
  bool json = false;

  // run
  double cpus = 0.1;
  Megabytes mem{32};
  Megabytes disk{0};
  int instances = 1;
  std::string name;
  std::string user;
  std::string role = "*";
  std::map<std::string, std::string> environment;
  std::optional<Duration> timeout;  // Also of master members add and of service changes.

  bool follow = false;  // run, task logs, service logs

  // task, framework
  bool stderr_stream = false;
  bool active = false;
  bool all = false;
  std::string framework;

  // log
  Path dir;
  Path out;
  Path file;
  bool entries = false;
  bool keys = false;
  bool new_cluster_id = false;
  std::string address = "127.0.0.1:5050";

  // service
  std::string services = "http://127.0.0.1:8080";
  std::string instance;
  std::string to;
  bool force = false;
  bool dry_run = false;
  bool wait = true;

  // dev
  int port = 5050;
  int services_port = 8080;
  bool with_services = true;
  Path data_dir;
  int agents = 1;
};

struct CommandLine {
  CommandId id = CommandId::kHelp;
  Options options;
  std::vector<std::string> arguments;  // Without the words of the command.
  std::string text;                    // Of kHelp: for stdout.
};

}  // namespace meseta::cli

namespace meseta {

template <>
struct FlagType<cli::Megabytes> {
  static constexpr char kName[] = "MB";
  static Status Parse(std::string_view text, cli::Megabytes* out);
  static std::string Text(const cli::Megabytes& value);
};

}  // namespace meseta
