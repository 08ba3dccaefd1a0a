#include "state/log/log_inspect.h"

#include <leveldb/db.h>

#include <string_view>
#include <utility>

#include "state/log/disk_format.h"
#include "state/log/disk_recovery.h"
#include "state/log/leveldb_directory.h"

namespace meseta::log {
namespace {

LevelDbStorageOptions ReadOnly(const std::string& directory) {
  LevelDbStorageOptions options;
  options.directory = directory;
  options.read_only = true;
  return options;
}

LogSummary Summarize(const Recovered& recovered) {
  LogSummary summary;
  summary.identity = recovered.identity;
  summary.hard = recovered.hard;
  summary.snapshot = recovered.snapshot;
  summary.sequence = recovered.sequence;
  summary.torn_bytes = recovered.cut_bytes;
  if (recovered.snapshot) {
    summary.configuration = recovered.snapshot->configuration();
    summary.configuration_index = recovered.snapshot->index();
    summary.last = recovered.snapshot->index();
    summary.last_term = recovered.snapshot->term();
  }
  summary.first = summary.last + 1;
  if (recovered.entries.empty()) return summary;
  summary.first = recovered.entries.front()->index;
  summary.last = recovered.entries.back()->index;
  summary.last_term = recovered.entries.back()->term;
  for (const EntryPtr& entry : recovered.entries) {
    summary.entry_bytes += entry->payload.size();
    Configuration configuration;
    // An older one than the snapshot's may still be among the entries.
    if (entry->kind != EntryKind::kConfiguration || entry->index < summary.configuration_index ||
        !configuration.ParseFromString(entry->payload)) {
      continue;
    }
    summary.configuration = std::move(configuration);
    summary.configuration_index = entry->index;
  }
  return summary;
}

// Collects what is wrong.
class Verifier {
 public:
  explicit Verifier(VerifyReport* report) : report_(report) {}

  void Add(std::string_view key, std::string_view value) {
    ++report_->records;
    report_->bytes += key.size() + value.size();
    const std::optional<disk::Key> decoded = disk::DecodeKey(key);
    Status alone;
    if (decoded && decoded->type == disk::RecordType::kEntry) {
      alone = disk::DecodeEntry(key, value).status();
    } else if (decoded) {
      alone = disk::Unframe(key, value, disk::Describe(*decoded)).status();
    }
    if (!alone.ok()) Problem(alone.message());
    if (!together_.ok()) return;  // The first that does not fit makes the rest not fit either.
    together_ = recovery_.Add(key, value);
    if (alone.ok() && !together_.ok()) Problem(together_.message());
  }
  void Problem(const std::string& what) {
    if (report_->problems.size() < VerifyReport::kMaxProblems) {
      report_->problems.push_back(what);
    } else {
      ++report_->more_problems;
    }
  }
  void Finish(uint64_t reported) {
    if (!together_.ok()) return;
    const Status status = recovery_.Finish(reported).status();
    if (!status.ok()) Problem(status.message());
  }

 private:
  VerifyReport* report_;
  disk::DiskRecovery recovery_;
  Status together_;
};

}  // namespace

LogReader::LogReader(std::unique_ptr<LevelDbStorage> storage, Recovered recovered)
    : storage_(std::move(storage)),
      summary_(Summarize(recovered)),
      entries_(std::move(recovered.entries)) {}

Result<std::unique_ptr<LogReader>> LogReader::Open(const std::string& directory) {
  ASSIGN_OR_RETURN(std::unique_ptr<LevelDbStorage> storage,
                   LevelDbStorage::Open(ReadOnly(directory)));
  ASSIGN_OR_RETURN(Recovered recovered, storage->Load());
  return std::unique_ptr<LogReader>(new LogReader(std::move(storage), std::move(recovered)));
}

Result<std::string> LogReader::ReadPiece(uint32_t number) {
  if (!summary_.snapshot) return NotFound("There is no snapshot in this log");
  return storage_->ReadPiece(summary_.snapshot->index(), number);
}

Result<VerifyReport> VerifyLog(const std::string& directory,
                               const std::function<void(const VerifyReport&)>& progress) {
  VerifyReport report;
  Verifier verifier(&report);
  const auto opened = LevelDbDirectory::Open(ReadOnly(directory));
  if (!opened.ok()) {
    if (opened.status().code() != StatusCode::kDataLoss) return opened.status();
    verifier.Problem(opened.status().message());
    return report;
  }
  report.torn_bytes = (*opened)->cut_bytes();
  leveldb::ReadOptions options;
  options.verify_checksums = true;
  options.fill_cache = false;
  const std::unique_ptr<leveldb::Iterator> it((*opened)->db()->NewIterator(options));
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    verifier.Add({it->key().data(), it->key().size()}, {it->value().data(), it->value().size()});
    if (report.records % kVerifyStep == 0) progress(report);
  }
  if (!it->status().ok()) {
    const Status why = (*opened)->Explain(it->status(), "read");
    if (why.code() != StatusCode::kDataLoss) return why;
    verifier.Problem("LevelDB cannot read all of its files: " + it->status().ToString());
  }
  verifier.Finish((*opened)->reported());
  progress(report);
  return report;
}

}  // namespace meseta::log
