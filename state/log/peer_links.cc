#include "state/log/peer_links.h"

namespace meseta::log {

void PeerLinks::Up(LinkId link, const std::string& address, bool dialed) {
  Peer& peer = peers_[link];
  peer.address = address;
  peer.dialed = dialed;
}

bool PeerLinks::Down(LinkId link) { return peers_.erase(link) != 0; }

void PeerLinks::Named(LinkId link, MemberId member, const std::string& address) {
  const auto it = peers_.find(link);
  if (it == peers_.end()) return;
  it->second.member = member;
  if (!address.empty()) it->second.address = address;
}

template <class Matches>
std::optional<LinkId> PeerLinks::Best(Matches matches) const {
  std::optional<LinkId> best;
  bool dialed = false;
  for (const auto& [link, peer] : peers_) {  // The newest of the best kind.
    if (!matches(peer) || (dialed && !peer.dialed)) continue;
    best = link;
    dialed = peer.dialed;
  }
  return best;
}

std::optional<LinkId> PeerLinks::To(const std::string& address) const {
  return Best([&](const Peer& peer) { return peer.address == address; });
}

std::optional<LinkId> PeerLinks::To(MemberId member) const {
  return Best([&](const Peer& peer) { return peer.member == member; });
}

std::vector<std::string> PeerLinks::Addresses() const {
  std::set<std::string> addresses;
  for (const auto& [link, peer] : peers_) addresses.insert(peer.address);
  return {addresses.begin(), addresses.end()};
}

MemberId PeerLinks::MemberAt(LinkId link) const {
  const auto it = peers_.find(link);
  return it == peers_.end() ? 0 : it->second.member;
}

}  // namespace meseta::log
