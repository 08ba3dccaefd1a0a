#include "state/store/store.h"

#include <utility>

#include "state/store/engine.h"

namespace meseta::store {
namespace {

class ReplicaProposer : public Proposer {
 public:
  void Set(log::Replica* replica) { replica_ = replica; }
  void Propose(std::string command, std::optional<log::Term> term,
               runtime::Reply<log::Applied> reply) override {
    replica_->Propose(std::move(command), term, std::move(reply));
  }
  void ReadBarrier(runtime::Reply<log::Index> reply) override {
    replica_->ReadBarrier(std::move(reply));
  }

 private:
  log::Replica* replica_ = nullptr;
};

}  // namespace

struct Store::State {
  State(runtime::ActorSystem& system, const std::string& name)
      : engine(system, name, {kMaxHistoryChanges, kMaxHistoryBytes}) {
    engine.Attach(&proposer);
  }

  ReplicaProposer proposer;
  StoreEngine engine;
  std::unique_ptr<log::Replica> replica;
};

Store::Store(std::unique_ptr<State> state) : state_(std::move(state)) {}

Store::~Store() { Stop(); }

Result<std::unique_ptr<Store>> Store::Open(log::ReplicaOptions options,
                                           runtime::ActorSystem& system, net::Transport& transport,
                                           metrics::Registry* metrics) {
  auto state = std::make_unique<State>(system, "store-" + options.group);
  KvMachine* machine = state->engine.machine();
  ASSIGN_OR_RETURN(state->replica, log::Replica::Start(std::move(options), system, transport,
                                                       machine, metrics));
  state->proposer.Set(state->replica.get());
  return std::unique_ptr<Store>(new Store(std::move(state)));
}

void Store::Stop() {
  state_->replica->Stop();  // First: its answers still need the engine.
  state_->engine.Stop();
}

void Store::Write(Batch batch, WriteOptions options, runtime::Reply<Version> reply) {
  state_->engine.Write(batch, options, std::move(reply));
}

void Store::Read(runtime::Reply<SnapshotPtr> reply) { state_->engine.Read(std::move(reply)); }

SnapshotPtr Store::Local() const { return state_->engine.Local(); }

WatchId Store::Watch(std::string prefix, Version after, std::function<void(WatchEvent)> on_event) {
  return state_->engine.Watch(std::move(prefix), after, std::move(on_event));
}

void Store::Unwatch(WatchId watch) { state_->engine.Unwatch(watch); }

log::Replica& Store::replica() { return *state_->replica; }

}  // namespace meseta::store
