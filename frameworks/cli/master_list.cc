#include "frameworks/cli/master_list.h"

#include "actors/base/strings.h"
#include "actors/http/url.h"
#include "actors/net/address.h"

namespace meseta::cli {
namespace {

constexpr uint16_t kMasterPort = 5050;

std::string SchemeOf(std::string_view base) {
  return base.starts_with("https://") ? "https://" : "http://";
}

}  // namespace

Result<std::vector<std::string>> ParseBases(std::string_view text, const ListOf& of) {
  std::string scheme = "http://";
  std::vector<std::string> bases;
  for (std::string item : strings::SplitList(text)) {
    if (item.starts_with("zk://")) {
      return InvalidArgument(of.flag + ": '" + item +
                             "' names ZooKeeper, which is not needed here; list the " + of.names +
                             " as host:port,host:port");
    }
    for (const std::string known : {"http://", "https://"}) {
      if (!item.starts_with(known)) continue;
      scheme = known;
      item.erase(0, known.size());
      break;
    }
    while (item.ends_with("/")) item.pop_back();
    const auto where = net::ParseHostPort(item, of.port);
    if (!where.ok()) return where.status().WithContext(of.flag);
    bases.push_back(scheme + where->ToString());
  }
  if (bases.empty()) {
    return InvalidArgument(of.flag + " is empty; it names " + of.names + " as host:port");
  }
  if (bases.size() > kMaxMasters) {
    return InvalidArgument(of.flag + " names more than " + std::to_string(kMaxMasters) + " " +
                           of.names);
  }
  return bases;
}

Result<std::vector<std::string>> ParseMasters(std::string_view text) {
  return ParseBases(text, {"--master", "masters", kMasterPort});
}

Result<std::string> BaseOfLocation(std::string_view base, std::string_view location) {
  std::string url(location);
  if (url.starts_with("//")) url = SchemeOf(base).substr(0, SchemeOf(base).size() - 2) + url;
  ASSIGN_OR_RETURN(const http::Url parsed, http::ParseUrl(url));
  net::HostPort where;
  where.host = parsed.host;
  where.port = parsed.port;
  return parsed.scheme + "://" + where.ToString();
}

Result<std::string> BaseOfPid(std::string_view master, std::string_view pid) {
  const size_t at = pid.find('@');
  const std::string_view address = at == std::string_view::npos ? pid : pid.substr(at + 1);
  const auto where = net::ParseHostPort(address);
  if (!where.ok()) return where.status().WithContext("The agent's address");
  return SchemeOf(master) + where->ToString();
}

std::string ShownAddress(std::string_view base) {
  const size_t scheme = base.find("://");
  return std::string(scheme == std::string_view::npos ? base : base.substr(scheme + 3));
}

}  // namespace meseta::cli
