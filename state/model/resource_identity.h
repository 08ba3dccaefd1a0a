// What two resources must have in common to be one: all of a resource but its value and its
// allocation. Immutable and shared by every copy; internal to Resources.
#pragma once

#include <memory>
#include <string>

#include "actors/messages/v1.h"

namespace meseta::model {

struct ResourceIdentity {
  enum class Kind {
    kDivisible,  // Merged with its like, and split at will.
    kExclusive,  // A persistent volume or whole disk: each stands alone, whole or not at all.
    kShared,     // Counted: its copies are the same thing.
  };

  v1::Resource meta;  // Upgraded; without value and allocation_info.
  // Equal for equal identities: the bytes of `meta` without what does not tell resources apart
  // (disk.volume, who made the volume, the order of labels).
  std::string key;
  Kind kind = Kind::kDivisible;
};

// `meta` as above. Plain unreserved cpus, mem, disk, gpus and ports have one identity each for the
// whole process.
std::shared_ptr<const ResourceIdentity> MakeIdentity(v1::Resource meta);

}  // namespace meseta::model
