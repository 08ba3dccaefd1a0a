// Makes streams of connected sockets; for the listener and for Connect() only, because it needs
// Asio's socket headers.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <memory>

#include "actors/net/any_stream.h"

namespace meseta::net {

std::unique_ptr<AnyStream> TcpStream(asio::ip::tcp::socket socket);
std::unique_ptr<AnyStream> UnixStream(asio::local::stream_protocol::socket socket);
std::unique_ptr<AnyStream> TlsStream(asio::ip::tcp::socket socket, std::shared_ptr<TlsContext> tls);

}  // namespace meseta::net
