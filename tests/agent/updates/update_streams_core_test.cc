// Update streams: golden conversations (testdata/*.txt; MESETA_REWRITE_GOLDEN=1 rewrites the expected
// outputs) and a property: whatever the disk, the network and the framework do, each update arrives
// at least once, in order, under one uuid.
#include "agent/updates/update_streams_core.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace meseta::agent {
namespace {

using mesos::v1::TaskState;

internal::StatusUpdate MakeUpdate(const TaskKey& key, TaskState state, const std::string& uuid) {
  internal::StatusUpdate update;
  update.mutable_framework_id()->set_value(key.framework.value());
  update.mutable_status()->mutable_task_id()->set_value(key.task.value());
  update.mutable_status()->set_state(state);
  update.mutable_status()->set_uuid(uuid);
  update.set_latest_state(state);
  return update;
}

TaskKey Key(const std::string& task) { return {FrameworkId("f"), TaskId(task)}; }

// Runs one command of a conversation and returns what it answers.
class Conversation {
 public:
  std::string Run(const std::string& line) {
    std::istringstream in(line);
    std::string command, task, word;
    in >> command;
    if (command == "connect") {
      streams_.Connected();
    } else if (command == "disconnect") {
      streams_.Disconnected();
    } else if (command == "append") {  // append TASK STATE UUID WRITE
      uint64_t write = 0;
      std::string uuid;
      in >> task >> word >> uuid >> write;
      TaskState state{};
      if (!mesos::v1::TaskState_Parse("TASK_" + word, &state)) return "no such state\n";
      const auto result = streams_.Append(Key(task), MakeUpdate(Key(task), state, uuid), write);
      using R = UpdateStream::AppendResult;
      if (result == R::kAfterTerminal) return "refused: after a terminal update\n" + Send();
      if (result == R::kFull) return "refused: full\n" + Send();
    } else if (command == "ack") {  // ack TASK UUID WRITE
      uint64_t write = 0;
      in >> task >> word >> write;
      const auto result = streams_.Acknowledge(Key(task), word, write);
      std::string out = result == UpdateStream::AckResult::kDuplicate ? "duplicate\n" : "";
      const UpdateStream* stream = streams_.Find(Key(task));
      if (stream != nullptr && stream->closed()) {
        out += "closed\n";
        streams_.Remove(Key(task));
      }
      return out + Send();
    } else if (command == "durable") {
      in >> durable_;
    } else if (command == "resend") {
      in >> task;
      streams_.Resend(Key(task));
    } else if (command == "at") {  // Seconds since start.
      int64_t seconds = 0;
      in >> seconds;
      now_ = Time::FromNanos(seconds * 1'000'000'000);
    } else {
      return "unknown command\n";
    }
    return Send();
  }

 private:
  std::string Send() {
    std::string out;
    for (const internal::StatusUpdate& update : streams_.Due(durable_, now_)) {
      out += "send " + update.status().task_id().value() + " " +
             mesos::v1::TaskState_Name(update.status().state()) + " " + update.status().uuid() +
             " latest " + mesos::v1::TaskState_Name(update.latest_state()) + "\n";
    }
    const auto wake = streams_.wake_at();
    if (wake) out += "wake at " + std::to_string(wake->nanos() / 1'000'000'000) + "\n";
    return out.empty() ? "ok\n" : out;
  }

  UpdateStreamsCore streams_;
  uint64_t durable_ = 0;
  Time now_;
};

TEST(UpdateStreamsCore, GoldenConversation) {
  const std::string path =
      std::string(MESETA_SOURCE_DIR) + "/tests/agent/updates/testdata/update_streams.txt";
  std::ifstream file(path);
  ASSERT_TRUE(file) << path;
  std::string text, produced, line;
  Conversation conversation;
  while (std::getline(file, line)) {
    text += line + "\n";
    if (line.rfind("    ", 0) == 0) continue;  // An expected output.
    produced += line + "\n";
    if (line == "new") {
      conversation = Conversation();
      continue;
    }
    if (line.empty() || line[0] == '#') continue;
    std::istringstream out(conversation.Run(line));
    for (std::string answer; std::getline(out, answer);) produced += "    " + answer + "\n";
  }
  if (std::getenv("MESETA_REWRITE_GOLDEN") != nullptr) {
    std::ofstream(path) << produced;
  }
  EXPECT_EQ(text, produced);
}

TEST(UpdateStream, RetriesDoubleUpToTenMinutes) {
  UpdateStream stream;
  ASSERT_EQ(stream.Append(MakeUpdate(Key("t"), TaskState::TASK_RUNNING, "u"), 0),
            UpdateStream::AppendResult::kAppended);
  Time now;
  ASSERT_TRUE(stream.Next(0, now));
  Duration expected = Duration::Seconds(10);
  for (int i = 0; i < 12; ++i) {
    ASSERT_TRUE(stream.retry_at());
    EXPECT_EQ(*stream.retry_at() - now, expected);
    now = *stream.retry_at();
    EXPECT_FALSE(stream.Next(0, now - Duration::Nanos(1)));
    ASSERT_TRUE(stream.Next(0, now));
    expected = std::min(expected * 2, Duration::Minutes(10));
  }
  EXPECT_EQ(expected, Duration::Minutes(10));
}

TEST(UpdateStream, AFullStreamTakesOnlyTheTerminalUpdate) {
  UpdateStream stream;
  for (size_t i = 0; i < UpdateStream::kMaxPending; ++i) {
    ASSERT_EQ(stream.Append(MakeUpdate(Key("t"), TaskState::TASK_RUNNING, std::to_string(i)), 0),
              UpdateStream::AppendResult::kAppended);
  }
  EXPECT_EQ(stream.Append(MakeUpdate(Key("t"), TaskState::TASK_RUNNING, "x"), 0),
            UpdateStream::AppendResult::kFull);
  EXPECT_EQ(stream.Append(MakeUpdate(Key("t"), TaskState::TASK_FAILED, "y"), 0),
            UpdateStream::AppendResult::kAppended);
}

// The framework's side: what it must see.
struct Receiver {
  std::vector<std::string> seen;  // Distinct uuids, in order of first arrival.
  std::string last_sent;
};

RC_GTEST_PROP(UpdateStreamsCore, EachUpdateArrivesInOrder, ()) {
  UpdateStreamsCore streams;
  const TaskKey key = Key("t");
  Receiver receiver;
  std::vector<std::string> appended;
  uint64_t write = 0, durable = 0;
  Time now;
  bool ended = false;
  const auto deliver = [&](bool lossy) {
    for (const auto& update : streams.Due(durable, now)) {
      if (lossy && *rc::gen::arbitrary<bool>()) continue;
      const std::string uuid = update.status().uuid();
      receiver.last_sent = uuid;
      auto& seen = receiver.seen;
      if (std::find(seen.begin(), seen.end(), uuid) == seen.end()) seen.push_back(uuid);
    }
  };
  for (int step = 0; step < 60; ++step) {
    switch (*rc::gen::inRange(0, 7)) {
      case 0: {
        const bool terminal = *rc::gen::inRange(0, 10) == 0;
        const std::string uuid = "u" + std::to_string(appended.size());
        const auto result = streams.Append(
            key, MakeUpdate(key, terminal ? TaskState::TASK_FINISHED : TaskState::TASK_RUNNING, uuid),
            ++write);
        RC_ASSERT((result == UpdateStream::AppendResult::kAppended) == !ended);
        if (!ended) appended.push_back(uuid);
        ended = ended || terminal;
        break;
      }
      case 1: durable = *rc::gen::inRange(durable, write + 1); break;
      case 2: streams.Connected(); break;
      case 3: streams.Disconnected(); break;
      case 4: now = now + Duration::Seconds(*rc::gen::inRange(0, 700)); break;
      case 5: streams.Acknowledge(key, receiver.last_sent, ++write); break;
      case 6: streams.Acknowledge(key, "nonsense", ++write); break;
    }
    deliver(/*lossy=*/true);
    for (size_t i = 0; i < receiver.seen.size(); ++i) RC_ASSERT(receiver.seen[i] == appended[i]);
  }
  // Once faults stop, everything arrives.
  streams.Connected();
  for (size_t i = 0; i <= appended.size(); ++i) {
    durable = write;
    deliver(/*lossy=*/false);
    streams.Acknowledge(key, receiver.last_sent, ++write);
    now = now + Duration::Minutes(10);
  }
  RC_ASSERT(receiver.seen == appended);
  const UpdateStream* stream = streams.Find(key);
  RC_ASSERT(stream == nullptr || stream->pending() == 0);
}

}  // namespace
}  // namespace meseta::agent
