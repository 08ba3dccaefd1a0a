#include "frameworks/cli/signals_posix.h"

#include <boost/asio/signal_set.hpp>
#include <utility>

namespace meseta::cli {

struct Signals::State : std::enable_shared_from_this<State> {
  State(boost::asio::io_context& context, std::function<void(int)> handler)
      : set(context), on_signal(std::move(handler)) {}

  void Wait() {
    auto self = shared_from_this();
    set.async_wait([self](const boost::system::error_code& error, int number) {
      if (error || !self->on_signal) return;
      self->on_signal(number);
      self->Wait();
    });
  }

  boost::asio::signal_set set;
  std::function<void(int)> on_signal;
};

Signals::Signals(net::IoRuntime& runtime, std::initializer_list<int> signals,
                 std::function<void(int)> on_signal)
    : state_(std::make_shared<State>(runtime.At(0), std::move(on_signal))) {
  for (const int number : signals) {
    boost::system::error_code error;
    state_->set.add(number, error);
    CHECK(!error) << "signal " << number << ": " << error.message();
  }
  state_->Wait();
}

Signals::~Signals() {
  state_->on_signal = nullptr;
  boost::system::error_code ignored;
  state_->set.cancel(ignored);
}

}  // namespace meseta::cli
