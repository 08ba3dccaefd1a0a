#include "frameworks/cli/command_line.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <optional>
#include <utility>

#include "actors/base/bytes.h"
#include "actors/base/exit_codes.h"
#include "actors/base/strings.h"
#include "actors/base/version.h"
#include "actors/net/address.h"
#include "frameworks/cli/member_rows.h"
#include "frameworks/cli/table.h"

namespace meseta::cli {
namespace {

constexpr int kMaxInstances = 10'000;
constexpr int kMaxDevAgents = 100;

struct Command {
  CommandId id;
  const char* name;  // One to three words.
  const char* arguments;
  const char* summary;
  size_t min_arguments;
  size_t max_arguments;
};

constexpr size_t kMany = 100'000;

constexpr std::array<Command, 27> kCommands = {{
    {CommandId::kRun, "run", "-- CMD [ARGS...]",
     "Runs a command on the cluster and waits for its end. One word is a shell command, several "
     "are a program and its arguments. Ctrl-C kills the tasks and waits; a second Ctrl-C quits.",
     1, kMany},
    {CommandId::kTaskLs, "task ls", "", "Lists tasks, newest first, the completed ones too.", 0, 0},
    {CommandId::kTaskShow, "task show", "ID",
     "Shows all about one task. A unique beginning of its id is enough.", 1, 1},
    {CommandId::kTaskKill, "task kill", "ID",
     "Kills the task of a `meseta run`. Tasks of other frameworks are theirs to kill: it says how.",
     1, 1},
    {CommandId::kTaskLogs, "task logs", "ID",
     "Prints what a task wrote, read from its agent; with -f follows it until the task ends.", 1,
     1},
    {CommandId::kAgentLs, "agent ls", "", "Lists agents with what they have and what is used.", 0,
     0},
    {CommandId::kFrameworkLs, "framework ls", "", "Lists frameworks.", 0, 0},
    {CommandId::kMembersLs, "master members ls", "",
     "Lists the masters that keep the registry, with who leads and who is behind.", 0, 0},
    {CommandId::kMembersAdd, "master members add", "HOST:PORT",
     "Invites a master and waits until it has joined, caught up and may vote. Says what to start "
     "there.",
     1, 1},
    {CommandId::kMembersRemove, "master members remove", "HOST:PORT|ID",
     "Takes a master, or an invitation, out of the cluster.", 1, 1},
    {CommandId::kMembersPromote, "master members promote", "HOST:PORT|ID",
     "Lets a master vote that has joined as a learner and caught up.", 1, 1},
    {CommandId::kMasterTransfer, "master transfer", "[HOST:PORT|ID]",
     "Hands leadership to another master: the one named, else the one that is least behind.", 0,
     1},
    {CommandId::kLogInspect, "log inspect", "",
     "Shows what a stopped master's replicated log holds: identity, term, members, snapshot, "
     "entries, keys. Changes nothing.",
     0, 0},
    {CommandId::kLogVerify, "log verify", "",
     "Reads all of a stopped master's replicated log and checks it. Exits with 1 when it is damaged "
     "and says what is wrong.",
     0, 0},
    {CommandId::kLogBackup, "log backup", "",
     "Writes all that the replicated log holds into one file: of the running leader (--master), "
     "without disturbing it, or of a stopped master's directory (--dir).",
     0, 0},
    {CommandId::kLogRestore, "log restore", "",
     "Makes a new log out of a backup: a cluster of one member, under a new member id and in a term "
     "above all of the old cluster's, so that agents follow its master. The masters of the old "
     "cluster must not run any more.",
     0, 0},
    {CommandId::kServiceDeploy, "service deploy", "FILE|-",
     "Deploys what a JSON or YAML file says: an app, a list of apps, or a group. Shows the progress "
     "until it is done; Ctrl-C stops watching, not the deployment.",
     1, 1},
    {CommandId::kServiceLs, "service ls", "", "Lists the apps that meseta-services keeps running.",
     0, 0},
    {CommandId::kServiceShow, "service show", "APP", "Shows an app and its instances.", 1, 1},
    {CommandId::kServiceScale, "service scale", "APP N", "Runs N instances of an app.", 2, 2},
    {CommandId::kServiceRestart, "service restart", "APP",
     "Replaces all instances of an app, as its upgrade strategy says.", 1, 1},
    {CommandId::kServiceRollback, "service rollback", "APP",
     "Undoes the deployment of an app that is under way; without one, or with --to, takes the app "
     "back to an earlier version.",
     1, 1},
    {CommandId::kServiceVersions, "service versions", "APP",
     "Lists the versions of an app, newest first.", 1, 1},
    {CommandId::kServiceLogs, "service logs", "APP",
     "Prints what an instance of an app wrote, the newest one unless --instance names another; with "
     "-f follows it until the instance ends.",
     1, 1},
    {CommandId::kServiceWhy, "service why", "APP",
     "Says in a sentence and in numbers what an app waits for.", 1, 1},
    {CommandId::kServiceRm, "service rm", "APP", "Removes an app and ends its instances.", 1, 1},
    {CommandId::kDev, "dev", "",
     "Runs a whole cluster in this process: a master, agents and meseta-services, on loopback. Prints "
     "a line 'ready http://...' with the master and a line 'services http://...' when it takes work; "
     "SIGINT or SIGTERM stops everything, tasks included.",
     0, 0},
}};

constexpr char kExitCodes[] =
    "Exit codes:\n"
    "  0    done; with run: every task finished\n"
    "  1    a task or deployment failed, or something was not found\n"
    "  64   the command line is wrong\n"
    "  69   no master, or no meseta-services, could be reached\n"
    "  77   the master or an agent denied access\n"
    "  130  quit by a second Ctrl-C; with service: stopped watching by Ctrl-C\n";

std::string Name(const Command& command) { return std::string("meseta ") + command.name; }

bool IsOffline(CommandId id) {
  return id == CommandId::kLogInspect || id == CommandId::kLogVerify ||
         id == CommandId::kLogRestore;
}

void AddJsonFlag(FlagSet* flags, Options* options) {
  flags->Add(&options->json, "json", "Prints JSON instead of a table.").Group(kEssential);
}

void AddGlobalFlags(FlagSet* flags, Options* options) {
  flags
      ->Add(&options->master, "master",
            "Where the master is: host:port, or several separated by commas, tried in turn; "
            "https:// before it for TLS.")
      .Group(kEssential);
  AddJsonFlag(flags, options);
  flags->Add(&options->principal, "principal", "Who we are, where masters ask.").Group(kSecurity);
  flags->Add(&options->secret, "secret", "The secret of --principal; file:///path reads a file.")
      .Group(kSecurity)
      .Secret();
  flags
      ->Add(&options->credential, "credential",
            "File with principal and secret, as one line or as JSON.")
      .Group(kSecurity);
  flags
      ->Add(&options->tls_ca_file, "tls_ca_file",
            "PEM file of the authorities that masters and agents are checked with; without it "
            "those of the system.")
      .Group(kSecurity);
}

Status Positive(double value) {
  return value > 0 ? OkStatus() : InvalidArgument("must be more than 0");
}

Status NotNegative(const Megabytes& size) {
  return size.value >= 0 ? OkStatus() : InvalidArgument("must not be negative");
}

std::function<Status(const int&)> Between(int low, int high) {
  return [low, high](const int& value) {
    if (value >= low && value <= high) return OkStatus();
    return InvalidArgument("must be from " + std::to_string(low) + " to " + std::to_string(high));
  };
}

void AddRunFlags(FlagSet* flags, Options* o, std::string* environment_help) {
  flags->Add(&o->cpus, "cpus", "CPUs of each instance.").Group(kEssential).Check(Positive);
  flags->Add(&o->mem, "mem", "Memory of each instance; a number alone is megabytes.")
      .Group(kEssential)
      .Check(NotNegative);
  flags->Add(&o->disk, "disk", "Disk of each instance; a number alone is megabytes.")
      .Check(NotNegative);
  flags->Add(&o->instances, "instances", "How many tasks run the command, side by side.")
      .Group(kEssential)
      .Check(Between(1, kMaxInstances));
  flags->Add(&o->name, "name", "Name of the tasks. Default: the command's first word.")
      .Group(kEssential);
  flags->Add(environment_help, "env", "A variable of the tasks' environment; may be repeated.")
      .ValueName("NAME=VALUE");
  flags
      ->Add(&o->follow, "follow",
            "Prints what the tasks write, as they write it. With several instances each line "
            "begins with its task's number. Also -f.")
      .Group(kEssential);
  flags->Add(&o->timeout, "timeout", "Kills the tasks when they have not ended by then.");
  flags->Add(&o->user, "user", "User of the agent to run as. Default: the one who calls.");
  flags->Add(&o->role, "role", "Role whose resources are used.");
}

Status CheckMasterAddress(const std::string& text) {
  const auto address = net::ParseHostPort(text);
  if (!address.ok()) return address.status();
  if (address->port != 0) return OkStatus();
  return InvalidArgument("'" + text + "' has port 0, where nobody can be reached; name the port that "
                         "the master listens on");
}

void AddLogFlags(CommandId id, FlagSet* flags, Options* o) {
  flags
      ->Add(&o->dir, "dir",
            id == CommandId::kLogRestore
                ? "Directory of the new log; absent or empty."
                : "Directory of a log, in the work_dir of a master that does not run.")
      .Group(kEssential);
  if (id == CommandId::kLogInspect) {
    flags->Add(&o->entries, "entries", "Also every entry that the log keeps.");
    flags->Add(&o->keys, "keys", "Also every key, with version and size.");
  }
  if (id == CommandId::kLogBackup) {
    flags->Add(&o->out, "out", "The file to write; must not be there yet.").Group(kEssential);
  }
  if (id == CommandId::kLogRestore) {
    flags->Add(&o->file, "file", "The backup.").Group(kEssential);
    flags->Add(&o->address, "address", "host:port of the master that is going to use it.")
        .Check(CheckMasterAddress);
    flags->Add(&o->new_cluster_id, "new_cluster_id",
               "Gives the restored cluster an id of its own, so that it can live beside the old one.");
  }
}

// Of those that change apps.
void AddServiceChangeFlags(CommandId id, FlagSet* flags, Options* o) {
  flags
      ->Add(&o->wait, "wait", "Shows the progress until the deployment is done; --no-wait begins it only.")
      .Group(kEssential);
  flags
      ->Add(&o->timeout, "timeout",
            "Stops waiting after it, with exit code 1; the deployment goes on. Default: never.")
      .Group(kEssential);
  flags->Add(&o->force, "force", "Replaces a deployment of the same apps that is under way.");
  if (id == CommandId::kServiceDeploy) {
    flags->Add(&o->dry_run, "dry_run", "Prints the steps, and changes nothing.").Group(kEssential);
  }
  if (id == CommandId::kServiceRollback) {
    flags->Add(&o->to, "to", "The version to go back to. Default: the one before this.")
        .ValueName("VERSION")
        .Group(kEssential);
  }
}

void AddServiceFlags(CommandId id, FlagSet* flags, Options* o) {
  flags
      ->Add(&o->services, "services",
            "Where meseta-services is: its URL, or those of several daemons separated by commas, "
            "tried in turn.")
      .ValueName("URL,...")
      .Group(kEssential);
  switch (id) {
    case CommandId::kServiceDeploy:
    case CommandId::kServiceScale:
    case CommandId::kServiceRestart:
    case CommandId::kServiceRollback:
    case CommandId::kServiceRm:
      return AddServiceChangeFlags(id, flags, o);
    case CommandId::kServiceLogs:
      flags->Add(&o->follow, "follow", "Goes on until the instance ends. Also -f.");
      flags->Add(&o->instance, "instance", "The instance, by its id or the beginning of it.")
          .ValueName("ID");
      flags->Add(&o->stderr_stream, "stderr", "What it wrote to stderr instead of stdout.");
      return;
    default:
      return;
  }
}

void AddDevFlags(FlagSet* flags, Options* o) {
  flags->Add(&o->port, "port", "Port of the master; 0 takes a free one.")
      .Group(kEssential)
      .Check(Between(0, 65535));
  flags->Add(&o->services_port, "services_port", "Port of meseta-services; 0 takes a free one.")
      .Group(kEssential)
      .Check(Between(0, 65535));
  flags->Add(&o->with_services, "services", "Runs meseta-services, too; --no-services leaves it out.")
      .Group(kEssential);
  flags
      ->Add(&o->data_dir, "data_dir",
            "Folder for all data, kept at exit. Default: a temporary one, removed at exit.")
      .Group(kEssential);
  flags->Add(&o->agents, "agents", "How many agents.")
      .Group(kEssential)
      .Check(Between(1, kMaxDevAgents));
}

void AddCommandFlags(CommandId id, FlagSet* flags, Options* o, std::string* environment_help) {
  switch (id) {
    case CommandId::kRun:
      return AddRunFlags(flags, o, environment_help);
    case CommandId::kTaskLs:
      flags->Add(&o->active, "active", "Leaves completed tasks out.");
      flags->Add(&o->framework, "framework", "Only tasks of this framework (id or its beginning).")
          .ValueName("ID");
      return;
    case CommandId::kTaskLogs:
      flags->Add(&o->follow, "follow", "Goes on until the task ends. Also -f.");
      flags->Add(&o->stderr_stream, "stderr", "What it wrote to stderr instead of stdout.");
      return;
    case CommandId::kMembersAdd:
      flags->Add(&o->timeout, "timeout", "Stops waiting after it. Default: never.");
      return;
    case CommandId::kFrameworkLs:
      flags->Add(&o->all, "all", "Completed ones, too.");
      return;
    case CommandId::kLogInspect:
    case CommandId::kLogVerify:
    case CommandId::kLogBackup:
    case CommandId::kLogRestore:
      return AddLogFlags(id, flags, o);
    case CommandId::kDev:
      return AddDevFlags(flags, o);
    case CommandId::kServiceDeploy:
    case CommandId::kServiceLs:
    case CommandId::kServiceShow:
    case CommandId::kServiceScale:
    case CommandId::kServiceRestart:
    case CommandId::kServiceRollback:
    case CommandId::kServiceVersions:
    case CommandId::kServiceLogs:
    case CommandId::kServiceWhy:
    case CommandId::kServiceRm:
      return AddServiceFlags(id, flags, o);
    default:
      return;
  }
}

// The flags of one command, bound to options of its own.
struct Bound {
  explicit Bound(const Command& command) : flags(Name(command), command.summary) {
    flags.AllowArguments();
    if (IsOffline(command.id)) {
      AddJsonFlag(&flags, &options);
    } else if (command.id != CommandId::kDev) {
      AddGlobalFlags(&flags, &options);
    }
    AddCommandFlags(command.id, &flags, &options, &environment_help);
  }
  Options options;
  std::string environment_help;  // --env is taken out before the flags are parsed.
  FlagSet flags;
};

std::string CommandHelp(const Command& command) {
  const Bound bound(command);
  const std::string text = bound.flags.Help();
  // The usage line is ours: it shows what the arguments are.
  std::string usage = "Usage: " + Name(command) + " [--flag=value ...]";
  if (*command.arguments != '\0') usage += std::string(" ") + command.arguments;
  return usage + text.substr(text.find('\n')) + "\n" + kExitCodes;
}

std::string CommandList(const std::string& group) {
  std::string text;
  for (const Command& command : kCommands) {
    if (!group.empty() && !std::string(command.name).starts_with(group + " ")) continue;
    std::string usage = Name(command);
    if (*command.arguments != '\0') usage += std::string(" ") + command.arguments;
    text += "  " + usage + "\n";
    for (const std::string& line : strings::Wrap(command.summary, 84))
      text += "      " + line + "\n";
  }
  return text;
}

bool IsGroup(const std::string& word) {
  return std::any_of(kCommands.begin(), kCommands.end(), [&](const Command& command) {
    return std::string(command.name).starts_with(word + " ");
  });
}

const Command* FindCommand(const std::string& name) {
  for (const Command& command : kCommands) {
    if (name == command.name) return &command;
  }
  return nullptr;
}

Status UnknownCommand(const std::string& name) {
  std::vector<std::string> names{"help", "version"};
  for (const Command& command : kCommands) {
    const std::string known = command.name;
    names.push_back(known);
    // A wrong first word of two: "tsk ls".
    if (name.find(' ') == std::string::npos) names.push_back(known.substr(0, known.find(' ')));
    // A wrong second of three: "master member ls".
    if (std::count(name.begin(), name.end(), ' ') == 1 && known.find(' ') != known.rfind(' ')) {
      names.push_back(known.substr(0, known.rfind(' ')));
    }
  }
  const std::string nearest = strings::Nearest(name, names);
  return InvalidArgument("Unknown command '" + name + "'" +
                         (nearest.empty() ? "" : "; did you mean '" + nearest + "'?") +
                         "\nSee meseta help.");
}

std::string VersionText() {
  return std::string("meseta ") + kMesetaVersion + " (API of Mesos " + kApiVersion + ")\n";
}

CommandLine Print(std::string text) {
  CommandLine line;
  line.text = std::move(text);
  return line;
}

Result<CommandLine> Help(const std::vector<std::string>& topic) {
  if (topic.empty()) return Print(OverviewText());
  const std::string name = strings::Join(topic, " ");
  if (name == "all") return Print(AllHelpText());
  if (const Command* command = FindCommand(name)) return Print(CommandHelp(*command));
  if (IsGroup(name)) return Print("Usage:\n" + CommandList(name) + "\n" + kExitCodes);
  return UnknownCommand(name);
}

bool TakesValue(const std::string& global_flag) {
  return global_flag.find('=') == std::string::npos && global_flag != "--json" &&
         global_flag != "--no-json" && global_flag != "--help" && global_flag != "-h" &&
         global_flag != "--version";
}

// Takes every --env NAME=VALUE out of `head`.
Status TakeEnvironment(std::vector<std::string>* head, std::map<std::string, std::string>* out) {
  std::vector<std::string> rest;
  for (size_t i = 0; i < head->size(); ++i) {
    std::string pair = (*head)[i];
    if (pair == "--env") {
      if (i + 1 == head->size()) return InvalidArgument("--env needs NAME=VALUE");
      pair = (*head)[++i];
    } else if (pair.starts_with("--env=")) {
      pair.erase(0, 6);
    } else {
      rest.push_back(std::move(pair));
      continue;
    }
    const size_t equals = pair.find('=');
    if (equals == 0 || equals == std::string::npos) {
      return InvalidArgument("--env: expecting NAME=VALUE, not '" + pair + "'");
    }
    (*out)[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  *head = std::move(rest);
  return OkStatus();
}

Status CheckArguments(const Command& command, const std::vector<std::string>& arguments) {
  if (arguments.size() < command.min_arguments) {
    return InvalidArgument(Name(command) + " needs " + command.arguments);
  }
  if (arguments.size() > command.max_arguments) {
    return InvalidArgument("Unexpected argument '" + arguments[command.max_arguments] + "'");
  }
  const bool flag_like = !arguments.empty() && arguments[0].starts_with("-") && arguments[0] != "-";
  if (command.id != CommandId::kRun && flag_like) {
    return InvalidArgument("Unknown flag '" + arguments[0] + "'");
  }
  if (!arguments.empty() && arguments[0].empty()) return InvalidArgument("An argument is empty");
  return OkStatus();
}

Result<CommandLine> ParseCommand(const Command& command, std::vector<std::string> args,
                                 const Environment& environment) {
  Bound bound(command);
  const auto separator = std::find(args.begin(), args.end(), "--");
  std::vector<std::string> head(args.begin(), separator);
  const std::vector<std::string> tail(separator, args.end());
  std::replace(head.begin(), head.end(), std::string("-f"), std::string("--follow"));
  std::map<std::string, std::string> variables;
  if (command.id == CommandId::kRun) RETURN_IF_ERROR(TakeEnvironment(&head, &variables));
  head.insert(head.end(), tail.begin(), tail.end());
  Environment variables_of_ours = environment;
  // There it is the URL of the services to talk to; `dev --services` is another flag.
  if (command.id == CommandId::kDev) variables_of_ours.erase("MESETA_SERVICES");
  RETURN_IF_ERROR(bound.flags.Parse(head, variables_of_ours));
  if (bound.flags.help_requested()) return Print(CommandHelp(command));
  if (bound.flags.version_requested()) return Print(VersionText());
  CommandLine line;
  line.id = command.id;
  line.options = bound.options;
  line.options.environment = std::move(variables);
  line.arguments = bound.flags.arguments();
  RETURN_IF_ERROR(CheckArguments(command, line.arguments));
  if (command.id == CommandId::kMembersAdd) {
    RETURN_IF_ERROR(CheckMasterAddress(WithPort(line.arguments[0])));
  }
  return line;
}

}  // namespace

std::string OverviewText() {
  return "Usage: meseta COMMAND [--flag=value ...] [arguments]\n\n" + CommandList("") +
         "  meseta help [COMMAND|all]\n      What a command does, and its flags.\n"
         "  meseta version\n      The version.\n\n"
         "The master is found by --master or MESETA_MASTER, at 127.0.0.1:5050 without them.\n\n" +
         kExitCodes;
}

std::string AllHelpText() {
  std::string text = OverviewText();
  for (const Command& command : kCommands) text += "\n" + CommandHelp(command);
  return text;
}

Result<CommandLine> ParseCommandLine(const std::vector<std::string>& args,
                                     const Environment& environment) {
  size_t first = 0;  // Of the command's words.
  while (first < args.size() && args[first].starts_with("-") && args[first] != "--") {
    first += TakesValue(args[first]) ? 2 : 1;
  }
  const auto begins = [&](std::initializer_list<const char*> names) {
    return std::any_of(args.begin(), args.begin() + static_cast<long>(std::min(first, args.size())),
                       [&](const std::string& arg) {
                         return std::find(names.begin(), names.end(), arg) != names.end();
                       });
  };
  if (first >= args.size() || args[first] == "--") {
    if (begins({"--help", "-h"})) return Print(OverviewText());
    if (begins({"--version"})) return Print(VersionText());
    return InvalidArgument("Which command?\n" + OverviewText());
  }
  std::string name = args[first];
  std::vector<std::string> rest(args.begin(), args.begin() + static_cast<long>(first));
  size_t next = first + 1;
  if (name == "version") return Print(VersionText());
  if (name == "help") return Help({args.begin() + static_cast<long>(next), args.end()});
  while (IsGroup(name)) {
    if (next == args.size()) {
      return InvalidArgument("meseta " + name + " needs another word:\n" + CommandList(name));
    }
    if (args[next] == "--help" || args[next] == "-h") return Help(strings::Split(name, ' '));
    name += " " + args[next++];
  }
  const Command* command = FindCommand(name);
  if (command == nullptr) return UnknownCommand(name);
  rest.insert(rest.end(), args.begin() + static_cast<long>(next), args.end());
  Result<CommandLine> line = ParseCommand(*command, std::move(rest), environment);
  if (line.ok()) return line;
  std::string problem = line.status().message();
  if (command->id == CommandId::kRun && problem.starts_with("Unknown flag") &&
      std::find(args.begin(), args.end(), "--") == args.end()) {
    problem += "\nPut -- before the command to run, so that its flags are not taken for ours.";
  }
  return InvalidArgument(problem + "\nSee " + Name(*command) + " --help.");
}

int ExitCodeOf(const Status& status) {
  switch (status.code()) {
    case StatusCode::kOk:
      return kExitOk;
    case StatusCode::kInvalidArgument:
      return kExitUsage;
    case StatusCode::kUnavailable:
    case StatusCode::kDeadlineExceeded:
      return kExitUnreachable;
    case StatusCode::kUnauthenticated:
    case StatusCode::kPermissionDenied:
      return kExitDenied;
    default:
      return kExitFailure;
  }
}

}  // namespace meseta::cli

namespace meseta {

Status FlagType<cli::Megabytes>::Parse(std::string_view text, cli::Megabytes* out) {
  if (FlagType<double>::Parse(text, &out->value).ok()) return OkStatus();
  Bytes bytes;
  RETURN_IF_ERROR(FlagType<Bytes>::Parse(text, &bytes));
  out->value = bytes.megabytes();
  return OkStatus();
}

std::string FlagType<cli::Megabytes>::Text(const cli::Megabytes& value) {
  return cli::ShortNumber(value.value);
}

}  // namespace meseta
