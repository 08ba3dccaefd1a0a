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
  std::optional<Duration> offer_timeout;  // None: offers stay until they are used or rescinded.
  Duration heartbeat_interval = Duration::Seconds(15);
  Duration registry_gc_interval = Duration::Minutes(15);
  Duration registry_max_agent_age = Duration::Days(14);
  size_t registry_max_agent_count = 102'400;
  bool root_submissions = true;
  size_t max_completed_frameworks = 50;
  size_t max_unreachable_tasks_per_framework = 1000;
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
  std::vector<std::string> warnings;  // Sentences for the log.
  std::optional<std::string>
      step_down;  // Why this master cannot go on; nothing else is in here then.
};

}  // namespace meseta::master
