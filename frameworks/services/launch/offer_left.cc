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

model::ReservationFormat FormatOf(const v1::Offer& offer) {
  const bool older = std::any_of(offer.resources().begin(), offer.resources().end(),
                                 [](const v1::Resource& resource) { return resource.has_role(); });
  return older ? model::ReservationFormat::kPre : model::ReservationFormat::kPost;
}

model::Resources Parse(const v1::Offer& offer) {
  auto parsed = model::Resources::FromProto(offer.resources());
  // A peer's resource that is none is not used.
  return parsed.ok() ? *std::move(parsed) : model::Resources();
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

OfferLeft::OfferLeft(const v1::Offer& offer) : OfferLeft(offer, Parse(offer)) {}

OfferLeft::OfferLeft(const v1::Offer& offer, model::Resources left)
    : offer_(&offer),
      role_(offer.allocation_info().role()),
      place_(PlaceOf(offer)),
      left_(AllUsable(offer) ? std::move(left) : left.Filter(IsUsable)),
      format_(FormatOf(offer)) {
  for (const v1::Resource& resource : offer.resources()) {
    gpu_agent_ |= resource.name() == "gpus" && resource.scalar().value() > 0;
  }
  plain_ = left_.IsPlain() && left_ == left_.Unallocated().AllocatedTo(role_);
  Count();
}

OfferLeft::Part OfferLeft::PartOf(const model::Resources& resources) {
  Part part;
  part.any = !resources.empty();
  part.amounts.cpus = resources.SumOf("cpus").thousandths();
  part.amounts.mem = resources.SumOf("mem").thousandths();
  part.amounts.disk = resources.SumOf("disk").thousandths();
  part.amounts.gpus = resources.SumOf("gpus").thousandths();
  for (const auto& entry : resources.entries()) {
    if (entry.resource.name() != "ports") continue;
    part.ports += model::Ranges::FromProto(entry.resource.ranges());
  }
  part.amounts.ports = part.ports.Count();
  return part;
}

void OfferLeft::Count() {
  both_ = PartOf(left_);
  unreserved_ = plain_ ? both_ : PartOf(left_.Unreserved());
  reserved_ = plain_ ? Part() : PartOf(left_.Reserved());
}

const model::Ranges& OfferLeft::PortsFor(const Needs& needs) const {
  if (needs.accepts_unreserved) return needs.accepts_reserved ? both_.ports : unreserved_.ports;
  return reserved_.ports;
}

bool OfferLeft::HasFor(const Needs& needs) const {
  if (needs.accepts_unreserved && needs.accepts_reserved) return true;
  return needs.accepts_unreserved ? unreserved_.any : reserved_.any;
}

std::optional<model::Resources> OfferLeft::Find(const model::Resources& wanted,
                                                const Needs& needs) const {
  if (plain_) return wanted.AllocatedTo(role_);
  if (needs.accepts_unreserved && needs.accepts_reserved) return left_.Find(wanted, role_);
  return (needs.accepts_unreserved ? left_.Unreserved() : left_.Reserved()).Find(wanted, role_);
}

void OfferLeft::Take(const Needs& needs, const model::Ranges& ports, const model::Resources& used) {
  if (!plain_) {
    left_ -= used;
    return Count();
  }
  for (Part* part : {&both_, &unreserved_}) {
    part->amounts.cpus -= needs.cpus;
    part->amounts.mem -= needs.mem;
    part->amounts.disk -= needs.disk;
    part->amounts.gpus -= needs.gpus;
    part->ports -= ports;
    part->amounts.ports = part->ports.Count();
  }
}

bool OfferLeft::InMaintenance(int64_t now_ms) const {
  if (!offer_->has_unavailability()) return false;
  const v1::Unavailability& window = offer_->unavailability();
  const int64_t start_ms = window.start().nanoseconds() / 1'000'000;
  if (now_ms <= start_ms) return false;
  return !window.has_duration() || now_ms - start_ms <= window.duration().nanoseconds() / 1'000'000;
}

}  // namespace meseta::services
