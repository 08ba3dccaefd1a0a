// What a quorum agrees on. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace meseta::log {

// The largest value that at least `quorum` of the values reach; 0 when there are fewer values.
[[nodiscard]] uint64_t QuorumValue(std::vector<uint64_t> values, size_t quorum);

}  // namespace meseta::log
