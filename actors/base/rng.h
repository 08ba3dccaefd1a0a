// A seeded generator (xoshiro256**, by Blackman and Vigna) whose draws are the same on every
// platform: cores and the simulator take one as an argument, so that runs can be replayed.
// Not for secrets.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace meseta {

class Rng {
 public:
  explicit Rng(uint64_t seed);

  uint64_t Next();
  // Uniform in [0, bound). REQUIRES: bound > 0.
  uint64_t Below(uint64_t bound);
  // Uniform in [0, 1).
  double Uniform();
  // A version 4 uuid of 122 drawn bits, in text form.
  std::string Uuid();
  // The same as 16 bytes.
  std::array<char, 16> UuidBytes();

 private:
  std::array<uint64_t, 4> state_;
};

// Text form of 16 uuid bytes, and back (empty when it is not a uuid).
std::string UuidToString(const std::string& bytes);
std::string UuidFromString(const std::string& text);

}  // namespace meseta
