// An Env under which LevelDB opens a directory without changing it: files that it makes are in
// memory, files that it removes stay where they are.
//
// Thread-safe; outlives the database. Memory: what LevelDB writes while it is open, which is its
// write-ahead file as a table and what it compacts.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace leveldb {
class Env;
}

namespace meseta::log {

// `base` outlives it. The file `shortened` (may be empty) seems to end after `keep_bytes`.
[[nodiscard]] std::unique_ptr<leveldb::Env> MakeOverlayEnv(leveldb::Env* base, std::string shortened,
                                                           uint64_t keep_bytes);

}  // namespace meseta::log
