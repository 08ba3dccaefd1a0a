#include "frameworks/sdk/cpp/masters.h"

#include <algorithm>

#include "actors/base/check.h"
#include "actors/base/strings.h"
#include "actors/http/url.h"
#include "actors/net/address.h"

namespace meseta::sdk {
namespace {

constexpr uint16_t kMasterPort = 5050;

Result<std::string> ParseMaster(std::string text, std::string_view scheme) {
  if (text.starts_with("zk://")) {
    return InvalidArgument("The master '" + text +
                           "' names ZooKeeper, which is not needed here; list the masters as "
                           "host:port,host:port");
  }
  std::string prefix = std::string(scheme) + "://";
  for (const std::string known : {"http://", "https://"}) {
    if (!text.starts_with(known)) continue;
    prefix = known;
    text.erase(0, known.size());
    break;
  }
  while (text.ends_with("/")) text.pop_back();
  const auto where = net::ParseHostPort(text, kMasterPort);
  if (!where.ok()) return where.status().WithContext("The master '" + text + "'");
  return prefix + where->ToString();
}

}  // namespace

Result<std::vector<std::string>> ParseMasters(const std::vector<std::string>& texts,
                                              std::string_view scheme) {
  std::vector<std::string> masters;
  for (const std::string& text : texts) {
    for (std::string& item : strings::SplitList(text)) {
      ASSIGN_OR_RETURN(std::string master, ParseMaster(std::move(item), scheme));
      const bool twice = std::find(masters.begin(), masters.end(), master) != masters.end();
      if (!twice) masters.push_back(std::move(master));
    }
  }
  if (masters.empty()) return InvalidArgument("No master is named; name them as host:port");
  if (masters.size() > kMaxMasters) {
    return InvalidArgument("More than " + std::to_string(kMaxMasters) + " masters are named");
  }
  return masters;
}

std::string AddressOf(std::string_view base) {
  const size_t scheme = base.find("://");
  return std::string(scheme == std::string_view::npos ? base : base.substr(scheme + 3));
}

MasterRing::MasterRing(std::vector<std::string> masters) : masters_(std::move(masters)) {
  CHECK(!masters_.empty());
}

void MasterRing::Next() { current_ = (current_ + 1) % masters_.size(); }

Status MasterRing::Follow(std::string_view location) {
  const std::string scheme = current().substr(0, current().find("://"));
  std::string url(location);
  if (url.starts_with("//")) {
    url.insert(0, scheme + ":");
  } else if (url.find("://") == std::string::npos) {
    url.insert(0, scheme + "://");
  }
  ASSIGN_OR_RETURN(const http::Url parsed, http::ParseUrl(url));
  net::HostPort where;
  where.host = parsed.host;
  where.port = parsed.port;
  const std::string leader = parsed.scheme + "://" + where.ToString();
  const auto known = std::find(masters_.begin(), masters_.end(), leader);
  if (known != masters_.end()) {
    current_ = static_cast<size_t>(known - masters_.begin());
    return OkStatus();
  }
  if (masters_.size() == kMaxKnownMasters) masters_.pop_back();
  masters_.push_back(leader);
  current_ = masters_.size() - 1;
  return OkStatus();
}

}  // namespace meseta::sdk
