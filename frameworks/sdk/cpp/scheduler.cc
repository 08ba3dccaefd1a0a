#include "frameworks/sdk/cpp/scheduler.h"

#include <chrono>
#include <future>
#include <utility>

#include "actors/http/client.h"
#include "actors/runtime/clock.h"
#include "actors/runtime/entropy.h"
#include "frameworks/sdk/cpp/http_channel.h"
#include "frameworks/sdk/cpp/link_channel.h"
#include "frameworks/sdk/cpp/scheduler_core.h"

namespace meseta::sdk {
namespace {

using Call = v1::scheduler::Call;

// A network thread that does not come to a Stop() within this is stuck in an event handler.
constexpr std::chrono::seconds kMaxStop{10};

http::ClientOptions ClientOptionsOf(const SchedulerOptions& options) {
  http::ClientOptions result;
  result.tls = options.tls;
  return result;
}

}  // namespace

// Runs on the first network thread, once constructed.
class Scheduler::Impl : public std::enable_shared_from_this<Scheduler::Impl> {
 public:
  Impl(net::IoRuntime& runtime, SchedulerOptions options, OnEvent on_event)
      : runtime_(runtime),
        client_(std::make_unique<http::Client>(runtime, ClientOptionsOf(options))),
        options_(std::move(options)),
        on_event_(std::move(on_event)) {}

  Status Start() {
    ASSIGN_OR_RETURN(std::vector<std::string> masters,
                     ParseMasters(options_.masters, options_.tls ? "https" : "http"));
    SchedulerCore::Options options;
    options.masters = std::move(masters);
    options.framework = options_.framework;
    options.suppressed_roles = options_.suppressed_roles;
    options.offer_constraints = options_.offer_constraints;
    options.acknowledge = options_.acknowledge;
    options.term = options_.term;
    auto core = std::make_shared<SchedulerCore>(std::move(options), Rng(runtime::EntropySeed()));
    runtime_.Post([self = shared_from_this(), core] {
      if (self->stopped_ || self->core_) return;
      self->core_ = core;
      self->Perform(core->Start(self->Mono()));
    });
    return OkStatus();
  }

  // `change`: the core's effects of something that the user wants.
  void Post(std::function<SchedulerCore::Effects(SchedulerCore&, Time)> change) {
    runtime_.Post([self = shared_from_this(), change = std::move(change)] {
      if (self->stopped_ || !self->core_) return;
      self->Perform(change(*self->core_, self->Mono()));
    });
  }

  void Stop() {
    if (std::exchange(stop_called_, true)) return;
    auto stopped = std::make_shared<std::promise<void>>();
    auto done = stopped->get_future();
    runtime_.Post([self = shared_from_this(), stopped] {
      self->stopped_ = true;
      self->CloseChannel();
      if (self->timer_) self->timer_->Cancel();
      self->client_.reset();
      self->on_event_ = nullptr;
      stopped->set_value();
    });
    stopped.reset();
    done.wait_for(kMaxStop);
  }

 private:
  [[nodiscard]] static Time Mono() { return runtime::RealClock::Get().Mono(); }

  void CloseChannel() {
    if (channel_) channel_->Close();
    channel_.reset();
  }

  void Perform(SchedulerCore::Effects effects) {
    if (effects.close) CloseChannel();
    if (effects.dial) Open(*effects.dial);
    for (Call& call : effects.send) channel_->Send(std::move(call));
    WakeAt(effects.wake_at);
    for (SchedulerEvent& event : effects.events) on_event_(std::move(event));
  }

  void Open(const SchedulerCore::Dial& dial) {
    const SchedulerCore::SessionId session = dial.session;
    auto self = shared_from_this();
    Channel::Reports reports;
    reports.refused = [self, session](const SchedulerCore::Refusal& refusal) {
      self->Perform(self->core_->Refused(session, refusal, Mono()));
    };
    reports.arrived = [self, session](v1::scheduler::Event event) {
      self->Perform(self->core_->Arrived(session, std::move(event), Mono()));
    };
    reports.ended = [self, session](const Status& why) {
      self->Perform(self->core_->Ended(session, why, Mono()));
    };
    reports.answered = [self, session](const SchedulerCore::Answer& answer) {
      self->Perform(self->core_->Answered(session, answer, Mono()));
    };
    if (options_.transport == Transport::kLink) {
      LinkChannelOptions options;
      options.credential = options_.credential;
      options.tls = options_.tls;
      channel_ = OpenLinkChannel(runtime_, options, dial, std::move(reports));
      return;
    }
    HttpChannelOptions options;
    if (options_.credential) options.authorization = net::BasicAuthorization(*options_.credential);
    options.tls = options_.tls;
    options.json = options_.json;
    channel_ = OpenHttpChannel(runtime_, *client_, options, dial, std::move(reports));
  }

  // A timer that comes early asks again; so each heartbeat does not need a new one.
  void WakeAt(std::optional<Time> at) {
    if (!at || (armed_ && *armed_ <= *at)) return;
    if (timer_) timer_->Cancel();
    armed_ = at;
    const uint64_t number = ++timers_;
    timer_ = runtime_.PostAfter(std::max(*at - Mono(), Duration()), [self = shared_from_this(),
                                                                      number] {
      if (self->stopped_ || self->timers_ != number) return;
      self->armed_.reset();
      self->Perform(self->core_->Tick(Mono()));
    });
  }

  net::IoRuntime& runtime_;
  std::unique_ptr<http::Client> client_;  // Null once stopped.
  const SchedulerOptions options_;
  OnEvent on_event_;
  std::shared_ptr<SchedulerCore> core_;  // From Start() on.
  std::shared_ptr<Channel> channel_;     // Of the session under way.
  std::shared_ptr<net::IoTimer> timer_;
  std::optional<Time> armed_;  // When timer_ fires.
  uint64_t timers_ = 0;        // Of which the last counts.
  bool stopped_ = false;
  bool stop_called_ = false;  // By the owner, on its thread.
};

Scheduler::Scheduler(net::IoRuntime& runtime, SchedulerOptions options, OnEvent on_event)
    : impl_(std::make_shared<Impl>(runtime, std::move(options), std::move(on_event))) {}

Scheduler::~Scheduler() { Stop(); }

Status Scheduler::Start() { return impl_->Start(); }

void Scheduler::Send(Call call) {
  impl_->Post([call = std::move(call)](SchedulerCore& core, Time now) {
    return core.Send(call, now);
  });
}

void Scheduler::Acknowledge(const v1::TaskStatus& status) {
  impl_->Post([status](SchedulerCore& core, Time now) { return core.Acknowledge(status, now); });
}

void Scheduler::Acknowledge(const v1::OperationStatus& status) {
  impl_->Post([status](SchedulerCore& core, Time now) { return core.Acknowledge(status, now); });
}

void Scheduler::Suppress(std::set<std::string> roles) {
  impl_->Post([roles = std::move(roles)](SchedulerCore& core, Time now) {
    return core.Suppress(roles, now);
  });
}

void Scheduler::Revive(std::set<std::string> roles) {
  impl_->Post([roles = std::move(roles)](SchedulerCore& core, Time now) {
    return core.Revive(roles, now);
  });
}

void Scheduler::UpdateFramework(Call::UpdateFramework update) {
  impl_->Post([update = std::move(update)](SchedulerCore& core, Time now) {
    return core.Update(update, now);
  });
}

void Scheduler::Teardown() {
  impl_->Post([](SchedulerCore& core, Time now) { return core.Teardown(now); });
}

void Scheduler::Stop() { impl_->Stop(); }

}  // namespace meseta::sdk
