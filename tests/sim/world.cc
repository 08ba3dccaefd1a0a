#include "tests/sim/world.h"

namespace meseta::sim {

SimOptions SimOptions::FromSeed(uint64_t seed) {
  Rng rng(seed * 2);
  const auto between = [&rng](int64_t low, int64_t high) {
    return low + static_cast<int64_t>(rng.Below(static_cast<uint64_t>(high - low + 1)));
  };
  SimOptions options;
  options.seed = seed;
  options.agents = static_cast<int>(between(1, 4));
  options.frameworks = static_cast<int>(between(1, 2));
  options.tasks = static_cast<int>(between(3, 14));
  options.chaos = Duration::Seconds(between(20, 120));
  options.delay_max = Duration::Millis(rng.Below(4) == 0 ? between(500, 2000) : between(1, 200));
  options.fault_every = Duration::Millis(between(700, 15'000));
  options.task_max = Duration::Seconds(between(1, 40));
  options.ping_timeout = Duration::Millis(between(500, 10'000));
  options.reregister_timeout = Duration::Seconds(between(15, 200));
  options.gc_delay = Duration::Seconds(between(1, 300));
  options.offers_expire = rng.Below(3) == 0;
  const auto rate = [&rng](double high) { return rng.Below(3) == 0 ? 0 : rng.Uniform() * high; };
  options.call_loss = rate(0.2);
  options.call_duplicate = rate(0.2);
  options.ack_skip = rate(0.3);
  options.ack_late = rate(0.3);
  options.launch_failure = rate(0.1);
  options.disk_failure = rate(0.005);
  return options;
}

void Trace::Note(Time now, const std::string& what) {
  const std::string line = std::to_string(now.nanos()) + " " + what;
  for (const char c : line) {
    hash_ ^= static_cast<unsigned char>(c);
    hash_ *= 1099511628211u;
  }
  lines_.push_back(line);
  if (lines_.size() > kMaxLines) lines_.pop_front();
}

std::string Trace::Tail() const {
  std::string tail;
  for (const std::string& line : lines_) tail += line + "\n";
  return tail;
}

}  // namespace meseta::sim
