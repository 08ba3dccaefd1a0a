// What goes into MasterCore and what comes out, apart from the messages themselves. Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "actors/base/ids.h"
#include "actors/base/time.h"
#include "actors/messages/internal/agent.pb.h"
#include "actors/messages/v1.h"
#include "master/agents/removal_limiter.h"
#include "master/allocator/allocator.h"
#include "master/view/records.h"
#include "state/registry/registrar_core.h"

namespace meseta::master {

// One incarnation of a link to an agent (net::LinkId).
using LinkId = uint64_t;
// Chosen by the shell for an operator call whose answer may have to wait for the disk.
using ReplyId = uint64_t;

// An HTTP answer without headers: 202 and an empty text for most calls.
struct CallResult {
  int status = 202;
  std::string text;
  friend bool operator==(const CallResult&, const CallResult&) = default;
};

struct MasterOptions {
  Duration agent_ping_timeout = Duration::Seconds(15);
  int max_agent_ping_timeouts = 5;
  // For agents to come back after a restart of the master.
  Duration agent_reregister_timeout = Duration::Minutes(10);
  // Of agents that are marked unreachable, silent ones and those that did not come back.
  std::optional<RemovalRate> agent_removal_rate_limit;
  // Of the recovered agents, those that may be marked unreachable because they did not come back.
  // When more are missing, none is: they are awaited for another agent_reregister_timeout each time,
  // with a warning. (Mesos' master exits; its successor would only find the same.)
  AgentShare recovery_agent_removal_limit;
  std::optional<Duration> offer_timeout;  // None: offers stay until they are used or rescinded.
  Duration heartbeat_interval = Duration::Seconds(15);
  Duration registry_gc_interval = Duration::Minutes(15);
  Duration registry_max_agent_age = Duration::Days(14);
  size_t registry_max_agent_count = 102'400;
  bool root_submissions = true;
  // Removed frameworks whose ids are remembered. Longer than agents: an agent that is still welcome
  // back must not bring a removed framework along.
  Duration registry_max_framework_age = Duration::Days(28);
  size_t registry_max_framework_count = 102'400;
  size_t max_unreachable_tasks_per_framework = 1000;
};

// What happened since the last effects; Mesos' names are master/<name>.
struct CoreCounts {
  uint64_t slave_registrations = 0;
  uint64_t slave_reregistrations = 0;
  uint64_t slave_removals = 0;
  uint64_t recovery_slave_removals = 0;  // Marked unreachable without having come back.
  uint64_t slave_unreachable_scheduled = 0;
  uint64_t slave_unreachable_completed = 0;
  uint64_t slave_unreachable_canceled = 0;  // It came back while it waited for its permit.
};

struct Effects {
  struct AgentMessage {
    LinkId link = 0;
    internal::ToAgent message;  // With the term.
  };
  struct SessionEvent {
    StreamId session;
    v1::scheduler::Event event;
  };
  struct Reply {
    ReplyId id = 0;
    CallResult result;
    uint64_t view_number = 0;  // Answer once the view has published this change.
  };

  // Write it, then call Persisted(number) or PersistFailed.
  std::optional<registry::RegistryBatch> persist;
  std::vector<AgentMessage> to_agents;
  std::vector<SessionEvent> to_sessions;
  std::vector<StreamId> close_sessions;  // After their events.
  std::vector<LinkId> close_links;       // After their messages.
  std::vector<Reply> replies;
  std::vector<LedgerDelta> ledger;
  std::vector<ViewChange> view;
  uint64_t view_number = 0;           // Of the last change so far; they are numbered from 1.
  std::optional<Time> wake_at;        // Call Tick then; replaces the earlier wish.
  CoreCounts counts;
  std::vector<std::string> warnings;  // Sentences for the log.
  std::optional<std::string>
      step_down;  // Why this master cannot go on; nothing else is in here then.
};

}  // namespace meseta::master
