#include "tests/sim/sim_http.h"

#include <algorithm>
#include <utility>

namespace meseta::sim {

void SimHttp::MasterUp(HttpServer* server) {
  server_ = server;
  ++epoch_;
}

void SimHttp::MasterDown() {
  server_ = nullptr;
  ++epoch_;
  for (auto& [name, stream] : streams_) Break(name);
}

void SimHttp::ToServer(uint64_t epoch, Duration delay, std::function<void(HttpServer*)> event) {
  world_->heap.After(delay, [this, epoch, event = std::move(event)] {
    if (server_ != nullptr && epoch == epoch_) event(server_);
  });
}

void SimHttp::ToClient(const std::string& name, Duration delay,
                       std::function<void(Stream&)> event) {
  Stream& stream = streams_.at(name);
  stream.next = std::max(stream.next, world_->heap.now() + delay);
  world_->heap.At(stream.next, [&stream, event = std::move(event)] { event(stream); });
}

std::string SimHttp::Subscribe(HttpClient* client, const v1::scheduler::Call& call) {
  const std::string name = "stream-" + std::to_string(++last_stream_);
  Stream& stream = streams_[name];
  stream.client = client;
  stream.epoch = epoch_;
  if (server_ == nullptr || world_->Fault(world_->options.call_loss)) {
    Break(name);
    return name;
  }
  ToServer(epoch_, world_->Delay(), [name, bytes = call.SerializeAsString()](HttpServer* server) {
    server->OnSubscribe(name, bytes);
  });
  return name;
}

bool SimHttp::Call(const std::string& name, const v1::scheduler::Call& call) {
  if (server_ == nullptr) return false;
  const bool breaks = world_->Fault(world_->options.call_loss);
  if (breaks && world_->Chance(0.5)) {
    ++world_->checkers.probes["call lost"];
    return false;
  }
  // Launching with an offer that was used is answered, not ignored, in Mesos as here: a client must
  // not repeat it blindly, so the network does not do it either.
  const bool twice =
      call.type() != v1::scheduler::Call::ACCEPT && world_->Fault(world_->options.call_duplicate);
  for (int i = 0; i < (twice ? 2 : 1); ++i) {
    ToServer(epoch_, world_->Delay(), [name, bytes = call.SerializeAsString()](HttpServer* server) {
      server->OnCall(name, bytes);
    });
  }
  return !breaks;
}

void SimHttp::SendEvent(const std::string& name, const v1::scheduler::Event& event) {
  ToClient(name, world_->Delay(), [this, name, bytes = event.SerializeAsString()](Stream& stream) {
    if (world_->heap.now() <= stream.cut_at) stream.client->OnEvent(name, bytes);
  });
}

void SimHttp::CloseByServer(const std::string& name) {
  Stream& stream = streams_.at(name);
  if (!stream.up) return;
  stream.up = false;
  ToClient(name, world_->Delay(), [name](Stream& s) { s.client->OnStreamEnd(name); });
}

void SimHttp::Break(const std::string& name) {
  Stream& stream = streams_.at(name);
  if (!stream.up) return;
  stream.up = false;
  world_->Note(name + " breaks");
  stream.cut_at = world_->heap.now() + (world_->Chance(0.5) ? Duration() : world_->Delay());
  ToClient(name, world_->Between(Duration(), Duration::Seconds(3)),
           [name](Stream& s) { s.client->OnStreamEnd(name); });
  // Never before the subscription itself, which may be on its way.
  ToServer(stream.epoch,
           world_->options.delay_max + world_->Between(Duration(), Duration::Seconds(3)),
           [name](HttpServer* server) { server->OnStreamClosed(name); });
}

}  // namespace meseta::sim
