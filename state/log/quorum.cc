#include "state/log/quorum.h"

#include <algorithm>
#include <functional>

namespace meseta::log {

uint64_t QuorumValue(std::vector<uint64_t> values, size_t quorum) {
  const size_t at = std::max<size_t>(quorum, 1) - 1;
  if (at >= values.size()) return 0;
  std::nth_element(values.begin(), values.begin() + static_cast<ptrdiff_t>(at), values.end(),
                   std::greater<>());
  return values[at];
}

}  // namespace meseta::log
