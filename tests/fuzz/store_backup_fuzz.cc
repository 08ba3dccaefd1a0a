// A backup file of a store as hostile input: reading it ends with its content or with a Status.
// What is accepted can be backed up again.
//
// Input: {kind u8, rest}. Kind 0 mod 2: the rest is a file. Else it is {size u16, header, {size
// u16, piece}*}, which is framed with the right sizes and checksums, so that what is behind them is
// reached.
#include <google/protobuf/stubs/logging.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "actors/base/check.h"
#include "actors/base/crc32c.h"
#include "state/store/backup.h"
#include "state/store/little_endian.h"
#include "tests/fuzz/fuzz_input.h"

namespace meseta::store {
namespace {

std::string Framed(fuzz::Input* input) {
  std::string file = "MSBK";
  const std::string_view header = input->TakeSized();
  PutU32(kBackupFormat, &file);
  PutU32(static_cast<uint32_t>(header.size()), &file);
  PutU32(Crc32c(header), &file);
  file += header;
  uint32_t pieces = 0, checksum = 0;
  uint64_t bytes = 0;
  while (!input->empty()) {
    const std::string_view piece = input->TakeSized();
    if (piece.empty()) continue;
    PutU32(static_cast<uint32_t>(piece.size()), &file);
    PutU32(Crc32c(piece), &file);
    file += piece;
    ++pieces;
    bytes += piece.size();
    checksum = Crc32c(piece, checksum);
  }
  PutU32(0, &file);
  PutU32(pieces, &file);
  PutU64(bytes, &file);
  PutU32(checksum, &file);
  return file + "KBSM";
}

struct Backup {
  internal::StoreBackupHeader header;
  KvContent content;
};

Result<Backup> Read(std::string_view file, size_t part) {
  uint64_t bytes = 0;
  bool begun = false;
  BackupReader reader(
      [&begun](const internal::StoreBackupHeader& /*header*/) {
        CHECK(!begun);
        begun = true;
        return OkStatus();
      },
      [&bytes](std::string_view piece) {
        bytes += piece.size();
        return OkStatus();
      });
  for (; !file.empty(); file.remove_prefix(std::min(part, file.size()))) {
    if (!reader.Add(file.substr(0, part)).ok()) break;
  }
  Result<KvContent> content = reader.Finish();
  if (!content.ok()) return content.status();
  CHECK(begun && bytes > 0);
  return Backup{reader.header(), std::move(*content)};
}

std::string Write(Backup backup) {
  BackupSource source(std::move(backup.content), backup.header.index(), backup.header);
  std::string file, part;
  while (source.Next(&part)) file += part;
  return file;
}

}  // namespace
}  // namespace meseta::store

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace meseta::store;
  static const google::protobuf::LogSilencer silencer;  // Of complaints about texts.
  meseta::fuzz::Input input(data, size);
  const uint8_t kind = input.Byte();
  const std::string file = kind % 2 == 0 ? std::string(input.TakeRest()) : Framed(&input);
  meseta::Result<Backup> whole = Read(file, file.size() + 1);
  const meseta::Result<Backup> parts = Read(file, size_t{1} + kind);
  CHECK(whole.ok() == parts.ok()) << whole.status() << " but in parts " << parts.status();
  if (!whole.ok()) return 0;
  const size_t keys = whole->content.items.size();
  const std::string again = Write(std::move(*whole));
  const meseta::Result<Backup> reread = Read(again, again.size());
  CHECK(reread.ok()) << reread.status();
  CHECK(reread->content.items.size() == keys);
  return 0;
}
