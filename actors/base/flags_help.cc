// The text of --help.
#include <algorithm>

#include "actors/base/flags.h"
#include "actors/base/strings.h"

namespace meseta {
namespace {

constexpr size_t kIndent = 6;

void AppendWrapped(std::string_view text, size_t indent, size_t width, std::string* out) {
  for (const std::string& line : strings::Wrap(text, width - indent)) {
    out->append(indent, ' ').append(line).append("\n");
  }
}

std::string Syntax(const internal::FlagInfo& flag) {
  if (!flag.is_bool) return "--" + flag.name + "=" + flag.type_name;
  // The form that changes the default.
  if (flag.default_text == "true") return "--no-" + flag.name;
  return "--" + flag.name;
}

std::string Notes(const internal::FlagInfo& flag, const std::string& variable) {
  if (flag.name == "help" || flag.name == "version") return "";
  std::string notes = "(";
  if (flag.required) {
    notes += "required; ";
  } else if (flag.default_text && !flag.default_text->empty() && !flag.secret) {
    notes += "default: " + *flag.default_text + "; ";
  }
  return notes + variable + ")";
}

void AppendFlag(const internal::FlagInfo& flag, const std::string& prefix, size_t width,
                std::string* out) {
  const std::string syntax = "  " + Syntax(flag);
  const std::string notes = Notes(flag, prefix + strings::ToUpper(flag.name));
  *out += syntax;
  if (notes.empty()) {
    *out += "\n";
  } else if (syntax.size() + 2 + notes.size() <= width) {
    *out += "  " + notes + "\n";
  } else {
    *out += "\n";
    AppendWrapped(notes, kIndent, width, out);
  }
  AppendWrapped(flag.help, kIndent, width, out);
}

}  // namespace

std::string FlagSet::Help(size_t width) const {
  width = std::max<size_t>(width, 40);
  std::string help = "Usage: " + program_ + " [--name=value ...]" +
                     (arguments_allowed_ ? " [arguments]" : "") + "\n\n";
  AppendWrapped(summary_, 0, width, &help);
  help += "\n";
  AppendWrapped(
      "A flag is taken from the command line, else from the environment variable named "
      "beside it, else from --flags_file. The value file:///path stands for the content "
      "of that file.",
      0, width, &help);
  std::vector<std::string> groups;
  for (const internal::FlagInfo& flag : flags_) {
    if (std::find(groups.begin(), groups.end(), flag.group) == groups.end()) {
      groups.push_back(flag.group);
    }
  }
  for (const std::string& group : groups) {
    help += "\n" + group + ":\n";
    for (const internal::FlagInfo& flag : flags_) {
      if (flag.group == group) AppendFlag(flag, prefixes_.front(), width, &help);
    }
  }
  return help;
}

}  // namespace meseta
