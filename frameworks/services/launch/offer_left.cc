#include "frameworks/services/launch/offer_left.h"

#include <algorithm>

#include "frameworks/services/launch/host_ports.h"

namespace meseta::services {
namespace {

constexpr char kGpuBehaviorLabel[] = "GPU_SCHEDULING_BEHAVIOR";

int64_t Thousandths(double value) { return model::Scalar::FromDouble(value).thousandths(); }

bool IsUsable(const v1::Resource& resource) {
  return !resource.has_revocable() && !resource.has_shared() && !resource.has_disk() &&
         !resource.has_provider_id();
}

bool AllUsable(const v1::Offer& offer) {
  return std::all_of(offer.resources().begin(), offer.resources().end(), IsUsable);
}

bool IsReserved(const v1::Resource& resource) { return resource.reservations_size() > 0; }

model::ReservationFormat FormatOf(const v1::Offer& offer) {
  const bool older = std::any_of(offer.resources().begin(), offer.resources().end(),
                                 [](const v1::Resource& resource) { return resource.has_role(); });
  return older ? model::ReservationFormat::kPre : model::ReservationFormat::kPost;
}

uint64_t CountPorts(const model::Resources& resources) {
  uint64_t ports = 0;
  for (const auto& entry : resources.entries()) {
    if (entry.resource.name() != "ports") continue;
    ports += model::Ranges::FromProto(entry.resource.ranges()).Count();
  }
  return ports;
}

Amounts AmountsOf(const model::Resources& resources) {
  Amounts amounts;
  amounts.cpus = resources.SumOf("cpus").thousandths();
  amounts.mem = resources.SumOf("mem").thousandths();
  amounts.disk = resources.SumOf("disk").thousandths();
  amounts.gpus = resources.SumOf("gpus").thousandths();
  amounts.ports = CountPorts(resources);
  return amounts;
}

}  // namespace

Needs NeedsOf(const AppSpec& app) {
  Needs needs;
  needs.cpus = Thousandths(app.resources().cpus());
  needs.mem = Thousandths(app.resources().mem());
  needs.disk = Thousandths(app.resources().disk());
  needs.gpus = Thousandths(app.resources().gpus());
  needs.ports = HostPortCount(app);
  needs.fixed_ports = HasFixedPorts(app);
  if (app.accepted_resource_roles_size() > 0) {
    const auto& roles = app.accepted_resource_roles();
    needs.accepts_unreserved = std::find(roles.begin(), roles.end(), "*") != roles.end();
    // "*" as the app's own role names what nobody reserved.
    needs.accepts_reserved =
        app.role() != "*" && std::find(roles.begin(), roles.end(), app.role()) != roles.end();
  }
  const auto behavior = app.labels().find(kGpuBehaviorLabel);
  needs.takes_gpu_agents = behavior != app.labels().end() && behavior->second == "unrestricted";
  return needs;
}

bool Amounts::Cover(const Needs& needs) const {
  return cpus >= needs.cpus && mem >= needs.mem && disk >= needs.disk && gpus >= needs.gpus &&
         ports >= needs.ports;
}

OfferLeft::OfferLeft(const v1::Offer& offer) : offer_(&offer), place_(PlaceOf(offer)) {
  role_ = offer.allocation_info().role();
  // A peer's resource that is none is not used.
  if (auto parsed = model::Resources::FromProto(offer.resources()); parsed.ok()) {
    left_ = *std::move(parsed);
  }
  if (!AllUsable(offer)) left_ = left_.Filter(IsUsable);
  gpu_agent_ = left_.SumOf("gpus").thousandths() > 0;
  format_ = FormatOf(offer);
  Count();
}

OfferLeft::OfferLeft(const v1::Offer& offer, const model::Resources& left)
    : offer_(&offer), role_(offer.allocation_info().role()), place_(PlaceOf(offer)) {
  left_ = AllUsable(offer) ? left : left.Filter(IsUsable);
  for (const v1::Resource& resource : offer.resources()) {
    gpu_agent_ |= resource.name() == "gpus" && resource.scalar().value() > 0;
  }
  format_ = FormatOf(offer);
  Count();
}

void OfferLeft::Count() {
  reserved_empty_ = left_.IsPlain();
  both_ = AmountsOf(left_);
  unreserved_ = reserved_empty_ ? both_ : AmountsOf(left_.Unreserved());
  reserved_ = reserved_empty_ ? Amounts() : AmountsOf(left_.Reserved());
}

const Amounts& OfferLeft::AmountsFor(const Needs& needs) const {
  if (needs.accepts_unreserved) return needs.accepts_reserved ? both_ : unreserved_;
  return reserved_;
}

model::Resources OfferLeft::ResourcesFor(const Needs& needs) const {
  if (needs.accepts_unreserved) return needs.accepts_reserved ? left_ : left_.Unreserved();
  return needs.accepts_reserved ? left_.Reserved() : model::Resources();
}

model::Ranges OfferLeft::PortsFor(const Needs& needs) const {
  model::Ranges ports;
  for (const auto& entry : left_.entries()) {
    if (entry.resource.name() != "ports") continue;
    if (IsReserved(entry.resource) ? !needs.accepts_reserved : !needs.accepts_unreserved) continue;
    ports += model::Ranges::FromProto(entry.resource.ranges());
  }
  return ports;
}

bool OfferLeft::InMaintenance(int64_t now_ms) const {
  if (!offer_->has_unavailability()) return false;
  const v1::Unavailability& window = offer_->unavailability();
  const int64_t start_ms = window.start().nanoseconds() / 1'000'000;
  if (now_ms <= start_ms) return false;
  return !window.has_duration() ||
         now_ms - start_ms <= window.duration().nanoseconds() / 1'000'000;
}

void OfferLeft::Take(const model::Resources& used) {
  left_ -= used;
  Count();
}

}  // namespace meseta::services
