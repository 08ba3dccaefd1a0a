// The inside of Client: the pool of kept connections and the life of one operation. Internal.
#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "actors/http/client.h"
#include "actors/http/response_parser.h"
#include "actors/http/url.h"
#include "actors/net/any_stream.h"

namespace meseta::http {

namespace asio = net::asio;
class ClientOperation;

class ClientCore : public std::enable_shared_from_this<ClientCore> {
 public:
  ClientCore(net::IoRuntime& runtime, ClientOptions options);

  struct Callbacks {
    Client::OnHead on_head;
    std::function<bool(std::string_view)> on_data;  // False: enough, end the operation.
    Client::OnEnd on_end;
  };
  // Starts an operation; on_end gets the failure when it cannot start.
  std::shared_ptr<ClientOperation> Start(ClientRequest request, bool streaming,
                                         Callbacks callbacks);
  // Ends everything soon.
  void Close();

  // A kept connection to `key`, or null. Its thread is where it must be used.
  std::unique_ptr<net::AnyStream> TakeIdle(const std::string& key);
  void KeepIdle(const std::string& key, std::unique_ptr<net::AnyStream> stream);
  void Finished(ClientOperation* operation);
  [[nodiscard]] Result<std::shared_ptr<net::TlsContext>> Tls();

 private:
  struct Idle {
    std::string key;
    std::unique_ptr<net::AnyStream> stream;
    std::chrono::steady_clock::time_point since;
  };
  // Streams end on their own threads.
  static void Discard(std::unique_ptr<net::AnyStream> stream);

  net::IoRuntime& runtime_;
  const ClientOptions options_;
  std::mutex mutex_;
  bool closed_ = false;
  std::deque<Idle> idle_;  // Oldest first.
  std::map<ClientOperation*, std::weak_ptr<ClientOperation>> operations_;
  std::shared_ptr<net::TlsContext> default_tls_;
};

// One request and its answer, redirects included. Runs on one network thread.
class ClientOperation final : public ClientStream,
                              public std::enable_shared_from_this<ClientOperation> {
 public:
  using Callbacks = ClientCore::Callbacks;
  // Runs on `stream`'s thread when one is given, else on `executor`.
  ClientOperation(std::shared_ptr<ClientCore> core, ClientRequest request, bool streaming,
                  Callbacks callbacks, const asio::any_io_executor& executor,
                  std::unique_ptr<net::AnyStream> stream);

  void Launch();
  void Close() override;
  void Fail(const Status& status);  // Instead of Launch.
  // Which kept connections serve it.
  static std::string PoolKey(const ClientRequest& request, const Url& url);

 private:
  asio::awaitable<void> Run();
  asio::awaitable<Status> Exchange(const Url& url, bool* redirected);
  asio::awaitable<Status> Open(const Url& url);
  asio::awaitable<Status> WriteRequest(const Url& url);
  asio::awaitable<Status> ReadHead(ResponseParser& parser);
  asio::awaitable<Status> ReadBody(ResponseParser& parser, bool deliver);
  asio::awaitable<Status> Fill(Duration timeout);
  Status PrepareRedirect(const Url& from, const Response& head);
  [[nodiscard]] bool WantsRedirect(const Response& head) const;
  [[nodiscard]] Duration Left() const;
  void End(const Status& status);

  const std::shared_ptr<ClientCore> core_;
  ClientRequest request_;
  const bool streaming_;
  Callbacks callbacks_;
  std::unique_ptr<net::AnyStream> stream_;  // A kept connection at first, if there was one.
  const asio::any_io_executor executor_;
  std::string input_;
  const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  std::atomic<bool> cancelled_ = false;
  bool reused_ = false;
  bool head_seen_ = false;  // The deadline of a stream ends with its head.
};

}  // namespace meseta::http
