#include "master/leadership/leader_term.h"

#include <mutex>
#include <utility>
#include <vector>

#include "actors/base/logging.h"
#include "actors/runtime/entropy.h"
#include "master/leadership/registry_loader.h"

namespace meseta::master {
namespace {

// An event may be all that one read of a link brought. Short turns let answers and writes leave early.
constexpr size_t kMaxEventsPerTurn = 256;

}  // namespace

class LeaderTerm::MasterInbox {
 public:
  void PostCompletion(MasterEvent event) {
    const std::lock_guard lock(mutex_);
    if (to_master_) {
      to_master_.PostCompletion(std::move(event));
    } else {
      early_.push_back(std::move(event));
    }
  }
  void Open(runtime::CoreRef<MasterEvent> ref) {
    const std::lock_guard lock(mutex_);
    to_master_ = std::move(ref);
    for (MasterEvent& event : early_) to_master_.PostCompletion(std::move(event));
    early_.clear();
  }

 private:
  std::mutex mutex_;
  runtime::CoreRef<MasterEvent> to_master_;
  std::vector<MasterEvent> early_;
};

LeaderTerm::LeaderTerm(const TermContext& context, uint64_t term, registry::RegistryState registry)
    : published_(std::make_shared<runtime::Published<Snapshot>>()),
      to_master_(std::make_shared<MasterInbox>()),
      ended_(std::make_shared<std::atomic<bool>>(false)) {
  StartView(context);
  StartAllocator(context);
  streams_ = std::make_unique<runtime::CoreShell<StreamCommand>>(
      *context.actors, runtime::CoreOptions{.name = "streams"},
      [] { return std::make_unique<StreamActor>(); });
  StartMaster(context, term, std::move(registry));
  refs_ = MakeRefs(context, term);
}

LeaderTerm::~LeaderTerm() { End(); }

void LeaderTerm::End() {
  *ended_ = true;
  master_->Stop();  // First: no effect leaves any more.
  allocator_->Stop();
  streams_->Stop();
  viewer_->Stop();
}

void LeaderTerm::StartView(const TermContext& context) {
  // The view's actor publishes from its own thread, and requests may come at once.
  published_->Set(ViewCore(context.record, context.view).Publish());
  viewer_ = std::make_unique<runtime::CoreShell<ViewBatch>>(
      *context.actors, runtime::CoreOptions{.name = "view"},
      [record = context.record, options = context.view, published = published_] {
        return std::make_unique<ViewActor>(record, options, published);
      });
}

void LeaderTerm::StartAllocator(const TermContext& context) {
  metrics::Registry& metrics = *context.metrics;
  const AllocatorMetrics measured{metrics.AddTimer("allocator/mesos/allocation_run"),
                                  metrics.AddTimer("allocator/mesos/allocation_run_latency"),
                                  metrics.AddCounter("allocator/mesos/allocation_runs")};
  allocator_ = std::make_unique<runtime::CoreShell<LedgerDeltas>>(
      *context.actors, runtime::CoreOptions{.name = "allocator"},
      [to_master = to_master_, options = context.allocator, measured] {
        return std::make_unique<AllocatorActor>(
            options, runtime::EntropySeed(),
            [to_master](std::vector<Proposal> proposals) {
              to_master->PostCompletion(ProposalsMade{std::move(proposals)});
            },
            measured);
      });
}

void LeaderTerm::StartMaster(const TermContext& context, uint64_t term,
                             registry::RegistryState registry) {
  MasterOutlets outlets;
  outlets.transport = context.transport;
  outlets.view = viewer_->ref();
  outlets.allocator = allocator_->ref();
  outlets.streams = streams_->ref();
  outlets.counts = context.counts;
  outlets.step_down = context.failed;
  outlets.address = context.pid;
  outlets.clock = &context.actors->clock();
  outlets.leads_until = [store = context.store, term] {
    return store->replica().leads_until(term);
  };
  outlets.persist = [store = context.store, clock = &context.actors->clock(), term,
                     to_master = to_master_,
                     time = context.metrics->AddTimer("registrar/state_store")](
                        registry::RegistryBatch batch) {
    const Time start = clock->Mono();
    store->Write(ToStoreBatch(std::move(batch.changes)), {.term = term},
                 runtime::Reply<store::Version>([=, number = batch.number](
                                                    const Result<store::Version>& version) {
                   time->Record(clock->Mono() - start);
                   to_master->PostCompletion(RegistryWritten{number, version.status()});
                 }));
  };
  master_ = std::make_unique<runtime::CoreShell<MasterEvent>>(
      *context.actors, runtime::CoreOptions{.name = "master", .max_batch = kMaxEventsPerTurn},
      [outlets, options = context.core, info = context.record.info,
       clock = &context.actors->clock(),
       registry = std::make_shared<registry::RegistryState>(std::move(registry))] {
        // Once: a core that throws ends the daemon.
        auto core = std::make_unique<MasterCore>(options, info, std::move(*registry),
                                                 clock->Both());
        return std::make_unique<MasterActor>(std::move(core), outlets);
      });
  to_master_->Open(master_->ref());
}

TermPtr LeaderTerm::MakeRefs(const TermContext& context, uint64_t term) const {
  auto refs = std::make_shared<TermRefs>();
  refs->term = term;
  refs->view = published_;
  refs->leads = [store = context.store, term, clock = &context.actors->clock(), ended = ended_] {
    return !*ended && clock->Mono() < store->replica().leads_until(term);
  };
  refs->post = [master = master_->ref(), streams = streams_->ref()](MasterEvent event) {
    // Never lost while the term lasts: how many there are is bounded by streams and links.
    if (std::holds_alternative<StreamClosed>(event) || std::holds_alternative<AgentLinkUp>(event) ||
        std::holds_alternative<AgentLinkDown>(event) ||
        std::holds_alternative<AgentMessagesArrived>(event)) {
      return master.PostCompletion(std::move(event));
    }
    // Refused only when a million events wait, or at the end of the term: calls are then answered
    // by the loss of their responder, and a subscriber's stream is ended.
    const auto* subscribe = std::get_if<SubscribeArrived>(&event);
    const StreamId stream = subscribe == nullptr ? StreamId() : subscribe->stream;
    if (master.Post(std::move(event))) return true;
    if (!stream.empty()) streams.PostCompletion(EndStream{stream});
    LOG_EVERY_N(WARNING, 1000) << "The master's inbox is full or closed: an event was dropped";
    return false;
  };
  refs->open_stream = [streams = streams_->ref()](StreamId id, http::ContentType type, StreamFraming framing,
                                                  std::shared_ptr<http::StreamWriter> writer) {
    // Also a stream that the term's end finds in the inbox is closed.
    std::shared_ptr<http::StreamWriter> closing(
        writer.get(), [writer](http::StreamWriter* stream) { stream->Close(); });
    streams.PostCompletion(OpenStream{std::move(id), type, framing, std::move(closing)});
  };
  return refs;
}

}  // namespace meseta::master
