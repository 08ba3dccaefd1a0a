// What a replica's peers say as hostile input: a group of three, and one that has just come, are
// told anything in the name of each other, among events of their real life. Nothing of it reaches
// an assertion, takes back what a replica has committed, or breaks what it has on its disk.
//
// Input: {event u8, ...}*. Of an event: the lowest four bits say what happens, the next two to
// which member. A message (events 0 to 5) is {from u8, size u16, a LogMessage}; its cluster, sender
// and receiver are set, so that it is looked at, and by the event its term and checksums, too.
#include <google/protobuf/stubs/logging.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "actors/base/check.h"
#include "actors/base/crc32c.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/state/log/core_group.h"

namespace meseta::log {
namespace {

constexpr size_t kMaxUnderWay = 64;  // Messages; the oldest are lost.
constexpr int kMaxEvents = 300;

class HostilePeers {
 public:
  HostilePeers() {
    group_.tracing = false;
    group_.Found({1, 2, 3});
    group_.AddEmpty(4);
    group_.Elect(1);
    group_.Settle();
    CHECK(group_.Propose(1, "a").ok());
    group_.Settle();
  }

  void Event(fuzz::Input* input) {
    const uint8_t event = input->Byte();
    const MemberId to = 1 + (event >> 4 & 3);
    switch (event & 15) {
      case 0:
      case 1:
      case 2:
      case 3:
      case 4:
      case 5:
        Say(event & 15, to, input);
        break;
      case 6:
        group_.Advance(Duration::Millis(input->Byte() * int64_t{8}));
        group_.TickDue();
        break;
      case 7:
        if (Up(to)) group_.TimeOut(to);
        break;
      case 8:
        if (Up(to)) (void)group_.Propose(to, "x").ok();
        break;
      case 9:
        for (uint8_t left = input->Byte() % 16; left > 0 && !group_.network.empty(); --left) {
          group_.DeliverOne(0);
        }
        break;
      case 10:
        if (!group_.network.empty()) {
          group_.DeliverOne(input->Byte() % group_.network.size());
        }
        break;
      case 11:
        MakeSnapshot(to);
        break;
      case 12:
        Restart(to);
        break;
      case 13:
        HoldDisk(to, input->Byte());
        break;
      case 14:
        if (Up(to)) Change(to, input->Byte());
        break;
      default:
        if (Up(to)) {
          group_.core(to).Read(++read_, group_.now);
          group_.Carry(to);
        }
    }
    while (group_.network.size() > kMaxUnderWay) group_.network.pop_front();
    CheckCommits();
  }

 private:
  [[nodiscard]] bool Up(MemberId id) const { return group_.nodes.at(id).core != nullptr; }

  void Say(int how, MemberId to, fuzz::Input* input) {
    const MemberId from = input->Byte() % 6;
    const std::string_view bytes = input->TakeSized();
    Message message;
    if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) || !Up(to)) return;
    message.set_cluster_id("c");
    message.set_from(from);
    message.set_to(to);
    const RaftStatus status = group_.core(to).status();
    if (how >= 2) message.set_term(status.term + (how == 3 ? 1 : 0));
    if (how >= 4 && message.has_append()) Fit(status, message.mutable_append());
    if (message.has_snapshot_chunk()) {
      internal::LogSnapshotChunk* chunk = message.mutable_snapshot_chunk();
      chunk->set_checksum(Crc32c(chunk->data()));
      if (how == 5) {  // The only piece.
        chunk->mutable_meta()->set_bytes(chunk->data().size());
        chunk->mutable_meta()->set_checksum(chunk->checksum());
      }
    }
    group_.core(to).Step(message, group_.now);
    group_.Carry(to);
  }

  // As entries behind one that is there.
  void Fit(const RaftStatus& status, internal::LogAppend* append) {
    const Index previous = std::min<Index>(append->previous_index(), status.last);
    append->set_previous_index(previous);
    const EntryPtr entry = group_.core(status.self).EntryAt(previous);
    if (entry != nullptr) append->set_previous_term(entry->term);
    for (int i = 0; i < append->entries_size(); ++i) {
      append->mutable_entries(i)->set_index(previous + 1 + static_cast<Index>(i));
      append->mutable_entries(i)->set_term(status.term);
    }
  }

  void MakeSnapshot(MemberId id) {
    if (!Up(id)) return;
    const CoreGroup::Node& node = group_.nodes.at(id);
    // Its own one has to be of what it has applied, and newer than the last.
    if (node.applied <= group_.core(id).status().snapshot || !node.unsynced.empty()) return;
    group_.Snapshot(id, node.applied > 2 ? node.applied - 2 : 0);
  }

  void Restart(MemberId id) {
    group_.Crash(id);
    // What was committed and not synced here is known by others only.
    commit_.erase(id);
    group_.Start(id);
  }

  void HoldDisk(MemberId id, uint8_t how) {
    group_.nodes.at(id).syncs = how % 2 == 0;
    group_.Persist(id, how % 8);
  }

  void Change(MemberId id, uint8_t how) {
    RaftCore& core = group_.core(id);
    const MemberId member = 1 + how / 8 % 5;
    switch (how % 5) {
      case 0:
        (void)core.ProposeChange(AddMember{member, "h" + std::to_string(member), true}, group_.now)
            .ok();
        break;
      case 1:
        (void)core.ProposeChange(RemoveMember{member}, group_.now).ok();
        break;
      case 2:
        (void)core.ProposeChange(InviteMember{"h4"}, group_.now).ok();
        break;
      case 3:
        (void)core.ProposeChange(PromoteMember{member}, group_.now).ok();
        break;
      default:
        (void)core.Transfer(member, group_.now).ok();
    }
    group_.Carry(id);
  }

  void CheckCommits() {
    for (const auto& [id, node] : group_.nodes) {
      if (node.core == nullptr) continue;
      const Index commit = node.core->status().commit;
      CHECK(commit >= commit_[id]) << id << " commits " << commit << " after " << commit_[id];
      commit_[id] = commit;
    }
  }

  CoreGroup group_;
  std::map<MemberId, Index> commit_;
  uint64_t read_ = 0;
};

}  // namespace
}  // namespace meseta::log

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const google::protobuf::LogSilencer silencer;  // Of complaints about texts.
  meseta::fuzz::Input input(data, size);
  meseta::log::HostilePeers peers;
  for (int events = 0; !input.empty() && events < meseta::log::kMaxEvents; ++events) {
    peers.Event(&input);
  }
  return 0;
}
