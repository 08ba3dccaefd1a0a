// A serialized place on the event loop for one component of the agent, without Asio in headers:
// functions posted to one strand run one after another, on any thread that runs the loop.
#pragma once

#include <functional>
#include <memory>

namespace boost::asio {
class io_context;
}  // namespace boost::asio

namespace meseta::agent {

class IoStrand {
 public:
  // REQUIRES: `io` outlives all that is posted.
  explicit IoStrand(boost::asio::io_context& io);
  ~IoStrand();
  IoStrand(const IoStrand&) = delete;
  IoStrand& operator=(const IoStrand&) = delete;

  // Any thread.
  void Post(std::function<void()> work);

  struct Impl;  // io_strand_asio.h, for adapters.
  [[nodiscard]] Impl& impl() const { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace meseta::agent
