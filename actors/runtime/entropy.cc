#include "actors/runtime/entropy.h"

#include <sys/random.h>

#include <cerrno>
#include <cstring>

#include "actors/base/check.h"

namespace meseta::runtime {

std::string SecureBytes(size_t size) {
  std::string bytes(size, '\0');
  size_t used = 0;
  while (used < size) {
    const ssize_t n = ::getrandom(bytes.data() + used, size - used, 0);
    if (n < 0 && errno == EINTR) continue;
    CHECK(n > 0) << "the kernel gives no random bytes: " << std::strerror(errno);
    used += static_cast<size_t>(n);
  }
  return bytes;
}

uint64_t EntropySeed() {
  const std::string bytes = SecureBytes(sizeof(uint64_t));
  uint64_t seed;
  std::memcpy(&seed, bytes.data(), sizeof seed);
  return seed;
}

}  // namespace meseta::runtime
