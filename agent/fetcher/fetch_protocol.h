// What the agent tells meseta-fetcher over its stdin, and what it answers.
//
// The request is one frame in the format of agent/launcher/shim_protocol.h, of a type and with keys
// of its own. The answer is one line: "ok" or "error <sentence>", then the end of the stream. The
// agent keeps its end open meanwhile: when it closes, the helper stops.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/base/status.h"
#include "actors/base/time.h"
#include "agent/launcher/shim_messages.h"

namespace meseta::agent {

inline constexpr size_t kMaxFetchAnswerBytes = 4096;

struct FetchUri {
  std::string value;
  std::string output_file;  // Empty: the URI's own name.
  bool executable = false;
  bool extract = true;

  friend bool operator==(const FetchUri&, const FetchUri&) = default;
};

struct FetchSpec {
  std::string sandbox;          // Absolute; belongs to the user.
  std::optional<UserIds> user;  // None: no switch.
  Duration stall_timeout;       // Without a byte for so long, a download has failed.
  std::vector<FetchUri> uris;   // Fetched in this order.
};

std::string EncodeFetchSpec(const FetchSpec& spec);
// REQUIRES: nothing of `frame`; anything but a whole frame is an error.
Result<FetchSpec> DecodeFetchSpec(std::string_view frame);

std::string EncodeFetchAnswer(const Status& status);
// An answer that is cut or missing means that the helper was killed.
Status DecodeFetchAnswer(std::string_view answer);

}  // namespace meseta::agent
