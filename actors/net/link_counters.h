// Counters of a daemon's links, readable from any thread. Each only grows, except links_up.
#pragma once

#include <atomic>
#include <cstdint>

namespace meseta::net {

struct LinkCounters {
  std::atomic<int64_t> links_up{0};            // Now.
  std::atomic<uint64_t> links_opened{0};       // Handshakes that succeeded.
  std::atomic<uint64_t> links_refused{0};      // Handshakes and upgrades that did not.
  std::atomic<uint64_t> messages_in{0};        // Handed to actors.
  std::atomic<uint64_t> messages_out{0};       // Queued.
  std::atomic<uint64_t> bytes_in{0};           // Of sockets.
  std::atomic<uint64_t> bytes_out{0};
  std::atomic<uint64_t> batches_in{0};         // LinkMessages handed to actors.
  std::atomic<uint64_t> writes{0};             // Gathered writes.
  std::atomic<uint64_t> dropped_no_actor{0};   // Messages to an actor that is not registered.
  std::atomic<uint64_t> dropped_role{0};       // Messages of a role that may not talk to the actor.
  std::atomic<uint64_t> dropped_link_down{0};  // Send() on a link that is not up.
  std::atomic<uint64_t> cut_queue_full{0};     // Links cut because the peer does not read.
  std::atomic<uint64_t> pauses{0};             // Reading stopped until actors consume.
};

}  // namespace meseta::net
