// Goal: whatever befalls the files of a replica's directory, it answers what was written or that it is
// damaged; never anything else. Method: small directories whose every byte is flipped, whose every
// file is cut at every length or deleted, and whose records are exchanged behind LevelDB's checksums;
// each result is compared with the states that the directory has gone through.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "actors/base/rng.h"
#include "state/log/leveldb_storage.h"
#include "tests/support/log/damage.h"
#include "tests/support/log/log_model.h"
#include "tests/support/log/log_writes.h"
#include "tests/support/log/storage_worlds.h"

namespace meseta::log {
namespace {

using ::testing::HasSubstr;

// A directory, the states it went through and its files after each.
struct History {
  std::vector<LogModel> states;
  std::vector<Files> files;  // With the storage closed; empty where it was not closed.
};

// What opening the directory came to.
struct Outcome {
  Status status;       // Of Open or Load.
  int state = -1;      // Of the history, by the sequence; -1: it does not equal that one.
  uint64_t cut_bytes = 0;
};

class DamageTest : public ::testing::Test {
 protected:
  // `lives` openings with `writes` each.
  static History MakeHistory(const std::string& directory, uint64_t seed, int lives, int writes) {
    History history;
    Rng rng(seed);
    LogModel model;
    for (int life = 0; life < lives; ++life) {
      LevelDbStorageOptions options;
      options.directory = directory;
      auto storage = LevelDbStorage::Open(options);
      CHECK(storage.ok()) << storage.status();
      CHECK((*storage)->Load().ok());
      for (int i = 0; i < writes; ++i) {
        const LogWrite write = model.Draw(&rng);
        CHECK((*storage)->Write({write}).ok());
        model.Apply(write);
        history.states.push_back(model);
        history.files.push_back(ReadFiles(directory));
      }
    }
    return history;
  }

  Outcome Open(const Files& files, const std::vector<LogModel>& states) {
    WriteFiles(directory, files);
    Outcome outcome;
    LevelDbStorageOptions options;
    options.directory = directory;
    auto storage = LevelDbStorage::Open(options);
    outcome.status = storage.status();
    if (!storage.ok()) return outcome;
    const auto loaded = (*storage)->Load();
    outcome.status = loaded.status();
    if (!loaded.ok()) return outcome;
    outcome.cut_bytes = loaded->cut_bytes;
    const uint64_t writes = loaded->sequence;
    if (writes > 0 && writes <= states.size() &&
        states[writes - 1].Difference(*loaded, storage->get()).empty()) {
      outcome.state = static_cast<int>(writes) - 1;
    }
    return outcome;
  }

  // The newest state, or a clear refusal.
  void ExpectNewestOrRefusal(const Files& files, const History& history,
                             const std::string& name = "") {
    const Outcome outcome = Open(files, history.states);
    if (outcome.status.ok()) {
      EXPECT_EQ(outcome.state, static_cast<int>(history.states.size()) - 1);
      if (name != Watermark::kFileName) ++intact;  // Which is mostly fill bytes.
      return;
    }
    ++refused;
    EXPECT_EQ(outcome.status.code(), StatusCode::kDataLoss) << outcome.status;
    EXPECT_THAT(outcome.status.message(), HasSubstr("'" + directory + "' is damaged: "));
    EXPECT_THAT(outcome.status.message(), HasSubstr("'meseta log restore'"));
  }
  // Some state that it went through, or a clear refusal.
  void ExpectSomeOrRefusal(const Files& files, const History& history) {
    const Outcome outcome = Open(files, history.states);
    if (outcome.status.ok()) {
      EXPECT_GE(outcome.state, 0);
    } else {
      EXPECT_EQ(outcome.status.code(), StatusCode::kDataLoss) << outcome.status;
    }
  }

  TemporaryDirectory temporary{TemporaryDirectory::kInMemory};
  std::string directory = temporary.path() + "/log";
  int intact = 0;
  int refused = 0;
};

// As after a power failure, which may take back what was not synced.
Files WithOldWatermark(Files files, const Files& old) {
  files[Watermark::kFileName] = old.at(Watermark::kFileName);
  return files;
}

TEST_F(DamageTest, UndamagedIsIntact) {
  const History history = MakeHistory(directory, 1, 3, 10);
  EXPECT_EQ(Open(history.files.back(), history.states).state, 29);
  EXPECT_EQ(Open(history.files[17], history.states).state, 17);
}

TEST_F(DamageTest, EveryFlippedByte) {
  for (const int lives : {1, 3}) {
    const History history = MakeHistory(directory + "x", 10 + lives, lives, 12 / lives);
    const Files& files = history.files.back();
    Rng rng(lives);
    for (const auto& [name, content] : files) {
      for (size_t at = 0; at < content.size(); ++at) {
        SCOPED_TRACE(name + " byte " + std::to_string(at));
        Files flipped = files;
        flipped[name][at] ^= static_cast<char>(1 << rng.Below(8));
        ExpectNewestOrRefusal(flipped, history, name);
        if (at % 7 == 0) {
          ExpectSomeOrRefusal(WithOldWatermark(flipped, history.files.front()), history);
        }
        if (HasFailure()) return;
      }
    }
    std::filesystem::remove_all(directory + "x");
  }
  EXPECT_GT(refused, 20 * intact) << intact;
}

TEST_F(DamageTest, EveryTruncation) {
  const History history = MakeHistory(directory, 21, 3, 5);
  const Files& files = history.files.back();
  for (const auto& [name, content] : files) {
    for (size_t size = 0; size < content.size(); ++size) {
      SCOPED_TRACE(name + " cut to " + std::to_string(size));
      Files cut = files;
      cut[name].resize(size);
      ExpectNewestOrRefusal(cut, history, name);
      if (size % 7 == 0) {
        ExpectSomeOrRefusal(WithOldWatermark(cut, history.files.front()), history);
      }
      if (HasFailure()) return;
    }
  }
  EXPECT_GT(refused, 20 * intact);
}

TEST_F(DamageTest, EveryDeletedFile) {
  const History history = MakeHistory(directory, 31, 3, 8);
  const Files& files = history.files.back();
  for (const auto& [name, content] : files) {
    SCOPED_TRACE(name);
    Files fewer = files;
    fewer.erase(name);
    const Outcome outcome = Open(fewer, history.states);
    EXPECT_EQ(outcome.status.code(), name == "LOCK" ? StatusCode::kOk : StatusCode::kDataLoss)
        << outcome.status;
    // The answer stays the same.
    if (!outcome.status.ok()) ExpectNewestOrRefusal(ReadFiles(directory), history);
  }
}

// A power failure within a write: whatever part of it reached the disk, in any order, what was
// acknowledged is there and nothing is taken for damage.
TEST_F(DamageTest, TornTailIsCut) {
  const History history = MakeHistory(directory, 41, 1, 6);
  LevelDbStorageOptions options;
  options.directory = directory;
  Files before = history.files.back();
  std::string name;
  for (const auto& [file, content] : before) {
    if (file.find(".log") != std::string::npos) name = file;
  }
  // The next write, three blocks long, at the end of the same file.
  std::vector<LogModel> states = history.states;
  std::string whole;
  {
    Rng rng(41);
    LogModel model;
    const std::string other = directory + "x";
    options.directory = other;
    auto storage = LevelDbStorage::Open(options);
    ASSERT_TRUE((*storage)->Load().ok());
    for (int i = 0; i < 6; ++i) {
      const LogWrite write = model.Draw(&rng);
      ASSERT_TRUE((*storage)->Write({write}).ok());
      model.Apply(write);
    }
    LogWrite write = WriteHardState(9, 9);
    write.identity = WriteIdentity(5, std::string(70'000, 'c'), "group").identity;
    ASSERT_TRUE((*storage)->Write({write}).ok());
    model.Apply(write);
    states.push_back(model);
    whole = ReadFiles(other).at(name);
  }
  ASSERT_EQ(whole.compare(0, before.at(name).size(), before.at(name)), 0);
  const size_t begin = before.at(name).size();
  ASSERT_GT(whole.size(), begin + 2 * 32 * 1024);
  const auto expect = [&](const std::string& content, int state) {
    Files files = before;
    files[name] = content;
    const Outcome outcome = Open(files, states);
    ASSERT_TRUE(outcome.status.ok()) << outcome.status;
    EXPECT_EQ(outcome.state, state);
    EXPECT_EQ(outcome.cut_bytes, state == 5 ? content.size() - begin : 0);
  };
  expect(whole, 6);
  for (size_t size = begin; size < whole.size(); size += size < begin + 100 ? 1 : 977) {
    SCOPED_TRACE("cut to " + std::to_string(size));
    expect(whole.substr(0, size), 5);
  }
  // Sectors that were not written, as zeros or as what was there before.
  Rng rng(42);
  for (int round = 0; round < 100; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    std::string content = whole;
    const size_t sector = 512 << rng.Below(4);
    for (int i = 0; i < 4; ++i) {
      const size_t at = std::max(begin, rng.Below(whole.size()) / sector * sector);
      const size_t size = std::min(sector, whole.size() - at);
      std::string fill(size, '\0');
      for (char& c : fill) c = round % 2 == 0 ? '\0' : static_cast<char>(rng.Below(256));
      content.replace(at, size, fill);
    }
    expect(content, 5);
  }
}

TEST_F(DamageTest, BrokenMiddleOfAWriteAheadFileIsFound) {
  // Many blocks, and a watermark that is no help.
  LogModel model;
  Files first;
  {
    LevelDbStorageOptions options;
    options.directory = directory;
    auto storage = LevelDbStorage::Open(options);
    ASSERT_TRUE((*storage)->Load().ok());
    ASSERT_TRUE((*storage)->Write({WriteHardState(1, 0)}).ok());
    first = ReadFiles(directory);
    for (Index i = 1; i <= 400; ++i) {
      ASSERT_TRUE((*storage)->Write({WriteCommands(i, i, 1, 400)}).ok());
    }
  }
  Files files = WithOldWatermark(ReadFiles(directory), first);
  for (auto& [name, content] : files) {
    if (name.find(".log") == std::string::npos) continue;
    const std::string whole = content;
    ASSERT_GT(whole.size(), 150'000u);
    for (size_t at = 0; at + 8192 < whole.size(); at += 1777) {
      SCOPED_TRACE(at);
      content = whole;
      content.replace(at, 4096, 4096, '\0');
      const Outcome outcome = Open(files, {});
      EXPECT_EQ(outcome.status.code(), StatusCode::kDataLoss) << outcome.status;
      EXPECT_THAT(outcome.status.message(), HasSubstr("corrupt"));
    }
    content = whole;
  }
}

// Records that LevelDB takes for good but that are not the ones written last.
TEST_F(DamageTest, ExchangedRecordsAreFound) {
  const History history = MakeHistory(directory, 51, 1, 60);
  const Files& files = history.files.back();
  WriteFiles(directory, files);
  const auto records = ReadRecords(directory);
  // Older versions of the same records.
  WriteFiles(directory, history.files[45]);
  const auto older = ReadRecords(directory);
  int cases = 0;
  const auto expect_found = [&](const disk::Key& key, const std::string& value) {
    WriteFiles(directory, files);
    RewriteRecord(directory, key, [&](const std::string&, std::string* v) { *v = value; });
    const Outcome outcome = Open(ReadFiles(directory), history.states);
    EXPECT_EQ(outcome.status.code(), StatusCode::kDataLoss) << outcome.state;
    ++cases;
  };
  std::string previous;
  for (const auto& [raw, value] : records) {
    const auto key = disk::DecodeKey(raw);
    ASSERT_TRUE(key.has_value());
    SCOPED_TRACE(disk::Describe(*key));
    expect_found(*key, "");         // Gone.
    expect_found(*key, previous.empty() ? "x" : previous);  // Of another key.
    previous = value;
    std::string flipped = value;
    flipped[flipped.size() / 2] ^= 4;
    expect_found(*key, flipped);
    const auto old = older.find(raw);
    if (old != older.end() && old->second != value) expect_found(*key, old->second);
  }
  EXPECT_GT(cases, 40);
}

TEST_F(DamageTest, SetAsideKeepsTheNewest) {
  std::vector<std::string> names;
  for (int i = 1; i <= 5; ++i) {
    WriteFiles(directory, {{"which", std::to_string(i)}});
    const auto aside = SetAsideDirectory(directory + "/");
    ASSERT_TRUE(aside.ok()) << aside.status();
    EXPECT_EQ(*aside, directory + ".corrupt-" + std::to_string(i));
    EXPECT_FALSE(std::filesystem::exists(directory));
    EXPECT_EQ(ReadFiles(*aside).at("which"), std::to_string(i));
  }
  std::set<std::string> left;
  for (const auto& item : std::filesystem::directory_iterator(temporary.path())) {
    left.insert(item.path().filename().string());
  }
  EXPECT_EQ(left, (std::set<std::string>{"log.corrupt-3", "log.corrupt-4", "log.corrupt-5"}));
  EXPECT_EQ(SetAsideDirectory(directory).status().code(), StatusCode::kUnavailable);
}

TEST_F(DamageTest, ANewerFormatIsRefused) {
  (void)MakeHistory(directory, 61, 1, 3);
  internal::LogIdentity identity;
  identity.set_format(2);
  const auto put = [](const std::string& body) {
    return [body](const std::string& key, std::string* value) { disk::Frame(key, body, value); };
  };
  RewriteRecord(directory, disk::Key{disk::RecordType::kIdentity, 0, 0},
                put(identity.SerializeAsString()));
  const Outcome outcome = Open(ReadFiles(directory), {});
  EXPECT_EQ(outcome.status.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(outcome.status.message(), HasSubstr("format 2"));
}

}  // namespace
}  // namespace meseta::log
