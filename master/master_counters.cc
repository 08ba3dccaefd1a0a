#include "master/master_counters.h"

namespace meseta::master {
namespace {

struct RefusedState {
  v1::TaskState state;
  const char* name;
};
constexpr std::array<RefusedState, 3> kRefusedStates{
    {{v1::TASK_ERROR, "error"}, {v1::TASK_DROPPED, "dropped"}, {v1::TASK_LOST, "lost"}}};

struct RefusedReason {
  v1::TaskStatus::Reason reason;
  const char* name;
};
constexpr std::array<RefusedReason, 2> kRefusedReasons{
    {{v1::TaskStatus::REASON_TASK_INVALID, "reason_task_invalid"},
     {v1::TaskStatus::REASON_INVALID_OFFERS, "reason_invalid_offers"}}};

struct CoreCount {
  const char* name;
  uint64_t CoreCounts::*field;
};
constexpr std::array<CoreCount, 7> kCoreCounts{
    {{"slave_registrations", &CoreCounts::slave_registrations},
     {"slave_reregistrations", &CoreCounts::slave_reregistrations},
     {"slave_removals", &CoreCounts::slave_removals},
     {"recovery_slave_removals", &CoreCounts::recovery_slave_removals},
     {"slave_unreachable_scheduled", &CoreCounts::slave_unreachable_scheduled},
     {"slave_unreachable_completed", &CoreCounts::slave_unreachable_completed},
     {"slave_unreachable_canceled", &CoreCounts::slave_unreachable_canceled}}};

}  // namespace

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

void MasterCounts::CountRefusedTask(const v1::TaskStatus& status) {
  for (size_t s = 0; s < kRefusedStates.size(); ++s) {
    for (size_t r = 0; r < kRefusedReasons.size(); ++r) {
      if (status.state() == kRefusedStates[s].state && status.reason() == kRefusedReasons[r].reason) {
        ++refused_[s][r];
      }
    }
  }
}

void MasterCounts::CountCore(const CoreCounts& counts) {
  for (size_t i = 0; i < kCoreCounts.size(); ++i) core_[i] += counts.*kCoreCounts[i].field;
}

std::map<std::string, uint64_t> MasterCounts::Values() const {
  std::map<std::string, uint64_t> values;
  for (size_t i = 0; i < kCoreCounts.size(); ++i) values[kCoreCounts[i].name] = core_[i];
  for (size_t s = 0; s < kRefusedStates.size(); ++s) {
    for (size_t r = 0; r < kRefusedReasons.size(); ++r) {
      if (refused_[s][r] == 0) continue;
      const std::string state = kRefusedStates[s].name;
      values["task_" + state + "/source_master/" + kRefusedReasons[r].name] = refused_[s][r];
      values["tasks_" + state] += refused_[s][r];
    }
  }
  for (const auto* counts : {&calls_, &agent_messages_}) {
    for (const auto& [key, named] : *counts) values[named.first] = named.second;
  }
  values["dropped_messages"] = dropped_;
  values["event_queue_dispatches"] = 0;
  values["event_queue_messages"] = turns_events_;
  return values;
}

}  // namespace meseta::master
