// A disk that fails, for LD_PRELOAD: calls on files below MESETA_FAULT_FOLDER fail while the file
// MESETA_FAULT_CONTROL exists and its content names them:
//
//   write   write(2) fails with EIO
//   short   write(2) takes half of what it is given; the next one fails with EIO
//   sync    fdatasync(2) and fsync(2) fail with EIO; what was written stays in the page cache
//   read    read(2), pread(2) and mmap(2) fail with EIO
//   full    write(2) fails with ENOSPC
//
// No state but the control file: the test turns faults on and off while the daemon runs.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

std::atomic<bool> half_taken = false;

// What the control file says; empty when there is none. System calls of its own: no recursion.
void ReadControl(char (&words)[64]) {
  words[0] = '\0';
  const char* path = getenv("MESETA_FAULT_CONTROL");
  if (path == nullptr) return;
  const long fd = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  const long got = syscall(SYS_read, fd, words, sizeof(words) - 1);
  words[got > 0 ? got : 0] = '\0';
  syscall(SYS_close, fd);
}

bool InFolder(int fd) {
  const char* folder = getenv("MESETA_FAULT_FOLDER");
  if (folder == nullptr) return false;
  char link[64];
  snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
  char path[4096];
  const ssize_t length = readlink(link, path, sizeof(path) - 1);
  if (length < 0) return false;
  path[length] = '\0';
  return strncmp(path, folder, strlen(folder)) == 0;
}

bool Fails(const char* what, int fd) {
  const int before = errno;
  char words[64];
  ReadControl(words);
  const bool fails = words[0] != '\0' && strstr(words, what) != nullptr && InFolder(fd);
  errno = before;
  return fails;
}

template <typename Function>
Function Next(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

int Broken(int error) {
  errno = error;
  return -1;
}

}  // namespace

extern "C" {

ssize_t write(int fd, const void* data, size_t size) {
  static const auto next = Next<ssize_t (*)(int, const void*, size_t)>("write");
  if (Fails("write", fd)) return Broken(EIO);
  if (Fails("full", fd)) return Broken(ENOSPC);
  if (size > 1 && Fails("short", fd)) {
    if (half_taken.exchange(true)) return Broken(EIO);
    return next(fd, data, size / 2);
  }
  return next(fd, data, size);
}

int fdatasync(int fd) {
  static const auto next = Next<int (*)(int)>("fdatasync");
  return Fails("sync", fd) ? Broken(EIO) : next(fd);
}

int fsync(int fd) {
  static const auto next = Next<int (*)(int)>("fsync");
  return Fails("sync", fd) ? Broken(EIO) : next(fd);
}

ssize_t read(int fd, void* data, size_t size) {
  static const auto next = Next<ssize_t (*)(int, void*, size_t)>("read");
  return Fails("read", fd) ? Broken(EIO) : next(fd, data, size);
}

ssize_t pread(int fd, void* data, size_t size, off_t offset) {
  static const auto next = Next<ssize_t (*)(int, void*, size_t, off_t)>("pread");
  return Fails("read", fd) ? Broken(EIO) : next(fd, data, size, offset);
}

void* mmap(void* address, size_t size, int protection, int flags, int fd, off_t offset) {
  static const auto next = Next<void* (*)(void*, size_t, int, int, int, off_t)>("mmap");
  if (fd >= 0 && Fails("read", fd)) {
    errno = EIO;
    return MAP_FAILED;
  }
  return next(address, size, protection, flags, fd, offset);
}

}  // extern "C"
