// Files below a folder that somebody else may change meanwhile: every path is resolved by the kernel
// with RESOLVE_BENEATH, so neither "..", nor absolute paths, nor links lead out of it.
#pragma once

#include <sys/types.h>

#include <string>

#include "actors/base/status.h"
#include "agent/launcher/process_posix.h"

namespace meseta::agent {

class Beneath {
 public:
  static Result<Beneath> Open(const std::string& folder);

  // `path` below the folder; flags as in open(2), O_CLOEXEC is added.
  Result<UniqueFd> OpenFile(const std::string& path, int flags, mode_t mode) const;
  // A new file for writing. What is there already, unless a folder, is replaced, never followed.
  // Missing folders above it are made.
  Result<UniqueFd> CreateFile(const std::string& path, mode_t mode) const;
  Status MakeFolders(const std::string& path) const;
  Status SymbolicLink(const std::string& target, const std::string& path) const;
  // `existing` is below the folder, too.
  Status HardLink(const std::string& existing, const std::string& path) const;

 private:
  explicit Beneath(UniqueFd folder) : folder_(std::move(folder)) {}
  // The folder that holds `path`, made when missing, and the last component.
  struct Place {
    UniqueFd folder;
    std::string name;
  };
  Result<Place> PlaceOf(const std::string& path) const;

  UniqueFd folder_;
};

}  // namespace meseta::agent
