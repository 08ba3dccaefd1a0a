// ServicesClient: one request at a time to meseta-services, for commands that ask and print.
//
// Tries the daemons of --services in turn, the one that answered last first; every one of them asks
// its leader. While there is none (503, 502) requests are repeated for kLeaderPatience. A request that
// changes something is not repeated once it may have been taken. Blocks; main thread only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "frameworks/cli/cluster_client.h"
#include "frameworks/cli/service_rows.h"

namespace meseta::cli {

// "http://host:port,host2" as base URLs; the port is 8080 when not given.
[[nodiscard]] Result<std::vector<std::string>> ParseServices(std::string_view text);

class ServicesClient {
 public:
  // `access`: credentials and authorities; its masters are not used.
  ServicesClient(Access access, std::vector<std::string> services)
      : access_(std::move(access)), services_(std::move(services)) {}

  Result<http::Response> Get(const std::string& target);
  Result<http::Response> Send(const std::string& method, const std::string& target,
                              std::string json = "");

  Result<ServiceApp> App(const std::string& app);
  Result<std::vector<ServiceApp>> Apps();
  Result<std::vector<ServiceDeployment>> Deployments();
  Result<WhyAnswer> Why(const std::string& app);
  Result<std::vector<std::string>> Versions(const std::string& app);
  // Of a change of the catalog.
  Result<StartedDeployment> Change(const std::string& method, const std::string& target,
                                   std::string json = "");

 private:
  [[nodiscard]] bool Answers(const std::string& service) const;
  // OK, or what the answer means.
  [[nodiscard]] Status Judge(const http::Response& response) const;

  const Access access_;
  std::vector<std::string> services_;  // Never empty.
};

}  // namespace meseta::cli
