#include "agent/fetcher/fetch_plan.h"

#include <array>
#include <vector>

namespace meseta::agent {
namespace {

std::vector<std::string_view> Components(std::string_view path) {
  std::vector<std::string_view> components;
  while (!path.empty()) {
    const size_t slash = std::min(path.find('/'), path.size());
    if (slash > 0) components.push_back(path.substr(0, slash));
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return components;
}

bool IsNetwork(std::string_view uri) {
  return uri.starts_with("http://") || uri.starts_with("https://");
}

Result<std::string> LocalPath(std::string_view uri) {
  if (uri.starts_with("file://localhost")) {
    uri.remove_prefix(std::string_view("file://localhost").size());
  } else if (uri.starts_with("file://")) {
    uri.remove_prefix(std::string_view("file://").size());
  } else if (const size_t scheme = uri.find("://"); scheme != std::string_view::npos) {
    return Unimplemented("URIs of scheme '" + std::string(uri.substr(0, scheme)) +
                         "' cannot be fetched; use http, https, file or a path");
  }
  if (!uri.starts_with('/')) {
    return InvalidArgument("A relative path was passed for the resource: '" + std::string(uri) +
                           "'; use an absolute one");
  }
  return std::string(uri);
}

Result<std::string> BaseName(std::string_view uri) {
  const size_t scheme = uri.find("://");
  if (scheme != std::string_view::npos && scheme > 0) {
    const std::string_view path = uri.substr(scheme + 3);
    const size_t slash = path.find('/');
    if (slash == std::string_view::npos || path.size() <= slash + 1) {
      return InvalidArgument("Malformed URI (missing path): " + std::string(uri));
    }
  }
  const auto components = Components(uri);
  if (components.empty()) return InvalidArgument("Malformed URI (missing path): " + std::string(uri));
  return std::string(components.back());
}

}  // namespace

ArchiveKind ArchiveKindOf(std::string_view name) {
  constexpr std::array<std::string_view, 8> kArchives = {".tar",     ".tgz", ".tar.gz", ".tbz2",
                                                         ".tar.bz2", ".txz", ".tar.xz", ".zip"};
  for (const std::string_view suffix : kArchives) {
    if (name.ends_with(suffix)) return ArchiveKind::kArchive;
  }
  return name.ends_with(".gz") ? ArchiveKind::kGzip : ArchiveKind::kNone;
}

Result<std::string> PlainRelativePath(std::string_view path, std::string_view what) {
  const std::string sentence = std::string(what) + " '" + std::string(path) + "' ";
  if (path.starts_with('/')) return InvalidArgument(sentence + "must be a relative path");
  if (path.find('\0') != std::string_view::npos) {
    return InvalidArgument(std::string(what) + " holds a zero byte");
  }
  std::string plain;
  for (const std::string_view component : Components(path)) {
    if (component == ".") continue;
    if (component == "..") return InvalidArgument(sentence + "must not contain '..'");
    plain += (plain.empty() ? "" : "/") + std::string(component);
  }
  if (plain.empty()) return InvalidArgument(sentence + "does not name a file");
  return plain;
}

bool LinkStaysBelow(std::string_view path, std::string_view target) {
  if (target.empty() || target.starts_with('/')) return false;
  auto depth = static_cast<long>(Components(path).size()) - 1;  // Of the link's own folder.
  for (const std::string_view component : Components(target)) {
    if (component == ".") continue;
    depth += component == ".." ? -1 : 1;
    if (depth < 0) return false;
  }
  return true;
}

Result<FetchPlan> PlanUri(const FetchUri& uri) {
  std::string_view value = uri.value;
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
  if (value.find_first_of(std::string_view("\\'\0", 3)) != std::string_view::npos) {
    return InvalidArgument("URI contains illegal characters, refusing to fetch");
  }
  FetchPlan plan;
  plan.network = IsNetwork(value);
  plan.source = std::string(value);
  if (!plan.network) {
    ASSIGN_OR_RETURN(plan.source, LocalPath(value));
  }
  std::string name = uri.output_file;
  if (name.empty()) {
    ASSIGN_OR_RETURN(name, BaseName(value));
  }
  ASSIGN_OR_RETURN(plan.destination,
                   PlainRelativePath(name, uri.output_file.empty() ? "The file name of the URI"
                                                                   : "The output file"));
  plan.executable = uri.executable;
  // As in Mesos an executable is not unpacked.
  if (uri.extract && !uri.executable) plan.extract = ArchiveKindOf(plan.destination);
  return plan;
}

}  // namespace meseta::agent
