#include <algorithm>
#include <charconv>
#include <filesystem>
#include <string>
#include <vector>

#include "actors/base/files.h"
#include "state/log/disk_errors.h"
#include "state/log/leveldb_storage.h"

namespace meseta::log {
namespace {

constexpr char kInfix[] = ".corrupt-";

// The numbers of those that are there, rising.
std::vector<uint64_t> NumbersBeside(const std::filesystem::path& path) {
  std::vector<uint64_t> numbers;
  const std::string prefix = path.filename().string() + kInfix;
  const std::filesystem::path parent = path.has_parent_path() ? path.parent_path() : ".";
  std::error_code error;
  for (std::filesystem::directory_iterator it(parent, error), end; !error && it != end;
       it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (name.rfind(prefix, 0) != 0) continue;
    uint64_t number = 0;
    const char* first = name.data() + prefix.size();
    const char* last = name.data() + name.size();
    const auto parsed = std::from_chars(first, last, number);
    if (parsed.ec == std::errc() && parsed.ptr == last) numbers.push_back(number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

}  // namespace

Result<std::string> SetAsideDirectory(const std::string& directory) {
  std::string path = directory;
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  const std::vector<uint64_t> numbers = NumbersBeside(path);
  const uint64_t next = numbers.empty() ? 1 : numbers.back() + 1;
  const std::string target = path + kInfix + std::to_string(next);
  std::error_code error;
  std::filesystem::rename(path, target, error);
  if (error) return DiskFailure(path, "set aside", error.message());
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  const Status synced = files::SyncDirectory(parent.empty() ? "." : parent.string());
  if (!synced.ok()) return DiskFailure(path, "set aside", synced.message());
  for (size_t i = 0; i + kMaxSetAside <= numbers.size(); ++i) {
    // What cannot be removed only costs space.
    std::filesystem::remove_all(path + kInfix + std::to_string(numbers[i]), error);
  }
  return target;
}

}  // namespace meseta::log
