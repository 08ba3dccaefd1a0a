#include "agent/fetcher/extract_archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>

namespace meseta::agent {
namespace {

using Reader = std::unique_ptr<archive, int (*)(archive*)>;

constexpr size_t kBlockBytes = 64 << 10;

Status ArchiveError(archive* reader) {
  const char* text = archive_error_string(reader);
  return DataLoss(text != nullptr ? text : "the archive cannot be read");
}

Status WriteAt(int fd, const char* data, size_t size, int64_t offset) {
  while (size > 0) {
    const ssize_t count = pwrite(fd, data, size, offset);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return ErrnoStatus(errno, "Failed to write");
    data += count;
    size -= static_cast<size_t>(count);
    offset += count;
  }
  return OkStatus();
}

class Extraction {
 public:
  Extraction(archive* reader, const Beneath& sandbox, const ExtractLimits& limits)
      : reader_(reader), sandbox_(sandbox), limits_(limits) {}

  Status Run(const std::string& raw_name) {
    archive_entry* entry = nullptr;
    uint64_t members = 0;
    while (true) {
      const int code = archive_read_next_header(reader_, &entry);
      if (code == ARCHIVE_EOF) return OkStatus();
      if (code < ARCHIVE_WARN) return ArchiveError(reader_);
      if (++members > limits_.max_members) {
        return ResourceExhausted("the archive has more than " +
                                 std::to_string(limits_.max_members) + " members");
      }
      const char* name = archive_entry_pathname(entry);
      if (name == nullptr) return DataLoss("a member of the archive has no name");
      const std::string path = raw_name.empty() ? name : raw_name;
      RETURN_IF_ERROR(Member(entry, path));
    }
  }

 private:
  Status Member(archive_entry* entry, const std::string& name) {
    // "./" is the folder itself, which most archives begin with.
    if (name.find_first_not_of("./") == std::string::npos && name.find("..") == std::string::npos &&
        name[0] != '/') {
      return OkStatus();
    }
    ASSIGN_OR_RETURN(const std::string path, PlainRelativePath(name, "the archive's member"));
    if (const char* existing = archive_entry_hardlink(entry); existing != nullptr) {
      ASSIGN_OR_RETURN(const std::string other,
                       PlainRelativePath(existing, "the archive's hard link"));
      return sandbox_.HardLink(other, path);
    }
    switch (archive_entry_filetype(entry)) {
      case AE_IFDIR: return sandbox_.MakeFolders(path);
      case AE_IFREG: return File(entry, path);
      case AE_IFLNK: return Link(entry, path);
      default:
        return PermissionDenied("the archive's member '" + name +
                                "' is neither a file, a folder nor a link");
    }
  }

  Status Link(archive_entry* entry, const std::string& path) {
    const char* text = archive_entry_symlink(entry);
    const std::string target = text == nullptr ? "" : text;
    if (!LinkStaysBelow(path, target)) {
      return PermissionDenied("the archive's link '" + path + "' to '" + target +
                              "' leads out of the sandbox");
    }
    return sandbox_.SymbolicLink(target, path);
  }

  Status File(archive_entry* entry, const std::string& path) {
    // What a raw stream says about its mode is made up.
    const mode_t mode = (archive_entry_perm(entry) & 0777) | S_IWUSR | S_IRUSR;
    ASSIGN_OR_RETURN(const UniqueFd fd, sandbox_.CreateFile(path, mode));
    const void* block = nullptr;
    size_t size = 0;
    la_int64_t offset = 0;
    while (true) {
      const int code = archive_read_data_block(reader_, &block, &size, &offset);
      if (code == ARCHIVE_EOF) break;
      if (code < ARCHIVE_WARN) return ArchiveError(reader_);
      bytes_ += size;
      if (bytes_ > limits_.max_bytes || offset < 0 ||
          static_cast<uint64_t>(offset) > limits_.max_bytes) {
        return ResourceExhausted("the archive holds more than " +
                                 std::to_string(limits_.max_bytes) + " bytes");
      }
      RETURN_IF_ERROR(WriteAt(fd.get(), static_cast<const char*>(block), size, offset));
    }
    // A file that ends with a hole.
    const la_int64_t whole = archive_entry_size_is_set(entry) ? archive_entry_size(entry) : 0;
    struct stat info;
    if (whole > 0 && static_cast<uint64_t>(whole) <= limits_.max_bytes &&
        fstat(fd.get(), &info) == 0 && info.st_size < whole && ftruncate(fd.get(), whole) != 0) {
      return ErrnoStatus(errno, "Failed to write '" + path + "'");
    }
    return OkStatus();
  }

  archive* reader_;
  const Beneath& sandbox_;
  const ExtractLimits& limits_;
  uint64_t bytes_ = 0;
};

}  // namespace

Status Extract(int fd, ArchiveKind kind, const std::string& gzip_name, const Beneath& sandbox,
               const ExtractLimits& limits) {
  const Reader reader(archive_read_new(), &archive_read_free);
  if (reader == nullptr) return ResourceExhausted("no memory for the archive");
  archive_read_support_filter_gzip(reader.get());
  if (kind == ArchiveKind::kGzip) {
    archive_read_support_format_raw(reader.get());
  } else {
    archive_read_support_filter_bzip2(reader.get());
    archive_read_support_filter_xz(reader.get());
    archive_read_support_format_tar(reader.get());
    archive_read_support_format_zip(reader.get());
  }
  if (archive_read_open_fd(reader.get(), fd, kBlockBytes) != ARCHIVE_OK) {
    return ArchiveError(reader.get());
  }
  return Extraction(reader.get(), sandbox, limits)
      .Run(kind == ArchiveKind::kGzip ? gzip_name : "");
}

}  // namespace meseta::agent
