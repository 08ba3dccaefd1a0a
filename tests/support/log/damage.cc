#include "tests/support/log/damage.h"

#include <leveldb/db.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>

#include "actors/base/check.h"

namespace meseta::log {
namespace {

std::unique_ptr<leveldb::DB> OpenBare(const std::string& directory) {
  leveldb::DB* db = nullptr;
  const leveldb::Status status = leveldb::DB::Open(leveldb::Options(), directory, &db);
  CHECK(status.ok()) << status.ToString();
  return std::unique_ptr<leveldb::DB>(db);
}

}  // namespace

Files ReadFiles(const std::string& directory) {
  Files files;
  for (const auto& item : std::filesystem::directory_iterator(directory)) {
    const std::string name = item.path().filename().string();
    if (name.rfind("LOG", 0) == 0) continue;
    std::ifstream file(item.path(), std::ios::binary);
    files[name].assign(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return files;
}

void WriteFiles(const std::string& directory, const Files& files) {
  std::filesystem::remove_all(directory);
  std::filesystem::create_directories(directory);
  for (const auto& [name, content] : files) {
    std::ofstream file(directory + "/" + name, std::ios::binary);
    file.write(content.data(), static_cast<std::streamsize>(content.size()));
    CHECK(file.good());
  }
}

std::map<std::string, std::string> ReadRecords(const std::string& directory) {
  const std::unique_ptr<leveldb::DB> db = OpenBare(directory);
  const std::unique_ptr<leveldb::Iterator> it(db->NewIterator(leveldb::ReadOptions()));
  std::map<std::string, std::string> records;
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    records[it->key().ToString()] = it->value().ToString();
  }
  CHECK(it->status().ok());
  return records;
}

void RewriteRecord(const std::string& directory, const disk::Key& key,
                   const std::function<void(const std::string& key, std::string* value)>& change) {
  const std::unique_ptr<leveldb::DB> db = OpenBare(directory);
  const std::string raw = disk::EncodeKey(key);
  std::string value;
  CHECK(db->Get(leveldb::ReadOptions(), raw, &value).ok());
  change(raw, &value);
  leveldb::WriteOptions options;
  options.sync = true;
  CHECK((value.empty() ? db->Delete(options, raw) : db->Put(options, raw, value)).ok());
}

}  // namespace meseta::log
