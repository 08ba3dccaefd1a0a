// ChannelTable: agents that share links.
//
// An agent is one actor at the far end of a link: "slave(1)" of a process of its own, or a member of
// a crowd, "slave(1)/17", of a process that stands for many behind few links (meseta-emulator). What
// MasterCore calls a link is one of these actors on one incarnation of a link: a channel. Channels
// are made by the first message of an actor and end with their link, or when the core closes them.
// Ids are never reused. State only; on the master actor's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace meseta::master {

class ChannelTable {
 public:
  using ChannelId = uint64_t;  // MasterCore's LinkId.
  // A peer that names more actors than this on one link is not believed.
  static constexpr size_t kMaxChannelsPerLink = 32'768;
  static constexpr size_t kMaxNameBytes = 64;

  struct Channel {
    uint64_t link = 0;  // net::LinkId
    std::string to;     // The actor's name there.
    // One of many behind the link, which stays when the channel is closed.
    [[nodiscard]] bool shared() const { return to.find('/') != std::string::npos; }
  };

  // The channel of the sender of an envelope ("slave(1)@host:port"); none when it cannot be one.
  std::optional<ChannelId> Open(uint64_t link, std::string_view from);
  [[nodiscard]] const Channel* Find(ChannelId id) const;
  void Close(ChannelId id);
  // All channels of a link that went down; they are forgotten.
  std::vector<ChannelId> CloseLink(uint64_t link);

  [[nodiscard]] size_t size() const { return channels_.size(); }

 private:
  using Names = std::map<std::string, ChannelId, std::less<>>;
  std::map<uint64_t, Names> by_link_;
  std::map<ChannelId, Channel> channels_;
  ChannelId next_ = 1;
};

}  // namespace meseta::master
