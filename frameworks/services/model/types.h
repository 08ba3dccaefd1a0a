// Names and shared values of meseta-services. Records are the protobuf messages of
// actors/messages/internal/services.proto; here they are immutable and shared.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "actors/messages/internal/services.pb.h"

namespace meseta::services {

using AppSpec = internal::AppSpec;
using GroupSpec = internal::GroupSpec;
using Instance = internal::ServiceInstance;
using Condition = internal::ServiceInstance::Condition;
using AppPtr = std::shared_ptr<const AppSpec>;
using GroupPtr = std::shared_ptr<const GroupSpec>;
using InstancePtr = std::shared_ptr<const Instance>;
using FailurePtr = std::shared_ptr<const internal::AppFailure>;
using DeploymentPtr = std::shared_ptr<const internal::DeploymentRecord>;

// Of an app or group, absolute: "/shop/web"; the root group is "/".
using Path = std::string;
// Milliseconds since 1970-01-01 UTC; unique and rising in one cluster.
using VersionMs = int64_t;

// A refusal as Marathon's API words it (reference: Marathon surface 1.3).
struct ApiError {
  struct Detail {
    std::string path;  // "/constraints(0)"
    std::vector<std::string> errors;
  };
  int status = 422;
  std::string message;
  std::vector<Detail> details;
  std::string details_text;              // Instead of `details`: a parser's text.
  std::vector<std::string> deployments;  // Ids of those that lock the app.

  static ApiError NotFound(std::string message) { return {404, std::move(message), {}, {}, {}}; }
  // "Object is not valid"
  static ApiError Invalid(std::vector<Detail> details) {
    return {422, "Object is not valid", std::move(details), {}, {}};
  }
};

// A value or a refusal.
template <class T>
class [[nodiscard]] Answer {
 public:
  Answer(T value) : value_(std::move(value)) {}         // NOLINT: implicit on purpose,
  Answer(ApiError error) : value_(std::move(error)) {}  // NOLINT: as is this.
  [[nodiscard]] bool ok() const { return value_.index() == 0; }
  [[nodiscard]] const ApiError& error() const { return std::get<1>(value_); }  // REQUIRES: !ok().
  T& operator*() { return std::get<0>(value_); }                               // REQUIRES: ok().
  const T& operator*() const { return std::get<0>(value_); }
  T* operator->() { return &std::get<0>(value_); }
  const T* operator->() const { return &std::get<0>(value_); }

 private:
  std::variant<T, ApiError> value_;
};

// "2026-11-22T14:00:00.000Z", and back (nullopt-like 0 when it is none).
[[nodiscard]] std::string ShowTime(int64_t ms);
[[nodiscard]] int64_t ParseTime(std::string_view text);

}  // namespace meseta::services
