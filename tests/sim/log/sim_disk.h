// SimDisk: what one replica's disk holds durably, as log::Storage has it.
//
// The queue of writes under way is the replica's (sim_replica.h); what reaches the disk is applied
// here, each LogWrite whole. A crash applies a prefix of what was under way. Corruption is found by
// checksum: by Load, and by reading a piece that was hit. A disk refuses writes that contradict
// themselves (gaps, a snapshot without its pieces), which the simulation counts as broken promises.
//
// With Mirror() every write also goes to a log::MemoryStorage, with the records and checks of the
// real disk, and what that finds at each start and in each piece must be the same.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "state/log/memory_storage.h"
#include "state/log/storage.h"

namespace meseta::logsim {

class SimDisk : public log::Storage {
 public:
  Result<log::Recovered> Load() override;
  Status Write(const std::vector<log::LogWrite>& group) override;
  Result<std::string> ReadPiece(log::Index snapshot, uint32_t number) override;

  // Durable: this entry, or a snapshot that stands for it.
  [[nodiscard]] bool Holds(log::Index index, log::Term term) const;
  [[nodiscard]] const log::HardState& hard() const { return hard_; }
  [[nodiscard]] log::MemberId id() const { return identity_.member_id(); }
  [[nodiscard]] log::Index last() const;
  [[nodiscard]] bool intact() const { return !corrupt_; }
  [[nodiscard]] bool HasPiece(log::Index snapshot, uint32_t number) const {
    return pieces_.count({snapshot, number}) > 0;
  }

  void Corrupt() { corrupt_ = true; }
  // REQUIRES: nothing was written yet.
  void Mirror();
  // Deliberate bugs (Mutation).
  void ForgetVote() { hard_.voted_for = 0; }
  void DropLastEntries(size_t count);
  void HideCorruption();

 private:
  [[nodiscard]] Status OpenMirror();
  [[nodiscard]] Status CheckMirror(const log::Recovered& ours);
  Status Apply(const log::LogWrite& write);
  Status TakeSnapshot(const log::LogWrite& write);
  Status Append(const std::vector<log::EntryPtr>& entries);
  void DropUpTo(log::Index index);

  internal::LogIdentity identity_;
  log::HardState hard_;
  std::optional<log::SnapshotMeta> snapshot_;
  std::map<std::pair<log::Index, uint32_t>, std::string> pieces_;
  std::deque<log::EntryPtr> entries_;
  uint64_t sequence_ = 0;
  bool corrupt_ = false;
  std::shared_ptr<log::MemoryDisk> mirrored_;  // Null: there is no mirror.
  std::unique_ptr<log::MemoryStorage> mirror_;
};

}  // namespace meseta::logsim
