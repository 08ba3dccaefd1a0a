#include "frameworks/cli/task_name.h"

#include <cctype>

#include "actors/base/strings.h"

namespace meseta::cli {
namespace {

constexpr size_t kMaxNameBytes = 63;

bool Kept(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_' || c == '-';
}

}  // namespace

std::string TaskName(std::string_view text) {
  text = strings::Trim(text);
  text = text.substr(0, text.find_first_of(" \t\n;|&<>()"));
  const size_t slash = text.rfind('/');
  if (slash != std::string_view::npos) text.remove_prefix(slash + 1);
  std::string name;
  for (const char c : text) {
    if (name.size() == kMaxNameBytes) break;
    name += Kept(c) ? c : '-';
  }
  // An id that begins with a dot or a dash reads as a hidden file or a flag.
  const size_t first = name.find_first_not_of(".-");
  if (first == std::string::npos) return "task";
  return name.substr(first);
}

}  // namespace meseta::cli
