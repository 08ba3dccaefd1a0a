// PeerLinks: which link leads to which replica. Addresses are those that replicas call themselves by
// in their hellos (before one: those their daemons advertise).
//
// Every replica dials every other one; it sends on the link that it dialed, else on any that the
// other one uses. Pure bookkeeping, on the replica's thread; bounded by the transport's links.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "state/log/types.h"

namespace meseta::log {

using LinkId = uint64_t;  // net::LinkId

class PeerLinks {
 public:
  void Up(LinkId link, const std::string& address, bool dialed);
  // False: it was no peer's.
  bool Down(LinkId link);
  // The peer at the other end said who it is.
  void Named(LinkId link, MemberId member, const std::string& address);

  [[nodiscard]] std::optional<LinkId> To(const std::string& address) const;
  [[nodiscard]] std::optional<LinkId> To(MemberId member) const;
  // Of links that are up; each once.
  [[nodiscard]] std::vector<std::string> Addresses() const;
  // Who may be at the other end.
  [[nodiscard]] MemberId MemberAt(LinkId link) const;

 private:
  struct Peer {
    std::string address;
    MemberId member = 0;
    bool dialed = false;
  };
  template <class Matches>
  [[nodiscard]] std::optional<LinkId> Best(Matches matches) const;

  std::map<LinkId, Peer> peers_;
};

}  // namespace meseta::log
