// The HTTP/1.1 exchange that turns a connection into a link. Pure.
//
//   GET /link HTTP/1.1                          HTTP/1.1 101 Switching Protocols
//   Host: master.example:5050                   Connection: Upgrade
//   Connection: Upgrade                         Upgrade: meseta-link
//   Upgrade: meseta-link
//   Authorization: Basic ...  (with a credential)
//
// Any other answer is a refusal, whose body is a sentence.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "actors/base/status.h"
#include "actors/net/credentials.h"

namespace meseta::net {

inline constexpr std::string_view kLinkPath = "/link";
inline constexpr std::string_view kLinkUpgrade = "meseta-link";
// Of the answer's head, and of a refusal's body that is read for its sentence.
inline constexpr size_t kMaxUpgradeAnswerBytes = 16 * 1024;

[[nodiscard]] std::string UpgradeRequest(const std::string& address,
                                         const std::optional<Credential>& credential);

// The answer of the accepting side.
[[nodiscard]] std::string UpgradeAccepted();

struct UpgradeAnswer {
  Status status;         // OK: the link's frames begin after `head_bytes`.
  size_t head_bytes = 0;
};

// Reads the answer; nothing while its head is incomplete. What is no HTTP answer, or is too long,
// is a failure.
[[nodiscard]] std::optional<UpgradeAnswer> ParseUpgradeAnswer(std::string_view bytes);

}  // namespace meseta::net
