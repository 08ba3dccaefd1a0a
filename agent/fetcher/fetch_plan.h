// What one URI means: where it comes from, which file it becomes, what is done with it. Pure.
// Names and refusals as in Mesos.
#pragma once

#include <string>
#include <string_view>

#include "actors/base/status.h"
#include "agent/fetcher/fetch_protocol.h"

namespace meseta::agent {

enum class ArchiveKind {
  kNone,
  kArchive,  // tar (plain, gzip, bzip2, xz) or zip.
  kGzip,     // One compressed file.
};

struct FetchPlan {
  bool network = false;     // http or https; else a local file.
  std::string source;       // URL or absolute path.
  std::string destination;  // Relative to the sandbox, without "." and "..".
  bool executable = false;
  ArchiveKind extract = ArchiveKind::kNone;
};

Result<FetchPlan> PlanUri(const FetchUri& uri);

// By the name's suffix.
ArchiveKind ArchiveKindOf(std::string_view name);

// A path from outside (output_file, a member of an archive) in its plain form: "a/./b//c" is "a/b/c".
// Absolute paths, ".." and empty ones are errors that begin with `what`.
Result<std::string> PlainRelativePath(std::string_view path, std::string_view what);

// Whether a symbolic link at `path` (plain, relative) with this target stays below the top, as the
// text says. The kernel checks again whenever somebody follows it through us.
bool LinkStaysBelow(std::string_view path, std::string_view target);

}  // namespace meseta::agent
