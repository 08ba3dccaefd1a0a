#include "actors/http/server.h"

#include <boost/asio/post.hpp>
#include <chrono>
#include <utility>
#include <vector>

#include "actors/http/connection.h"
#include "actors/http/server_state.h"

namespace meseta::http {
namespace {

constexpr auto kCutWait = std::chrono::seconds(5);  // For connections that were cut to end.

std::vector<std::shared_ptr<Connection>> Live(ServerCore& core) {
  const std::lock_guard<std::mutex> lock(core.mutex);
  std::vector<std::shared_ptr<Connection>> live;
  for (auto& [key, weak] : core.connections) {
    if (auto connection = weak.lock()) live.push_back(std::move(connection));
  }
  return live;
}

void ForEachLive(ServerCore& core, void (Connection::*act)()) {
  for (auto& connection : Live(core)) {
    const asio::any_io_executor executor = connection->executor();
    asio::post(executor, [connection = std::move(connection), act] { (connection.get()->*act)(); });
  }
}

}  // namespace

std::string SwitchingProtocolsHead(std::string_view protocol, const Headers& headers) {
  Response response;
  response.status = 101;
  for (const auto& [name, value] : headers) response.headers.Add(name, value);
  response.headers.Set("Upgrade", std::string(protocol));
  HeadFacts facts;
  std::string head = RenderHead(response, facts);
  // RenderHead leaves Connection to its caller; here it belongs to the upgrade.
  head.insert(head.size() - 2, "Connection: Upgrade\r\n");
  return head;
}

Server::Server(Router router, ServerOptions options)
    : core_(std::make_shared<ServerCore>(std::move(router), std::move(options))) {}

Server::~Server() { Shutdown(); }

void Server::SetUpgradeHandler(std::string protocol, Realm realm, UpgradeHandler handler) {
  ServerCore::Upgrade upgrade;
  upgrade.realm = realm;
  upgrade.handler = std::move(handler);
  core_->upgrades[std::move(protocol)] = std::move(upgrade);
}

void Server::Serve(std::unique_ptr<net::AnyStream> stream) {
  auto connection = std::make_shared<Connection>(core_, std::move(stream));
  {
    const std::lock_guard<std::mutex> lock(core_->mutex);
    if (core_->stopping) return;
    core_->connections.emplace(connection.get(), connection);
  }
  const asio::any_io_executor executor = connection->executor();
  asio::post(executor, [connection = std::move(connection), executor] {
    net::Spawn(executor, connection->Run());
  });
}

void Server::Shutdown(Duration grace) {
  {
    const std::lock_guard<std::mutex> lock(core_->mutex);
    core_->stopping = true;
  }
  const auto empty = [this] { return core_->connections.empty(); };
  if (grace > Duration::Nanos(0)) {
    ForEachLive(*core_, &Connection::Drain);
    std::unique_lock<std::mutex> lock(core_->mutex);
    core_->emptied.wait_for(lock, std::chrono::nanoseconds(grace.nanos()), empty);
  }
  ForEachLive(*core_, &Connection::Cut);
  std::unique_lock<std::mutex> lock(core_->mutex);
  core_->emptied.wait_for(lock, kCutWait, empty);
}

const ServerStats& Server::stats() const { return core_->stats; }

}  // namespace meseta::http
