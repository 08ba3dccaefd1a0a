// Goal: nothing that a peer says brings a core down, or makes it contradict what is committed.
// Method: messages of drawn fields (near the borders of what the core knows, and far outside), and
// of drawn bytes, go to members in every role, between events of a real group; invariants are
// checked after each.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "actors/base/crc32c.h"
#include "tests/state/log/core_group.h"

namespace meseta::log {
namespace {

constexpr int kSeeds = 60;
constexpr int kMessages = 400;

class Hostile {
 public:
  explicit Hostile(uint64_t seed) : rng_(seed), group_({}, nullptr, seed) {
    group_.tracing = false;
    group_.Found({1, 2, 3});
    group_.Run(Duration::Seconds(2));
  }

  void Run() {
    for (int i = 0; i < kMessages; ++i) {
      const MemberId to = 1 + rng_.Below(3);
      Message message = rng_.Below(10) == 0 ? DrawnBytes() : DrawnMessage(to);
      group_.core(to).Step(message, group_.now);
      group_.Carry(to);
      if (rng_.Below(5) == 0) {
        group_.Advance(Duration::Millis(static_cast<int64_t>(rng_.Below(400))));
        group_.TickDue();
      }
      if (const auto leader = group_.Leader(); leader && rng_.Below(5) == 0) {
        (void)group_.Propose(*leader, "x");
      }
      // Answers to what was made up, and what the real ones say to each other.
      while (group_.network.size() > 50) group_.network.pop_front();
      if (rng_.Below(2) == 0 && !group_.network.empty()) group_.DeliverOne(0);
      // They may make each other believe anything but this: each one's own commits are for good.
      for (auto& [id, node] : group_.nodes) EXPECT_GE(group_.core(id).status().commit, commit_[id]);
      for (auto& [id, node] : group_.nodes) commit_[id] = group_.core(id).status().commit;
    }
  }

 private:
  uint64_t Number(uint64_t near) {
    switch (rng_.Below(8)) {
      case 0:
        return 0;
      case 1:
        return std::numeric_limits<uint64_t>::max() - rng_.Below(3);
      case 2:
        return uint64_t{1} << rng_.Below(64);
      case 3:
        return rng_.Next();
      default:
        return near + rng_.Below(5) - std::min<uint64_t>(near, 2);
    }
  }

  Message DrawnBytes() {
    std::string bytes;
    for (uint64_t left = rng_.Below(200); left > 0; --left) {
      bytes.push_back(static_cast<char>(rng_.Next()));
    }
    Message message;
    (void)message.ParseFromString(bytes);
    return message;
  }

  Message DrawnMessage(MemberId to) {
    const RaftStatus status = group_.core(to).status();
    Message message;
    if (rng_.Below(20) != 0) message.set_cluster_id("c");
    message.set_from(rng_.Below(10) == 0 ? Number(3) : 1 + rng_.Below(4));
    message.set_to(to);
    // Terms that rise without end would only make all refuse everything else.
    message.set_term(rng_.Below(20) == 0 ? Number(status.term) : status.term + rng_.Below(2));
    switch (rng_.Below(8)) {
      case 0:
        message.mutable_vote()->set_pre(rng_.Below(2) == 0);
        message.mutable_vote()->set_transfer(rng_.Below(2) == 0);
        message.mutable_vote()->set_last_index(Number(status.last));
        message.mutable_vote()->set_last_term(Number(status.term));
        break;
      case 1:
        message.mutable_vote_answer()->set_pre(rng_.Below(2) == 0);
        message.mutable_vote_answer()->set_granted(rng_.Below(2) == 0);
        break;
      case 2:
      case 3:
        DrawAppend(status, message.mutable_append());
        break;
      case 4:
        message.mutable_append_answer()->set_accepted(rng_.Below(2) == 0);
        message.mutable_append_answer()->set_index(Number(status.last));
        message.mutable_append_answer()->set_hint_index(Number(status.last));
        message.mutable_append_answer()->set_hint_term(Number(status.term));
        message.mutable_append_answer()->set_probe(
            Number(static_cast<uint64_t>(group_.now.nanos())));
        break;
      case 5:
        DrawChunk(status, message.mutable_snapshot_chunk());
        break;
      case 6:
        message.mutable_snapshot_answer()->set_snapshot_index(Number(status.snapshot));
        message.mutable_snapshot_answer()->set_next_chunk(static_cast<uint32_t>(Number(1)));
        message.mutable_snapshot_answer()->set_refused(rng_.Below(2) == 0);
        break;
      default:
        message.mutable_timeout_now()->set_probe(Number(1));
    }
    return message;
  }

  void DrawAppend(const RaftStatus& status, internal::LogAppend* append) {
    append->set_previous_index(Number(status.last));
    const EntryPtr previous = group_.core(status.self).EntryAt(append->previous_index());
    append->set_previous_term(previous && rng_.Below(4) != 0 ? previous->term
                                                             : Number(status.term));
    append->set_commit(Number(status.commit));
    append->set_probe(Number(static_cast<uint64_t>(group_.now.nanos())));
    for (uint64_t i = 0; i < rng_.Below(4); ++i) {
      internal::LogEntry* entry = append->add_entries();
      entry->set_index(rng_.Below(8) == 0 ? Number(status.last) : append->previous_index() + 1 + i);
      entry->set_term(rng_.Below(8) == 0 ? Number(status.term) : status.term);
      if (rng_.Below(10) != 0) {
        entry->set_kind(static_cast<internal::LogEntryKind>(rng_.Below(3)));
      }
      if (entry->kind() == internal::LOG_CONFIGURATION && rng_.Below(2) == 0) {
        entry->set_payload(DrawnConfiguration().SerializeAsString());
      } else {
        entry->set_payload("p");
      }
    }
  }

  Configuration DrawnConfiguration() {
    Configuration configuration;
    for (uint64_t i = 0; i < rng_.Below(5); ++i) {
      configuration.add_members()->set_id(rng_.Below(6));
      configuration.mutable_members(static_cast<int>(i))->set_learner(rng_.Below(3) == 0);
    }
    return configuration;
  }

  void DrawChunk(const RaftStatus& status, internal::LogSnapshotChunk* chunk) {
    SnapshotMeta* meta = chunk->mutable_meta();
    meta->set_index(Number(status.commit));
    meta->set_term(Number(status.term));
    *meta->mutable_configuration() = DrawnConfiguration();
    meta->set_chunks(static_cast<uint32_t>(Number(1)));
    chunk->set_number(rng_.Below(2) == 0 ? 0 : static_cast<uint32_t>(Number(0)));
    if (rng_.Below(4) == 0) chunk->set_data("x;");
    chunk->set_checksum(Crc32c(chunk->data()));
    meta->set_bytes(chunk->data().size());
    meta->set_checksum(rng_.Below(4) == 0 ? 1 : Crc32c(chunk->data()));
  }

  Rng rng_;
  CoreGroup group_;
  std::map<MemberId, Index> commit_;
};

TEST(HostilePeerTest, NothingItSaysBringsACoreDown) {
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    Hostile hostile(seed);
    hostile.Run();
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace meseta::log
