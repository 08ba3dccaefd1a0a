// Strong ids: an AgentId is not a FrameworkId, though both are strings.
//
// Ids of peers and users are checked where they enter (state/model/validation.h); inside they are
// opaque. Ordered and hashable; cores iterate ordered containers only.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

namespace meseta {

template <class Tag>
class Id {
 public:
  Id() = default;
  explicit Id(std::string value) : value_(std::move(value)) {}

  [[nodiscard]] const std::string& value() const { return value_; }
  [[nodiscard]] bool empty() const { return value_.empty(); }

  friend auto operator<=>(const Id&, const Id&) = default;
  friend bool operator==(const Id&, const Id&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Id& id) { return out << id.value_; }

 private:
  std::string value_;
};

using AgentId = Id<struct AgentTag>;            // <master uuid>-S<n>
using FrameworkId = Id<struct FrameworkTag>;    // <master uuid>-<nnnn>
using OfferId = Id<struct OfferTag>;            // <master uuid>-O<n>
using ExecutorId = Id<struct ExecutorTag>;      // Chosen by the framework; a command task's is its task id.
using TaskId = Id<struct TaskTag>;              // Chosen by the framework, unique within it.
using ContainerId = Id<struct ContainerTag>;    // A uuid.
using StreamId = Id<struct StreamTag>;          // Mesos-Stream-Id of a subscription, a uuid.

}  // namespace meseta

template <class Tag>
struct std::hash<meseta::Id<Tag>> {
  size_t operator()(const meseta::Id<Tag>& id) const {
    return std::hash<std::string>()(id.value());
  }
};
