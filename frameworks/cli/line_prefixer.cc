#include "frameworks/cli/line_prefixer.h"

namespace meseta::cli {

std::string LinePrefixer::Put(std::string_view data) {
  if (prefix_.empty()) return std::string(data);
  std::string out;
  while (!data.empty()) {
    const size_t newline = data.find('\n');
    const bool whole = newline != std::string_view::npos;
    held_ += data.substr(0, newline);
    data.remove_prefix(whole ? newline + 1 : data.size());
    if (whole || held_.size() > kMaxHeldLine) {
      out += prefix_ + held_ + "\n";
      held_.clear();
    }
  }
  return out;
}

std::string LinePrefixer::End() {
  if (held_.empty()) return "";
  std::string out = prefix_ + held_ + "\n";
  held_.clear();
  return out;
}

}  // namespace meseta::cli
