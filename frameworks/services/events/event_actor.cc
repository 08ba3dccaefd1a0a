#include "frameworks/services/events/event_actor.h"

#include <utility>

#include "frameworks/services/view/json_values.h"
#include "frameworks/services/view/render.h"

namespace meseta::services {
namespace {

// Types that Marathon's clients know; others are for those who ask for them by name.
const std::set<std::string>& KnownTypes() {
  static const std::set<std::string> types{
      "add_health_check_event", "api_post_event", "app_terminated_event", "deployment_failed",
      "deployment_info", "deployment_step_failure", "deployment_step_success", "deployment_success",
      "event_stream_attached", "event_stream_detached", "failed_health_check_event",
      "framework_message_event", "group_change_failed", "group_change_success",
      "health_status_changed_event", "instance_changed_event", "instance_health_changed_event",
      "remove_health_check_event", "scheduler_disconnected_event", "scheduler_registered_event",
      "scheduler_reregistered_event", "status_update_event", "unhealthy_instance_kill_event",
      "unknown_instance_terminated_event"};
  return types;
}

std::shared_ptr<const std::string> Render(const ServiceEvent& event, bool light_plans) {
  std::string json;
  JsonWriter writer(&json);
  writer.BeginObject();
  if (event.plan) {
    if (light_plans) {
      writer.Key("plan");
      writer.BeginObject();
      WriteText("id", event.plan->id(), writer);
      WriteTime("version", event.plan->version(), writer);
      writer.EndObject();
    } else {
      writer.Key("plan");
      RenderPlan(*event.plan, true, writer);
    }
  }
  WriteText("eventType", event.type, writer);
  WriteTime("timestamp", event.timestamp_ms, writer);
  if (!event.members.empty()) json += "," + event.members;
  writer.EndObject();
  auto frame = std::make_shared<std::string>();
  frame->reserve(json.size() + event.type.size() + 24);
  *frame += "event: " + event.type + "\r\ndata: " + json + "\r\n\r\n";
  return frame;
}

ServiceEvent StreamEvent(const std::string& type, const std::string& remote, int64_t now_ms) {
  ServiceEvent event;
  event.type = type;
  event.timestamp_ms = now_ms;
  std::string text;
  JsonWriter(&text).String(remote);
  event.members = "\"remoteAddress\":" + text;
  return event;
}

}  // namespace

struct EventActor::Stream {
  AttachStream attached;

  [[nodiscard]] bool Wants(const std::string& type) const {
    return attached.types.empty() ? KnownTypes().count(type) > 0 : attached.types.count(type) > 0;
  }
};

EventActor::EventActor() = default;

EventActor::~EventActor() {
  for (auto& [id, stream] : streams_) stream->attached.writer->Close();
}

void EventActor::Turn(std::vector<EventCommand>& commands, runtime::TurnContext& turn) {
  const int64_t now_ms = turn.now().wall.nanos() / 1'000'000;
  for (EventCommand& command : commands) {
    if (auto* attach = std::get_if<AttachStream>(&command)) {
      Attach(std::move(*attach), now_ms);
    } else if (auto* detach = std::get_if<DetachStream>(&command)) {
      const auto found = streams_.find(detach->id);
      if (found == streams_.end()) continue;
      const std::string remote = found->second->attached.remote;
      streams_.erase(found);
      Tell(StreamEvent("event_stream_detached", remote, now_ms));
    } else {
      for (const ServiceEvent& event : std::get<PublishEvents>(command).events) Tell(event);
    }
  }
  KeepAlive(turn.now().mono, turn);
}

void EventActor::KeepAlive(Time now, runtime::TurnContext& turn) {
  if (streams_.empty()) {
    keep_alive_at_.reset();
  } else if (!keep_alive_at_) {
    keep_alive_at_ = now + kKeepAlive;
  } else if (*keep_alive_at_ <= now) {
    static const auto kEmptyLine = std::make_shared<const std::string>("\r\n");
    for (auto& [id, stream] : streams_) stream->attached.writer->WriteShared(kEmptyLine);
    keep_alive_at_ = now + kKeepAlive;
  }
  turn.WakeAt(keep_alive_at_);
}

void EventActor::Attach(AttachStream attach, int64_t now_ms) {
  if (streams_.size() >= kMaxStreams) return attach.writer->Close();
  const std::string remote = attach.remote;
  auto stream = std::make_unique<Stream>();
  const uint64_t id = attach.id;
  stream->attached = std::move(attach);
  streams_[id] = std::move(stream);
  Tell(StreamEvent("event_stream_attached", remote, now_ms));
}

void EventActor::Tell(const ServiceEvent& event) {
  std::shared_ptr<const std::string> full;
  std::shared_ptr<const std::string> light;
  for (auto& [id, stream] : streams_) {
    if (!stream->Wants(event.type)) continue;
    auto& frame = stream->attached.light_plans ? light : full;
    if (frame == nullptr) frame = Render(event, stream->attached.light_plans);
    stream->attached.writer->WriteShared(frame);  // One that is cut sends its DetachStream.
  }
}

}  // namespace meseta::services
