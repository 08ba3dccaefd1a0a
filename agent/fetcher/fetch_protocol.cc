#include "agent/fetcher/fetch_protocol.h"

#include <algorithm>

#include "agent/launcher/shim_protocol.h"

namespace meseta::agent {
namespace {

using shim::FieldReader;
using shim::FrameWriter;
using shim::Key;

constexpr auto kFetchFrame = static_cast<shim::FrameType>(64);
// Values are part of the format: agent and helper may differ by an upgrade.
constexpr auto kSandbox = static_cast<Key>(64);
constexpr auto kUid = static_cast<Key>(65);
constexpr auto kGid = static_cast<Key>(66);
constexpr auto kGroup = static_cast<Key>(67);
constexpr auto kStallTimeoutNs = static_cast<Key>(68);
constexpr auto kUri = static_cast<Key>(69);  // Begins the next URI; the keys below belong to it.
constexpr auto kOutputFile = static_cast<Key>(70);
constexpr auto kExecutable = static_cast<Key>(71);
constexpr auto kExtract = static_cast<Key>(72);

void Write(const FetchSpec& spec, FrameWriter& writer) {
  writer.Bytes(kSandbox, spec.sandbox);
  if (spec.user.has_value()) {
    writer.Number(kUid, spec.user->uid);
    writer.Number(kGid, spec.user->gid);
    for (const uint32_t group : spec.user->groups) writer.Number(kGroup, group);
  }
  writer.Number(kStallTimeoutNs, spec.stall_timeout.nanos());
  for (const FetchUri& uri : spec.uris) {
    writer.Bytes(kUri, uri.value);
    writer.Bytes(kOutputFile, uri.output_file);
    writer.Number(kExecutable, uri.executable ? 1 : 0);
    writer.Number(kExtract, uri.extract ? 1 : 0);
  }
}

void ReadField(const FieldReader& field, FetchSpec* spec) {
  const auto number = static_cast<uint32_t>(field.number());
  const std::string text(field.value());
  if (field.key() == kSandbox) {
    spec->sandbox = text;
  } else if (field.key() == kUid) {
    spec->user.emplace().uid = number;
  } else if (field.key() == kGid && spec->user.has_value()) {
    spec->user->gid = number;
  } else if (field.key() == kGroup && spec->user.has_value()) {
    spec->user->groups.push_back(number);
  } else if (field.key() == kStallTimeoutNs) {
    spec->stall_timeout = Duration::Nanos(field.number());
  } else if (field.key() == kUri) {
    spec->uris.push_back({text, "", false, true});
  } else if (!spec->uris.empty()) {
    FetchUri& uri = spec->uris.back();
    if (field.key() == kOutputFile) uri.output_file = text;
    if (field.key() == kExecutable) uri.executable = number != 0;
    if (field.key() == kExtract) uri.extract = number != 0;
  }
}

}  // namespace

std::string EncodeFetchSpec(const FetchSpec& spec) {
  FrameWriter measure(nullptr, 0, kFetchFrame);
  Write(spec, measure);
  std::string frame(measure.size(), '\0');
  FrameWriter writer(frame.data(), frame.size(), kFetchFrame);
  Write(spec, writer);
  writer.Finish();
  return frame;
}

Result<FetchSpec> DecodeFetchSpec(std::string_view frame) {
  shim::FrameHeader header;
  if (frame.size() < shim::kFrameHeaderBytes ||
      !shim::ReadFrameHeader(frame.substr(0, shim::kFrameHeaderBytes), shim::kMaxFrameBytes,
                             &header) ||
      header.type != kFetchFrame || frame.size() != shim::kFrameHeaderBytes + header.length) {
    return InvalidArgument("The fetch request is malformed");
  }
  FetchSpec spec;
  FieldReader reader(frame.substr(shim::kFrameHeaderBytes));
  while (reader.Next()) ReadField(reader, &spec);
  if (!reader.ok() || spec.sandbox.empty()) {
    return InvalidArgument("The fetch request is malformed");
  }
  return spec;
}

std::string EncodeFetchAnswer(const Status& status) {
  if (status.ok()) return "ok\n";
  std::string sentence = status.message();
  for (char& c : sentence) {
    if (static_cast<unsigned char>(c) < ' ') c = ' ';
  }
  constexpr std::string_view kError = "error ";
  sentence.resize(std::min(sentence.size(), kMaxFetchAnswerBytes - kError.size() - 1));
  return std::string(kError) + sentence + "\n";
}

Status DecodeFetchAnswer(std::string_view answer) {
  if (answer == "ok\n") return OkStatus();
  if (answer.starts_with("error ") && answer.ends_with("\n")) {
    return Unavailable(std::string(answer.substr(6, answer.size() - 7)));
  }
  return Unavailable("The fetcher ended without an answer");
}

}  // namespace meseta::agent
