// LeadershipActor: carries LeadershipCore for meseta-services. Begins and ends the terms of this
// daemon's leadership, and publishes who leads.
//
// On a thread of its own that may block: loading the records and joining a term's actors take time,
// and neither the replica nor requests wait for it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "actors/runtime/core_shell.h"
#include "actors/runtime/reply.h"
#include "frameworks/services/daemon/services_term.h"
#include "state/leadership/leadership_core.h"

namespace meseta::services {

struct StoreOpened {
  store::Store* store = nullptr;
};
struct RoleChanged {
  leadership::LogRole role;
};
struct TermOpened {
  uint64_t attempt = 0;
  Status outcome;
};
struct TermFailed {
  uint64_t attempt = 0;
  std::string why;
};
// Answered once this daemon leads.
struct AwaitTerm {
  runtime::Reply<runtime::Done> reply;
};
// Another member is asked to lead, or this one again in a new term.
struct Abdicate {};
using LeadershipEvent =
    std::variant<StoreOpened, RoleChanged, TermOpened, TermFailed, AwaitTerm, Abdicate>;
using LeadershipSelf = runtime::Published<runtime::CoreRef<LeadershipEvent>>;

struct LeadershipOutlets {
  TermContext term;  // Without store and `failed`.
  std::shared_ptr<PublishedLeadership> published;
  std::shared_ptr<const LeadershipSelf> self;  // Set before StoreOpened.
  std::string url;
};

class LeadershipActor : public runtime::Core<LeadershipEvent> {
 public:
  explicit LeadershipActor(LeadershipOutlets outlets);
  ~LeadershipActor() override;
  void Turn(std::vector<LeadershipEvent>& events, runtime::TurnContext& turn) override;

 private:
  void Handle(StoreOpened& event, Time now);
  void Handle(RoleChanged& event, Time now);
  void Handle(TermOpened& event, Time now);
  void Handle(TermFailed& event, Time now);
  void Handle(AwaitTerm& event, Time now);
  void Handle(Abdicate& event, Time now);

  void Perform(leadership::LeadershipCore::Effects effects, Time now);
  void WriteBarrier(uint64_t term);
  void Build(uint64_t term, Time now);
  void EndTerm();
  void Publish();
  void MaybeAnswer();

  const LeadershipOutlets outlets_;
  leadership::LeadershipCore core_{"services daemon"};
  store::Store* store_ = nullptr;
  std::optional<leadership::LogRole> early_role_;
  std::unique_ptr<ServicesTerm> term_;
  std::vector<runtime::Reply<runtime::Done>> waiting_;
  std::optional<Time> wake_at_;
};

}  // namespace meseta::services
