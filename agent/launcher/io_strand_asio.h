// What adapters need of an IoStrand to watch descriptors. Include in .cc files only.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>

#include "agent/launcher/io_strand.h"

namespace meseta::agent {

struct IoStrand::Impl {
  explicit Impl(boost::asio::io_context& io) : strand(boost::asio::make_strand(io)) {}
  boost::asio::strand<boost::asio::io_context::executor_type> strand;
};

}  // namespace meseta::agent
