#include "frameworks/cli/id_prefix.h"

#include <set>

namespace meseta::cli {

Result<std::string> ResolveId(const std::string& typed, const std::vector<std::string>& ids,
                              const std::string& kind) {
  std::set<std::string> matches;
  for (const std::string& id : ids) {
    if (id == typed) return id;
    if (id.starts_with(typed)) matches.insert(id);
  }
  if (matches.size() == 1) return *matches.begin();
  if (matches.empty()) {
    return NotFound("No " + kind + " has an id that is or begins with '" + typed + "'; meseta " +
                    kind + " ls lists them");
  }
  std::string sentence = "'" + typed + "' begins the ids of " + std::to_string(matches.size()) +
                         " " + kind + "s; type more of it:";
  size_t shown = 0;
  for (const std::string& id : matches) {
    if (shown++ == kMaxListedIds) {
      sentence += "\n  ...";
      break;
    }
    sentence += "\n  " + id;
  }
  return FailedPrecondition(sentence);
}

}  // namespace meseta::cli
