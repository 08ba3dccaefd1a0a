#include "actors/http/response_parser.h"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/optional/optional.hpp>
#include <cstdint>
#include <utility>

#include "actors/http/chunked_decoder.h"

namespace meseta::http {
namespace {

namespace beast = boost::beast;
constexpr size_t kMaxResponseHeaders = 500;

}  // namespace

class ResponseParser::Impl final : public beast::http::basic_parser<false> {
 public:
  explicit Impl(bool answers_head) {
    header_limit(static_cast<std::uint32_t>(kMaxResponseHeaderBytes));
    body_limit(boost::none);  // Bounded by who collects it.
    eager(false);
    skip(answers_head);
  }

  void Fail(std::string text) {
    phase = Phase::kFailed;
    error = std::move(text);
  }

  Phase phase = Phase::kHeader;
  Response head;
  std::string error;
  ChunkedDecoder chunks{kMaxResponseHeaderBytes};
  size_t body_bytes = 0;

  size_t PutHeader(std::string_view input) {
    size_t total = 0;
    while (phase == Phase::kHeader && total < input.size()) {
      beast::error_code ec;
      const auto rest = input.substr(total);
      const size_t used = put(boost::asio::const_buffer(rest.data(), rest.size()), ec);
      total += used;
      if (ec == beast::http::error::need_more) break;
      if (ec) Fail("The response is not valid HTTP: " + ec.message());
      if (ec || used == 0) break;
    }
    // Beast knows which answers have no body.
    if (phase == Phase::kBody && is_done()) phase = Phase::kComplete;
    return total;
  }

  size_t PutBody(std::string_view input, std::string* body) {
    if (chunked()) {
      const size_t used = chunks.Put(input, SIZE_MAX, body);
      if (chunks.malformed() || chunks.too_large()) {
        Fail("The response is not valid HTTP: bad chunk");
      }
      if (chunks.complete()) phase = Phase::kComplete;
      return used;
    }
    const auto length = content_length();
    const size_t left = length ? static_cast<size_t>(*length) - body_bytes : SIZE_MAX;
    const size_t used = std::min(left, input.size());
    body->append(input.substr(0, used));
    body_bytes += used;
    if (used == left) phase = Phase::kComplete;
    return used;
  }

 private:
  using error_code = beast::error_code;
  using string_view = beast::string_view;

  void on_request_impl(beast::http::verb, string_view, string_view, int, error_code&) override {}

  void on_response_impl(int code, string_view, int, error_code&) override { head.status = code; }

  void on_field_impl(beast::http::field field, string_view name, string_view value,
                     error_code& ec) override {
    const bool odd_encoding = field == beast::http::field::transfer_encoding &&
                              !SameName(std::string_view(value.data(), value.size()), "chunked");
    if (head.headers.size() >= kMaxResponseHeaders || odd_encoding) {
      ec = beast::http::error::bad_value;
      return;
    }
    head.headers.Add(std::string(name.data(), name.size()),
                     std::string(value.data(), value.size()));
  }

  void on_header_impl(error_code&) override { phase = Phase::kBody; }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(string_view, error_code&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view, error_code&) override { return 0; }
  void on_finish_impl(error_code&) override {}
};

ResponseParser::ResponseParser(bool answers_head) : impl_(std::make_unique<Impl>(answers_head)) {}

ResponseParser::~ResponseParser() = default;

size_t ResponseParser::Put(std::string_view input, std::string* body) {
  if (impl_->phase == Phase::kHeader) return impl_->PutHeader(input);
  if (impl_->phase == Phase::kBody) return impl_->PutBody(input, body);
  return 0;
}

void ResponseParser::PutEnd() {
  if (impl_->phase == Phase::kComplete || impl_->phase == Phase::kFailed) return;
  if (impl_->phase == Phase::kBody && !impl_->chunked() && !impl_->content_length()) {
    impl_->phase = Phase::kComplete;
  } else {
    impl_->Fail("The connection ended in the middle of the response");
  }
}

ResponseParser::Phase ResponseParser::phase() const { return impl_->phase; }
Response& ResponseParser::head() { return impl_->head; }
bool ResponseParser::keep_alive() const { return impl_->keep_alive(); }
const std::string& ResponseParser::error() const { return impl_->error; }

}  // namespace meseta::http
