// VirtualFiles: the files that /files/* may show.
//
// Daemons attach folders or files under virtual paths (a sandbox under its real path and under
// /frameworks/<f>/executors/<e>/runs/latest; a log under /master/log). Whatever is asked for is
// opened beneath the attached root by the kernel (openat2 with RESOLVE_BENEATH), so that neither
// "..", nor an absolute link, nor a link made by the task leads out; a link out of the root is as if
// not there. Files are never followed into devices, pipes or sockets.
//
// Thread-safe. The reading calls block on the disk: call them on a pool. Bounded: kMaxEntries per
// listing, kMaxReadBytes per read.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "actors/base/status.h"

namespace meseta::endpoints {

inline constexpr size_t kMaxEntries = 100'000;
inline constexpr size_t kMaxReadBytes = 16 * 4096;  // As Mesos: sixteen pages.
// A download is held in memory while it is sent; larger files are read in pieces.
inline constexpr size_t kMaxDownloadBytes = size_t{64} << 20;
inline constexpr size_t kMaxDownloadsBytes = size_t{512} << 20;  // Of all that are being sent.

struct FileEntry {
  std::string path;  // Virtual.
  std::string mode;  // "-rw-r--r--"
  uint64_t nlink = 0;
  std::string uid;   // Name, or the number when it has none.
  std::string gid;
  uint64_t size = 0;
  double mtime = 0;  // Seconds since the epoch.
  uint32_t mode_bits = 0;
};

struct FileChunk {
  uint64_t offset = 0;
  uint64_t size = 0;  // Of the whole file.
  std::string data;
};

class VirtualFiles {
 public:
  explicit VirtualFiles(size_t max_downloads_bytes = kMaxDownloadsBytes)
      : max_downloads_bytes_(max_downloads_bytes) {}

  // Replaces an earlier attachment of the same virtual path. A trailing slash does not matter.
  void Attach(const std::string& virtual_path, const std::string& real_path);
  void Detach(const std::string& virtual_path);
  [[nodiscard]] std::map<std::string, std::string> Attached() const;

  // NotFound when nothing of that name is attached or exists.
  [[nodiscard]] Result<std::vector<FileEntry>> Browse(const std::string& path) const;
  // At most kMaxReadBytes from `offset`; beyond the end: no data, not an error.
  [[nodiscard]] Result<FileChunk> Read(const std::string& path, uint64_t offset,
                                       size_t length) const;
  // ResourceExhausted above kMaxDownloadBytes, and while those held by others leave no room for it.
  [[nodiscard]] Result<std::shared_ptr<const std::string>> Download(const std::string& path) const;

 private:
  struct Target {
    std::string root;  // Real path that was attached.
    std::string rest;  // Below it; empty: the root itself.
  };
  [[nodiscard]] Result<Target> Resolve(const std::string& path) const;

  const size_t max_downloads_bytes_;
  mutable std::mutex mutex_;
  std::map<std::string, std::string> roots_;  // Virtual -> real, without trailing slashes.
  // Bytes of the downloads that somebody still holds; they may outlive this.
  const std::shared_ptr<std::atomic<size_t>> held_ = std::make_shared<std::atomic<size_t>>(0);
};

}  // namespace meseta::endpoints
