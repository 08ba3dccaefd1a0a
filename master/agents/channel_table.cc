#include "master/agents/channel_table.h"

#include <utility>

namespace meseta::master {

std::optional<ChannelTable::ChannelId> ChannelTable::Open(uint64_t link, std::string_view from) {
  const std::string_view name = from.substr(0, from.find('@'));
  if (name.empty() || name.size() > kMaxNameBytes) return std::nullopt;
  Names& names = by_link_[link];
  const auto known = names.find(name);
  if (known != names.end()) return known->second;
  if (names.size() >= kMaxChannelsPerLink) return std::nullopt;
  const ChannelId id = next_++;
  names.emplace(name, id);
  channels_.emplace(id, Channel{link, std::string(name)});
  return id;
}

const ChannelTable::Channel* ChannelTable::Find(ChannelId id) const {
  const auto it = channels_.find(id);
  return it == channels_.end() ? nullptr : &it->second;
}

void ChannelTable::Close(ChannelId id) {
  const auto it = channels_.find(id);
  if (it == channels_.end()) return;
  const auto names = by_link_.find(it->second.link);
  names->second.erase(it->second.to);
  if (names->second.empty()) by_link_.erase(names);
  channels_.erase(it);
}

std::vector<ChannelTable::ChannelId> ChannelTable::CloseLink(uint64_t link) {
  std::vector<ChannelId> closed;
  const auto it = by_link_.find(link);
  if (it == by_link_.end()) return closed;
  for (const auto& [name, id] : it->second) {
    closed.push_back(id);
    channels_.erase(id);
  }
  by_link_.erase(it);
  return closed;
}

}  // namespace meseta::master
