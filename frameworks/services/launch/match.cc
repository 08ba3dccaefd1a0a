#include "frameworks/services/launch/match.h"

#include <utility>

#include "frameworks/services/launch/host_ports.h"
#include "frameworks/services/launch/offer_left.h"
#include "frameworks/services/launch/task_builder.h"
#include "frameworks/services/model/paths.h"

namespace meseta::services {
namespace {

MatchRefusal Because(RejectReason reason) {
  MatchRefusal refusal;
  refusal.reason = reason;
  return refusal;
}

MatchRefusal TooFew(RejectReason reason, double needed, double offered) {
  MatchRefusal refusal = Because(reason);
  refusal.needed = needed;
  refusal.offered = offered;
  return refusal;
}

MatchRefusal TooLittle(RejectReason reason, int64_t needed, int64_t offered) {
  return TooFew(reason, model::Scalar::FromThousandths(needed).value(),
                model::Scalar::FromThousandths(offered).value());
}

bool IsForRole(const AppSpec& app, const Needs& needs, const OfferLeft& left) {
  return left.role() == app.role() && left.HasFor(needs);
}

void AddScalar(const std::string& name, int64_t thousandths, model::Resources* resources) {
  if (thousandths <= 0) return;
  v1::Resource resource;
  resource.set_name(name);
  resource.set_type(v1::Value::SCALAR);
  resource.mutable_scalar()->set_value(model::Scalar::FromThousandths(thousandths).value());
  resources->Add(resource);
}

void AddPorts(const HostPorts& ports, model::Resources* resources) {
  std::vector<model::Ranges::Range> ranges;
  for (const auto& port : ports) {
    if (port) ranges.push_back({*port, *port});
  }
  if (ranges.empty()) return;
  v1::Resource resource;
  resource.set_name("ports");
  resource.set_type(v1::Value::RANGES);
  model::Ranges(std::move(ranges)).ToProto(resource.mutable_ranges());
  resources->Add(resource);
}

std::optional<model::Resources> Find(const Needs& needs, const HostPorts& ports,
                                     const OfferLeft& left) {
  model::Resources wanted;
  AddScalar("cpus", needs.cpus, &wanted);
  AddScalar("mem", needs.mem, &wanted);
  AddScalar("disk", needs.disk, &wanted);
  AddScalar("gpus", needs.gpus, &wanted);
  AddPorts(ports, &wanted);
  return left.Find(wanted, needs);
}

Instance RecordOf(const AppSpec& app, const OfferLeft& left, const HostPorts& ports, int64_t now_ms,
                  Rng& rng) {
  Instance record;
  record.set_id(InstanceIdOf(app.id(), rng.Uuid()));
  record.set_task_id(TaskIdOf(record.id(), 1));
  record.set_app(app.id());
  record.set_app_version(app.version());
  record.set_config_version(app.last_config_change_at());
  record.set_condition(Instance::PROVISIONED);
  record.set_agent_id(left.offer().agent_id().value());
  const Place& place = left.place();
  record.set_host(place.hostname);
  if (!place.region.empty()) record.set_region(place.region);
  if (!place.zone.empty()) record.set_zone(place.zone);
  for (const auto& [name, value] : place.attributes) (*record.mutable_attributes())[name] = value;
  for (const auto& port : ports) {
    if (port) record.add_host_ports(*port);
  }
  record.set_role(left.role());
  record.set_staged_at(now_ms);
  return record;
}

}  // namespace

std::string_view RejectReasonName(RejectReason reason) {
  switch (reason) {
    case RejectReason::kUnfulfilledRole:
      return "UnfulfilledRole";
    case RejectReason::kUnfulfilledConstraint:
      return "UnfulfilledConstraint";
    case RejectReason::kNoCorrespondingReservationFound:
      return "NoCorrespondingReservationFound";
    case RejectReason::kAgentMaintenance:
      return "AgentMaintenance";
    case RejectReason::kInsufficientCpus:
      return "InsufficientCpus";
    case RejectReason::kInsufficientMemory:
      return "InsufficientMemory";
    case RejectReason::kInsufficientDisk:
      return "InsufficientDisk";
    case RejectReason::kInsufficientGpus:
      return "InsufficientGpus";
    case RejectReason::kInsufficientPorts:
      return "InsufficientPorts";
    case RejectReason::kDeclinedScarceResources:
      return "DeclinedScarceResources";
  }
  return "UnfulfilledRole";
}

std::optional<MatchRefusal> Refuse(const AppSpec& app, const Needs& needs, const OfferLeft& left,
                                   const Spread& spread, const MatchOptions& options,
                                   int64_t now_ms) {
  if (!IsForRole(app, needs, left)) return Because(RejectReason::kUnfulfilledRole);
  if (const std::optional<int> index = spread.Unsatisfied(left.place())) {
    MatchRefusal refusal = Because(RejectReason::kUnfulfilledConstraint);
    refusal.constraint = ShowConstraint(app.constraints(*index));
    return refusal;
  }
  if (left.InMaintenance(now_ms)) return Because(RejectReason::kAgentMaintenance);
  const Amounts& amounts = left.AmountsFor(needs);
  if (amounts.cpus < needs.cpus) {
    return TooLittle(RejectReason::kInsufficientCpus, needs.cpus, amounts.cpus);
  }
  if (amounts.mem < needs.mem) {
    return TooLittle(RejectReason::kInsufficientMemory, needs.mem, amounts.mem);
  }
  if (amounts.disk < needs.disk) {
    return TooLittle(RejectReason::kInsufficientDisk, needs.disk, amounts.disk);
  }
  const int64_t gpus = options.enable_gpus ? amounts.gpus : 0;
  if (gpus < needs.gpus) return TooLittle(RejectReason::kInsufficientGpus, needs.gpus, gpus);
  if (amounts.ports < needs.ports ||
      (needs.fixed_ports && !PortsSuffice(app, left.PortsFor(needs)))) {
    return TooFew(RejectReason::kInsufficientPorts, needs.ports,
                  static_cast<double>(amounts.ports));
  }
  if (left.gpu_agent() && needs.gpus == 0 && !needs.takes_gpu_agents) {
    return Because(RejectReason::kDeclinedScarceResources);
  }
  return std::nullopt;
}

MatchOutcome MatchLeft(const AppSpec& app, const Needs& needs, const OfferLeft& left,
                       const Spread& spread, const MatchOptions& options, int64_t now_ms,
                       Rng& rng) {
  if (auto refusal = Refuse(app, needs, left, spread, options, now_ms)) return *std::move(refusal);
  const std::optional<HostPorts> ports = AssignPorts(app, left.PortsFor(needs), rng);
  if (!ports) {
    return TooFew(RejectReason::kInsufficientPorts, needs.ports,
                  static_cast<double>(left.AmountsFor(needs).ports));
  }
  std::optional<model::Resources> used = Find(needs, *ports, left);
  if (!used) return Because(RejectReason::kNoCorrespondingReservationFound);
  MatchedInstance matched;
  matched.record = RecordOf(app, left, *ports, now_ms, rng);
  matched.task.mutable_task_id()->set_value(matched.record.task_id());
  *matched.task.mutable_agent_id() = left.offer().agent_id();
  *matched.task.mutable_resources() = used->ToProto(left.format());
  SetTask(app, left.offer().hostname(), *ports, options, &matched.task);
  matched.used = *std::move(used);
  return matched;
}

MatchOutcome Match(const AppSpec& app, const v1::Offer& offer, const model::Resources& left,
                   const std::vector<InstancePtr>& others, const MatchOptions& options,
                   int64_t now_ms, Rng& rng) {
  return MatchLeft(app, NeedsOf(app), OfferLeft(offer, left), Spread(app, others), options, now_ms,
                   rng);
}

}  // namespace meseta::services
