#include <algorithm>
#include <cmath>
#include <map>

#include "actors/base/strings.h"
#include "frameworks/services/launch/constraint_text.h"
#include "frameworks/services/launch/explain_text.h"
#include "frameworks/services/launch/host_ports.h"

namespace meseta::services {
namespace {

using enum RejectReason;

struct Shortage {
  RejectReason reason;
  const char* number;  // In the names of numbers.
};
constexpr Shortage kShortages[] = {{kInsufficientCpus, "cpus"},
                                   {kInsufficientMemory, "mem_mb"},
                                   {kInsufficientDisk, "disk_mb"},
                                   {kInsufficientGpus, "gpus"},
                                   {kInsufficientPorts, "ports"}};

size_t Index(RejectReason reason) { return static_cast<size_t>(reason); }

std::string Amount(RejectReason reason, double amount) {
  switch (reason) {
    case kInsufficientMemory:
      return ShowMegabytes(amount);
    case kInsufficientDisk:
      return ShowMegabytes(amount) + " of disk";
    case kInsufficientGpus:
      return Counted(static_cast<uint64_t>(amount), "gpu");
    case kInsufficientPorts:
      return Counted(static_cast<uint64_t>(amount), "port");
    default:
      return ShowDecimal(amount) + (amount == 1 ? " cpu" : " cpus");
  }
}

// Of the amount that was nearest, where the unit is known already.
std::string Bare(RejectReason reason, double amount) {
  const bool megabytes = reason == kInsufficientMemory || reason == kInsufficientDisk;
  return megabytes ? ShowMegabytes(amount) : ShowDecimal(amount);
}

// The ports that the app insists on, when there are enough others.
std::string FixedPorts(const AppSpec& app) {
  std::vector<std::string> ports;
  for (const internal::AppPort& port : PortsOf(app)) {
    const uint32_t number = HasPortMappings(app) ? port.host_port() : port.port();
    if (number != 0) ports.push_back(std::to_string(number));
  }
  return (ports.size() == 1 ? "port " : "ports ") + strings::Join(ports, ", ");
}

std::string ShortageClause(const WaitingApp& waiting, RejectReason reason, bool only) {
  const WaitingApp::Nearest& nearest = waiting.nearest[Index(reason)];
  const uint64_t agents = waiting.declined_last[Index(reason)];
  const bool fixed = reason == kInsufficientPorts && nearest.offered >= nearest.needed;
  const std::string what = fixed ? FixedPorts(*waiting.app) : Amount(reason, nearest.needed);
  const std::string largest = Bare(reason, nearest.offered) + " on " + nearest.host;
  if (only) {
    return "no agent has " + what + " free" + (fixed ? "" : ", largest is " + largest);
  }
  return Counted(agents, "agent") + (agents == 1 ? " has" : " have") +
         (fixed ? " not " : " less than ") + what + " free" +
         (fixed ? "" : " (largest is " + largest + ")");
}

// Names and counts of the constraints that the last unused offers fell at.
std::string ConstraintClause(const WaitingApp& waiting) {
  const uint64_t agents = waiting.declined_last[Index(kUnfulfilledConstraint)];
  std::map<std::string, uint64_t> by_constraint;
  uint64_t known = 0;
  for (const WaitingApp::Unused& unused : waiting.unused) {
    if (unused.refusal.reason != kUnfulfilledConstraint) continue;
    ++by_constraint[unused.refusal.constraint];
    ++known;
  }
  std::vector<std::string> parts;
  if (known == agents) {
    for (const auto& [constraint, count] : by_constraint) {
      parts.push_back(Counted(count, "agent") + " excluded by " + constraint);
    }
    return strings::Join(parts, ", ");
  }
  for (const auto& [constraint, count] : by_constraint) parts.push_back(constraint);
  const std::string names = parts.empty() ? "constraints" : strings::Join(parts, ", ");
  return Counted(agents, "agent") + " excluded by " + names;
}

std::string OtherClause(const WaitingApp& waiting, RejectReason reason) {
  const uint64_t count = waiting.declined_last[Index(reason)];
  const std::string agents = Counted(count, "agent");
  switch (reason) {
    case kUnfulfilledRole:
      return agents + " offered nothing that role '" + waiting.app->role() + "' accepts";
    case kUnfulfilledConstraint:
      return ConstraintClause(waiting);
    case kNoCorrespondingReservationFound:
      return agents + (count == 1 ? " has" : " have") + " no fitting reservation";
    case kAgentMaintenance:
      return agents + (count == 1 ? " is" : " are") + " in maintenance";
    case kDeclinedScarceResources:
      return agents + (count == 1 ? " is" : " are") + " kept for apps that need gpus";
    default:
      return "";
  }
}

}  // namespace

std::string Counted(uint64_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

std::string ShowMegabytes(double megabytes) {
  // Rounded down: what is there must not look like enough.
  if (megabytes < 1024) return ShowDecimal(std::floor(megabytes * 10) / 10) + " MB";
  return ShowDecimal(std::floor(megabytes / 1024 * 10) / 10) + " GB";
}

std::string ShowMillis(int64_t ms) {
  const int64_t seconds = (std::max<int64_t>(ms, 0) + 999) / 1000;
  if (seconds < 120) return std::to_string(seconds) + " s";
  if (seconds < 3600) {
    return std::to_string(seconds / 60) + " min" +
           (seconds % 60 == 0 ? "" : " " + std::to_string(seconds % 60) + " s");
  }
  return std::to_string(seconds / 3600) + " h " + std::to_string(seconds / 60 % 60) + " min";
}

std::string ExplainOffers(const WaitingApp& waiting, std::vector<Explanation::Number>* numbers) {
  size_t shortages = 0;
  for (const Shortage& shortage : kShortages) {
    shortages += waiting.declined_last[Index(shortage.reason)] > 0 ? 1 : 0;
  }
  std::vector<std::string> clauses;
  for (const Shortage& shortage : kShortages) {
    if (waiting.declined_last[Index(shortage.reason)] == 0) continue;
    const WaitingApp::Nearest& nearest = waiting.nearest[Index(shortage.reason)];
    clauses.push_back(ShortageClause(waiting, shortage.reason, shortages == 1));
    numbers->push_back({std::string("needed_") + shortage.number, nearest.needed, ""});
    numbers->push_back({std::string("largest_") + shortage.number, nearest.offered, nearest.host});
  }
  for (const RejectReason reason :
       {kUnfulfilledRole, kUnfulfilledConstraint, kNoCorrespondingReservationFound,
        kAgentMaintenance, kDeclinedScarceResources}) {
    if (waiting.declined_last[Index(reason)] > 0) clauses.push_back(OtherClause(waiting, reason));
  }
  numbers->push_back({"agents_seen", static_cast<double>(waiting.processed_last[0]), ""});
  for (size_t i = 0; i < kRejectReasons; ++i) {
    if (waiting.declined_last[i] == 0) continue;
    numbers->push_back({"agents_" + std::string(RejectReasonName(static_cast<RejectReason>(i))),
                        static_cast<double>(waiting.declined_last[i]), ""});
  }
  return strings::Join(clauses, "; ");
}

}  // namespace meseta::services
