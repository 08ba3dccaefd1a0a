#include "actors/http/static_files.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <optional>

#include "actors/http/http_date.h"
#include "actors/http/response_head.h"

namespace meseta::http {
namespace {

// Closes a file descriptor.
class Fd {
 public:
  explicit Fd(int fd) : fd_(fd) {}
  ~Fd() {
    if (fd_ >= 0) close(fd_);
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  [[nodiscard]] int get() const { return fd_; }

 private:
  const int fd_;
};

int OpenBeneath(int root, const std::string& path) {
  open_how how{};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(syscall(SYS_openat2, root, path.c_str(), &how, sizeof how));
}

std::optional<std::string> ReadAll(int fd, size_t size) {
  std::string text(size, '\0');
  size_t at = 0;
  while (at < size) {
    const ssize_t n = pread(fd, text.data() + at, size - at, static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return std::nullopt;
    if (n == 0) break;  // It was truncated meanwhile.
    at += static_cast<size_t>(n);
  }
  text.resize(at);
  return text;
}

std::string EntityTag(const struct stat& info) {
  char text[64];
  std::snprintf(text, sizeof text, "\"%llx-%llx-%llx\"",
                static_cast<unsigned long long>(info.st_mtim.tv_sec),
                static_cast<unsigned long long>(info.st_mtim.tv_nsec),
                static_cast<unsigned long long>(info.st_size));
  return text;
}

bool Unchanged(const Request& request, const std::string& tag, int64_t modified) {
  // If-None-Match outweighs If-Modified-Since.
  if (const auto tags = request.headers.Get("If-None-Match")) {
    return *tags == "*" || tags->find(tag) != std::string::npos;
  }
  const auto since = request.headers.Get("If-Modified-Since");
  const auto time = since ? ParseHttpDate(*since) : std::nullopt;
  return time && modified <= *time;
}

}  // namespace

std::string_view ContentTypeOfFile(std::string_view name) {
  struct Entry {
    std::string_view extension;
    std::string_view type;
  };
  static constexpr Entry kTypes[] = {
      {".html", "text/html; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".mjs", "text/javascript; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".json", "application/json"},
      {".svg", "image/svg+xml"},
      {".png", "image/png"},
      {".jpg", "image/jpeg"},
      {".gif", "image/gif"},
      {".ico", "image/x-icon"},
      {".webp", "image/webp"},
      {".woff", "font/woff"},
      {".woff2", "font/woff2"},
      {".ttf", "font/ttf"},
      {".txt", "text/plain; charset=utf-8"},
      {".md", "text/markdown; charset=utf-8"},
      {".xml", "application/xml"},
      {".wasm", "application/wasm"},
      {".map", "application/json"},
  };
  for (const Entry& entry : kTypes) {
    if (name.ends_with(entry.extension)) return entry.type;
  }
  return "application/octet-stream";
}

Result<std::shared_ptr<const StaticFiles>> StaticFiles::Open(const std::string& root) {
  const int fd = open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return ErrnoStatus(errno, "Cannot serve files from '" + root + "'");
  return std::shared_ptr<const StaticFiles>(new StaticFiles(fd));
}

StaticFiles::~StaticFiles() { close(root_fd_); }

Response StaticFiles::Serve(const Request& request, std::string_view relative) const {
  while (relative.starts_with('/')) relative.remove_prefix(1);
  std::string path(relative);
  if (path.empty() || path.ends_with('/')) path += "index.html";
  auto file = std::make_unique<Fd>(OpenBeneath(root_fd_, path));
  struct stat info {};
  if (file->get() < 0 || fstat(file->get(), &info) != 0) return NotFoundResponse();
  if (S_ISDIR(info.st_mode)) {
    path += "/index.html";
    file = std::make_unique<Fd>(OpenBeneath(root_fd_, path));
    if (file->get() < 0 || fstat(file->get(), &info) != 0) return NotFoundResponse();
  }
  if (!S_ISREG(info.st_mode)) return NotFoundResponse();
  const auto size = static_cast<size_t>(info.st_size);
  if (size > kMaxStaticFileBytes) return Response::Text(413, "The file is too large to be served");
  Response response;
  const std::string tag = EntityTag(info);
  response.headers.Add("ETag", tag);
  response.headers.Add("Last-Modified", FormatHttpDate(info.st_mtim.tv_sec));
  response.headers.Add("Cache-Control", "no-cache");  // Ask each time; mostly answered by 304.
  response.headers.Add("X-Content-Type-Options", "nosniff");
  if (Unchanged(request, tag, info.st_mtim.tv_sec)) {
    response.status = 304;
    return response;
  }
  auto body = ReadAll(file->get(), size);
  if (!body) return Response::Text(500, "The file cannot be read");
  response.body = std::move(*body);
  response.headers.Add("Content-Type", std::string(ContentTypeOfFile(path)));
  return response;
}

}  // namespace meseta::http
