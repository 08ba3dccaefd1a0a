#include "actors/base/flags.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "actors/base/exit_codes.h"
#include "actors/base/files.h"
#include "actors/base/strings.h"
#include "actors/base/version.h"

namespace meseta {
namespace {

constexpr std::string_view kFileScheme = "file://";
constexpr char kMask[] = "********";

std::string Normalized(std::string_view name) {
  std::string normal(name);
  std::replace(normal.begin(), normal.end(), '-', '_');
  return normal;
}

// Without the quotes around a whole value, as systemd and shells write them.
std::string_view Unquoted(std::string_view value) {
  if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') &&
      value.back() == value.front()) {
    return value.substr(1, value.size() - 2);
  }
  return value;
}

// Asked for on the command line only: MESETA_VERSION in an image must not end the daemon.
bool IsAction(const internal::FlagInfo& flag) {
  return flag.name == "help" || flag.name == "version";
}

}  // namespace

Environment CurrentEnvironment() {
  Environment environment;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return environment;
}

FlagSet::FlagSet(std::string program, std::string summary)
    : program_(std::move(program)), summary_(std::move(summary)) {
  Add(&help_, "help", "Prints this text.").Group(kEssential);
  Add(&version_, "version", "Prints the version.").Group(kEssential);
  Add(&flags_file_, "flags_file",
      "File with lines NAME=value that give flags which neither the command line nor the "
      "environment gives.")
      .Group(kEssential);
}

void FlagSet::EnvironmentPrefixes(std::vector<std::string> prefixes) {
  CHECK(!prefixes.empty());
  prefixes_ = std::move(prefixes);
}

internal::FlagInfo& FlagSet::Insert(std::string name, std::string help) {
  CHECK(name == Normalized(name) && name == strings::ToLower(name)) << name;
  CHECK(!by_name_.contains(name)) << "flag declared twice: " << name;
  internal::FlagInfo& info = flags_.emplace_back();
  info.name = name;
  info.help = std::move(help);
  by_name_.emplace(std::move(name), &info);
  return info;
}

internal::FlagInfo* FlagSet::Find(std::string_view name) {
  const auto found = by_name_.find(name);
  if (found != by_name_.end()) return found->second;
  for (internal::FlagInfo& flag : flags_) {
    if (std::find(flag.aliases.begin(), flag.aliases.end(), name) != flag.aliases.end()) {
      return &flag;
    }
  }
  return nullptr;
}

std::string FlagSet::Suggestion(std::string_view name) const {
  std::vector<std::string> names;
  for (const internal::FlagInfo& flag : flags_) names.push_back(flag.name);
  const std::string nearest = strings::Nearest(name, names);
  if (nearest.empty()) return "; --help lists all flags";
  return "; did you mean --" + nearest + "?";
}

Status FlagSet::Load(internal::FlagInfo& flag, std::string value, const std::string& source,
                     bool replace) {
  if (!flag.source.empty()) {
    if (!replace) return OkStatus();  // A source of higher precedence gave it.
    return InvalidArgument(source + " is given twice");
  }
  if (!flag.is_path && value.starts_with(kFileScheme)) {
    Result<std::string> content =
        files::ReadFile(value.substr(kFileScheme.size()), kMaxFlagFileBytes);
    if (!content.ok()) return content.status().WithContext(source);
    value = std::move(content).value();
    if (value.ends_with('\n')) value.pop_back();
    if (value.ends_with('\r')) value.pop_back();
  }
  const Status loaded = flag.load(value);
  if (!loaded.ok()) {
    if (flag.secret) return InvalidArgument(source + " has a value that is not valid");
    return loaded.WithContext(source);
  }
  flag.source = source;
  return OkStatus();
}

Status FlagSet::LoadCommandLine(const std::vector<std::string>& args) {
  for (size_t i = 0; i < args.size(); ++i) {
    if (args[i] == "--") {
      arguments_.insert(arguments_.end(), args.begin() + static_cast<long>(i) + 1, args.end());
      break;
    }
    if (args[i] == "-h") {
      help_ = true;
    } else if (args[i].starts_with("--")) {
      RETURN_IF_ERROR(LoadArgument(args, &i));
    } else {
      arguments_.push_back(args[i]);
    }
  }
  if (!arguments_allowed_ && !arguments_.empty()) {
    return InvalidArgument("Unexpected argument '" + arguments_.front() +
                           "'; flags are given as --name=value");
  }
  return OkStatus();
}

Status FlagSet::LoadArgument(const std::vector<std::string>& args, size_t* index) {
  const std::string_view text = std::string_view(args[*index]).substr(2);
  const size_t equals = text.find('=');
  const bool has_value = equals != std::string_view::npos;
  const std::string name = Normalized(text.substr(0, equals));
  std::string value = has_value ? std::string(text.substr(equals + 1)) : "";

  internal::FlagInfo* flag = Find(name);
  bool negated = false;
  if (flag == nullptr && name.starts_with("no_")) {
    flag = Find(std::string_view(name).substr(3));
    negated = flag != nullptr;
  }
  if (flag == nullptr) {
    return InvalidArgument("Unknown flag '--" + std::string(text.substr(0, equals)) + "'" +
                           Suggestion(name));
  }
  const std::string shown = "--" + flag->name;
  if (negated) {
    if (!flag->is_bool) {
      return InvalidArgument("--no-" + flag->name + " cannot be given, as " + shown +
                             " is not a boolean flag");
    }
    if (has_value) return InvalidArgument("--no-" + flag->name + " takes no value");
    value = "false";
  } else if (!has_value && flag->is_bool) {
    value = "true";
  } else if (!has_value) {
    const bool follows = *index + 1 < args.size() && !args[*index + 1].starts_with("--");
    if (!follows)
      return InvalidArgument(shown + " needs a value, as in " + shown + "=" + flag->type_name);
    value = args[++*index];
  }
  const std::string used = negated ? name.substr(3) : name;
  if (used != flag->name) {
    warnings_.push_back("--" + used + " is an old name; use " + shown);
  }
  return Load(*flag, std::move(value), shown, true);
}

Status FlagSet::LoadEnvironment(const Environment& environment) {
  for (internal::FlagInfo& flag : flags_) {
    if (IsAction(flag)) continue;
    std::vector<std::string> names{flag.name};
    names.insert(names.end(), flag.aliases.begin(), flag.aliases.end());
    for (const std::string& prefix : prefixes_) {
      for (const std::string& name : names) {
        const std::string variable = prefix + strings::ToUpper(name);
        const auto found = environment.find(variable);
        if (found != environment.end()) {
          RETURN_IF_ERROR(Load(flag, found->second, variable, false));
        }
      }
    }
  }
  return OkStatus();
}

Status FlagSet::LoadFile(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string content, files::ReadFile(path, kMaxFlagFileBytes));
  int number = 0;
  for (const std::string& raw : strings::Split(content, '\n')) {
    ++number;
    const std::string_view line = strings::Trim(raw);
    if (line.empty() || line.front() == '#') continue;
    RETURN_IF_ERROR(LoadFileLine(line, path + " line " + std::to_string(number)));
  }
  return OkStatus();
}

Status FlagSet::LoadFileLine(std::string_view line, const std::string& source) {
  const size_t equals = line.find('=');
  if (equals == std::string_view::npos) {
    return InvalidArgument(source + ": expecting NAME=value");
  }
  std::string name = Normalized(strings::ToLower(strings::Trim(line.substr(0, equals))));
  for (const std::string& prefix : prefixes_) {
    if (!name.starts_with(strings::ToLower(prefix))) continue;
    name.erase(0, prefix.size());
    break;
  }
  internal::FlagInfo* flag = Find(name);
  if (flag == nullptr || IsAction(*flag)) {
    return InvalidArgument(source + ": unknown flag '" + name + "'" + Suggestion(name));
  }
  if (flag->name == "flags_file") return InvalidArgument(source + ": flags files do not nest");
  // Only two lines of the same file collide; other sources win silently.
  const bool twice = flag->source.find(" line ") != std::string::npos;
  if (twice) return InvalidArgument(source + ": " + flag->name + " is given twice");
  std::string value(Unquoted(strings::Trim(line.substr(equals + 1))));
  return Load(*flag, std::move(value), source + " (" + flag->name + ")", false);
}

Status FlagSet::CheckAll() {
  std::vector<std::string> missing;
  for (const internal::FlagInfo& flag : flags_) {
    if (flag.required && flag.source.empty()) missing.push_back("--" + flag.name);
  }
  if (!missing.empty()) {
    return InvalidArgument("Missing required flag" + std::string(missing.size() > 1 ? "s " : " ") +
                           strings::Join(missing, ", "));
  }
  for (const internal::FlagInfo& flag : flags_) {
    for (const auto& check : flag.checks) RETURN_IF_ERROR(check().WithContext("--" + flag.name));
  }
  for (const auto& check : checks_) RETURN_IF_ERROR(check());
  return OkStatus();
}

Status FlagSet::Parse(const std::vector<std::string>& args, const Environment& environment) {
  arguments_.clear();
  warnings_.clear();
  for (internal::FlagInfo& flag : flags_) flag.source.clear();
  RETURN_IF_ERROR(LoadCommandLine(args));
  if (help_ || version_) return OkStatus();
  RETURN_IF_ERROR(LoadEnvironment(environment));
  if (flags_file_) RETURN_IF_ERROR(LoadFile(flags_file_->value).WithContext("--flags_file"));
  return CheckAll();
}

bool FlagSet::IsGiven(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found != by_name_.end() && !found->second->source.empty();
}

std::map<std::string, std::string> FlagSet::Values() const {
  std::map<std::string, std::string> values;
  for (const internal::FlagInfo& flag : flags_) {
    std::optional<std::string> text = flag.show();
    if (text) values.emplace(flag.name, flag.secret ? kMask : *std::move(text));
  }
  return values;
}

std::optional<int> ParseOrExitCode(FlagSet& flags, int argc, char** argv) {
  const Status status = flags.Parse({argv + std::min(argc, 1), argv + argc}, CurrentEnvironment());
  for (const std::string& warning : flags.warnings()) {
    std::fprintf(stderr, "Warning: %s\n", warning.c_str());
  }
  if (!status.ok()) {
    std::fprintf(stderr, "%s\nSee --help for all flags.\n", status.message().c_str());
    return kExitUsage;
  }
  if (flags.help_requested()) {
    std::fputs(flags.Help().c_str(), stdout);
    return kExitOk;
  }
  if (flags.version_requested()) {
    std::printf("meseta %s (API of Mesos %s)\n", kMesetaVersion, kApiVersion);
    return kExitOk;
  }
  return std::nullopt;
}

}  // namespace meseta
