// UpdateStreamsCore: the update streams of all tasks of an agent, and when each is due.
//
// Decides what to send to the master; the agent core writes the checkpoint and tells which writes
// are durable. While not connected nothing is sent; on Connected() everything in flight goes again.
//
// Pure; the agent core's thread. Work per event is proportional to the streams it touches.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "actors/base/ids.h"
#include "actors/base/time.h"
#include "agent/updates/update_stream.h"

namespace meseta::agent {

// A task id is unique within its framework only.
struct TaskKey {
  FrameworkId framework;
  TaskId task;
  friend auto operator<=>(const TaskKey&, const TaskKey&) = default;
  friend bool operator==(const TaskKey&, const TaskKey&) = default;
};

class UpdateStreamsCore {
 public:
  // See UpdateStream. Append makes the stream of a new task.
  UpdateStream::AppendResult Append(const TaskKey& key, internal::StatusUpdate update, uint64_t write);
  UpdateStream::AckResult Acknowledge(const TaskKey& key, const std::string& uuid, uint64_t write);
  void Restore(const TaskKey& key, internal::StatusUpdate update, bool acknowledged);
  // Forgets the stream, sent or not (its framework is gone, or it is closed).
  void Remove(const TaskKey& key);

  void Connected();
  void Disconnected() { connected_ = false; }
  // What is due at `now` with writes up to `durable` on disk, in order of tasks.
  [[nodiscard]] std::vector<internal::StatusUpdate> Due(uint64_t durable, Time now);
  // Sends the update in flight of one task again, whatever its clock says.
  void Resend(const TaskKey& key);
  [[nodiscard]] std::optional<Time> wake_at() const;

  [[nodiscard]] const UpdateStream* Find(const TaskKey& key) const;
  [[nodiscard]] size_t size() const { return streams_.size(); }

 private:
  void Touch(const TaskKey& key) { fresh_.insert(key); }
  void ClearRetry(const TaskKey& key, const UpdateStream& stream);

  std::map<TaskKey, UpdateStream> streams_;
  // Streams whose front may leave as soon as it is durable; visited by each Due.
  std::set<TaskKey> fresh_;
  std::set<std::pair<Time, TaskKey>> retries_;  // Of streams with an update in flight.
  bool connected_ = false;
};

}  // namespace meseta::agent
