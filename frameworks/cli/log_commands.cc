#include "frameworks/cli/log_commands.h"

#include <chrono>
#include <cstdio>
#include <utility>

#include "actors/base/exit_codes.h"
#include "actors/base/rng.h"
#include "actors/runtime/entropy.h"
#include "frameworks/cli/log_rows.h"
#include "state/store/backup_file_posix.h"
#include "state/store/offline.h"

namespace meseta::cli {
namespace {

constexpr Duration kBackupTimeout = Duration::Minutes(10);
constexpr int kExitDamaged = 1;

WallTime WallNow() {
  return WallTime::FromNanos(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                 std::chrono::system_clock::now().time_since_epoch())
                                 .count());
}

Status Needs(const Path& value, const char* flag) {
  return value.empty() ? InvalidArgument(std::string("Say --") + flag + "=...") : OkStatus();
}

Status Inspect(const Options& options) {
  RETURN_IF_ERROR(Needs(options.dir, "dir"));
  ASSIGN_OR_RETURN(const auto reader, log::LogReader::Open(options.dir.value));
  ASSIGN_OR_RETURN(store::KvState state, store::LoadState(reader.get()));
  LogView view;
  view.directory = options.dir.value;
  view.summary = reader->summary();
  view.state = state.View();
  view.keys = view.state->keys();
  view.bytes = view.state->bytes();
  view.with_entries = options.entries;
  view.with_keys = options.keys;
  if (options.entries) view.entries = reader->entries();
  std::fputs((options.json ? LogJson(view) : LogText(view)).c_str(), stdout);
  return OkStatus();
}

// All records by themselves, and that they make a state of the store.
Result<int> Verify(const Options& options) {
  RETURN_IF_ERROR(Needs(options.dir, "dir"));
  const std::string& directory = options.dir.value;
  ASSIGN_OR_RETURN(log::VerifyReport report,
                   log::VerifyLog(directory, [](const log::VerifyReport& so_far) {
                     std::fprintf(stderr, "%llu records, %llu MB checked\n",
                                  static_cast<unsigned long long>(so_far.records),
                                  static_cast<unsigned long long>(so_far.bytes >> 20));
                   }));
  if (report.problems.empty()) {
    auto reader = log::LogReader::Open(directory);
    if (reader.ok()) {
      const Result<store::KvState> state = store::LoadState(reader->get());
      if (!state.ok()) report.problems.push_back(state.status().message());
    } else {
      report.problems.push_back(reader.status().message());
    }
  }
  for (const std::string& problem : report.problems) {
    std::fprintf(stderr, "The log in %s: %s\n", directory.c_str(), problem.c_str());
  }
  if (report.more_problems > 0) {
    std::fprintf(stderr, "... and %llu more problems\n",
                 static_cast<unsigned long long>(report.more_problems));
  }
  if (!report.problems.empty()) {
    std::fprintf(stderr, "The log in %s is damaged. With other members: move the directory away and "
                         "start the master, which rejoins them. Alone: restore a backup with meseta "
                         "log restore.\n", directory.c_str());
    return kExitDamaged;
  }
  std::printf("The log in %s is sound: %llu records, %llu bytes%s\n", directory.c_str(),
              static_cast<unsigned long long>(report.records),
              static_cast<unsigned long long>(report.bytes),
              report.torn_bytes == 0 ? "" : "; an unacknowledged write at its end was torn");
  return kExitOk;
}

void PrintBackup(const Options& options, const internal::StoreBackupHeader& header) {
  if (options.json) {
    std::printf("{\"file\":\"%s\",\"index\":%llu,\"term\":%llu,\"keys\":%llu,\"bytes\":%llu}\n",
                options.out.value.c_str(), static_cast<unsigned long long>(header.index()),
                static_cast<unsigned long long>(header.term()),
                static_cast<unsigned long long>(header.keys()),
                static_cast<unsigned long long>(header.bytes()));
    return;
  }
  std::printf("%s: %llu keys, %llu bytes, as of entry %llu in term %llu of '%s'\n",
              options.out.value.c_str(), static_cast<unsigned long long>(header.keys()),
              static_cast<unsigned long long>(header.bytes()),
              static_cast<unsigned long long>(header.index()),
              static_cast<unsigned long long>(header.term()), header.group().c_str());
}

Status BackupDirectory(const Options& options) {
  RETURN_IF_ERROR(Needs(options.out, "out"));
  ASSIGN_OR_RETURN(const auto reader, log::LogReader::Open(options.dir.value));
  const log::LogSummary& summary = reader->summary();
  ASSIGN_OR_RETURN(store::KvState state, store::LoadState(reader.get()));
  if (state.version() == 0) {
    return FailedPrecondition("The log in " + options.dir.value +
                              " has no content yet: this member has not joined a cluster");
  }
  ASSIGN_OR_RETURN(store::BackupFile file, store::BackupFile::Create(options.out.value));
  store::BackupSource source(state.Freeze(), state.version(), store::HeaderOf(summary, WallNow()));
  std::string bytes;
  store::BackupReader check({}, {});
  while (source.Next(&bytes)) {
    RETURN_IF_ERROR(check.Add(bytes));
    RETURN_IF_ERROR(file.Append(bytes));
  }
  RETURN_IF_ERROR(check.Finish().status());
  RETURN_IF_ERROR(file.Commit());
  PrintBackup(options, check.header());
  return OkStatus();
}

Status Restore(const Options& options) {
  RETURN_IF_ERROR(Needs(options.file, "file"));
  RETURN_IF_ERROR(Needs(options.dir, "dir"));
  Rng rng(runtime::EntropySeed());
  store::RestoreOptions restore;
  restore.directory = options.dir.value;
  restore.address = options.address;
  while (restore.member_id == 0) restore.member_id = rng.Next();
  if (options.new_cluster_id) restore.cluster_id = rng.Uuid();
  ASSIGN_OR_RETURN(const store::Restored restored,
                   store::RestoreBackup(options.file.value, restore));
  if (options.json) {
    std::printf("{\"directory\":\"%s\",\"cluster_id\":\"%s\",\"term\":%llu,\"keys\":%llu}\n",
                restore.directory.c_str(), restored.cluster_id.c_str(),
                static_cast<unsigned long long>(restored.term),
                static_cast<unsigned long long>(restored.header.keys()));
    return OkStatus();
  }
  std::printf("Restored %llu keys into %s: a cluster of one member, cluster id %s, term %llu.\n"
              "Start one master with it; others join it with meseta master members add. Masters of "
              "the old cluster must not run any more.\n",
              static_cast<unsigned long long>(restored.header.keys()), restore.directory.c_str(),
              restored.cluster_id.c_str(), static_cast<unsigned long long>(restored.term));
  return OkStatus();
}

}  // namespace

bool IsOfflineLogCommand(const CommandLine& line) {
  return line.id == CommandId::kLogInspect || line.id == CommandId::kLogVerify ||
         line.id == CommandId::kLogRestore ||
         (line.id == CommandId::kLogBackup && !line.options.dir.empty());
}

Result<int> RunOfflineLogCommand(const CommandLine& line) {
  if (line.id == CommandId::kLogVerify) return Verify(line.options);
  const Status status = line.id == CommandId::kLogInspect   ? Inspect(line.options)
                        : line.id == CommandId::kLogRestore ? Restore(line.options)
                                                            : BackupDirectory(line.options);
  RETURN_IF_ERROR(status);
  return kExitOk;
}

Status BackupFromMaster(const CommandLine& line, ClusterClient& client) {
  RETURN_IF_ERROR(Needs(line.options.out, "out"));
  ASSIGN_OR_RETURN(store::BackupFile file, store::BackupFile::Create(line.options.out.value));
  ASSIGN_OR_RETURN(const http::Response response, client.Get(store::kBackupPath, kBackupTimeout));
  store::BackupReader reader({}, {});
  RETURN_IF_ERROR(reader.Add(response.body));
  RETURN_IF_ERROR(reader.Finish().status());  // A broken connection leaves no file behind.
  RETURN_IF_ERROR(file.Append(response.body));
  RETURN_IF_ERROR(file.Commit());
  PrintBackup(line.options, reader.header());
  return OkStatus();
}

}  // namespace meseta::cli
