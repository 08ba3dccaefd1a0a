#include "actors/http/sse.h"

#include <algorithm>

namespace meseta::http {
namespace {

std::string OneLine(std::string_view text) {
  std::string line(text);
  line.erase(std::remove_if(line.begin(), line.end(),
                            [](char c) { return c == '\r' || c == '\n' || c == '\0'; }),
             line.end());
  return line;
}

}  // namespace

std::string EncodeEvent(std::string_view event, std::string_view data, std::string_view id) {
  std::string out;
  if (!event.empty()) out += "event: " + OneLine(event) + '\n';
  if (!id.empty()) out += "id: " + OneLine(id) + '\n';
  for (;;) {
    // CR, LF and CRLF all end a line for the reader.
    const size_t end = data.find_first_of("\r\n");
    out.append("data: ").append(data.substr(0, end)).append("\n");
    if (end == std::string_view::npos) break;
    const bool crlf = data.substr(end, 2) == "\r\n";
    data.remove_prefix(end + (crlf ? 2 : 1));
  }
  out += '\n';
  return out;
}

std::string EncodeEventComment(std::string_view text) { return ": " + OneLine(text) + "\n\n"; }

}  // namespace meseta::http
