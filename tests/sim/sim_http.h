// SimHttp: scheduler streams and calls between frameworks and the master.
//
// Events of a stream arrive in order until it breaks. Calls travel on connections of their own, so
// they overtake each other; they may be lost or, where doing it twice means the same, arrive twice.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "actors/messages/v1.h"
#include "tests/sim/world.h"

namespace meseta::sim {

class HttpServer {
 public:
  virtual ~HttpServer() = default;
  virtual void OnSubscribe(const std::string& stream, const std::string& call) = 0;
  virtual void OnCall(const std::string& stream, const std::string& call) = 0;
  virtual void OnStreamClosed(const std::string& stream) = 0;
};

class HttpClient {
 public:
  virtual ~HttpClient() = default;
  virtual void OnEvent(const std::string& stream, const std::string& event) = 0;
  // Also the answer to a subscription that could not be delivered.
  virtual void OnStreamEnd(const std::string& stream) = 0;
};

class SimHttp {
 public:
  explicit SimHttp(World* world) : world_(world) {}

  void MasterUp(HttpServer* server);
  void MasterDown();

  // A fresh stream; its name.
  std::string Subscribe(HttpClient* client, const v1::scheduler::Call& call);
  // False: the connection broke; whether the call arrived is unknown.
  bool Call(const std::string& stream, const v1::scheduler::Call& call);
  void SendEvent(const std::string& stream, const v1::scheduler::Event& event);
  void CloseByServer(const std::string& stream);
  void Break(const std::string& stream);

 private:
  struct Stream {
    HttpClient* client = nullptr;
    uint64_t epoch = 0;  // Of the master that it leads to.
    bool up = true;
    Time next;  // Order of events.
    Time cut_at = Time::Max();
  };
  void ToServer(uint64_t epoch, Duration delay, std::function<void(HttpServer*)> event);
  void ToClient(const std::string& name, Duration delay, std::function<void(Stream&)> event);

  World* world_;
  HttpServer* server_ = nullptr;
  uint64_t epoch_ = 0;
  uint64_t last_stream_ = 0;
  std::map<std::string, Stream> streams_;
};

}  // namespace meseta::sim
