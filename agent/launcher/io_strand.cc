#include "agent/launcher/io_strand.h"

#include <boost/asio/post.hpp>
#include <utility>

#include "agent/launcher/io_strand_asio.h"

namespace meseta::agent {

IoStrand::IoStrand(boost::asio::io_context& io) : impl_(std::make_unique<Impl>(io)) {}

IoStrand::~IoStrand() = default;

void IoStrand::Post(std::function<void()> work) {
  boost::asio::post(impl_->strand, std::move(work));
}

}  // namespace meseta::agent
