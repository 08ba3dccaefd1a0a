#include "frameworks/services/daemon/services_term.h"

#include <utility>

#include "actors/runtime/entropy.h"

namespace meseta::services {

Result<std::unique_ptr<ServicesTerm>> ServicesTerm::Begin(const TermContext& context, uint64_t term,
                                                         Records records) {
  // Results come only for probes, and those only from the core's actor, which is there by then.
  auto self = std::make_shared<runtime::CoreRef<ServicesActorEvent>>();
  ASSIGN_OR_RETURN(auto prober, Prober::Make(*context.io, [self](ProbeResult result) {
                     self->PostCompletion(std::move(result));
                   }));
  std::unique_ptr<ServicesTerm> begun(new ServicesTerm(std::move(prober)));
  begun->Start(context, term, std::move(records), self.get());
  return begun;
}

ServicesTerm::ServicesTerm(std::unique_ptr<Prober> prober)
    : view_(std::make_shared<runtime::Published<Snapshot>>()),
      ended_(std::make_shared<std::atomic<bool>>(false)),
      prober_(std::move(prober)) {}

void ServicesTerm::Start(const TermContext& context, uint64_t term, Records records,
                         runtime::CoreRef<ServicesActorEvent>* core_ref) {
  const runtime::Clock& clock = context.actors->clock();
  auto core = std::make_shared<std::unique_ptr<ServicesCore>>(std::make_unique<ServicesCore>(
      context.options, std::move(records), runtime::EntropySeed(), clock.Both()));
  view_->Set(std::make_shared<const Snapshot>());  // Number 0: until the first turn nobody leads.
  events_ = std::make_unique<runtime::CoreShell<EventCommand>>(
      *context.actors, runtime::CoreOptions{.name = "events"},
      [] { return std::make_unique<EventActor>(); });

  ServicesOutlets outlets;
  outlets.clock = &clock;
  outlets.io = context.io;
  outlets.transport = context.transport;
  outlets.store = context.store;
  outlets.term = term;
  outlets.step_down = context.failed;
  outlets.fatal = context.fatal;
  outlets.scheduler = context.scheduler;
  outlets.events = events_->ref();
  outlets.view = view_;
  outlets.probe = [prober = prober_.get()](const std::vector<Probe>& probes) {
    for (const Probe& probe : probes) prober->Start(probe);
  };
  core_ = std::make_unique<runtime::CoreShell<ServicesActorEvent>>(
      *context.actors, runtime::CoreOptions{.name = "services"},
      [core, outlets]() -> std::unique_ptr<runtime::Core<ServicesActorEvent>> {
        return std::make_unique<ServicesActor>(std::move(*core), outlets, runtime::EntropySeed());
      });
  const auto self = core_->ref();
  *core_ref = self;
  // What is posted before is of no meaning: there is no one yet to post it.
  self.PostCompletion(services::Begin{[self](sdk::SchedulerEvent event) { self.PostCompletion(std::move(event)); },
                            [self](StoreWritten written) { self.PostCompletion(std::move(written)); }});

  auto refs = std::make_shared<TermRefs>();
  refs->term = term;
  refs->view = view_;
  refs->ask = [self](ServicesCommand command, runtime::Reply<Answer<WriteDone>> reply) {
    self.Post(AskCore{std::move(command), std::move(reply)});
  };
  refs->events = [events = events_->ref()](EventCommand command) {
    return events.Post(std::move(command));
  };
  refs->leads = [ended = ended_, view = view_, store = context.store, clock = &clock, term] {
    return !ended->load() && view->Get()->number > 0 && clock->Mono() < store->replica().leads_until(term);
  };
  refs_ = std::move(refs);
}

ServicesTerm::~ServicesTerm() { End(); }

void ServicesTerm::End() {
  if (ended_->exchange(true)) return;
  core_->Stop();
  prober_.reset();
  events_->Stop();
}

}  // namespace meseta::services
