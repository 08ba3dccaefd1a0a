#include "state/log/disk_errors.h"

#include <cerrno>

namespace meseta::log {
namespace {

struct Advice {
  int error;
  const char* text;
};

constexpr Advice kAdvice[] = {
    {ENOSPC, "The disk is full: free space on it; what was acknowledged is safe"},
    {EDQUOT, "The disk quota is used up: raise it or free space; what was acknowledged is safe"},
    {EIO, "The disk reports errors: check it (dmesg, smartctl) and replace it if need be; with peers "
          "the replica rejoins with an empty directory, alone it takes 'meseta log restore'"},
    {EMFILE, "The process has too many files open: raise its limit (ulimit -n, LimitNOFILE)"},
    {ENFILE, "The system has too many files open: raise fs.file-max"},
    {EACCES, "Give the daemon's user read and write permission for this directory and its files"},
    {EPERM, "Give the daemon's user read and write permission for this directory and its files"},
    {EROFS, "The file system is mounted read-only: look into the kernel's messages (dmesg) for the "
            "cause and mount it writable"},
    {ENOTDIR, "There is a file where a directory is needed: move it away"},
};

}  // namespace

std::string ErrnoText(int error) {
  const std::string text = ErrnoStatus(error, "").message();
  return text.substr(2);  // Behind ": ".
}

Status DiskDamage(const std::string& directory, const std::string& what) {
  const std::string damaged = "The replicated log in '" + directory + "' is damaged: ";
  if (what.find(damaged) != std::string::npos) return DataLoss(what);  // Said further below.
  return DataLoss(damaged + what +
                  ". Where other members run, start with --peers: the directory is then set aside "
                  "and this member rejoins them. Without any, move the directory away and make a new "
                  "one of a backup with 'meseta log restore'");
}

Status DiskFailure(const std::string& directory, const std::string& doing,
                   const std::string& detail) {
  std::string sentence =
      "Cannot " + doing + " the replicated log in '" + directory + "': " + detail + ". ";
  for (const Advice& advice : kAdvice) {
    if (detail.find(ErrnoText(advice.error)) == std::string::npos) continue;
    return Unavailable(sentence + advice.text);
  }
  if (detail.find("lock") != std::string::npos) return DiskInUse(directory);
  return Unavailable(sentence + "Check the disk and the directory");
}

Status DiskInUse(const std::string& directory) {
  return Unavailable("The replicated log in '" + directory +
                     "' is in use by another process, probably a daemon that is still running with "
                     "the same --work_dir: stop it, or choose another directory");
}

}  // namespace meseta::log
