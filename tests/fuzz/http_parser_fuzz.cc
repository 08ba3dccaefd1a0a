// The parsers of what HTTP peers send: requests, responses, RecordIO, chunks. None may crash, hold
// more than it was given, or depend on how the bytes were cut.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "actors/base/check.h"
#include "actors/http/negotiation.h"
#include "actors/http/recordio.h"
#include "actors/http/request_parser.h"
#include "actors/http/response_parser.h"
#include "actors/http/url.h"

namespace meseta::http {
namespace {

using Phase = RequestParser::Phase;
constexpr size_t kMaxBody = 4096;
constexpr size_t kMaxHeader = 1024;

struct Outcome {
  Phase phase = Phase::kHeader;
  int error_status = 0;
  std::string method;
  std::string path;
  size_t headers = 0;
  std::string body;
  size_t consumed = 0;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome ParseRequest(std::string_view bytes, size_t step) {
  RequestParser parser(kMaxHeader);
  Outcome outcome;
  std::string held;
  while (parser.phase() != Phase::kFailed && parser.phase() != Phase::kComplete) {
    if (parser.phase() == Phase::kHeaderDone) {
      parser.ReadBody(kMaxBody, false);
    } else if (bytes.empty()) {
      break;
    } else {
      held += bytes.substr(0, step);
      bytes.remove_prefix(std::min(step, bytes.size()));
    }
    const size_t used = parser.Put(held);
    CHECK(used <= held.size());
    held.erase(0, used);
    outcome.consumed += used;
  }
  CHECK(parser.request().body.size() <= kMaxBody);
  outcome.phase = parser.phase();
  if (outcome.phase == Phase::kFailed) {
    CHECK(parser.error_status() >= 400 && parser.error_status() < 600);
    CHECK(!parser.error_text().empty());
    return outcome;  // How much was read before an error may depend on the cuts.
  }
  if (outcome.phase != Phase::kComplete) return outcome;
  outcome.method = parser.request().method;
  outcome.path = parser.request().path;
  outcome.headers = parser.request().headers.size();
  outcome.body = parser.request().body;
  (void)NegotiateAccept(parser.request());
  (void)AcceptsGzip(parser.request().headers);
  (void)parser.upgrade();
  return outcome;
}

void FuzzRequest(std::string_view bytes) {
  const Outcome whole = ParseRequest(bytes, bytes.size() + 1);
  Outcome cut = ParseRequest(bytes, 1);
  if (whole.phase == Phase::kComplete) CHECK(whole == cut);
  if (cut.phase == Phase::kComplete) CHECK(whole == cut);
}

void FuzzResponse(std::string_view bytes) {
  ResponseParser parser(false);
  std::string body;
  std::string held(bytes);
  for (;;) {
    const auto before = parser.phase();
    const size_t used = parser.Put(held, &body);
    CHECK(used <= held.size());
    held.erase(0, used);
    if (used == 0 && parser.phase() == before) break;
  }
  CHECK(body.size() <= bytes.size());
  parser.PutEnd();
  const auto phase = parser.phase();
  CHECK(phase == ResponseParser::Phase::kComplete || phase == ResponseParser::Phase::kFailed);
}

void FuzzRecords(std::string_view bytes) {
  RecordDecoder whole(1000);
  RecordDecoder cut(1000);
  const auto records = whole.Decode(bytes);
  std::vector<std::string> pieces;
  bool ok = true;
  for (size_t i = 0; i < bytes.size() && ok; ++i) {
    const auto decoded = cut.Decode(bytes.substr(i, 1));
    ok = decoded.ok();
    if (ok) pieces.insert(pieces.end(), decoded->begin(), decoded->end());
  }
  CHECK(ok == records.ok());
  if (ok) CHECK(pieces == *records);
}

}  // namespace
}  // namespace meseta::http

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace meseta::http;  // NOLINT: a C function of its own.
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  FuzzRequest(bytes);
  FuzzResponse(bytes);
  FuzzRecords(bytes);
  (void)ParseUrl(bytes);
  (void)ParseQuery(bytes);
  return 0;
}
