// The flags of a program: declared once, bound to members, parsed from command line, environment
// and an optional file, shown by --help and GET /flags.
//
//   struct MasterFlags {
//     int port = 5050;                        // Its value before parsing is the default.
//     std::optional<Duration> offer_timeout;  // Unset unless given.
//     Path work_dir;
//   };
//   FlagSet set("meseta-master", "Runs a master.");
//   set.Add(&f.port, "port", "Port to listen on.").Group(kEssential).Check(ValidPort);
//   set.Add(&f.work_dir, "work_dir", "Where state is kept.").Group(kEssential).Required();
//   Status status = set.Parse({argv + 1, argv + argc}, CurrentEnvironment());
//
// Precedence: command line, environment (MESETA_<NAME>), --flags_file, default. The forms
// --name=value, --name value, and for booleans --name and --no-name; dashes in names are taken for
// underscores. A value file:///path stands for the content of that file without its last newline
// (not for Path flags). The flags file has lines NAME=value or MESETA_NAME=value, blank lines and
// # comments, values optionally in quotes: systemd reads the same file as an EnvironmentFile.
//
// Every problem is one sentence that names the flag and where it was given: unknown names (with
// the nearest known one), bad values, missing required flags, a flag given twice. Environment
// variables of other programs' flags are ignored; unknown names in the file are not.
// After a failed Parse the members are unspecified. Not thread-safe; const calls are.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "actors/base/flag_types.h"
#include "actors/base/status.h"

namespace meseta {

// Groups of the help text, in the order in which they are first used.
inline constexpr char kEssential[] = "Essential";
inline constexpr char kUseful[] = "Useful";
inline constexpr char kSecurity[] = "Security";
inline constexpr char kLogging[] = "Logging";
inline constexpr char kExpert[] = "Expert";

// The largest file that a file:// value or --flags_file may name.
inline constexpr size_t kMaxFlagFileBytes = size_t{4} << 20;

using Environment = std::map<std::string, std::string>;
[[nodiscard]] Environment CurrentEnvironment();

namespace internal {

struct FlagInfo {
  std::string name;
  std::vector<std::string> aliases;  // Older names, accepted with a warning.
  std::string help;
  std::string group = kUseful;
  std::string type_name;  // "INTEGER"; overridden by Value().
  bool is_bool = false;   // Takes no separate value on the command line.
  bool is_path = false;   // file:// is not read.
  bool required = false;
  bool secret = false;  // Its value is never shown.
  std::string source;   // "--port", "MESETA_PORT", "x.conf line 3"; empty: the default.
  std::optional<std::string> default_text;
  std::function<Status(const std::string&)> load;
  std::function<std::optional<std::string>()> show;  // Nothing: unset.
  std::vector<std::function<Status()>> checks;
};

template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};
template <class T>
struct ValueOf {
  using type = T;
};
template <class T>
struct ValueOf<std::optional<T>> {
  using type = T;
};

}  // namespace internal

template <class T>
class FlagBuilder {
 public:
  using Value = typename internal::ValueOf<T>::type;

  FlagBuilder(internal::FlagInfo* info, T* member) : info_(info), member_(member) {}

  FlagBuilder& Group(std::string group) {
    info_->group = std::move(group);
    return *this;
  }
  FlagBuilder& Required() {
    info_->required = true;
    return *this;
  }
  FlagBuilder& Secret() {
    info_->secret = true;
    return *this;
  }
  // An older name of the same flag.
  FlagBuilder& Alias(std::string name) {
    info_->aliases.push_back(std::move(name));
    return *this;
  }
  // What the help text calls the value: "IP", "USER".
  FlagBuilder& ValueName(std::string name) {
    info_->type_name = std::move(name);
    return *this;
  }
  // Runs after all flags are loaded, also on defaults; on an optional only when it is set.
  FlagBuilder& Check(std::function<Status(const Value&)> check) {
    T* member = member_;
    info_->checks.push_back([member, check = std::move(check)] {
      if constexpr (internal::IsOptional<T>::value) {
        return member->has_value() ? check(**member) : OkStatus();
      } else {
        return check(*member);
      }
    });
    return *this;
  }

 private:
  internal::FlagInfo* info_;
  T* member_;
};

class FlagSet {
 public:
  // `summary`: one or two sentences for the top of the help text.
  FlagSet(std::string program, std::string summary);
  FlagSet(const FlagSet&) = delete;
  FlagSet& operator=(const FlagSet&) = delete;

  // REQUIRES: `name` is new, lower case with underscores; `member` outlives this.
  template <class T>
  FlagBuilder<T> Add(T* member, std::string name, std::string help);

  // Environment variables are looked up with these prefixes in this order; the first is shown.
  void EnvironmentPrefixes(std::vector<std::string> prefixes);
  // Runs after the checks of the single flags, for what several of them decide together.
  void Check(std::function<Status()> check) { checks_.push_back(std::move(check)); }
  // Allows arguments that are not flags ("meseta task list"); otherwise they are refused.
  void AllowArguments() { arguments_allowed_ = true; }

  Status Parse(const std::vector<std::string>& args, const Environment& environment);

  // After Parse. With --help or --version required flags may be missing and no check has run.
  [[nodiscard]] bool help_requested() const { return help_; }
  [[nodiscard]] bool version_requested() const { return version_; }
  [[nodiscard]] const std::vector<std::string>& arguments() const { return arguments_; }
  [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }
  // Whether the flag was given anywhere, rather than left at its default.
  [[nodiscard]] bool IsGiven(std::string_view name) const;

  // Every flag that has a value, for GET /flags. Secrets read "********".
  [[nodiscard]] std::map<std::string, std::string> Values() const;
  [[nodiscard]] std::string Help(size_t width = 90) const;

 private:
  internal::FlagInfo& Insert(std::string name, std::string help);
  [[nodiscard]] internal::FlagInfo* Find(std::string_view name);
  [[nodiscard]] std::string Suggestion(std::string_view name) const;
  Status Load(internal::FlagInfo& flag, std::string value, const std::string& source, bool replace);
  Status LoadCommandLine(const std::vector<std::string>& args);
  Status LoadArgument(const std::vector<std::string>& args, size_t* index);
  Status LoadEnvironment(const Environment& environment);
  Status LoadFile(const std::string& path);
  Status LoadFileLine(std::string_view line, const std::string& source);
  Status CheckAll();

  std::string program_;
  std::string summary_;
  std::vector<std::string> prefixes_{"MESETA_"};
  std::deque<internal::FlagInfo> flags_;  // In the order of declaration; addresses are stable.
  std::map<std::string, internal::FlagInfo*, std::less<>> by_name_;  // Aliases, too.
  std::vector<std::function<Status()>> checks_;
  bool arguments_allowed_ = false;
  bool help_ = false;
  bool version_ = false;
  std::optional<Path> flags_file_;
  std::vector<std::string> arguments_;
  std::vector<std::string> warnings_;
};

// For main(): parses, and when the program has to end prints help, version or the problem and
// gives the exit code. Warnings go to stderr.
std::optional<int> ParseOrExitCode(FlagSet& flags, int argc, char** argv);

template <class T>
FlagBuilder<T> FlagSet::Add(T* member, std::string name, std::string help) {
  using Value = typename internal::ValueOf<T>::type;
  internal::FlagInfo& info = Insert(std::move(name), std::move(help));
  info.type_name = FlagType<Value>::kName;
  info.is_bool = std::is_same_v<Value, bool>;
  info.is_path = std::is_same_v<Value, Path>;
  info.load = [member](const std::string& text) {
    Value value{};
    RETURN_IF_ERROR(FlagType<Value>::Parse(text, &value));
    *member = std::move(value);
    return OkStatus();
  };
  info.show = [member]() -> std::optional<std::string> {
    if constexpr (internal::IsOptional<T>::value) {
      if (!member->has_value()) return std::nullopt;
      return FlagType<Value>::Text(**member);
    } else {
      std::string text = FlagType<Value>::Text(*member);
      // An empty path is one that was not given.
      if (std::is_same_v<Value, Path> && text.empty()) return std::nullopt;
      return text;
    }
  };
  info.default_text = info.show();
  return FlagBuilder<T>(&info, member);
}

}  // namespace meseta
