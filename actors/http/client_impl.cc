#include "actors/http/client_impl.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <utility>
#include <vector>

#include "actors/net/tls_context.h"

namespace meseta::http {
namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

ClientCore::ClientCore(net::IoRuntime& runtime, ClientOptions options)
    : runtime_(runtime), options_(std::move(options)) {}

std::shared_ptr<ClientOperation> ClientCore::Start(ClientRequest request, bool streaming,
                                                   Callbacks callbacks) {
  const auto url = ParseUrl(request.url);
  auto stream = url.ok() ? TakeIdle(ClientOperation::PoolKey(request, *url)) : nullptr;
  const asio::any_io_executor executor = runtime_.Next().get_executor();
  auto operation =
      std::make_shared<ClientOperation>(shared_from_this(), std::move(request), streaming,
                                        std::move(callbacks), executor, std::move(stream));
  Status refusal = url.status();
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (closed_) refusal = Unavailable("The HTTP client is closed");
    if (operations_.size() >= options_.max_operations) {
      refusal = ResourceExhausted("Too many HTTP requests are under way");
    }
    if (refusal.ok()) operations_.emplace(operation.get(), operation);
  }
  if (refusal.ok()) {
    operation->Launch();
  } else {
    operation->Fail(refusal);
  }
  return operation;
}

void ClientCore::Close() {
  std::vector<std::shared_ptr<ClientOperation>> live;
  std::deque<Idle> idle;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    closed_ = true;
    idle.swap(idle_);
    for (auto& [key, weak] : operations_) {
      if (auto operation = weak.lock()) live.push_back(std::move(operation));
    }
  }
  for (auto& operation : live) operation->Close();
  for (Idle& entry : idle) Discard(std::move(entry.stream));
}

std::unique_ptr<net::AnyStream> ClientCore::TakeIdle(const std::string& key) {
  std::vector<std::unique_ptr<net::AnyStream>> old;
  std::unique_ptr<net::AnyStream> found;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto oldest = Clock::now() - std::chrono::nanoseconds(options_.max_idle_time.nanos());
    while (!idle_.empty() && idle_.front().since < oldest) {
      old.push_back(std::move(idle_.front().stream));
      idle_.pop_front();
    }
    for (auto entry = idle_.rbegin(); entry != idle_.rend(); ++entry) {
      if (entry->key != key) continue;
      found = std::move(entry->stream);
      idle_.erase(std::next(entry).base());
      break;
    }
  }
  for (auto& stream : old) Discard(std::move(stream));
  return found;
}

void ClientCore::KeepIdle(const std::string& key, std::unique_ptr<net::AnyStream> stream) {
  std::unique_ptr<net::AnyStream> surplus;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (closed_ || options_.max_idle_connections == 0) {
      surplus = std::move(stream);
    } else {
      if (idle_.size() >= options_.max_idle_connections) {
        surplus = std::move(idle_.front().stream);
        idle_.pop_front();
      }
      Idle entry;
      entry.key = key;
      entry.stream = std::move(stream);
      entry.since = Clock::now();
      idle_.push_back(std::move(entry));
    }
  }
  if (surplus) Discard(std::move(surplus));
}

void ClientCore::Discard(std::unique_ptr<net::AnyStream> stream) {
  const asio::any_io_executor executor = stream->executor();
  asio::post(executor, [stream = std::shared_ptr<net::AnyStream>(std::move(stream))]() mutable {
    stream.reset();
  });
}

void ClientCore::Finished(ClientOperation* operation) {
  const std::lock_guard<std::mutex> lock(mutex_);
  operations_.erase(operation);
}

Result<std::shared_ptr<net::TlsContext>> ClientCore::Tls() {
  if (options_.tls) return options_.tls;
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!default_tls_) {
    const net::TlsFiles system;
    ASSIGN_OR_RETURN(default_tls_, net::TlsContext::Client(system, true));
  }
  return default_tls_;
}

}  // namespace meseta::http
