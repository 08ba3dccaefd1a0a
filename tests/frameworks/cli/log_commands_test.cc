// meseta log restore, inspect, verify and backup: the real program on real directories, and against an
// HTTP server that stands for a leading master.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "actors/base/json/json_parser.h"
#include "actors/daemon/network.h"
#include "actors/http/router.h"
#include "state/store/backup_file_posix.h"
#include "tests/frameworks/cli/program.h"
#include "tests/state/store/kv_testing.h"

namespace meseta::cli {
namespace {

using testing::HasSubstr;

struct Outcome {
  int code = 0;
  std::string out;
  std::string err;
};

Outcome Meseta(std::vector<std::string> args) {
  args.insert(args.begin(), std::string(MESETA_BINARY_DIR) + "/bin/meseta");
  Program program(args);
  const int code = program.Wait();
  return {code, program.out(), program.err()};
}

std::string SomeBackup() {
  store::KvState state;
  store::Batch batch = store::PutBatch("agent/1", std::string(2'000'000, 'v'));
  batch.changes.push_back(store::Change{"agent/2", "w"});
  (void)state.Apply(41, 3, store::CommandOf({batch}));
  state.Advance(41);
  internal::StoreBackupHeader header;
  header.set_cluster_id("11111111-2222");
  header.set_group("registry");
  header.set_term(3);
  store::BackupSource source(state.View(), header);
  std::string all;
  std::string bytes;
  while (source.Next(&bytes)) all += bytes;
  return all;
}

class LogCommandsTest : public testing::Test {
 protected:
  LogCommandsTest() {
    std::ofstream(File("backup"), std::ios::binary) << SomeBackup();
  }
  std::string File(const std::string& name) const { return folder_.path() + "/" + name; }
  Outcome Restore(std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"log", "restore", "--file=" + File("backup"), "--dir=" + File("log")});
    return Meseta(more);
  }
  TempFolder folder_;
};

TEST_F(LogCommandsTest, RestoreMakesALogThatIsSound) {
  const Outcome restored = Restore();
  ASSERT_EQ(restored.code, 0) << restored.err;
  EXPECT_THAT(restored.out, HasSubstr("Restored 2 keys into " + File("log")));
  EXPECT_THAT(restored.out, HasSubstr("term 1000003"));
  const Outcome again = Restore();
  EXPECT_NE(again.code, 0);
  EXPECT_THAT(again.err, HasSubstr("is not empty"));

  const Outcome verified = Meseta({"log", "verify", "--dir=" + File("log")});
  EXPECT_EQ(verified.code, 0) << verified.err;
  EXPECT_THAT(verified.out, HasSubstr("is sound"));

  const Outcome text = Meseta({"log", "inspect", "--dir=" + File("log"), "--keys", "--entries"});
  EXPECT_EQ(text.code, 0) << text.err;
  EXPECT_THAT(text.out, HasSubstr("11111111-2222"));
  EXPECT_THAT(text.out, HasSubstr("'agent/1'"));
  const Outcome json = Meseta({"log", "inspect", "--dir=" + File("log"), "--json", "--keys"});
  const auto parsed = ParseJson(json.out);
  ASSERT_TRUE(parsed.ok()) << json.out;
  const auto& object = parsed->as_object();
  EXPECT_EQ(object.at("keys").to_number<int>(), 2);
  EXPECT_EQ(object.at("term").to_number<int>(), 1'000'003);
  EXPECT_EQ(object.at("snapshot").as_object().at("index").to_number<int>(), 41);
  EXPECT_EQ(object.at("key_list").as_array().size(), 2U);
}

TEST_F(LogCommandsTest, ABackupOfADirectoryRestoresAgain) {
  ASSERT_EQ(Restore({"--new_cluster_id", "--address=host:5050"}).code, 0);
  const Outcome backup = Meseta({"log", "backup", "--dir=" + File("log"), "--out=" + File("second")});
  ASSERT_EQ(backup.code, 0) << backup.err;
  EXPECT_THAT(backup.out, HasSubstr("2 keys"));
  const Outcome refused = Meseta({"log", "backup", "--dir=" + File("log"), "--out=" + File("second")});
  EXPECT_NE(refused.code, 0);
  EXPECT_THAT(refused.err, HasSubstr("is there already"));
  const Outcome restored =
      Meseta({"log", "restore", "--file=" + File("second"), "--dir=" + File("log2"), "--json"});
  ASSERT_EQ(restored.code, 0) << restored.err;
  const auto parsed = ParseJson(restored.out);
  ASSERT_TRUE(parsed.ok()) << restored.out;
  EXPECT_EQ(parsed->as_object().at("term").to_number<int>(), 2'000'003);
  EXPECT_NE(parsed->as_object().at("cluster_id").as_string(), "11111111-2222");
}

TEST_F(LogCommandsTest, DamageIsFoundAndSaid) {
  ASSERT_EQ(Restore().code, 0);
  // A byte in the middle of the largest file: of the value.
  std::string largest;
  uintmax_t size = 0;
  for (const auto& entry : std::filesystem::directory_iterator(File("log"))) {
    if (entry.is_regular_file() && entry.file_size() > size) {
      size = entry.file_size();
      largest = entry.path();
    }
  }
  ASSERT_FALSE(largest.empty());
  {
    std::fstream file(largest, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(size / 2));
    file.put('\xa5');
    file.put('\x5a');
  }
  const Outcome verified = Meseta({"log", "verify", "--dir=" + File("log")});
  EXPECT_EQ(verified.code, 1) << verified.out;
  EXPECT_THAT(verified.err, HasSubstr("is damaged"));
  const Outcome backup = Meseta({"log", "backup", "--dir=" + File("log"), "--out=" + File("second")});
  EXPECT_NE(backup.code, 0);
  EXPECT_FALSE(std::filesystem::exists(File("second")));
  const Outcome missing = Meseta({"log", "verify", "--dir=" + File("nothing")});
  EXPECT_NE(missing.code, 0);
  EXPECT_THAT(missing.err, HasSubstr(File("nothing")));
}

TEST_F(LogCommandsTest, BackupOfARunningMasterIsCheckedBeforeItIsKept) {
  std::string served = SomeBackup();
  http::Router router;
  router.Add(store::kBackupPath, {}, [&served](const http::Request&, const http::ResponderPtr& to) {
    http::Response response;
    response.status = 200;
    response.body = served;
    to->Send(std::move(response));
  });
  daemon::NetworkFlags flags;
  flags.port = 0;
  auto network = daemon::Network::Open(flags, {});
  ASSERT_TRUE(network.ok()) << network.status();
  (*network)->Serve(std::move(router));
  const std::string master = "--master=127.0.0.1:" + std::to_string((*network)->port());
  const Outcome backup = Meseta({"log", "backup", master, "--out=" + File("online")});
  EXPECT_EQ(backup.code, 0) << backup.err;
  EXPECT_THAT(backup.out, HasSubstr("2 keys"));
  served.resize(served.size() - 10);
  const Outcome cut = Meseta({"log", "backup", master, "--out=" + File("cut")});
  EXPECT_NE(cut.code, 0);
  EXPECT_THAT(cut.err, HasSubstr("its end is missing"));
  EXPECT_FALSE(std::filesystem::exists(File("cut")));
  (*network)->Stop();
}

TEST_F(LogCommandsTest, MissingFlagsAreNamed) {
  EXPECT_THAT(Meseta({"log", "inspect"}).err, HasSubstr("--dir"));
  EXPECT_THAT(Meseta({"log", "restore", "--dir=x"}).err, HasSubstr("--file"));
  EXPECT_THAT(Meseta({"log", "backup", "--dir=x"}).err, HasSubstr("--out"));
}

}  // namespace
}  // namespace meseta::cli
