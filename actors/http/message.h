// HTTP messages as values, and the handles by which handlers answer.
//
// Handlers run on a network thread and must not block: they answer at once, or hand the Responder
// to an actor or pool that answers later from any thread.
#pragma once

#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "actors/base/status.h"

namespace meseta::http {

// Ordered, names compare without case.
class Headers {
 public:
  Headers() = default;
  Headers(std::initializer_list<std::pair<std::string, std::string>> list) : list_(list) {}
  void Set(std::string_view name, std::string value);  // Replaces all of that name.
  void Add(std::string name, std::string value) {
    list_.emplace_back(std::move(name), std::move(value));
  }
  void Remove(std::string_view name);
  // The first value, or nothing.
  [[nodiscard]] std::optional<std::string> Get(std::string_view name) const;
  [[nodiscard]] bool Has(std::string_view name) const { return Get(name).has_value(); }
  [[nodiscard]] auto begin() const { return list_.begin(); }
  [[nodiscard]] auto end() const { return list_.end(); }
  [[nodiscard]] size_t size() const { return list_.size(); }

 private:
  std::vector<std::pair<std::string, std::string>> list_;
};

struct Request {
  std::string method;                        // "GET".
  std::string target;                        // As sent: "/files/read?path=a%20b".
  std::string path;                          // Decoded, without the query: "/files/read".
  std::map<std::string, std::string> query;  // Decoded; the last of equal names.
  Headers headers;
  std::string body;
  std::string peer;       // ip:port of the client; "unix" for unix sockets.
  std::string principal;  // Of basic authentication; empty when none was asked for.
};

struct Response {
  int status = 200;
  Headers headers;
  std::string body;
  // When set, it is the body (a snapshot that many answers share).
  std::shared_ptr<const std::string> shared_body;

  // Content-Type "text/plain; charset=utf-8" when there is a body.
  static Response Text(int status, std::string text);
  static Response Json(std::string json, int status = 200);
  // The status code and sentence of a failed Status.
  static Response Error(const Status& status);
};

// The sending end of a streaming answer. Thread-safe; copies share the stream.
class StreamWriter {
 public:
  virtual ~StreamWriter() = default;
  // Queues bytes (one chunk). False once the stream is closed or its bounded queue is full, in
  // which case the stream is cut: a subscriber that does not read is closed, never buffered without
  // bound.
  virtual bool Write(std::string bytes) = 0;
  // The same for bytes that many streams share.
  virtual bool WriteShared(std::shared_ptr<const std::string> bytes) { return Write(*bytes); }
  // Sends what is queued and ends the stream.
  virtual void Close() = 0;
  [[nodiscard]] virtual bool closed() const = 0;
};

// Answers one request: exactly one of the three calls, once, from any thread. A Responder that is
// dropped unanswered answers 500.
class Responder {
 public:
  virtual ~Responder() = default;
  virtual void Send(Response response) = 0;
  // Starts a chunked answer with this head. `on_closed` is called once, on a network thread, when
  // the peer leaves, is cut, or Close() has ended the stream; when the peer has left already, by
  // Stream() itself.
  virtual std::shared_ptr<StreamWriter> Stream(Response head, std::function<void()> on_closed) = 0;
};
using ResponderPtr = std::shared_ptr<Responder>;

using Handler = std::function<void(Request, ResponderPtr)>;

// "Not Found" for 404.
[[nodiscard]] std::string_view ReasonPhrase(int status);
// Names compare without case.
[[nodiscard]] bool SameName(std::string_view a, std::string_view b);

}  // namespace meseta::http
