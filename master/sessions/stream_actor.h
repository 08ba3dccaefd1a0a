// StreamActor: writes the events of scheduler sessions to their streams (HTTP or links), each in the
// format that its subscriber accepted. Encoding happens here, never on the master core's thread.
//
// A subscriber that does not keep up is cut by its bounded stream; the stream's close callback then
// tells the master.
#pragma once

#include <map>
#include <memory>
#include <variant>
#include <vector>

#include "actors/base/ids.h"
#include "actors/http/message.h"
#include "actors/http/negotiation.h"
#include "actors/messages/v1.h"
#include "actors/runtime/core_shell.h"

namespace meseta::master {

// How one event is told from the next.
enum class StreamFraming {
  kRecordIo,
  kNone,  // By whoever carries the stream: each Write() is one event.
};

struct OpenStream {
  StreamId id;
  http::ContentType type = http::ContentType::kJson;
  StreamFraming framing = StreamFraming::kRecordIo;
  std::shared_ptr<http::StreamWriter> writer;
};
struct WriteStream {
  StreamId id;
  v1::scheduler::Event event;
};
struct EndStream {  // After what was written.
  StreamId id;
};
using StreamCommand = std::variant<OpenStream, WriteStream, EndStream>;

class StreamActor : public runtime::Core<StreamCommand> {
 public:
  StreamActor() = default;
  // Streams end with their term: schedulers then look for the leader.
  ~StreamActor() override;
  void Turn(std::vector<StreamCommand>& commands, runtime::TurnContext& turn) override;

 private:
  void Handle(OpenStream& command);
  void Handle(WriteStream& command);
  void Handle(EndStream& command);

  struct Stream {
    http::ContentType type;
    StreamFraming framing;
    std::shared_ptr<http::StreamWriter> writer;
  };
  std::map<StreamId, Stream> streams_;
};

}  // namespace meseta::master
