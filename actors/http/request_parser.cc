#include "actors/http/request_parser.h"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/optional/optional.hpp>
#include <utility>

#include "actors/http/chunked_decoder.h"
#include "actors/http/url.h"

namespace meseta::http {
namespace {

namespace beast = boost::beast;

std::string_view View(beast::string_view text) { return {text.data(), text.size()}; }

}  // namespace

class RequestParser::Impl final : public beast::http::basic_parser<true> {
 public:
  explicit Impl(size_t max_header_bytes) : chunks(max_header_bytes) {
    header_limit(static_cast<std::uint32_t>(max_header_bytes));
    body_limit(boost::none);  // Checked here, by route: Beast parses the header only.
    eager(false);
  }

  void Fail(int status, std::string text) {
    phase = Phase::kFailed;
    error_status = status;
    error_text = std::move(text);
  }

  void FailParse(const beast::error_code& error) {
    if (phase == Phase::kFailed) return;  // We said why already.
    if (error == beast::http::error::header_limit) {
      Fail(431, "The request header is too large");
    } else if (error == beast::http::error::bad_version) {
      Fail(400, "Malformed request: only HTTP/1.0 and HTTP/1.1 are spoken here");
    } else {
      Fail(400, "Malformed request: " + error.message());
    }
  }

  ChunkedDecoder chunks;
  size_t PutHeader(std::string_view input) {
    size_t total = 0;
    while (phase == Phase::kHeader && total < input.size()) {
      beast::error_code error;
      const auto rest = input.substr(total);
      const size_t used = put(boost::asio::const_buffer(rest.data(), rest.size()), error);
      total += used;
      if (phase == Phase::kFailed || error == beast::http::error::need_more) break;
      if (error) FailParse(error);
      if (error || used == 0) break;
    }
    return total;
  }

  size_t PutBody(std::string_view input) {
    std::string* body = discard ? nullptr : &request.body;
    const size_t room = max_body - body_bytes;
    size_t used = 0;
    if (chunked()) {
      used = chunks.Put(input, room, body);
      body_bytes = chunks.body_bytes();
      if (chunks.malformed()) Fail(400, "Malformed request: bad chunk");
      if (chunks.too_large()) Fail(413, TooLarge());
      if (chunks.complete()) phase = Phase::kComplete;
      return used;
    }
    const auto length = static_cast<size_t>(*content_length());  // At most max_body.
    used = std::min(length - body_bytes, input.size());
    if (body != nullptr) body->append(input.substr(0, used));
    body_bytes += used;
    if (body_bytes == length) phase = Phase::kComplete;
    return used;
  }

  Phase phase = Phase::kHeader;
  Request request;
  int version = 11;
  bool has_host = false;
  bool expects_continue = false;
  bool discard = false;
  size_t max_body = 0;
  size_t body_bytes = 0;
  int error_status = 0;
  std::string error_text;

 private:
  using error_code = beast::error_code;
  using string_view = beast::string_view;

  void Refuse(int status, std::string text, error_code& ec) {
    Fail(status, std::move(text));
    ec = beast::http::error::bad_value;
  }

  void on_request_impl(beast::http::verb, string_view method, string_view target, int http_version,
                       error_code& ec) override {
    version = http_version;
    request.method = View(method);
    request.target = View(target);
    auto parsed = ParseTarget(request.target);
    if (!parsed.ok()) return Refuse(400, parsed.status().message(), ec);
    request.path = std::move(parsed->path);
    request.query = std::move(parsed->query);
  }

  void on_field_impl(beast::http::field field, string_view name, string_view value,
                     error_code& ec) override {
    if (request.headers.size() >= kMaxHeaderCount) {
      return Refuse(431, "The request has too many headers", ec);
    }
    if (field == beast::http::field::transfer_encoding) {
      // Anything else would leave it open where the body ends.
      if (!SameName(View(value), "chunked")) {
        return Refuse(501, "The only Transfer-Encoding spoken here is chunked", ec);
      }
      if (version == 10) return Refuse(400, "HTTP/1.0 knows no Transfer-Encoding", ec);
    }
    if (field == beast::http::field::host && std::exchange(has_host, true)) {
      return Refuse(400, "Malformed request: two Host headers", ec);
    }
    if (field == beast::http::field::expect) {
      if (!SameName(View(value), "100-continue")) {
        return Refuse(417, "The only expectation met here is 100-continue", ec);
      }
      expects_continue = version == 11;
    }
    request.headers.Add(std::string(View(name)), std::string(View(value)));
  }

  void on_header_impl(error_code&) override { phase = Phase::kHeaderDone; }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}

  std::size_t on_body_impl(string_view, error_code&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view, error_code&) override { return 0; }
  void on_finish_impl(error_code&) override {}
  void on_response_impl(int, string_view, int, error_code&) override {}

 public:
  [[nodiscard]] std::string TooLarge() const {
    return "The request body is larger than the limit of " + std::to_string(max_body) + " bytes";
  }
};

RequestParser::RequestParser(size_t max_header_bytes)
    : impl_(std::make_unique<Impl>(max_header_bytes)) {}

RequestParser::~RequestParser() = default;

size_t RequestParser::Put(std::string_view input) {
  if (impl_->phase == Phase::kHeader) return impl_->PutHeader(input);
  if (impl_->phase == Phase::kBody) return impl_->PutBody(input);
  return 0;
}

void RequestParser::ReadBody(size_t max_body_bytes, bool discard) {
  Impl& impl = *impl_;
  if (impl.phase != Phase::kHeaderDone) return;
  impl.max_body = max_body_bytes;
  impl.discard = discard;
  impl.phase = has_body() ? Phase::kBody : Phase::kComplete;
  const auto length = impl.content_length();
  if (length && *length > max_body_bytes) impl.Fail(413, impl.TooLarge());
}

RequestParser::Phase RequestParser::phase() const { return impl_->phase; }
Request& RequestParser::request() { return impl_->request; }
bool RequestParser::keep_alive() const { return impl_->keep_alive(); }
bool RequestParser::http_1_0() const { return impl_->version == 10; }
bool RequestParser::expects_continue() const { return impl_->expects_continue; }
bool RequestParser::has_body() const {
  const auto length = impl_->content_length();
  return impl_->chunked() || (length && *length > 0);
}

std::string RequestParser::upgrade() const {
  if (!impl_->upgrade()) return "";
  const std::string value = impl_->request.headers.Get("Upgrade").value_or("");
  return value.substr(0, value.find_first_of(", \t"));
}

size_t RequestParser::body_bytes() const { return impl_->body_bytes; }
int RequestParser::error_status() const { return impl_->error_status; }
const std::string& RequestParser::error_text() const { return impl_->error_text; }

}  // namespace meseta::http
