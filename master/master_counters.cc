#include "master/master_counters.h"

namespace meseta::master {

MasterCounts::MasterCounts() {
  using Call = v1::scheduler::Call;
  const auto call = [this](Call::Type type, const char* name) { calls_[type].first = name; };
  call(Call::SUBSCRIBE, "messages_register_framework");
  call(Call::TEARDOWN, "messages_unregister_framework");
  call(Call::ACCEPT, "messages_launch_tasks");
  call(Call::DECLINE, "messages_decline_offers");
  call(Call::REVIVE, "messages_revive_offers");
  call(Call::SUPPRESS, "messages_suppress_offers");
  call(Call::KILL, "messages_kill_task");
  call(Call::ACKNOWLEDGE, "messages_status_update_acknowledgement");
  call(Call::RECONCILE, "messages_reconcile_tasks");
  call(Call::REQUEST, "messages_resource_request");
  call(Call::MESSAGE, "messages_framework_to_executor");
  using Agent = internal::ToMaster;
  const auto agent = [this](Agent::MessageCase kind, const char* name) {
    agent_messages_[kind].first = name;
  };
  agent(Agent::kRegisterAgent, "messages_register_slave");
  agent(Agent::kReregisterAgent, "messages_reregister_slave");
  agent(Agent::kStatusUpdate, "messages_status_update");
  agent(Agent::kUnregisterAgent, "messages_unregister_slave");
}

void MasterCounts::CountCall(v1::scheduler::Call::Type type) {
  const auto it = calls_.find(type);
  if (it != calls_.end()) ++it->second.second;
}

void MasterCounts::CountAgentMessage(internal::ToMaster::MessageCase kind) {
  const auto it = agent_messages_.find(kind);
  if (it != agent_messages_.end()) {
    ++it->second.second;
  } else {
    ++dropped_;  // A case that this version does not know.
  }
}

std::map<std::string, uint64_t> MasterCounts::Values() const {
  std::map<std::string, uint64_t> values;
  for (const auto* counts : {&calls_, &agent_messages_}) {
    for (const auto& [key, named] : *counts) values[named.first] = named.second;
  }
  values["dropped_messages"] = dropped_;
  values["event_queue_dispatches"] = 0;
  values["event_queue_messages"] = turns_events_;
  return values;
}

}  // namespace meseta::master
