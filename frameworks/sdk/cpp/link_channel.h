// LinkChannel: a session over a link (actors/net/link_transport.h): one connection for events and calls,
// without an answer to each call, and with keepalives, so that a master that hangs is noticed within
// seconds. actors/messages/internal/scheduler.proto draws what is said.
//
// Each channel dials a link of its own; a link that breaks is the end of the session.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "actors/net/credentials.h"
#include "actors/net/io_runtime.h"
#include "frameworks/sdk/cpp/channel.h"

namespace meseta::net {
class TlsContext;
}

namespace meseta::sdk {

struct LinkChannelOptions {
  std::optional<net::Credential> credential;
  std::shared_ptr<net::TlsContext> tls;  // Of https masters; null: the system's authorities.
};

// Reports come by way of runtime.Post().
std::shared_ptr<Channel> OpenLinkChannel(net::IoRuntime& runtime, const LinkChannelOptions& options,
                                         const SchedulerCore::Dial& dial,
                                         Channel::Reports reports);

}  // namespace meseta::sdk
