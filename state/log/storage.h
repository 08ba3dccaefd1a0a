// Storage: the disk of one replica of one group.
//
// Blocking; one serial worker thread calls it, never a core's. Implementations: LevelDB (production),
// memory (tests, one-shot tools) and faulty (around another one: loses unsynced writes, reorders,
// short-writes, fails, corrupts).
//
// Failure modes: after a failed Write the outcome is unknown and every further call fails with the
// first failure: the replica steps down and starts over from Load() of a newly opened storage.
// kDataLoss from Load() means that this disk has lost or changed something it had made durable: the
// replica must not take part under its old id.
#pragma once

#include <string>
#include <vector>

#include "actors/base/status.h"
#include "state/log/types.h"

namespace meseta::log {

class Storage {
 public:
  virtual ~Storage() = default;

  // Everything but the chunks of the snapshot, all of it checked. Once, before the first Write.
  [[nodiscard]] virtual Result<Recovered> Load() = 0;
  // All writes of the group, in order, with one sync (group commit); durable on return.
  [[nodiscard]] virtual Status Write(const std::vector<LogWrite>& group) = 0;
  // Piece `number` of the stored snapshot `snapshot` (also of one not yet complete), checked.
  [[nodiscard]] virtual Result<std::string> ReadPiece(Index snapshot, uint32_t number) = 0;
};

}  // namespace meseta::log
