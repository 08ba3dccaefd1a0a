// Randomness of the kernel: seeds for the generators of cores (actors/base/rng.h), and secrets.
#pragma once

#include <cstdint>
#include <string>

namespace meseta::runtime {

[[nodiscard]] uint64_t EntropySeed();
// `size` bytes fit for keys, tokens and nonces.
[[nodiscard]] std::string SecureBytes(size_t size);

}  // namespace meseta::runtime
