// What the parts of MasterCore share: the tables, the ledger, the registrar, the timers, and the
// outbox in which effects gather until TakeEffects. Each part (agents/, frameworks/, offers/,
// tasks/) decides about its own subject through this.
//
// Records for the view: a part touches an agent or framework after changing it; one new record each
// goes out with the next effects, however often it changed. Tasks and offers are told change by
// change. Pure; on the master core's thread.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <utility>

#include "master/agents/agent_table.h"
#include "master/core/effects.h"
#include "master/core/timer_table.h"
#include "master/frameworks/framework_table.h"
#include "master/frameworks/framework_writes.h"
#include "master/offers/ledger.h"
#include "master/offers/offer_table.h"
#include "master/tasks/pending_reconcile.h"
#include "master/tasks/task_table.h"
#include "state/registry/registrar_core.h"

namespace meseta::master {

class CoreState {
 public:
  CoreState(const MasterOptions& options, const v1::MasterInfo& info,
            registry::RegistryState registry);
  CoreState(const CoreState&) = delete;
  CoreState& operator=(const CoreState&) = delete;

  const MasterOptions options;
  const v1::MasterInfo info;
  const uint64_t term;

  AgentTable agents;
  FrameworkTable frameworks;
  FrameworkWrites framework_writes;
  TaskTable tasks;
  PendingReconciles pending_reconciles;
  OfferTable offers;
  Ledger ledger;
  TimerTable timers;
  registry::RegistrarCore registrar;

  // <master id>-S0, -0000, -O0 and so on.
  AgentId NextAgentId();
  FrameworkId NextFrameworkId();
  OfferId NextOfferId();

  void Send(LinkId link, internal::ToAgent message);
  // False, and nothing is sent, when the agent is disconnected.
  bool Send(const Agent& agent, internal::ToAgent message);
  void Send(const StreamId& session, v1::scheduler::Event event);
  // Dropped when the framework is not connected.
  void Send(const Framework& framework, v1::scheduler::Event event);
  void CloseSession(const StreamId& session) { effects_.close_sessions.push_back(session); }
  void CloseLink(LinkId link) { effects_.close_links.push_back(link); }
  void Reply(ReplyId id, int status, std::string text);
  void Tell(ViewChange change);
  [[nodiscard]] CoreCounts& counts() { return effects_.counts; }
  void Warn(std::string sentence) { effects_.warnings.push_back(std::move(sentence)); }
  void StepDown(std::string why) { step_down_ = std::move(why); }
  [[nodiscard]] bool stepped_down() const { return step_down_.has_value(); }

  void Touch(const AgentId& id) { dirty_agents_.insert(id); }
  void Touch(const FrameworkId& id) { dirty_frameworks_.insert(id); }
  // Emits the record at once, where order matters: it has to precede its tasks.
  void Publish(const Agent& agent);
  void Publish(const Framework& framework);
  // Tells the allocator about the agent as it is now.
  void UpdateLedger(const Agent& agent);
  // The same for a framework.
  void TellAllocator(const Framework& framework);

  [[nodiscard]] FrameworkPtr RecordOf(const Framework& framework) const;

  [[nodiscard]] Effects TakeEffects();

 private:
  [[nodiscard]] AgentPtr RecordOf(const Agent& agent) const;
  void FlushRecords();

  uint64_t next_agent_ = 0;
  uint64_t next_framework_ = 0;
  uint64_t next_offer_ = 0;
  uint64_t view_number_ = 0;
  Effects effects_;
  std::set<AgentId> dirty_agents_;
  std::set<FrameworkId> dirty_frameworks_;
  std::optional<std::string> step_down_;
};

}  // namespace meseta::master
