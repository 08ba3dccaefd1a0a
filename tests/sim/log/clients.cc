#include "tests/sim/log/clients.h"

#include <utility>

namespace meseta::logsim {

Clients::Clients(World* world, LogNetwork* network, ReplicaAt replica, int slots)
    : world_(world),
      network_(network),
      replica_(std::move(replica)),
      slots_(slots),
      clients_(static_cast<size_t>(world->options.clients)) {}

void Clients::Start() {
  for (int i = 0; i < world_->options.clients; ++i) Think(i);
}

void Clients::Think(int client) {
  // In the calm at leisure: who is behind has to catch up.
  const LogSimOptions& options = world_->options;
  const Duration most =
      world_->faults ? options.think_max : options.think_max + options.raft.election_max;
  world_->heap.After(world_->Between(Duration(), most), [this, client] {
    if (!stopped_) Call(client, Draw(client), std::nullopt);
  });
}

Op Clients::Draw(int client) {
  const LogSimOptions& options = world_->options;
  Op op;
  op.key = static_cast<int>(world_->rng.Below(static_cast<uint64_t>(options.keys)));
  if (world_->Chance(options.reads)) return op;
  op.kind = world_->Chance(0.4) ? OpKind::kCas : OpKind::kPut;
  op.expected = clients_[client].seen[op.key].value;
  op.expected_version = clients_[client].seen[op.key].version;
  op.value = ++next_value_;
  op.padding = world_->rng.Below(options.padding_max + 1);
  return op;
}

void Clients::Call(int client, Op op, std::optional<int> slot) {
  Client& self = clients_[client];
  const uint64_t call = ++self.calls;
  const size_t entry = history_.size();
  HistoryOp record;
  record.op = op;
  record.client = client;
  record.called = ++moment_;
  history_.push_back(record);
  refused_.push_back(false);
  ++busy_;

  const int to = slot ? *slot : self.guess;
  if (!world_->Fault(world_->options.loss)) {
    world_->heap.After(network_->Delay(), [this, client, call, entry, op, to] {
      replica_(to)->Submit(op, std::nullopt, [this, client, call, entry](SimReplica::Reply reply) {
        if (world_->Fault(world_->options.loss)) return;
        world_->heap.After(network_->Delay(), [this, client, call, entry, reply] {
          Heard(client, call, entry, reply);
        });
      });
    });
  }
  world_->heap.After(world_->options.client_patience, [this, client, call, slot, op] {
    if (clients_[client].calls != call) return;
    GaveUp(client, call);
    if (slot) Call(client, op, slot);
  });
}

void Clients::GaveUp(int client, uint64_t call) {
  if (clients_[client].calls != call) return;
  ++world_->probes["outcome unknown"];
  ++clients_[client].calls;
  --busy_;
  clients_[client].guess = static_cast<int>(world_->rng.Below(static_cast<uint64_t>(slots_)));
  Think(client);
}

void Clients::Heard(int client, uint64_t call, size_t entry, SimReplica::Reply reply) {
  Client& self = clients_[client];
  if (self.calls != call) return;
  ++self.calls;
  --busy_;
  HistoryOp& record = history_[entry];
  if (!reply.done) {
    refused_[entry] = true;
    self.guess = static_cast<int>(world_->rng.Below(static_cast<uint64_t>(slots_)));
    return Think(client);
  }
  record.returned = ++moment_;
  record.read = reply.value;
  record.swapped = reply.value == 1;
  if (record.op.kind == OpKind::kRead) {
    self.seen[record.op.key] = {reply.value, reply.version};
  } else if (reply.value == 1) {
    self.seen[record.op.key] = {record.op.value, reply.version};
    if (record.op.kind == OpKind::kCas) ++world_->probes["swap done"];
  }
  if (world_->trace.on()) world_->Note(Describe(record));
  world_->trace.Mix(record.called * 3 + reply.value);
  ++world_->probes["operation done"];
  Think(client);
}

void Clients::ReadAll(int slot) {
  // Each by a client of its own, so that they may overlap.
  for (int key = 0; key < world_->options.keys; ++key) {
    clients_.emplace_back();
    Op op;
    op.key = key;
    Call(static_cast<int>(clients_.size()) - 1, op, slot);
  }
}

std::vector<HistoryOp> Clients::History() const {
  std::vector<HistoryOp> all;
  for (size_t i = 0; i < history_.size(); ++i) {
    if (!refused_[i]) all.push_back(history_[i]);
  }
  return all;
}

uint64_t Clients::WritesDoneSince(uint64_t moment) const {
  uint64_t count = 0;
  for (size_t i = history_.size(); i-- > 0 && history_[i].called > moment;) {
    count += history_[i].op.kind != OpKind::kRead && history_[i].returned != HistoryOp::kNever;
  }
  return count;
}

}  // namespace meseta::logsim
