// RecordIO: "<decimal length>\n<payload>" repeated, the framing of Mesos' event streams. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "actors/base/status.h"

namespace meseta::http {

inline constexpr size_t kMaxRecordBytes = 64 * 1024 * 1024;

[[nodiscard]] std::string EncodeRecord(std::string_view payload);

// Fed with pieces of any size; independent of how the stream was cut. After an error it stays
// failed. What it holds is bounded by max_record_bytes and grows only with bytes that arrived.
class RecordDecoder {
 public:
  explicit RecordDecoder(size_t max_record_bytes = kMaxRecordBytes) : max_(max_record_bytes) {}
  // The records that `bytes` completes.
  Result<std::vector<std::string>> Decode(std::string_view bytes);
  // Nothing of an unfinished record is held: the stream may end here.
  [[nodiscard]] bool at_boundary() const { return length_text_.empty() && !in_payload_; }

 private:
  Status TakeLength();

  size_t max_;
  std::string length_text_;
  bool in_payload_ = false;
  size_t length_ = 0;  // Of the payload under way.
  std::string payload_;
  bool failed_ = false;
};

}  // namespace meseta::http
