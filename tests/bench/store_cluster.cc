#include "tests/bench/store_cluster.h"

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <thread>
#include <utility>

#include "actors/http/router.h"

namespace meseta::bench {

TemporaryDirectory::TemporaryDirectory(const std::string& parent)
    : path_(parent + "/meseta-bench-XXXXXX") {
  CHECK(::mkdtemp(path_.data()) != nullptr) << "cannot make a directory in " << parent;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

StoreCluster::StoreCluster(const std::string& directory, int members, Duration sync_padding,
                           size_t snapshot_every_bytes)
    : directory_(directory), sync_padding_(sync_padding),
      snapshot_every_bytes_(snapshot_every_bytes) {
  members_.resize(static_cast<size_t>(members));
  for (Member& member : members_) {
    daemon::NetworkFlags flags;
    flags.port = 0;
    flags.network_threads = 1;
    daemon::NetworkOptions network;
    network.role = net::PeerRole::kMaster;
    network.accepted_roles = {net::PeerRole::kMaster};
    auto opened = daemon::Network::Open(flags, network);
    CHECK(opened.ok()) << opened.status();
    member.network = *std::move(opened);
    runtime::ActorSystemOptions actors;
    actors.workers = 2;
    member.system = std::make_unique<runtime::ActorSystem>(actors);
    member.metrics = std::make_unique<metrics::Registry>();
    member.network->Serve(http::Router());
    addresses_.push_back("127.0.0.1:" + std::to_string(member.network->port()));
  }
  Open();
}

void StoreCluster::Open() {
  for (size_t i = 0; i < members_.size(); ++i) {
    Member& member = members_[i];
    log::ReplicaOptions options;
    options.directory = directory_ + "/" + std::to_string(i);
    options.address = addresses_[i];
    options.peers = addresses_;
    options.sync_padding = sync_padding_;
    options.snapshot_every_bytes = snapshot_every_bytes_;
    auto opened = store::Store::Open(std::move(options), *member.system,
                                     member.network->transport(), member.metrics.get());
    CHECK(opened.ok()) << opened.status();
    member.store = *std::move(opened);
  }
}

void StoreCluster::Close() {
  for (Member& member : members_) member.store.reset();
}

StoreCluster::~StoreCluster() {
  Close();
  for (Member& member : members_) {
    member.network->Stop();
    member.system.reset();
  }
}

store::Store* StoreCluster::Leader() {
  for (int i = 0; i < 6000; ++i) {
    for (Member& member : members_) {
      if (member.store->replica().leads_until() > Time()) return member.store.get();
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  CHECK(false) << "no leader within a minute";
  return nullptr;
}

}  // namespace meseta::bench
