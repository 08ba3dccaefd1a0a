#include "agent/master_addresses.h"

#include "actors/net/address.h"

namespace meseta::agent {
namespace {

constexpr uint16_t kMasterPort = 5050;

}  // namespace

Status CheckMasters(const std::vector<std::string>& masters) {
  if (masters.empty()) return InvalidArgument("expecting host:port of a master");
  for (const std::string& master : masters) {
    if (master.rfind("zk://", 0) == 0) {
      return InvalidArgument(
          "masters of Meseta are not found through ZooKeeper: name them as host:port,host:port");
    }
    const auto parsed = net::ParseHostPort(master, kMasterPort);
    if (!parsed.ok()) return parsed.status();
  }
  return OkStatus();
}

std::vector<std::string> MasterAddresses(const std::vector<std::string>& masters) {
  std::vector<std::string> addresses;
  for (const std::string& master : masters) {
    const auto parsed = net::ParseHostPort(master, kMasterPort);
    if (parsed.ok()) addresses.push_back(parsed->ToString());
  }
  return addresses;
}

}  // namespace meseta::agent
