#include "actors/base/status.h"

#include <cerrno>
#include <cstring>

namespace meseta {

std::string_view StatusCodeName(StatusCode code) {
  switch (code) {
    case StatusCode::kOk: return "OK";
    case StatusCode::kInvalidArgument: return "INVALID_ARGUMENT";
    case StatusCode::kUnauthenticated: return "UNAUTHENTICATED";
    case StatusCode::kPermissionDenied: return "PERMISSION_DENIED";
    case StatusCode::kNotFound: return "NOT_FOUND";
    case StatusCode::kAlreadyExists: return "ALREADY_EXISTS";
    case StatusCode::kFailedPrecondition: return "FAILED_PRECONDITION";
    case StatusCode::kResourceExhausted: return "RESOURCE_EXHAUSTED";
    case StatusCode::kUnavailable: return "UNAVAILABLE";
    case StatusCode::kDeadlineExceeded: return "DEADLINE_EXCEEDED";
    case StatusCode::kDataLoss: return "DATA_LOSS";
    case StatusCode::kUnimplemented: return "UNIMPLEMENTED";
    case StatusCode::kInternal: return "INTERNAL";
  }
  return "UNKNOWN";
}

Status Status::WithContext(std::string_view context) const {
  if (ok()) return *this;
  return {code_, std::string(context) + ": " + message_};
}

std::string Status::ToString() const {
  if (ok()) return "OK";
  return std::string(StatusCodeName(code_)) + ": " + message_;
}

std::ostream& operator<<(std::ostream& out, const Status& status) {
  return out << status.ToString();
}

Status ErrnoStatus(int error, std::string_view context) {
  StatusCode code = StatusCode::kInternal;
  switch (error) {
    case ENOENT: case ESRCH: code = StatusCode::kNotFound; break;
    case EEXIST: code = StatusCode::kAlreadyExists; break;
    case EACCES: case EPERM: case EROFS: code = StatusCode::kPermissionDenied; break;
    case EMFILE: case ENFILE: case ENOSPC: case EDQUOT: case ENOMEM: case EFBIG:
      code = StatusCode::kResourceExhausted;
      break;
    case EAGAIN: case EBUSY: case ECONNREFUSED: case ECONNRESET: case EPIPE: case EHOSTUNREACH:
    case ENETUNREACH: case EADDRINUSE:
      code = StatusCode::kUnavailable;
      break;
    case ETIMEDOUT: code = StatusCode::kDeadlineExceeded; break;
    case EINVAL: case ENAMETOOLONG: case ENOTDIR: case EISDIR: case ELOOP:
      code = StatusCode::kInvalidArgument;
      break;
    default: break;
  }
  char buffer[128];
  const char* text = strerror_r(error, buffer, sizeof buffer);  // The GNU form returns the text.
  return {code, std::string(context) + ": " + text};
}

}  // namespace meseta
