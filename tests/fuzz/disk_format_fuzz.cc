// The records of a replica's disk, and the write-ahead file under them, as hostile input: whatever they
// hold, reading them ends with a state whose parts fit together or with a Status.
//
// Input: {key size u8, value size u16, key, value}*, as records in this order; a value's checksum is
// put right when the highest bit of the key's size is set, so that what is behind it is reached. The
// same bytes are also read as a write-ahead file.
#include <google/protobuf/stubs/logging.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "actors/base/check.h"
#include "state/log/disk_format.h"
#include "state/log/disk_recovery.h"
#include "state/log/wal_tail.h"

namespace meseta::log {
namespace {

std::string_view Take(std::string_view* bytes, size_t size) {
  const std::string_view taken = bytes->substr(0, size);
  bytes->remove_prefix(taken.size());
  return taken;
}

void CheckRecovered(const Recovered& recovered) {
  for (size_t i = 1; i < recovered.entries.size(); ++i) {
    CHECK(recovered.entries[i]->index == recovered.entries[i - 1]->index + 1);
    CHECK(recovered.entries[i]->term >= recovered.entries[i - 1]->term);
  }
  if (recovered.entries.empty()) return;
  CHECK(recovered.entries.back()->term <= recovered.hard.term);
  const Index snapshot = recovered.snapshot ? recovered.snapshot->index() : 0;
  CHECK(recovered.entries.front()->index <= snapshot + 1);
  CHECK(recovered.entries.back()->index >= snapshot);
}

class NoSink : public disk::BatchSink {
 public:
  void Put(std::string_view /*key*/, std::string_view /*value*/) override {}
  void Delete(std::string_view /*key*/) override {}
};

void ReadRecords(std::string_view bytes) {
  disk::DiskRecovery recovery;
  while (bytes.size() >= 3) {
    const auto size = static_cast<uint8_t>(bytes[0]);
    const size_t value_size = static_cast<uint8_t>(bytes[1]) << 8 | static_cast<uint8_t>(bytes[2]);
    bytes.remove_prefix(3);
    const std::string_view key = Take(&bytes, size & 0x7f);
    std::string value(Take(&bytes, value_size));
    if ((size & 0x80) != 0 && value.size() >= 4) {
      disk::Frame(key, std::string(value.substr(4)), &value);
    }
    if (!recovery.Add(key, value).ok()) return;
  }
  const Result<Recovered> recovered = recovery.Finish(0);
  if (!recovered.ok()) return;
  CheckRecovered(*recovered);
  // What was read can be written on.
  disk::DiskCatalog catalog = recovery.TakeCatalog();
  LogWrite write;
  write.hard = HardState{recovered->hard.term, 1};
  NoSink sink;
  CHECK(catalog.Apply({write}, &sink).ok());
}

}  // namespace
}  // namespace meseta::log

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace meseta::log;
  static const google::protobuf::LogSilencer silencer;  // Of complaints about texts.
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  ReadRecords(bytes);
  const WalScan scan = ScanWal(bytes);
  CHECK(scan.intact_bytes <= size);
  CHECK(scan.broken || !scan.batch_after);
  const WalScan kept = ScanWal(bytes.substr(0, scan.intact_bytes));
  CHECK(!kept.broken);
  CHECK(kept.intact_bytes == scan.intact_bytes);
  return 0;
}
