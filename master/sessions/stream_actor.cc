#include "master/sessions/stream_actor.h"

#include <utility>

#include "actors/base/json/json_codec.h"
#include "actors/http/recordio.h"

namespace meseta::master {

StreamActor::~StreamActor() {
  for (const auto& [id, stream] : streams_) stream.writer->Close();
}

void StreamActor::Turn(std::vector<StreamCommand>& commands, runtime::TurnContext&) {
  for (StreamCommand& command : commands) {
    std::visit([this](auto& c) { Handle(c); }, command);
  }
}

void StreamActor::Handle(OpenStream& command) {
  streams_[command.id] = Stream{command.type, command.framing, std::move(command.writer)};
}

void StreamActor::Handle(WriteStream& command) {
  const auto it = streams_.find(command.id);
  if (it == streams_.end()) return;  // Its connection went first.
  std::string payload = it->second.type == http::ContentType::kJson
                                  ? ToJson(command.event)
                                  : command.event.SerializePartialAsString();
  if (it->second.framing == StreamFraming::kRecordIo) payload = http::EncodeRecord(payload);
  if (!it->second.writer->Write(std::move(payload))) streams_.erase(it);
}

void StreamActor::Handle(EndStream& command) {
  const auto it = streams_.find(command.id);
  if (it == streams_.end()) return;
  it->second.writer->Close();
  streams_.erase(it);
}

}  // namespace meseta::master
