#include "actors/base/json/json_writer.h"

#include <array>
#include <charconv>
#include <cmath>

namespace meseta {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD

// Bytes that can be copied as they are: printable ASCII but for quote and backslash.
constexpr std::array<bool, 256> MakePlainTable() {
  std::array<bool, 256> plain{};
  for (size_t i = 0x20; i < 0x7f; ++i) plain[i] = i != '"' && i != '\\';
  plain[0x7f] = true;
  return plain;
}

constexpr std::array<bool, 256> kPlain = MakePlainTable();

// Length of the well-formed UTF-8 sequence that `text` starts with, 0 if it is none (overlong forms,
// surrogates and values past U+10FFFF are none). REQUIRES: text[0] is not ASCII.
size_t SequenceLength(std::string_view text) {
  auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(0);
  const size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  const uint8_t second = byte(1);
  if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) ||
      (lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f)) {
    return 0;
  }
  return length;
}

void AppendEscaped(char c, std::string* out) {
  switch (c) {
    case '"': out->append("\\\""); return;
    case '\\': out->append("\\\\"); return;
    case '\b': out->append("\\b"); return;
    case '\f': out->append("\\f"); return;
    case '\n': out->append("\\n"); return;
    case '\r': out->append("\\r"); return;
    case '\t': out->append("\\t"); return;
    default: break;
  }
  constexpr std::string_view kHex = "0123456789ABCDEF";
  out->append("\\u00");
  out->push_back(kHex[static_cast<uint8_t>(c) >> 4]);
  out->push_back(kHex[c & 15]);
}

template <class Number>
void AppendInteger(Number value, std::string* out) {
  char buffer[24];
  out->append(buffer, std::to_chars(buffer, buffer + sizeof(buffer), value).ptr);
}

// Plain notation is used from 1e-6 up to, not including, 1e21: the range in which it stays short.
constexpr double kSmallestPlain = 1e-6;
constexpr double kPlainLimit = 1e21;

void AppendDouble(double value, std::string* out) {
  char buffer[40];
  const double magnitude = std::fabs(value);
  const bool plain = magnitude == 0 || (magnitude >= kSmallestPlain && magnitude < kPlainLimit);
  const auto format = plain ? std::chars_format::fixed : std::chars_format::scientific;
  const char* end = std::to_chars(buffer, buffer + sizeof(buffer), value, format).ptr;
  const std::string_view digits(buffer, static_cast<size_t>(end - buffer));
  out->append(digits);
  if (plain && digits.find('.') == std::string_view::npos) out->append(".0");
}

}  // namespace

void AppendJsonString(std::string_view text, std::string* out) {
  out->push_back('"');
  size_t begin = 0;  // What is before it has been written.
  size_t i = 0;
  while (i < text.size()) {
    const uint8_t c = static_cast<uint8_t>(text[i]);
    if (kPlain[c]) {
      ++i;
      continue;
    }
    const size_t length = c >= 0x80 ? SequenceLength(text.substr(i)) : 0;
    if (length > 0) {
      i += length;
      continue;
    }
    out->append(text.substr(begin, i - begin));
    if (c >= 0x80) {
      out->append(kReplacement);
    } else {
      AppendEscaped(text[i], out);
    }
    begin = ++i;
  }
  out->append(text.substr(begin));
  out->push_back('"');
}

void JsonWriter::Key(std::string_view name) {
  Separate();
  AppendJsonString(name, out_);
  out_->push_back(':');
  needs_comma_ = false;
}

void JsonWriter::String(std::string_view text) {
  Separate();
  AppendJsonString(text, out_);
}

void JsonWriter::Int(int64_t value) {
  Separate();
  AppendInteger(value, out_);
}

void JsonWriter::UInt(uint64_t value) {
  Separate();
  AppendInteger(value, out_);
}

void JsonWriter::Double(double value) {
  Separate();
  if (std::isnan(value)) {
    out_->append("\"NaN\"");
  } else if (std::isinf(value)) {
    out_->append(value > 0 ? "\"Infinity\"" : "\"-Infinity\"");
  } else {
    AppendDouble(value, out_);
  }
}

void JsonWriter::Bool(bool value) {
  Separate();
  out_->append(value ? "true" : "false");
}

void JsonWriter::Null() {
  Separate();
  out_->append("null");
}

void JsonWriter::Raw(std::string_view json) {
  Separate();
  out_->append(json);
}

}  // namespace meseta
