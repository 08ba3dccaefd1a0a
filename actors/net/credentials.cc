#include "actors/net/credentials.h"

#include <boost/json.hpp>
#include <algorithm>
#include <utility>

#include "actors/base/json/base64.h"

namespace meseta::net {
namespace {

namespace json = boost::json;

constexpr std::string_view kSpace = " \t\r\n";
constexpr std::string_view kForms =
    "expected {\"credentials\": [{\"principal\": \"...\", \"secret\": \"...\"}]} "
    "or lines of \"principal secret\"";

std::string_view Trim(std::string_view text) {
  const size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

Status CheckCredential(const Credential& credential, const std::string& where) {
  if (credential.principal.empty()) return InvalidArgument(where + " has an empty principal");
  if (credential.principal.size() > kMaxPrincipalBytes) {
    return InvalidArgument(where + " has a principal longer than " +
                           std::to_string(kMaxPrincipalBytes) + " bytes");
  }
  if (credential.principal.find(':') != std::string::npos) {
    return InvalidArgument("principal '" + credential.principal +
                           "' contains ':', which HTTP basic authentication does not allow");
  }
  if (credential.secret.size() > kMaxSecretBytes) {
    return InvalidArgument(where + " has a secret longer than " + std::to_string(kMaxSecretBytes) +
                           " bytes");
  }
  return OkStatus();
}

Result<Credential> FromJson(const json::value& value, const std::string& where) {
  const json::object* object = value.if_object();
  if (object == nullptr) return InvalidArgument(where + " is not a JSON object");
  const json::value* principal = object->if_contains("principal");
  if (principal == nullptr || !principal->is_string()) {
    return InvalidArgument(where + " has no string \"principal\"");
  }
  const json::value* secret = object->if_contains("secret");
  if (secret != nullptr && !secret->is_string()) {
    return InvalidArgument(where + " has a \"secret\" that is not a string");
  }
  Credential credential;
  credential.principal = std::string(principal->get_string());
  if (secret != nullptr) credential.secret = std::string(secret->get_string());
  RETURN_IF_ERROR(CheckCredential(credential, where));
  return credential;
}

Result<Credential> FromLine(std::string_view line, const std::string& where) {
  const size_t end = line.find_first_of(kSpace);
  if (end == std::string_view::npos) {
    return InvalidArgument(where + " is not \"principal secret\"");
  }
  Credential credential;
  credential.principal = std::string(line.substr(0, end));
  credential.secret = std::string(Trim(line.substr(end)));
  if (credential.secret.find_first_of(kSpace) != std::string::npos) {
    return InvalidArgument(where + " has more than a principal and a secret");
  }
  RETURN_IF_ERROR(CheckCredential(credential, where));
  return credential;
}

Result<json::value> ParseJson(std::string_view text) {
  json::error_code error;
  json::value value = json::parse(json::string_view(text.data(), text.size()), error);
  if (error) return InvalidArgument("the JSON is malformed: " + error.message());
  return value;
}

Result<Credentials> ListFromJson(std::string_view text) {
  ASSIGN_OR_RETURN(const json::value value, ParseJson(text));
  const json::object* object = value.if_object();
  const json::value* list = object == nullptr ? nullptr : object->if_contains("credentials");
  if (list == nullptr || !list->is_array()) {
    return InvalidArgument("there is no list \"credentials\": " + std::string(kForms));
  }
  Credentials credentials;
  size_t n = 0;
  for (const json::value& entry : list->get_array()) {
    ASSIGN_OR_RETURN(Credential one, FromJson(entry, "credential " + std::to_string(++n)));
    RETURN_IF_ERROR(credentials.Add(std::move(one)));
  }
  return credentials;
}

// Calls `use(line, "line N")` for each line that is not empty or a comment.
template <class Use>
Status ForEachLine(std::string_view text, Use use) {
  size_t n = 0;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = Trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    ++n;
    if (line.empty() || line.front() == '#') continue;
    RETURN_IF_ERROR(use(line, "line " + std::to_string(n)));
  }
  return OkStatus();
}

bool SameSecret(const std::string& a, const std::string& b) {
  unsigned difference = a.size() == b.size() ? 0 : 1;
  for (size_t i = 0; i < a.size(); ++i) {
    const char other = b.empty() ? '\0' : b[i % b.size()];
    difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(other);
  }
  return difference == 0;
}

}  // namespace

Result<Credentials> Credentials::Parse(std::string_view text) {
  if (text.size() > kMaxCredentialsBytes) {
    return InvalidArgument("the credentials are longer than " +
                           std::to_string(kMaxCredentialsBytes) + " bytes");
  }
  text = Trim(text);
  if (text.empty()) return InvalidArgument("there are no credentials: " + std::string(kForms));
  if (text.front() == '{' || text.front() == '[') return ListFromJson(text);
  Credentials credentials;
  RETURN_IF_ERROR(ForEachLine(text, [&](std::string_view line, const std::string& where) -> Status {
    ASSIGN_OR_RETURN(Credential one, FromLine(line, where));
    return credentials.Add(std::move(one));
  }));
  return credentials;
}

Status Credentials::Add(Credential credential) {
  const auto [at, added] = secrets_.emplace(credential.principal, std::move(credential.secret));
  if (!added) return InvalidArgument("principal '" + at->first + "' is listed twice");
  return OkStatus();
}

bool Credentials::Check(const Credential& credential) const {
  const auto found = secrets_.find(credential.principal);
  return found != secrets_.end() && SameSecret(credential.secret, found->second);
}

Result<Credential> ParseCredential(std::string_view text) {
  text = Trim(text);
  if (text.size() > kMaxCredentialsBytes) return InvalidArgument("the credential is too long");
  if (!text.empty() && text.front() == '{') {
    ASSIGN_OR_RETURN(const json::value value, ParseJson(text));
    return FromJson(value, "the credential");
  }
  std::vector<Credential> found;
  RETURN_IF_ERROR(ForEachLine(text, [&](std::string_view line, const std::string& where) -> Status {
    ASSIGN_OR_RETURN(Credential one, FromLine(line, where));
    found.push_back(std::move(one));
    return OkStatus();
  }));
  if (found.size() != 1) {
    return InvalidArgument("expected one credential, {\"principal\": \"...\", \"secret\": \"...\"} "
                           "or one line \"principal secret\"; found " +
                           std::to_string(found.size()));
  }
  return std::move(found.front());
}

std::string BasicAuthorization(const Credential& credential) {
  return "Basic " + Base64Encode(credential.principal + ":" + credential.secret);
}

Result<Credential> ParseBasicAuthorization(std::string_view header) {
  header = Trim(header);
  constexpr std::string_view kScheme = "basic ";
  bool basic = header.size() > kScheme.size();
  for (size_t i = 0; basic && i < kScheme.size(); ++i) {
    const char c = header[i];
    basic = (c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c) == kScheme[i];
  }
  if (!basic) return Unauthenticated("the Authorization header is not of the Basic scheme");
  const auto decoded = Base64Decode(Trim(header.substr(kScheme.size())));
  const size_t colon = decoded.ok() ? decoded->find(':') : std::string::npos;
  if (colon == std::string::npos) {
    return Unauthenticated("the Authorization header is malformed");
  }
  return Credential{decoded->substr(0, colon), decoded->substr(colon + 1)};
}

}  // namespace meseta::net
