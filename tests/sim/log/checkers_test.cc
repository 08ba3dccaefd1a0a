#include "tests/sim/log/checkers.h"

#include <gtest/gtest.h>

#include <memory>

#include "tests/sim/log/kv_machine.h"

namespace meseta::logsim {
namespace {

LogSimOptions QuietOptions() {
  LogSimOptions options;
  options.check_promises = false;  // Nothing is written here.
  options.check_leases = false;
  return options;
}

// Three of five voters, whose leaders (m104, m105) are messages only. All begin in term 3 with
// entry 2 of it.
class CheckersTest : public testing::Test {
 protected:
  void SetUp() override {
    log::Configuration genesis;
    for (int slot = 0; slot < 5; ++slot) {
      auto* member = genesis.add_members();
      member->set_id(IdOf(slot, 1));
      member->set_address(AddressOf(slot));
    }
    checkers_.Genesis(genesis);
    for (int slot = 0; slot < 3; ++slot) {
      internal::LogIdentity identity;
      identity.set_format(1);
      identity.set_member_id(IdOf(slot, 1));
      identity.set_group("sim");
      identity.set_cluster_id("checked");
      log::LogWrite write = log::RaftCore::Bootstrap(identity, genesis, EmptyState());
      write.hard = log::HardState{3, 0};
      auto entry = std::make_shared<log::Entry>();
      entry->index = 2;
      entry->term = 3;
      write.append.push_back(std::move(entry));
      ASSERT_TRUE(disks_[slot].Write({write}).ok());
      const Result<log::Recovered> recovered = disks_[slot].Load();
      ASSERT_TRUE(recovered.ok()) << recovered.status();
      clocks_[slot] = SimClock(Time(), Time(), 1);
      cores_[slot] = std::make_unique<log::RaftCore>(log::RaftOptions{}, *recovered,
                                                     recovered->sequence, Rng(1), Time(), &rules_);
      checkers_.Booted(View(slot), *recovered);
      Take(slot);
    }
  }

  ReplicaView View(int slot) {
    return {slot, IdOf(slot, 1), cores_[slot].get(), &disks_[slot], &clocks_[slot]};
  }

  // An append of one entry, of the leader's own term.
  void Append(int slot, int leader, log::Term term, log::Index behind, log::Term behind_term,
              log::Index commit) {
    log::Message message;
    message.set_cluster_id("checked");
    message.set_from(IdOf(leader, 1));
    message.set_to(IdOf(slot, 1));
    message.set_term(term);
    internal::LogAppend* append = message.mutable_append();
    append->set_previous_index(behind);
    append->set_previous_term(behind_term);
    append->set_commit(commit);
    internal::LogEntry* entry = append->add_entries();
    entry->set_index(behind + 1);
    entry->set_term(term);
    entry->set_kind(internal::LOG_NOOP);
    const auto contradicted = Checkers::Contradicts(*cores_[slot], message);
    cores_[slot]->Step(message, Time());
    if (contradicted) checkers_.Stepped(View(slot), message, *contradicted);
  }

  // The end of a turn.
  void Take(int slot) {
    const log::RaftEffects effects = cores_[slot]->TakeEffects();
    checkers_.Took(View(slot), effects);
    if (!effects.persist.empty()) cores_[slot]->Persisted(effects.persist.back().number, Time());
    checkers_.Took(View(slot), cores_[slot]->TakeEffects());
  }

  World world_{QuietOptions(), TraceMode::kOff};
  Checkers checkers_{&world_};
  log::Rules rules_;
  SimDisk disks_[3];
  SimClock clocks_[3];
  std::unique_ptr<log::RaftCore> cores_[3];
};

// m105 led in term 5 without entry 2 of term 3, which m104 has committed in term 6 since: what m105
// had sent reaches m102 late, together with the news of term 6.
TEST_F(CheckersTest, ALateAppendOfAnEarlierTermMayReplaceWhatWasCommittedLater) {
  Append(0, 3, 6, 2, 3, 3);
  Take(0);
  ASSERT_EQ(checkers_.committed(), 3u);
  Append(1, 4, 5, 1, 1, 1);
  Append(1, 3, 6, 3, 6, 3);  // Refused: entry 3 is not there. But the term is known now.
  Take(1);
  ASSERT_EQ(cores_[1]->term(), 6u);
  ASSERT_EQ(cores_[1]->EntryAt(2)->term, 5u);
  EXPECT_EQ(world_.failure, "");
}

TEST_F(CheckersTest, ALaterLeaderMustNotReplaceWhatWasCommitted) {
  Append(0, 3, 6, 2, 3, 3);
  Take(0);
  ASSERT_EQ(checkers_.committed(), 3u);
  Append(1, 4, 7, 1, 1, 1);
  Take(1);
  EXPECT_EQ(world_.failure, "Commit: m102 drops committed entry 2 of term 3");
}

// The same in one turn with an append of an earlier term, which has cut nothing off.
TEST_F(CheckersTest, TheTermOfTheLeaderThatCutsCounts) {
  Append(0, 3, 6, 2, 3, 3);
  Take(0);
  Append(1, 4, 5, 2, 3, 1);  // Entry 3 of term 5.
  Append(1, 3, 7, 1, 1, 1);  // Entry 2 of term 7.
  Take(1);
  EXPECT_EQ(world_.failure, "Commit: m102 drops committed entry 2 of term 3");
}

}  // namespace
}  // namespace meseta::logsim
