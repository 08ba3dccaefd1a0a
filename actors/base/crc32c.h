// CRC32C (Castagnoli, RFC 3720 appendix B.4): guards records on disk and pieces of snapshots.
#pragma once

#include <cstdint>
#include <string_view>

namespace meseta {

// Of `data` appended to what `crc` is the checksum of (0: nothing).
[[nodiscard]] uint32_t Crc32c(std::string_view data, uint32_t crc = 0);

}  // namespace meseta
