#include "actors/http/negotiation.h"

#include <cstdlib>
#include <string>

namespace meseta::http {
namespace {

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Takes the part before `separator` off `text`.
std::string_view TakePart(std::string_view* text, char separator) {
  const size_t end = text->find(separator);
  const std::string_view part = Trim(text->substr(0, end));
  text->remove_prefix(end == std::string_view::npos ? text->size() : end + 1);
  return part;
}

// "q=0.5" among the parameters of one entry; 1 when absent. Only zero or not matters to us.
bool HasZeroQuality(std::string_view parameters) {
  while (!parameters.empty()) {
    const std::string_view parameter = TakePart(&parameters, ';');
    const size_t equals = parameter.find('=');
    if (equals == std::string_view::npos) continue;
    if (!SameName(Trim(parameter.substr(0, equals)), "q")) continue;
    return std::strtod(std::string(parameter.substr(equals + 1)).c_str(), nullptr) == 0.0;
  }
  return false;
}

// Calls `see(name, refused)` for each entry of a comma-separated header.
template <class See>
void ForEachEntry(std::string_view list, See see) {
  while (!list.empty()) {
    std::string_view entry = TakePart(&list, ',');
    const std::string_view name = TakePart(&entry, ';');
    if (!name.empty()) see(name, HasZeroQuality(entry));
  }
}

bool Covers(std::string_view range, std::string_view media_type) {
  if (range == "*/*" || range == "*" || SameName(range, media_type)) return true;
  if (!range.ends_with("/*")) return false;
  const std::string_view main_type = range.substr(0, range.size() - 1);  // With the slash.
  return SameName(main_type, media_type.substr(0, main_type.size()));
}

Result<ContentType> Negotiate(const Request& request, std::string_view header) {
  const auto value = request.headers.Get(header);
  if (Accepts(value, kJsonType)) return ContentType::kJson;
  if (Accepts(value, kProtobufType)) return ContentType::kProtobuf;
  return InvalidArgument("Expecting '" + std::string(header) +
                         "' to allow 'application/x-protobuf' or 'application/json'");
}

}  // namespace

std::string_view MediaType(ContentType type) {
  switch (type) {
    case ContentType::kJson:
      return kJsonType;
    case ContentType::kProtobuf:
      return kProtobufType;
    case ContentType::kRecordIo:
      return kRecordIoType;
  }
  return kJsonType;
}

bool Accepts(const std::optional<std::string>& accept, std::string_view media_type) {
  if (!accept) return true;
  bool allowed = false;
  bool refused = false;
  bool named = false;  // An exact entry outweighs ranges.
  ForEachEntry(*accept, [&](std::string_view range, bool zero) {
    if (!Covers(range, media_type)) return;
    const bool exact = SameName(range, media_type);
    if (named && !exact) return;
    if (exact && !named) allowed = refused = false;
    named = named || exact;
    (zero ? refused : allowed) = true;
  });
  return allowed && !refused;
}

Result<ContentType> NegotiateAccept(const Request& request) { return Negotiate(request, "Accept"); }

Result<ContentType> NegotiateMessageAccept(const Request& request) {
  return Negotiate(request, "Message-Accept");
}

Result<ContentType> RequestContentType(const Request& request) {
  const auto value = request.headers.Get("Content-Type");
  if (!value) return InvalidArgument("Expecting 'Content-Type' to be present");
  std::string_view rest = *value;
  const std::string_view type = TakePart(&rest, ';');
  if (SameName(type, kJsonType)) return ContentType::kJson;
  if (SameName(type, kProtobufType)) return ContentType::kProtobuf;
  if (SameName(type, kRecordIoType)) return ContentType::kRecordIo;
  return Unimplemented("Expecting 'Content-Type' of application/json or application/x-protobuf");
}

bool AcceptsGzip(const Headers& headers) {
  const auto value = headers.Get("Accept-Encoding");
  if (!value) return false;
  bool allowed = false;
  bool refused = false;
  ForEachEntry(*value, [&](std::string_view name, bool zero) {
    if (SameName(name, "gzip") || SameName(name, "x-gzip")) (zero ? refused : allowed) = true;
    if (name == "*" && !zero) allowed = true;
  });
  return allowed && !refused;
}

}  // namespace meseta::http
