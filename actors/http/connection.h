// Connection: one HTTP connection of a server, from its first request to its end. Internal to the
// server.
//
// Run() is the coroutine that reads, dispatches and writes; while an answer streams, a second one
// reads, to notice at once that the peer leaves. Both keep the connection alive.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/http/exchange.h"
#include "actors/http/request_parser.h"
#include "actors/http/response_head.h"
#include "actors/http/server_state.h"
#include "actors/net/any_stream.h"

namespace meseta::http {

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<ServerCore> core, std::unique_ptr<net::AnyStream> stream);
  ~Connection();

  // REQUIRES: on the stream's thread.
  asio::awaitable<void> Run();
  // Ends after the answer under way. On the stream's thread, as is Cut.
  void Drain();
  void Cut();
  [[nodiscard]] const asio::any_io_executor& executor() const { return executor_; }

 private:
  // What the answer needs to know of its request, which the handler owns by then.
  struct Facts {
    bool head = false;  // HEAD: no body is sent.
    bool keep_alive = false;
    bool http_1_0 = false;
    bool gzip = false;
    std::string jsonp;  // The callback; empty: none.
    std::chrono::steady_clock::time_point started;
  };
  // What becomes of a request, known by its head.
  struct Admission {
    const Router::Route* route = nullptr;
    std::optional<Response> refusal;
  };

  asio::awaitable<bool> ServeOne();  // False: the connection ends.
  asio::awaitable<bool> ReadHead(RequestParser& parser);
  asio::awaitable<bool> ReadBody(RequestParser& parser, const Admission& admission);
  asio::awaitable<bool> ParseFailed(const RequestParser& parser);
  Admission Admit(RequestParser& parser);
  std::optional<Response> Authenticate(Realm realm, Request* request) const;
  std::optional<Response> DecodeBody(const Router::Route& route, Request* request) const;
  asio::awaitable<void> HandOver(RequestParser& parser, const ServerCore::Upgrade& upgrade);
  asio::awaitable<bool> Answer(const Router::Route& route, Request request, Facts facts);
  asio::awaitable<bool> SendResponse(Response response, Facts facts);
  asio::awaitable<bool> SendStream(Response head, std::shared_ptr<Outbox> outbox, Facts facts);
  asio::awaitable<bool> SendBatch(const Outbox::Batch& batch, bool chunked);
  asio::awaitable<void> Compress(Response& response);
  asio::awaitable<bool> RefuseAndClose(Response response, bool head_only);
  asio::awaitable<void> WatchPeer();

  // Reads some bytes behind `input_`. False: end, error or deadline (`timed_out_`).
  asio::awaitable<bool> Fill(Duration timeout);
  asio::awaitable<bool> WriteAll(std::string_view first, std::string_view second);
  void Consume(size_t n);
  void CountBuffered(size_t bytes);
  Facts FactsOf(RequestParser& parser) const;

  const std::shared_ptr<ServerCore> core_;
  std::unique_ptr<net::AnyStream> stream_;  // Null once handed over.
  const asio::any_io_executor executor_;
  const std::shared_ptr<Signal> signal_;
  std::shared_ptr<Exchange> exchange_;  // Of the request under way.
  std::string input_;                   // Bytes read and not yet parsed.
  size_t input_start_ = 0;
  size_t buffered_ = 0;     // Body bytes of the request under way, counted in the server's total.
  bool timed_out_ = false;  // The last Fill() met its deadline.
  bool idle_ = true;        // Between requests.
  bool draining_ = false;
  bool gone_ = false;  // The peer has left or was cut.
};

}  // namespace meseta::http
