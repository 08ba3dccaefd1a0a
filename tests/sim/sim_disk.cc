#include "tests/sim/sim_disk.h"

#include <algorithm>

namespace meseta::sim {
namespace {

void ApplyTo(const SimDisk::Changes& changes, std::map<std::string, std::string>* records) {
  for (const auto& [key, value] : changes) {
    if (value) {
      (*records)[key] = *value;
    } else {
      records->erase(key);
    }
  }
}

}  // namespace

void SimDisk::Write(Changes changes, bool sync, Done done) {
  queue_.push_back({std::move(changes), sync, std::move(done)});
  StartWrite();
}

void SimDisk::WriteNow(const Changes& changes) { Apply(changes, true); }

void SimDisk::StartWrite() {
  if (busy_ || queue_.empty()) return;
  busy_ = true;
  const size_t count = std::min(queue_.size(), kMaxPerWrite);
  world_->heap.After(world_->Delay(), [this, count, epoch = epoch_] {
    if (epoch == epoch_) FinishWrite(count);
  });
}

void SimDisk::FinishWrite(size_t count) {
  const uint64_t epoch = epoch_;
  const bool fails = world_->Fault(world_->options.disk_failure);
  const bool lands = !fails || world_->Chance(0.5);
  bool sync = false;
  std::vector<Request> written;
  for (; count > 0; --count) {
    sync = sync || queue_.front().sync;
    written.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  if (lands) {
    for (size_t i = 0; i < written.size(); ++i) {
      Apply(written[i].changes, sync && i + 1 == written.size());
    }
  }
  busy_ = false;
  if (fails) {
    // Takes nothing more before its owner starts over, as the real stores.
    queue_.clear();
    ++world_->checkers.probes["write failed"];
  }
  for (Request& request : written) {
    if (epoch != epoch_) return;  // Its owner died of the one before.
    request.done(fails ? Unavailable("The simulated disk failed") : OkStatus());
  }
  if (epoch == epoch_) StartWrite();
}

void SimDisk::Apply(const Changes& changes, bool sync) {
  ApplyTo(changes, &cache_);
  unsynced_.push_back(changes);
  if (!sync || world_->options.mutation == Mutation::kDiskForgetsSynced) return;
  for (const Changes& one : unsynced_) ApplyTo(one, &durable_);
  unsynced_.clear();
}

void SimDisk::Crash(bool power) {
  ++epoch_;
  busy_ = false;
  // What the process had handed over may have reached the disk, in order.
  size_t kept = world_->rng.Below(queue_.size() + 1);
  for (; kept > 0; --kept) {
    Apply(queue_.front().changes, queue_.front().sync);
    queue_.pop_front();
  }
  queue_.clear();
  if (!power && world_->options.mutation != Mutation::kDiskForgetsSynced) return;
  if (unsynced_.size() > 0) ++world_->checkers.probes["unsynced writes at a power failure"];
  kept = world_->rng.Below(unsynced_.size() + 1);
  cache_ = durable_;
  for (size_t i = 0; i < kept; ++i) ApplyTo(unsynced_[i], &cache_);
  durable_ = cache_;
  unsynced_.clear();
}

}  // namespace meseta::sim
