// EventActor: writes events to the streams of GET /v2/events, each with its own filter. Rendering
// happens here, off the core's thread, once for all streams that want the same form, and not at all
// while nobody listens.
//
// A quiet stream carries an empty line each kKeepAlive, so that a listener that is gone is noticed by
// the failed write, and proxies in between do not close it.
//
// A stream that does not keep up is cut by its bounded outbox; its other end sees the stream close.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "actors/http/message.h"
#include "actors/runtime/core_shell.h"
#include "frameworks/services/events/event.h"

namespace meseta::services {

struct AttachStream {
  uint64_t id = 0;
  std::shared_ptr<http::StreamWriter> writer;
  std::string remote;           // "ip:port", for the attached and detached events.
  std::set<std::string> types;  // Empty: all that Marathon knows.
  bool light_plans = false;     // plan-format=light
};
struct DetachStream {
  uint64_t id = 0;
};
struct PublishEvents {
  std::vector<ServiceEvent> events;
};
using EventCommand = std::variant<AttachStream, DetachStream, PublishEvents>;

class EventActor : public runtime::Core<EventCommand> {
 public:
  static constexpr size_t kMaxStreams = 50;  // As Marathon; 503 beyond.
  static constexpr Duration kKeepAlive = Duration::Seconds(10);

  EventActor();
  ~EventActor() override;  // Closes the streams: listeners look for the new leader.
  void Turn(std::vector<EventCommand>& commands, runtime::TurnContext& turn) override;

 private:
  struct Stream;

  void Attach(AttachStream attach, int64_t now_ms);
  void Tell(const ServiceEvent& event);

  void KeepAlive(Time now, runtime::TurnContext& turn);

  std::map<uint64_t, std::unique_ptr<Stream>> streams_;
  std::optional<Time> keep_alive_at_;  // While somebody listens.
};

}  // namespace meseta::services
