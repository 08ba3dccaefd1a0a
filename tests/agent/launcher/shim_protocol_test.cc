// Goal: the format of shim_protocol.h is what its header draws, byte for byte, survives garbage and
// lets newer peers say more. Method: golden bytes, round trips, every truncation.
#include "agent/launcher/shim_protocol.h"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <cerrno>

#include "agent/launcher/shim_messages.h"
#include "agent/launcher/shim_spec.h"

namespace meseta::agent {
namespace {

using shim::FieldReader;
using shim::FrameHeader;
using shim::FrameType;
using shim::FrameWriter;
using shim::Key;

std::string Hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    constexpr char kDigits[] = "0123456789abcdef";
    text += kDigits[static_cast<unsigned char>(c) >> 4];
    text += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

std::string Frame(FrameType type, int64_t pid, std::string_view text) {
  std::string buffer(256, '\0');
  FrameWriter writer(buffer.data(), buffer.size(), type);
  writer.Number(Key::kPid, pid);
  writer.Bytes(Key::kBootId, text);
  writer.Finish();
  buffer.resize(writer.size());
  return buffer;
}

TEST(ShimProtocol, GoldenBytes) {
  EXPECT_EQ(Hex(EncodeGo()), "4d53010300000000");
  EXPECT_EQ(Hex(EncodeHello()), "4d53010800000000");
  EXPECT_EQ(Hex(EncodeKill(Duration::Nanos(258))),
            "4d5301070e000000" "1b00" "08000000" "0201000000000000");
  EXPECT_EQ(Hex(Frame(FrameType::kRecord, -2, "ab")),
            "4d53010916000000" "1400" "08000000" "feffffffffffffff" "0200" "02000000" "6162");
}

TEST(ShimProtocol, GoldenSpec) {
  ShimSpec spec;
  spec.run_directory = "/r";
  spec.boot_id = "b";
  spec.sandbox = "/s";
  spec.executable = "/bin/sh";
  spec.arguments = {"sh", "-c"};
  spec.environment = {{"A", "1"}};
  spec.user = UserIds{1, 2, {3}};
  spec.rlimits = {{7, 8, 9}};
  spec.kill_grace = Duration::Nanos(3);
  spec.max_completion_time = Duration::Nanos(4);
  EXPECT_EQ(Hex(EncodeSpec(spec).value()),
            "4d530101a1000000"
            "0100020000002f72" "02000100000062" "0300020000002f73" "0400070000002f62696e2f7368"
            "0500020000007368" "0500020000002d63" "060003000000413d31"
            "0700080000000100000000000000" "0800080000000200000000000000"
            "0900080000000300000000000000"
            "0a0018000000" "0700000000000000" "0800000000000000" "0900000000000000"
            "0b00080000000300000000000000" "0c00080000000400000000000000");
}

TEST(ShimProtocol, HeaderRefusesStrangersAndTheFuture) {
  FrameHeader header;
  std::string go = EncodeGo();
  EXPECT_TRUE(shim::ReadFrameHeader(go, 0, &header));
  EXPECT_EQ(header.type, FrameType::kGo);
  std::string newer = go;
  newer[2] = shim::kShimProtocolVersion + 1;
  EXPECT_FALSE(shim::ReadFrameHeader(newer, 100, &header));
  EXPECT_FALSE(shim::ReadFrameHeader("GET / HT", 100, &header));
  go[4] = 101;
  EXPECT_FALSE(shim::ReadFrameHeader(go, 100, &header));
}

TEST(ShimProtocol, UnknownKeysAndTypesAreSkipped) {
  std::string frame = Frame(FrameType::kStarted, 77, "whatever");
  const std::string fields = std::string("\xff\x7f\x01\x00\x00\x00x", 7) + frame.substr(8);
  const auto event = DecodeEvent(FrameType::kStarted, fields);
  ASSERT_TRUE(event.has_value());
  EXPECT_EQ(std::get<ShimStarted>(*event).pid, 77);
  EXPECT_FALSE(DecodeEvent(static_cast<FrameType>(200), fields).has_value());
}

TEST(ShimProtocol, CutFilesAreNotBelieved) {
  const std::string file = Frame(FrameType::kRecord, 5, "boot");
  const auto record = DecodeRecord(file);
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->pid, 5);
  EXPECT_EQ(record->boot_id, "boot");
  for (size_t size = 0; size < file.size(); ++size) {
    EXPECT_FALSE(DecodeRecord(file.substr(0, size)).has_value()) << size;
  }
  EXPECT_FALSE(DecodeExitFile(file).has_value());
  EXPECT_FALSE(DecodeRecord(std::string(file.size(), '\0')).has_value());
}

TEST(ShimProtocol, LaunchFailureIsASentence) {
  std::string buffer(256, '\0');
  FrameWriter writer(buffer.data(), buffer.size(), FrameType::kLaunchFailed);
  writer.Number(Key::kStage, static_cast<int64_t>(shim::LaunchStage::kExec));
  writer.Number(Key::kErrno, ENOENT);
  writer.Bytes(Key::kDetail, "/no/such");
  writer.Finish();
  const auto event = DecodeEvent(FrameType::kLaunchFailed,
                                 std::string_view(buffer).substr(8, writer.size() - 8));
  EXPECT_EQ(std::get<ShimLaunchFailed>(*event).status.message(),
            "Failed to execute '/no/such': No such file or directory");
}

TEST(ShimProtocol, SpecRefusesZeroBytes) {
  ShimSpec spec;
  spec.executable = "/bin/sh";
  spec.arguments = {std::string("a\0b", 3)};
  EXPECT_EQ(EncodeSpec(spec).status().code(), StatusCode::kInvalidArgument);
  spec.arguments = {"a"};
  spec.environment = {{"X", std::string(1, '\0')}};
  EXPECT_EQ(EncodeSpec(spec).status().message(),
            "The environment variable 'X' holds a zero byte");
}

RC_GTEST_PROP(ShimProtocolProperty, SpecSurvivesTheWay,
              (const std::vector<uint8_t>& seed, uint32_t uid, int64_t grace)) {
  ShimSpec spec;
  spec.run_directory = "/run/x";
  spec.boot_id = "boot";
  spec.sandbox = "/sandbox";
  spec.executable = "prog";
  spec.arguments = {"prog"};
  for (const uint8_t length : seed) spec.arguments.push_back(std::string(length, 'a'));
  for (const uint8_t c : seed) spec.environment["N" + std::to_string(c)] = std::string(c, 'v');
  spec.user = UserIds{uid, uid + 1, {uid}};
  spec.kill_grace = Duration::Nanos(grace);
  std::string frame = EncodeSpec(spec).value() + '\0';
  char* fields = frame.data() + shim::kFrameHeaderBytes;
  const size_t length = frame.size() - 1 - shim::kFrameHeaderBytes;
  std::vector<char*> pointers(shim::CountPointers(fields, length));
  auto parsed = std::make_unique<shim::TaskSpec>();
  RC_ASSERT(shim::ParseSpec(fields, length, pointers.data(), parsed.get()));
  RC_ASSERT(parsed->sandbox == std::string("/sandbox"));
  for (size_t i = 0; i < spec.arguments.size(); ++i) {
    RC_ASSERT(parsed->arguments[i] == spec.arguments[i]);
  }
  RC_ASSERT(parsed->arguments[spec.arguments.size()] == nullptr);
  size_t i = 0;
  for (const auto& [name, value] : spec.environment) {
    RC_ASSERT(parsed->environment[i++] == name + "=" + value);
  }
  RC_ASSERT(parsed->environment[i] == nullptr);
  RC_ASSERT(parsed->uid == uid && parsed->switch_user && parsed->group_count == 1);
  RC_ASSERT(parsed->kill_grace_ns == grace);
}

RC_GTEST_PROP(ShimProtocolProperty, GarbageIsRefusedOrRead, (std::string bytes)) {
  bytes.push_back('\0');
  const size_t length = bytes.size() - 1;
  std::vector<char*> pointers(shim::CountPointers(bytes.data(), length));
  auto parsed = std::make_unique<shim::TaskSpec>();
  RC_ASSERT(!shim::ParseSpec(bytes.data(), length, pointers.data(), parsed.get()));
}

}  // namespace
}  // namespace meseta::agent
