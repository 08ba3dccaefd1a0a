// Content negotiation, with the outcomes of Mesos. Pure.
#pragma once

#include <optional>
#include <string_view>

#include "actors/http/message.h"

namespace meseta::http {

inline constexpr std::string_view kJsonType = "application/json";
inline constexpr std::string_view kProtobufType = "application/x-protobuf";
inline constexpr std::string_view kRecordIoType = "application/recordio";

enum class ContentType { kJson, kProtobuf, kRecordIo };
[[nodiscard]] std::string_view MediaType(ContentType type);

// Whether an Accept header allows a media type: absent, "*/*" and "application/*" do; q=0 does not.
[[nodiscard]] bool Accepts(const std::optional<std::string>& accept, std::string_view media_type);

// JSON when it is acceptable, whatever the order; else protobuf; else kInvalidArgument with the
// sentence of a 406.
Result<ContentType> NegotiateAccept(const Request& request);
// The same for the Message-Accept header, which chooses the type of records within a RecordIO
// stream.
Result<ContentType> NegotiateMessageAccept(const Request& request);
// Of the request's body, by Content-Type without its parameters; errors are the sentences of a 400
// (absent) and 415 (unknown).
Result<ContentType> RequestContentType(const Request& request);

// Whether Accept-Encoding allows gzip.
[[nodiscard]] bool AcceptsGzip(const Headers& headers);

}  // namespace meseta::http
