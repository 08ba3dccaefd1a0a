// Channel: one session with one master, whatever carries it. Internal to the library.
//
// A channel is made for one dial of SchedulerCore, sends the SUBSCRIBE, and reports what comes of it.
// After Close() it reports nothing more. On the scheduler's network thread, as are its reports.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "frameworks/sdk/cpp/scheduler_core.h"

namespace meseta::sdk {

class Channel {
 public:
  // The first report that is `refused` or `ended` is the last but for `answered`s on the way.
  struct Reports {
    std::function<void(const SchedulerCore::Refusal&)> refused;
    std::function<void(v1::scheduler::Event)> arrived;
    std::function<void(const Status&)> ended;
    // To each call that was sent, in order; a carrier may leave out answers without an error,
    // except to TEARDOWN and UPDATE_FRAMEWORK.
    std::function<void(SchedulerCore::Answer)> answered;
  };

  virtual ~Channel() = default;
  virtual void Send(v1::scheduler::Call call) = 0;
  virtual void Close() = 0;
};

}  // namespace meseta::sdk
