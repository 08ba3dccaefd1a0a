#include "tests/sim/log/world.h"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace meseta::logsim {

void Trace::Note(Time now, const std::string& what) {
  if (mode_ == TraceMode::kOff) return;
  char stamp[32];
  std::snprintf(stamp, sizeof stamp, "%10.6f  ",
                static_cast<double>(now.nanos() - sim::EventHeap::kMonoStart) / 1e9);
  std::string line = stamp + what;
  if (mode_ == TraceMode::kPrint) {
    std::puts(line.c_str());
    return;
  }
  lines_.push_back(std::move(line));
  if (lines_.size() > kMaxLines) lines_.pop_front();
}

std::string Trace::Tail() const {
  std::string all;
  for (const std::string& line : lines_) all += line + "\n";
  return all;
}

}  // namespace meseta::logsim
