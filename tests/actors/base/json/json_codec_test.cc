// The JSON codec: single rules by exact text, golden messages that a real Mesos wrote, and random
// messages of every API root type both ways.
#include "actors/base/json/json_codec.h"

#include <gtest/gtest.h>

#include <google/protobuf/util/message_differencer.h>
#include <rapidcheck/gtest.h>

#include <boost/json/serialize.hpp>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include "actors/messages/v1.h"
#include "tests/actors/base/json/random_message.h"

namespace meseta {
namespace {

namespace json = boost::json;

template <class Message>
std::string Failure(std::string_view text) {
  Message message;
  const Status status = FromJson(text, &message);
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << message.DebugString();
  return status.message();
}

template <class Message>
Message Read(std::string_view text) {
  Message message;
  const Status status = FromJson(text, &message);
  EXPECT_TRUE(status.ok()) << status << " for " << text;
  return message;
}

// ---- Writing.

TEST(JsonEncodeTest, WritesOnlyWhatIsSet) {
  EXPECT_EQ(ToJson(v1::TaskStatus()), "{}");
  v1::TaskStatus status;
  status.mutable_task_id()->set_value("t");
  status.set_state(v1::TASK_RUNNING);
  status.set_uuid(std::string("\0\x01\xff", 3));
  status.set_timestamp(3);
  EXPECT_EQ(ToJson(status),
            R"({"task_id":{"value":"t"},"state":"TASK_RUNNING","timestamp":3.0,"uuid":"AAH/"})");
}

TEST(JsonEncodeTest, WritesUnsetFieldsWithAnExplicitDefaultUnlessDeprecated) {
  v1::FrameworkInfo info;
  info.set_user("u");
  info.set_name("n");
  EXPECT_EQ(ToJson(info), R"({"user":"u","name":"n","failover_timeout":0.0,"checkpoint":false})");
}

TEST(JsonEncodeTest, WritesMapsAsObjectsInKeyOrder) {
  v1::TaskInfo task;
  (*task.mutable_limits())["mem"].set_value(64);
  (*task.mutable_limits())["cpus"].set_value(std::numeric_limits<double>::infinity());
  EXPECT_EQ(ToJson(task), R"({"limits":{"cpus":{"value":"Infinity"},"mem":{"value":64.0}}})");
}

// ---- Reading.

TEST(JsonDecodeTest, NumbersComeWholeWithFractionOrAsText) {
  for (const char* text : {"5", "5.0", "\"5\"", "5e0", "\"5.0\""}) {
    const auto time = Read<v1::TimeInfo>("{\"nanoseconds\":" + std::string(text) + "}");
    EXPECT_EQ(time.nanoseconds(), 5) << text;
  }
  EXPECT_EQ(Read<v1::TimeInfo>(R"({"nanoseconds":-9223372036854775808})").nanoseconds(),
            INT64_MIN);
  EXPECT_EQ(Read<v1::Value::Scalar>(R"({"value":2})").value(), 2.0);
  EXPECT_EQ(Read<v1::Value::Scalar>(R"({"value":"2.5"})").value(), 2.5);
  EXPECT_EQ(Read<v1::Value::Scalar>(R"({"value":"-Infinity"})").value(),
            -std::numeric_limits<double>::infinity());
}

TEST(JsonDecodeTest, NumbersThatDoNotFitAreRefused) {
  EXPECT_EQ(Failure<v1::TimeInfo>(R"({"nanoseconds":9223372036854775808})"),
            "The number for field 'nanoseconds' does not fit into int64");
  EXPECT_FALSE(Failure<v1::TimeInfo>(R"({"nanoseconds":0.5})").empty());
  EXPECT_FALSE(Failure<v1::TimeInfo>(R"({"nanoseconds":9.3e18})").empty());
  EXPECT_FALSE(Failure<v1::Value::Range>(R"({"begin":-1,"end":2})").empty());
  EXPECT_FALSE(Failure<v1::Value::Range>(R"({"begin":1,"end":18446744073709551616})").empty());
  EXPECT_FALSE(Failure<v1::Port>(R"({"number":4294967296})").empty());
  EXPECT_FALSE(Failure<v1::Address>(R"({"port":-2147483649})").empty());
  EXPECT_EQ(Failure<v1::Value::Scalar>(R"({"value":"NaN"})"),
            "Failed to parse 'NaN' as a JSON number for field 'value'");
  EXPECT_FALSE(Failure<v1::Value::Scalar>(R"({"value":"1x"})").empty());
  EXPECT_FALSE(Failure<v1::Value::Scalar>(R"({"value":"true"})").empty());
}

TEST(JsonDecodeTest, UnknownNamesAreSkippedAndNullIsAbsent) {
  const auto id = Read<v1::TaskID>(R"({"value":"t","other":{"deep":[1,{"x":null}]}})");
  EXPECT_EQ(id.value(), "t");
  EXPECT_FALSE(Read<v1::Offer::Operation>(R"({"type":null})").has_type());
  EXPECT_EQ(Failure<v1::TaskID>(R"({"value":null})"), "Missing required fields: value");
}

TEST(JsonDecodeTest, UnknownEnumNamesAreDroppedUnlessRequired) {
  EXPECT_FALSE(Read<v1::scheduler::Call>(R"({"type":"NO_SUCH"})").has_type());
  EXPECT_EQ(Failure<v1::TaskStatus>(R"({"task_id":{"value":"t"},"state":"NO_SUCH"})"),
            "Failed to find enum for 'NO_SUCH'");
  EXPECT_EQ(Failure<v1::scheduler::Call>(R"({"type":1})"),
            "Not expecting a JSON number for field 'type'");
}

TEST(JsonDecodeTest, MissingRequiredFieldsAreNamed) {
  EXPECT_EQ(Failure<v1::WeightInfo>("{}"), "Missing required fields: weight");
  EXPECT_EQ(Failure<v1::TaskInfo>(R"({"task_id":{"value":"t"},"agent_id":{}})"),
            "Missing required fields: name, agent_id.value");
}

TEST(JsonDecodeTest, WrongKindsAreNamed) {
  EXPECT_EQ(Failure<v1::TaskID>("[]"), "Expecting a JSON object");
  EXPECT_EQ(Failure<v1::TaskID>("1"), "Expecting a JSON object");
  EXPECT_EQ(Failure<v1::TaskID>(R"({"value":1})"), "Not expecting a JSON number for field 'value'");
  EXPECT_EQ(Failure<v1::TaskID>(R"({"value":{}})"),
            "Not expecting a JSON object for field 'value'");
  EXPECT_EQ(Failure<v1::TaskID>(R"({"value":["a"]})"),
            "Not expecting a JSON array for field 'value'");
  EXPECT_EQ(Failure<v1::TaskID>(R"({"value":true})"),
            "Not expecting a JSON boolean for field 'value'");
  EXPECT_EQ(Failure<v1::Offer>(R"({"id":"o"})"), "Not expecting a JSON string for field 'id'");
  EXPECT_FALSE(Failure<v1::TaskInfo>(R"({"limits":["a"]})").empty());
  EXPECT_FALSE(Failure<v1::FrameworkInfo>(R"({"checkpoint":1})").empty());
  EXPECT_FALSE(Failure<v1::FrameworkInfo>(R"({"checkpoint":"True"})").empty());
  EXPECT_FALSE(Failure<v1::FrameworkInfo>(R"({"roles":[["a"]]})").empty());
}

TEST(JsonDecodeTest, BytesAreLenientBase64) {
  const std::string uuid = R"({"agent_id":{"value":"a"},"task_id":{"value":"t"},"uuid":)";
  using Acknowledge = v1::scheduler::Call::Acknowledge;
  EXPECT_EQ(Read<Acknowledge>(uuid + R"("jhadf73jhakdlfha723adf"})").uuid().size(), 16U);
  EXPECT_EQ(Failure<Acknowledge>(uuid + R"("a%"})"),
            "Failed to base64 decode bytes field 'uuid': Invalid character '%'");
}

TEST(JsonDecodeTest, OneValueStandsForAnArrayOfOne) {
  const auto info = Read<v1::FrameworkInfo>(
      R"({"user":"u","name":"n","roles":"web","capabilities":{"type":"MULTI_ROLE"}})");
  ASSERT_EQ(info.roles_size(), 1);
  EXPECT_EQ(info.capabilities_size(), 1);
  EXPECT_EQ(Read<v1::FrameworkInfo>(R"({"user":"u","name":"n","roles":["a",null]})").roles_size(),
            1);
}

TEST(JsonDecodeTest, Maps) {
  const auto quota = Read<v1::quota::QuotaConfig>(
      R"({"role":"web","limits":{"cpus":{"value":1},"mem":null,"disk":{"value":"Infinity"}}})");
  EXPECT_EQ(quota.limits_size(), 2);
  EXPECT_EQ(quota.limits().at("cpus").value(), 1);
  EXPECT_EQ(Failure<v1::quota::QuotaConfig>(R"({"role":"web","limits":{"cpus":{}}})"),
            "Missing required fields: limits[0].value.value");
}

TEST(JsonDecodeTest, DurationsAreObjectsOrText) {
  const std::string start = R"({"agent_id":{"value":"a"},"max_grace_period":)";
  using Drain = v1::master::Call::DrainAgent;
  EXPECT_EQ(Read<Drain>(start + R"({"seconds":2,"nanos":5}})").max_grace_period().nanos(), 5);
  EXPECT_EQ(Read<Drain>(start + R"("2s"})").max_grace_period().seconds(), 2);
  EXPECT_EQ(Read<Drain>(start + R"("1.5mins"})").max_grace_period().seconds(), 90);
  EXPECT_FALSE(Failure<Drain>(start + R"("soon"})").empty());
  EXPECT_FALSE(Failure<Drain>(start + "2}").empty());
}

TEST(JsonDecodeTest, ReplacesWhatWasThere) {
  v1::Labels labels;
  labels.add_labels()->set_key("old");
  ASSERT_TRUE(FromJson("{}", &labels).ok());
  EXPECT_EQ(labels.labels_size(), 0);
}

TEST(JsonDecodeTest, DepthIsLimitedForTreesMadeElsewhere) {
  json::value value = json::object();
  for (int i = 0; i < 200; ++i) value = json::object{{"parent", std::move(value)}};
  v1::ContainerID id;
  EXPECT_EQ(FromJson(value, &id).message(), "Nested deeper than 100 levels");
}

TEST(JsonDecodeTest, Arrays) {
  const auto weights = ArrayFromJson<v1::WeightInfo>(*ParseJson(R"([{"role":"a","weight":2}])"));
  ASSERT_TRUE(weights.ok()) << weights.status();
  EXPECT_EQ(weights->at(0).weight(), 2);
  EXPECT_EQ(ArrayFromJson<v1::WeightInfo>(*ParseJson("[{}]")).status().message(),
            "Missing required fields: weight");
  EXPECT_EQ(ArrayFromJson<v1::WeightInfo>(*ParseJson("{}")).status().message(),
            "Expecting a JSON array");
}

// ---- Golden: what a real Mesos wrote is what we write back.

// Mesos' streamed answers have empty arrays where messages have nothing.
json::value WithoutEmptyArrays(const json::value& value) {
  if (value.is_array()) {
    json::array out;
    for (const auto& element : value.get_array()) out.push_back(WithoutEmptyArrays(element));
    return out;
  }
  if (!value.is_object()) return value;
  json::object out;
  for (const auto& member : value.get_object()) {
    if (member.value().is_array() && member.value().get_array().empty()) continue;
    out[member.key()] = WithoutEmptyArrays(member.value());
  }
  return out;
}

// Equal as JSON, and alike in what is written with a fraction: the library holds 1 and 1.0 apart.
template <class Message>
void ExpectGoldenRoundTrip(const std::string& name, size_t lines_min) {
  std::ifstream file(std::string(MESETA_SOURCE_DIR) + "/tests/actors/base/json/testdata/" + name);
  std::string line;
  size_t lines = 0;
  while (std::getline(file, line)) {
    ++lines;
    const auto expected = ParseJson(line);
    ASSERT_TRUE(expected.ok()) << expected.status();
    Message message;
    const Status status = FromJson(*expected, &message);
    ASSERT_TRUE(status.ok()) << status << "\n" << line;
    const auto written = ParseJson(ToJson(message));
    ASSERT_TRUE(written.ok()) << written.status();
    EXPECT_EQ(*written, WithoutEmptyArrays(*expected))
        << json::serialize(*written) << "\n" << line;
  }
  EXPECT_GE(lines, lines_min);
}

TEST(JsonGoldenTest, SchedulerEvents) {
  ExpectGoldenRoundTrip<v1::scheduler::Event>("scheduler_events.jsonl", 18);
}
TEST(JsonGoldenTest, MasterResponses) {
  ExpectGoldenRoundTrip<v1::master::Response>("master_responses.jsonl", 15);
}
TEST(JsonGoldenTest, MasterEvents) {
  ExpectGoldenRoundTrip<v1::master::Event>("master_events.jsonl", 7);
}
TEST(JsonGoldenTest, AgentResponses) {
  ExpectGoldenRoundTrip<v1::agent::Response>("agent_responses.jsonl", 11);
}

// ---- Random messages.

// Defaults are written out, so a message that was read has them set: compared are values, not
// presence.
template <class Message>
void ExpectRandomRoundTrip(uint64_t seed, int runs) {
  Rng rng(seed);
  for (int run = 0; run < runs; ++run) {
    Message message;
    test::FillRandomly(&message, &rng);
    const std::string text = ToJson(message);
    Message back;
    const Status status = FromJson(text, &back);
    ASSERT_TRUE(status.ok()) << status << "\n" << text;
    EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equivalent(message, back)) << text;
    EXPECT_EQ(ToJson(back), text);
  }
}

TEST(JsonRandomTest, MessagesRoundTrip) {
  constexpr int kRuns = 150;
  ExpectRandomRoundTrip<v1::scheduler::Call>(1, kRuns);
  ExpectRandomRoundTrip<v1::scheduler::Event>(2, kRuns);
  ExpectRandomRoundTrip<v1::executor::Call>(3, kRuns);
  ExpectRandomRoundTrip<v1::executor::Event>(4, kRuns);
  ExpectRandomRoundTrip<v1::master::Call>(5, kRuns);
  ExpectRandomRoundTrip<v1::master::Response>(6, kRuns);
  ExpectRandomRoundTrip<v1::master::Event>(7, kRuns);
  ExpectRandomRoundTrip<v1::agent::Call>(8, kRuns);
  ExpectRandomRoundTrip<v1::agent::Response>(9, kRuns);
  ExpectRandomRoundTrip<v1::TaskInfo>(10, kRuns);
}

}  // namespace
}  // namespace meseta
