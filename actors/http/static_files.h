// StaticFiles: the files of one directory, for the web interfaces.
//
// Paths are opened beneath the root by the kernel (openat2 with RESOLVE_BENEATH and no symlinks
// that leave it), never by string checks alone. Small files only: each is read whole into the
// answer, so files above the bound are refused. Stateless and thread-safe.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "actors/http/message.h"

namespace meseta::http {

inline constexpr size_t kMaxStaticFileBytes = 16 * 1024 * 1024;

class StaticFiles {
 public:
  // Fails when `root` is not a directory.
  static Result<std::shared_ptr<const StaticFiles>> Open(const std::string& root);
  ~StaticFiles();
  StaticFiles(const StaticFiles&) = delete;
  StaticFiles& operator=(const StaticFiles&) = delete;

  // Answers GET and HEAD for the file at `relative` ("app/app.js"; empty or a directory:
  // index.html in it): 200 with ETag and Last-Modified, 304, or 404.
  [[nodiscard]] Response Serve(const Request& request, std::string_view relative) const;

 private:
  explicit StaticFiles(int root_fd) : root_fd_(root_fd) {}
  const int root_fd_;
};

// By extension; application/octet-stream when it is unknown.
[[nodiscard]] std::string_view ContentTypeOfFile(std::string_view name);

}  // namespace meseta::http
