// What a scheduler is told. Values; in the order in which they happened.
//
// Between a Disconnected and the next Subscribed nothing else of the cluster arrives. Failed and
// TornDown come once, and last.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "actors/base/ids.h"
#include "actors/base/status.h"
#include "actors/base/time.h"
#include "actors/messages/v1.h"

namespace meseta::sdk {

// Calls reach the master from now on. All that was true of tasks may have changed meanwhile:
// reconcile (reconciler_core.h).
struct Subscribed {
  FrameworkId framework_id;
  std::string master;         // host:port.
  bool resubscribed = false;  // The framework existed before this.
  v1::MasterInfo master_info;  // Empty of masters that do not tell.
};

// Offers held until now are void. Whether calls not yet answered took effect is unknown, also when no
// CallRefused tells of them.
struct Disconnected {
  std::string why;
};

// No master took the subscription; the next attempt follows.
struct Retrying {
  std::string master;  // host:port that failed.
  std::string why;
  Duration in;         // Until the next attempt.
};

struct OffersArrived {
  std::vector<v1::Offer> offers;
};
struct OfferRescinded {
  OfferId offer;
};
struct InverseOffersArrived {
  std::vector<v1::InverseOffer> offers;
};
struct InverseOfferRescinded {
  OfferId offer;
};

// To be acknowledged (Scheduler::Acknowledge) once it is taken in, if it has a uuid; until then the
// agent repeats it, also after a restart.
struct StatusUpdated {
  v1::TaskStatus status;
};
// To be acknowledged likewise.
struct OperationUpdated {
  v1::OperationStatus status;
};

// From an executor; may be lost.
struct MessageArrived {
  AgentId agent;
  ExecutorId executor;
  std::string data;
};

// An agent is gone or, with `executor`, an executor has ended. Updates of its tasks come besides.
struct AgentFailed {
  AgentId agent;
  std::optional<ExecutorId> executor;
  std::optional<int> status;  // Of the executor, as wait(2) has it.
};

// The call had no effect: the master refused it, or it was made while not subscribed
// (kUnavailable) and never left.
struct CallRefused {
  v1::scheduler::Call call;
  Status status;
};

// The framework was torn down, as asked for.
struct TornDown {};

// The scheduler is over: the masters will not have this framework. One sentence says why.
struct Failed {
  Status why;
};

using SchedulerEvent =
    std::variant<Subscribed, Disconnected, Retrying, OffersArrived, OfferRescinded,
                 InverseOffersArrived, InverseOfferRescinded, StatusUpdated, OperationUpdated,
                 MessageArrived, AgentFailed, CallRefused, TornDown, Failed>;

}  // namespace meseta::sdk
