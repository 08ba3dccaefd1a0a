#include "actors/http/request_parser.h"

#include <boost/beast/http/basic_parser.hpp>
#include <boost/optional/optional.hpp>
#include <limits>
#include <utility>

#include "actors/http/url.h"

namespace meseta::http {
namespace {

namespace beast = boost::beast;

std::string_view View(beast::string_view text) { return {text.data(), text.size()}; }

}  // namespace

class RequestParser::Impl final : public beast::http::basic_parser<true> {
 public:
  explicit Impl(size_t max_header_bytes) {
    header_limit(static_cast<std::uint32_t>(max_header_bytes));
    body_limit(boost::none);  // Checked here, by route.
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
      Fail(400, "Malformed request: bad HTTP version");
    } else {
      Fail(400, "Malformed request: " + error.message());
    }
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
    if (version != 10 && version != 11) {
      return Refuse(505, "Only HTTP/1.0 and HTTP/1.1 are spoken here", ec);
    }
    request.method = View(method);
    request.target = View(target);
    auto parsed = ParseTarget(request.target);
    if (!parsed.ok()) return Refuse(400, parsed.status().message(), ec);
    request.path = std::move(parsed->path);
    request.query = std::move(parsed->query);
  }

  void on_field_impl(beast::http::field field, string_view name, string_view value,
                     error_code& ec) override {
    if (phase != Phase::kHeader) return;  // A trailer must not pass for a header.
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

  std::size_t on_body_impl(string_view body, error_code& ec) override {
    if (body.size() > max_body - body_bytes) {
      Refuse(413, TooLarge(), ec);
      return 0;
    }
    body_bytes += body.size();
    if (!discard) request.body.append(body.data(), body.size());
    return body.size();
  }

  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view body, error_code& ec) override {
    return on_body_impl(body, ec);
  }
  void on_finish_impl(error_code&) override {}
  void on_response_impl(int, string_view, int, error_code&) {}

 public:
  [[nodiscard]] std::string TooLarge() const {
    return "The request body is larger than the limit of " + std::to_string(max_body) + " bytes";
  }
};

RequestParser::RequestParser(size_t max_header_bytes)
    : impl_(std::make_unique<Impl>(max_header_bytes)) {}

RequestParser::~RequestParser() = default;

size_t RequestParser::Put(std::string_view input) {
  Impl& impl = *impl_;
  size_t total = 0;
  while (impl.phase == Phase::kHeader || impl.phase == Phase::kBody) {
    if (total == input.size()) break;
    beast::error_code error;
    const auto rest = input.substr(total);
    const size_t used = impl.put(boost::asio::const_buffer(rest.data(), rest.size()), error);
    total += used;
    if (impl.phase == Phase::kFailed) break;
    if (error == beast::http::error::need_more) break;
    if (error) {
      impl.FailParse(error);
      break;
    }
    if (impl.phase == Phase::kHeaderDone) break;
    if (impl.is_done()) {
      impl.phase = Phase::kComplete;
      break;
    }
    if (used == 0) break;
  }
  return total;
}

void RequestParser::ReadBody(size_t max_body_bytes, bool discard) {
  Impl& impl = *impl_;
  if (impl.phase != Phase::kHeaderDone) return;
  impl.max_body = max_body_bytes;
  impl.discard = discard;
  impl.phase = impl.is_done() ? Phase::kComplete : Phase::kBody;
  const auto length = impl.content_length();
  if (length && *length > max_body_bytes) impl.Fail(413, impl.TooLarge());
}

RequestParser::Phase RequestParser::phase() const { return impl_->phase; }
Request& RequestParser::request() { return impl_->request; }
bool RequestParser::keep_alive() const { return impl_->keep_alive(); }
bool RequestParser::http_1_0() const { return impl_->version == 10; }
bool RequestParser::expects_continue() const { return impl_->expects_continue; }
bool RequestParser::has_body() const { return !impl_->is_done(); }

std::string RequestParser::upgrade() const {
  if (!impl_->upgrade()) return "";
  const std::string value = impl_->request.headers.Get("Upgrade").value_or("");
  return value.substr(0, value.find_first_of(", \t"));
}

size_t RequestParser::body_bytes() const { return impl_->body_bytes; }
int RequestParser::error_status() const { return impl_->error_status; }
const std::string& RequestParser::error_text() const { return impl_->error_text; }

}  // namespace meseta::http
