#include "state/log/progress_table.h"

#include <algorithm>

namespace meseta::log {

void InflightWindow::Add(Index last, size_t bytes, Time sent) {
  Sent one;
  one.last = last;
  one.bytes = bytes;
  one.sent = sent;
  sent_.push_back(one);
  bytes_ += bytes;
}

void InflightWindow::FreeTo(Index index) {
  while (!sent_.empty() && sent_.front().last <= index) {
    bytes_ -= sent_.front().bytes;
    sent_.pop_front();
  }
}

void InflightWindow::Clear() {
  sent_.clear();
  bytes_ = 0;
}

void Progress::BecomeProbe(Index from) {
  state = State::kProbe;
  next = std::max(from, match + 1);
  probe_out = false;
  probe_last = next - 1;
  inflight.Clear();
  transfer.reset();
}

void Progress::BecomeReplicate() {
  state = State::kReplicate;
  next = match + 1;
  probe_out = false;
  inflight.Clear();
  transfer.reset();
}

void Progress::BecomeSnapshot(const SnapshotMeta& meta, Time now) {
  state = State::kSnapshot;
  probe_out = false;
  inflight.Clear();
  transfer.emplace();
  transfer->meta = meta;
  transfer->moved = now;
}

}  // namespace meseta::log
