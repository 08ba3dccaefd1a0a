#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "agent/launcher/shim_posix.h"

namespace meseta::shim {

int64_t MonotonicNanos() {
  // Counts suspended time, too: a limit of an hour is an hour for the user.
  timespec now;
  clock_gettime(CLOCK_BOOTTIME, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

int64_t StartTime(pid_t pid) {
  char path[32] = "/proc/";
  char digits[12];
  size_t count = 0;
  for (auto rest = static_cast<unsigned>(pid); rest > 0; rest /= 10) digits[count++] = '0' + rest % 10;
  size_t end = strlen(path);
  while (count > 0) path[end++] = digits[--count];
  strcpy(path + end, "/stat");
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  char text[1024];
  const ssize_t size = read(fd, text, sizeof(text) - 1);
  close(fd);
  if (size <= 0) return 0;
  text[size] = 0;
  const char* at = strrchr(text, ')');  // The name may hold anything, blanks and brackets included.
  // The 20th blank after the name precedes field 22.
  for (int blanks = 0; at != nullptr && blanks < 20; ++blanks) at = strchr(at + 1, ' ');
  return at == nullptr ? 0 : strtoll(at + 1, nullptr, 10);
}

int WriteFile(const char* name, const char* data, size_t size, bool sync) {
  constexpr const char* kTemporary = ".tmp";
  const int fd = open(kTemporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return errno;
  const ssize_t written = write(fd, data, size);
  int error = written < 0 ? errno : static_cast<size_t>(written) != size ? ENOSPC : 0;
  if (error == 0 && sync && fsync(fd) != 0) error = errno;
  close(fd);
  if (error == 0 && rename(kTemporary, name) != 0) error = errno;
  if (error == 0 && sync) {
    const int directory = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0 || fsync(directory) != 0) error = errno;
    if (directory >= 0) close(directory);
  }
  return error;
}

int Listen(const char* name) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -1;
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  // Relative to the working directory: the whole path may be longer than a socket address takes.
  strncpy(address.sun_path, name, sizeof(address.sun_path) - 1);
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0 && listen(fd, 4) == 0) {
    return fd;
  }
  const int error = errno;
  close(fd);
  errno = error;
  return -1;
}

}  // namespace meseta::shim
