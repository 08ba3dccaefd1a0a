// HttpChannel: a session over HTTP. One connection streams the events, a second one carries the
// calls, in order and without a round trip each (actors/http/pipeline.h).
//
// A break of either ends the session: calls on the way are then of unknown outcome, which is what the
// end of a session means.
#pragma once

#include <memory>
#include <string>

#include "actors/http/client.h"
#include "actors/net/io_runtime.h"
#include "frameworks/sdk/cpp/channel.h"

namespace meseta::sdk {

struct HttpChannelOptions {
  std::string authorization;  // The header's value; empty: none.
  std::shared_ptr<net::TlsContext> tls;
  bool json = false;          // Instead of protobuf, both ways.
};

// `client` must outlive the channel's operations; reports come by way of runtime.Post().
std::shared_ptr<Channel> OpenHttpChannel(net::IoRuntime& runtime, http::Client& client,
                                         const HttpChannelOptions& options,
                                         const SchedulerCore::Dial& dial,
                                         Channel::Reports reports);

}  // namespace meseta::sdk
