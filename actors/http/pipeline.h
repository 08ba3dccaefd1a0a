// Pipeline: requests to one server over one connection, each sent without waiting for the answer to
// the one before. The server takes them in order, and answers in order.
//
// The connection is made at the first request, and again when one comes after it was closed idle.
// When it breaks with requests unanswered, each of those fails, and so does every later one: whether
// they took effect is unknown, and nothing may overtake them. The user starts a new Pipeline.
//
// Threads: any thread may call. `done` comes on one network thread, once for each request and in
// their order, and never after Close() was processed there. Bounded: requests and bytes that wait or
// are unanswered, time, size of an answer.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "actors/base/time.h"
#include "actors/http/message.h"
#include "actors/net/io_runtime.h"

namespace meseta::net {
class TlsContext;
}

namespace meseta::http {

struct PipelineOptions {
  std::string base;  // "http://host:port" or https; no path.
  std::shared_ptr<net::TlsContext> tls;  // For https; null: the system's CA certificates.
  Headers headers;                       // Of every request.
  size_t max_in_flight = 1024;           // Sent and unanswered; further ones wait.
  size_t max_requests = 200'000;         // In flight or waiting; one more fails.
  size_t max_bytes = size_t{256} * 1024 * 1024;  // Of their bodies.
  size_t max_answer_bytes = 1024 * 1024;         // Of one answer's body.
  Duration timeout = Duration::Seconds(30);   // Of connecting, and of the oldest unanswered request.
  Duration max_idle_time = Duration::Seconds(30);  // Less than servers allow.
};

class Pipeline {
 public:
  using OnResponse = std::function<void(Result<Response>)>;

  Pipeline(net::IoRuntime& runtime, PipelineOptions options);
  ~Pipeline();  // Close()s.
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  // POSTs `body` to `target`.
  void Post(std::string target, std::string body, OnResponse done);
  // Drops everything soon, without a word.
  void Close();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace meseta::http
