// Status and Result<T>: expected failures as values.
//
// A Status is OK or a code with one sentence that a user understands: it names the thing and, where
// there is one, the way out. Result<T> is a T or a Status that is not OK. Both are [[nodiscard]].
// Broken invariants of our own are CHECKs (check.h), never Statuses.
#pragma once

#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

#include "actors/base/check.h"

namespace meseta {

enum class StatusCode {
  kOk,
  kInvalidArgument,     // The input can never be accepted: 400.
  kUnauthenticated,     // No or wrong credentials: 401.
  kPermissionDenied,    // Known principal, not allowed: 403.
  kNotFound,            // 404.
  kAlreadyExists,       // 409.
  kFailedPrecondition,  // Not in this state: 409.
  kResourceExhausted,   // A named bound was reached: 429, 413 or 503.
  kUnavailable,         // Try again: 503.
  kDeadlineExceeded,    // 504.
  kDataLoss,            // A record is corrupt or truncated.
  kUnimplemented,       // 501.
  kInternal,            // 500.
};

[[nodiscard]] std::string_view StatusCodeName(StatusCode code);

class [[nodiscard]] Status {
 public:
  Status() = default;
  // REQUIRES: code != kOk.
  Status(StatusCode code, std::string message) : code_(code), message_(std::move(message)) {
    CHECK(code != StatusCode::kOk);
  }

  [[nodiscard]] bool ok() const { return code_ == StatusCode::kOk; }
  [[nodiscard]] StatusCode code() const { return code_; }
  [[nodiscard]] const std::string& message() const { return message_; }

  // The same failure with "context: " before its sentence. OK stays OK.
  [[nodiscard]] Status WithContext(std::string_view context) const;
  // "NOT_FOUND: ..." or "OK", for logs and tests.
  [[nodiscard]] std::string ToString() const;

  friend bool operator==(const Status&, const Status&) = default;

 private:
  StatusCode code_ = StatusCode::kOk;
  std::string message_;
};

std::ostream& operator<<(std::ostream& out, const Status& status);

inline Status OkStatus() { return {}; }
inline Status InvalidArgument(std::string m) { return {StatusCode::kInvalidArgument, std::move(m)}; }
inline Status Unauthenticated(std::string m) { return {StatusCode::kUnauthenticated, std::move(m)}; }
inline Status PermissionDenied(std::string m) {
  return {StatusCode::kPermissionDenied, std::move(m)};
}
inline Status NotFound(std::string m) { return {StatusCode::kNotFound, std::move(m)}; }
inline Status AlreadyExists(std::string m) { return {StatusCode::kAlreadyExists, std::move(m)}; }
inline Status FailedPrecondition(std::string m) {
  return {StatusCode::kFailedPrecondition, std::move(m)};
}
inline Status ResourceExhausted(std::string m) {
  return {StatusCode::kResourceExhausted, std::move(m)};
}
inline Status Unavailable(std::string m) { return {StatusCode::kUnavailable, std::move(m)}; }
inline Status DeadlineExceeded(std::string m) {
  return {StatusCode::kDeadlineExceeded, std::move(m)};
}
inline Status DataLoss(std::string m) { return {StatusCode::kDataLoss, std::move(m)}; }
inline Status Unimplemented(std::string m) { return {StatusCode::kUnimplemented, std::move(m)}; }
inline Status Internal(std::string m) { return {StatusCode::kInternal, std::move(m)}; }
// The sentence of an errno value: Unavailable, PermissionDenied, NotFound ... by its meaning.
Status ErrnoStatus(int error, std::string_view context);

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}  // NOLINT: implicit on purpose, as is the next.
  // REQUIRES: !status.ok().
  Result(Status status) : status_(std::move(status)) { CHECK(!status_.ok()); }  // NOLINT

  [[nodiscard]] bool ok() const { return value_.has_value(); }
  [[nodiscard]] const Status& status() const { return status_; }

  // REQUIRES: ok().
  T& value() & {
    CHECK(ok()) << status_;
    return *value_;
  }
  const T& value() const& {
    CHECK(ok()) << status_;
    return *value_;
  }
  T&& value() && {
    CHECK(ok()) << status_;
    return *std::move(value_);
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  [[nodiscard]] T value_or(T other) const { return ok() ? *value_ : std::move(other); }

 private:
  std::optional<T> value_;
  Status status_;
};

}  // namespace meseta

#define MESETA_CONCAT_INNER(a, b) a##b
#define MESETA_CONCAT(a, b) MESETA_CONCAT_INNER(a, b)

// Returns the Status of `expr` from the enclosing function when it is not OK.
#define RETURN_IF_ERROR(expr)                           \
  do {                                                  \
    ::meseta::Status meseta_status_ = (expr);           \
    if (!meseta_status_.ok()) return meseta_status_;    \
  } while (false)

// ASSIGN_OR_RETURN(auto x, F()): declares or assigns x, or returns F's Status.
#define ASSIGN_OR_RETURN(lhs, expr) \
  MESETA_ASSIGN_OR_RETURN(MESETA_CONCAT(meseta_result_, __LINE__), lhs, expr)
#define MESETA_ASSIGN_OR_RETURN(result, lhs, expr) \
  auto result = (expr);                            \
  if (!result.ok()) return result.status();        \
  lhs = std::move(result).value()
