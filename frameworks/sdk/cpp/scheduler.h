// Scheduler: a framework's session with the masters of a cluster, kept up for it.
//
//   SchedulerOptions options;
//   options.masters = {"10.0.0.1:5050", "10.0.0.2:5050", "10.0.0.3:5050"};
//   options.framework.set_name("my-framework");  ...
//   Scheduler scheduler(runtime, options, [&](SchedulerEvent event) { inbox.Post(std::move(event)); });
//   RETURN_IF_ERROR(scheduler.Start());
//
// It subscribes at the leading master, wherever that is, subscribes again when a session ends, and
// turns what the master says into SchedulerEvents (scheduler_event.h). What it decides, and what
// becomes of calls without a session, is in scheduler_core.h: in short, calls are not kept, but
// Suppress, Revive, UpdateFramework and Teardown are. After each Subscribed reconcile
// (reconciler_core.h): tasks may have ended, and calls may have been lost, meanwhile.
//
// Keep the FrameworkID of the first Subscribed where it survives a crash, set it in the options of the
// next start, and give the framework a failover_timeout: its tasks then outlive its schedulers.
//
// Threads: any thread may call; calls keep their order. `on_event` is called on a network thread of
// `runtime`, one event at a time: it must only hand on. It may call the Scheduler, except Stop().
// Bounds: calls that wait for a master are bounded in number and bytes; beyond them the session ends.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "actors/base/status.h"
#include "actors/messages/v1.h"
#include "actors/net/credentials.h"
#include "actors/net/io_runtime.h"
#include "frameworks/sdk/cpp/scheduler_event.h"

namespace meseta::net {
class TlsContext;
}

namespace meseta::sdk {

// What carries a session.
enum class Transport {
  kLink,  // A link of Meseta's daemons: fastest, and notices a master that hangs within seconds.
  kHttp,  // The public v1 API; also for masters that are not ours.
};

struct SchedulerOptions {
  // "host:port" or URLs; each may be a list with commas. Some of the masters are enough.
  std::vector<std::string> masters;
  v1::FrameworkInfo framework;  // With the id of an earlier run, if there was one.
  std::set<std::string> suppressed_roles;  // That want no offers at first.
  v1::scheduler::OfferConstraints offer_constraints;

  // The term in which this instance leads, when a framework's instances elect a leader among themselves
  // (state/store): once the master has seen a higher one, this one is refused for good. 0: none.
  uint64_t term = 0;

  std::optional<net::Credential> credential;
  std::shared_ptr<net::TlsContext> tls;  // Of https masters; null: the system's authorities.
  Transport transport = Transport::kLink;
  bool json = false;  // Over HTTP, instead of protobuf.

  // Acknowledge updates when they are delivered. Only for those who keep nothing: an update
  // that was acknowledged is never repeated.
  bool acknowledge = false;
};

class Scheduler {
 public:
  using OnEvent = std::function<void(SchedulerEvent)>;

  // `runtime` must outlive the scheduler.
  Scheduler(net::IoRuntime& runtime, SchedulerOptions options, OnEvent on_event);
  // Stop()s.
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // Begins to subscribe; once. Fails when the options can never work, and nothing happens then.
  Status Start();

  // The framework's id is filled in. A call that the master refuses, or that finds no session, comes
  // back as CallRefused. SUPPRESS, REVIVE, UPDATE_FRAMEWORK and TEARDOWN are as the methods below.
  void Send(v1::scheduler::Call call);
  // Nothing for updates without a uuid: those want none.
  void Acknowledge(const v1::TaskStatus& status);
  void Acknowledge(const v1::OperationStatus& status);

  // Wishes, kept over sessions. Roles empty: all of the framework's.
  void Suppress(std::set<std::string> roles = {});
  void Revive(std::set<std::string> roles = {});
  // Replaces the description; suppressed_roles in it do not count.
  void UpdateFramework(v1::scheduler::Call::UpdateFramework update);
  // Ends the framework and all its tasks; TornDown follows.
  void Teardown();

  // Leaves the masters without a word: the framework has its failover_timeout to return. No event
  // comes once it has returned. Idempotent. REQUIRES: not on a network thread.
  void Stop();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace meseta::sdk
