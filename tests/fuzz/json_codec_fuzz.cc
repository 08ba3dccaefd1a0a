// The JSON parser and codec under hostile input. The first byte picks the message type, the rest is
// the text. Whatever is accepted must be written as JSON that is read back to the same text.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "actors/base/check.h"
#include "actors/base/json/base64.h"
#include "actors/base/json/json_codec.h"
#include "actors/messages/v1.h"

namespace meseta {
namespace {

std::unique_ptr<google::protobuf::Message> PickMessage(uint8_t choice) {
  switch (choice % 6) {
    case 0: return std::make_unique<v1::scheduler::Call>();
    case 1: return std::make_unique<v1::master::Call>();
    case 2: return std::make_unique<v1::agent::Call>();
    case 3: return std::make_unique<v1::executor::Call>();
    case 4: return std::make_unique<v1::TaskInfo>();
    default: return std::make_unique<v1::scheduler::Event>();
  }
}

void CheckMessage(std::string_view text, uint8_t choice) {
  const std::unique_ptr<google::protobuf::Message> message = PickMessage(choice);
  if (!FromJson(text, message.get()).ok()) return;
  const std::string written = ToJson(*message);
  const std::unique_ptr<google::protobuf::Message> back = PickMessage(choice);
  const Status status = FromJson(written, back.get());
  CHECK(status.ok()) << status << " for " << written;
  CHECK(ToJson(*back) == written) << written;
}

void CheckText(std::string_view text) {
  const Result<boost::json::value> parsed = ParseJson(text);
  CHECK(parsed.ok() || !parsed.status().message().empty());
  std::string quoted;
  AppendJsonString(text, &quoted);
  CHECK(ParseJson(quoted).ok()) << quoted;
  CHECK(Base64Decode(Base64Encode(text)).value() == text);
  const Result<std::string> decoded = Base64Decode(text);
  CHECK(!decoded.ok() || decoded->size() <= text.size());
}

}  // namespace
}  // namespace meseta

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  meseta::CheckText(text);
  meseta::CheckMessage(text, data[0]);
  return 0;
}
