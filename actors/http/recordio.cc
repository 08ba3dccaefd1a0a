#include "actors/http/recordio.h"

#include <algorithm>
#include <charconv>

namespace meseta::http {
namespace {

constexpr size_t kMaxLengthDigits = 20;  // Of a 64-bit number.

}  // namespace

std::string EncodeRecord(std::string_view payload) {
  std::string record = std::to_string(payload.size());
  record.reserve(record.size() + 1 + payload.size());
  record += '\n';
  record += payload;
  return record;
}

Status RecordDecoder::TakeLength() {
  const char* end = length_text_.data() + length_text_.size();
  const auto parsed = std::from_chars(length_text_.data(), end, length_);
  if (length_text_.empty() || parsed.ec != std::errc() || parsed.ptr != end) {
    return InvalidArgument("A RecordIO record starts with something that is not a length");
  }
  if (length_ > max_) {
    return ResourceExhausted("A RecordIO record of " + length_text_ +
                             " bytes is larger than the limit of " + std::to_string(max_));
  }
  length_text_.clear();
  in_payload_ = true;
  return OkStatus();
}

Result<std::vector<std::string>> RecordDecoder::Decode(std::string_view bytes) {
  std::vector<std::string> records;
  if (failed_) return InvalidArgument("The RecordIO stream failed earlier");
  for (;;) {
    if (!in_payload_) {
      if (bytes.empty()) return records;
      const size_t newline = bytes.find('\n');
      length_text_ += bytes.substr(0, std::min(newline, kMaxLengthDigits + 1));
      if (length_text_.size() > kMaxLengthDigits) {
        failed_ = true;
        return InvalidArgument("A RecordIO record starts with something that is not a length");
      }
      if (newline == std::string_view::npos) {
        const bool digits = std::all_of(length_text_.begin(), length_text_.end(),
                                        [](char c) { return c >= '0' && c <= '9'; });
        if (digits) return records;
        failed_ = true;
        return InvalidArgument("A RecordIO record starts with something that is not a length");
      }
      bytes.remove_prefix(newline + 1);
      const Status status = TakeLength();
      if (!status.ok()) {
        failed_ = true;
        return status;
      }
    }
    const size_t n = std::min(bytes.size(), length_ - payload_.size());
    payload_.append(bytes.substr(0, n));
    bytes.remove_prefix(n);
    if (payload_.size() < length_) return records;
    records.push_back(std::move(payload_));
    payload_.clear();
    in_payload_ = false;
  }
}

}  // namespace meseta::http
