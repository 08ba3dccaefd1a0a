// The flags of meseta-services, under Marathon's names where Marathon has one.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "actors/base/flags.h"
#include "actors/base/logging_flags.h"
#include "actors/daemon/network.h"
#include "frameworks/services/core/services_core.h"

namespace meseta::services {

struct ServicesFlags {
  ServicesFlags();

  daemon::NetworkFlags network;
  LoggingFlags logging;
  meseta::Path work_dir;                   // The replicated log lives in its folder "log".
  std::vector<std::string> peers;  // host:port of the daemons to form a group with; or none.
  Duration election_timeout = Duration::Millis(800);
  std::vector<std::string> master;
  std::string framework_name = "marathon";
  std::string mesos_role = "*";
  std::string mesos_user = "";
  std::string mesos_authentication_principal;
  double failover_timeout = 604'800;  // Seconds.
  std::string webui_url;
  std::vector<std::string> default_accepted_resource_roles;
  std::string default_network_name;
  int local_port_min = 10'000;
  int local_port_max = 20'000;
  std::vector<std::string> enable_features;
  int max_running_deployments = 100;
  // Milliseconds, as Marathon counts them.
  int decline_offer_duration = 120'000;
  int min_revive_offers_interval = 5'000;
  int kill_retry_timeout = 30'000;
  int task_launch_confirm_timeout = 300'000;
  int task_launch_timeout = 300'000;
  int launch_token_refresh_interval = 30'000;
  std::optional<int> launch_tokens;
  int max_instances_per_offer = 100;
  std::string env_vars_prefix;
  std::optional<std::string> access_control_allow_origin;
  int render_threads = 2;
  std::optional<std::string> zk;   // Marathon's own; refused with a sentence.
  std::optional<bool> ha;          // Marathon's own; without effect.

  void AddTo(FlagSet& flags);
  [[nodiscard]] Status Check() const;
  [[nodiscard]] ServicesOptions Options() const;
  [[nodiscard]] v1::FrameworkInfo Framework(const std::string& hostname,
                                            const std::string& url) const;
};

}  // namespace meseta::services
