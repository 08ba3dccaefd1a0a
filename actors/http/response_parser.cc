#include "actors/http/response_parser.h"

#include <boost/beast/http/basic_parser.hpp>
#include <boost/optional/optional.hpp>
#include <utility>

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
  std::string* body = nullptr;

 private:
  using error_code = beast::error_code;
  using string_view = beast::string_view;

  void on_request_impl(beast::http::verb, string_view, string_view, int, error_code&) {}

  void on_response_impl(int code, string_view, int, error_code&) override { head.status = code; }

  void on_field_impl(beast::http::field field, string_view name, string_view value,
                     error_code& ec) override {
    if (phase != Phase::kHeader) return;
    const bool odd_encoding =
        field == beast::http::field::transfer_encoding &&
        !SameName(std::string_view(value.data(), value.size()), "chunked");
    if (head.headers.size() >= kMaxResponseHeaders || odd_encoding) {
      ec = beast::http::error::bad_value;
      return;
    }
    head.headers.Add(std::string(name.data(), name.size()), std::string(value.data(), value.size()));
  }

  void on_header_impl(error_code&) override { phase = Phase::kBody; }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(string_view piece, error_code&) override {
    body->append(piece.data(), piece.size());
    return piece.size();
  }
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view piece, error_code&) override {
    body->append(piece.data(), piece.size());
    return piece.size();
  }
  void on_finish_impl(error_code&) override {}
};

ResponseParser::ResponseParser(bool answers_head) : impl_(std::make_unique<Impl>(answers_head)) {}

ResponseParser::~ResponseParser() = default;

size_t ResponseParser::Put(std::string_view input, std::string* body) {
  Impl& impl = *impl_;
  impl.body = body;
  const Phase before = impl.phase;
  size_t total = 0;
  while (total < input.size() && impl.phase == before &&
         (before == Phase::kHeader || before == Phase::kBody)) {
    beast::error_code error;
    const auto rest = input.substr(total);
    const size_t used = impl.put(boost::asio::const_buffer(rest.data(), rest.size()), error);
    total += used;
    if (error == beast::http::error::need_more) break;
    if (error) {
      impl.Fail("The response is not valid HTTP: " + error.message());
      break;
    }
    if (impl.is_done()) break;
    if (used == 0) break;
  }
  if (impl.phase == Phase::kBody && impl.is_done()) impl.phase = Phase::kComplete;
  return total;
}

void ResponseParser::PutEnd() {
  if (impl_->phase == Phase::kComplete || impl_->phase == Phase::kFailed) return;
  beast::error_code error;
  if (impl_->phase == Phase::kBody) impl_->put_eof(error);
  if (impl_->phase == Phase::kHeader || error) {
    impl_->Fail("The connection ended in the middle of the response");
  } else {
    impl_->phase = Phase::kComplete;
  }
}

ResponseParser::Phase ResponseParser::phase() const { return impl_->phase; }
Response& ResponseParser::head() { return impl_->head; }
bool ResponseParser::keep_alive() const { return impl_->keep_alive(); }
const std::string& ResponseParser::error() const { return impl_->error; }

}  // namespace meseta::http
