#include "frameworks/services/api/parameters.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>

#include "actors/base/json/json_parser.h"
#include "actors/http/url.h"

namespace meseta::services {
namespace {

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// Reads a label selector, one token after the other.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  void SkipSpace() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
  }
  [[nodiscard]] bool done() {
    SkipSpace();
    return at_ == text_.size();
  }
  bool Take(std::string_view token) {
    SkipSpace();
    if (!text_.substr(at_).starts_with(token)) return false;
    at_ += token.size();
    return true;
  }
  // "in", "notin": followed by no further letter.
  bool TakeWord(std::string_view word) {
    const size_t before = at_;
    if (!Take(word)) return false;
    if (at_ == text_.size() || !std::isalnum(static_cast<unsigned char>(text_[at_]))) return true;
    at_ = before;
    return false;
  }
  // A key or value; '\' takes the next character as it is. Empty: there is none.
  std::string Word() {
    SkipSpace();
    std::string word;
    while (at_ < text_.size()) {
      char c = text_[at_];
      if (c == '\\' && at_ + 1 < text_.size()) {
        word += text_[at_ + 1];
        at_ += 2;
        continue;
      }
      const bool plain = std::isalnum(static_cast<unsigned char>(c)) ||
                         std::string_view("_-./:@").find(c) != std::string_view::npos;
      if (!plain) break;
      word += c;
      ++at_;
    }
    return word;
  }
  [[nodiscard]] size_t place() const { return at_; }

 private:
  std::string_view text_;
  size_t at_ = 0;
};

ApiError BadSelector(std::string_view text, size_t place) {
  ApiError error;
  error.status = 422;
  error.message = "Parse error in label selector '" + std::string(text) + "' at character " +
                  std::to_string(place + 1);
  return error;
}

// "apps.tasks", "app.tasks", "group.apps.tasks" and "tasks" are one.
std::string WithoutPrefix(std::string embed) {
  for (const std::string_view prefix : {"group.apps.", "apps.", "app."}) {
    if (embed.starts_with(prefix)) return embed.substr(prefix.size());
  }
  return embed;
}

void AddEmbed(const std::string& what, AppEmbed* embed) {
  if (what == "tasks") embed->tasks = embed->deployments = true;
  if (what == "counts") embed->counts = true;
  if (what == "deployments") embed->deployments = true;
  if (what == "readiness") embed->readiness = true;
  if (what == "lastTaskFailure") embed->last_task_failure = true;
  if (what == "failures") embed->tasks = embed->last_task_failure = embed->deployments = true;
  if (what == "taskStats") embed->task_stats = true;
}

}  // namespace

bool FlagOf(const http::Request& request, const std::string& name, bool absent) {
  const auto found = request.query.find(name);
  if (found == request.query.end()) return absent;
  return Lower(found->second) == "true";
}

std::vector<std::string> ListOf(const http::Request& request, std::string_view name) {
  std::vector<std::string> values;
  const size_t question = request.target.find('?');
  if (question == std::string::npos) return values;
  std::string_view rest = std::string_view(request.target).substr(question + 1);
  while (!rest.empty()) {
    const size_t end = rest.find('&');
    const std::string_view pair = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    const size_t equals = pair.find('=');
    if (equals == std::string_view::npos) continue;
    const auto decoded_key = http::UrlDecode(pair.substr(0, equals), true);
    const auto decoded_value = http::UrlDecode(pair.substr(equals + 1), true);
    if (!decoded_key.ok() || !decoded_value.ok()) continue;
    if (*decoded_key != name && *decoded_key != std::string(name) + "[]") continue;
    std::string_view list = *decoded_value;
    while (true) {
      const size_t comma = list.find(',');
      values.emplace_back(list.substr(0, comma));
      if (comma == std::string_view::npos) break;
      list = list.substr(comma + 1);
    }
  }
  return values;
}

std::string Below(const std::string& path, std::string_view prefix) {
  std::string rest;
  for (const char c : path.substr(std::min(path.size(), prefix.size()))) {
    if (c == '/' && !rest.empty() && rest.back() == '/') continue;
    rest += c;
  }
  while (!rest.empty() && rest.back() == '/') rest.pop_back();
  return rest;
}

Answer<boost::json::value> ParseBody(const http::Request& request) {
  auto parsed = ParseJson(request.body);
  if (parsed.ok()) return *std::move(parsed);
  ApiError error;
  error.status = 400;
  error.message = "Invalid JSON";
  error.details_text = parsed.status().message();
  return error;
}

Answer<JsonObjectPtr> ParseObject(const http::Request& request) {
  Answer<boost::json::value> body = ParseBody(request);
  if (!body.ok()) return body.error();
  if (!body->is_object()) {
    ApiError error;
    error.message = "Invalid JSON";
    error.details = {{"/", {"error.expected.jsobject"}}};
    return error;
  }
  return JsonObjectPtr(
      std::make_shared<const boost::json::object>(std::move(body->get_object())));
}

AppEmbed AppEmbedOf(const http::Request& request, AppEmbed always) {
  for (const std::string& value : ListOf(request, "embed")) AddEmbed(WithoutPrefix(value), &always);
  return always;
}

GroupEmbed GroupEmbedOf(const http::Request& request) {
  const auto values = ListOf(request, "embed");
  GroupEmbed embed;
  if (values.empty()) return embed;
  embed.groups = embed.apps = false;
  for (const std::string& value : values) {
    if (value == "group.groups") embed.groups = true;
    if (value == "group.apps") embed.apps = true;
    if (value.starts_with("group.apps.")) {
      embed.apps = true;
      AddEmbed(WithoutPrefix(value), &embed.app);
    }
  }
  return embed;
}

Answer<LabelSelector> LabelSelector::Parse(std::string_view text) {
  LabelSelector selector;
  Reader reader(text);
  while (true) {
    Term term;
    term.key = reader.Word();
    if (term.key.empty()) return BadSelector(text, reader.place());
    const bool equal = reader.Take("==");
    const bool differs = !equal && reader.Take("!=");
    if (equal || differs) {
      term.op = equal ? Term::Op::kIn : Term::Op::kNotIn;
      term.values.insert(reader.Word());
    } else if (const bool in = reader.TakeWord("in"); in || reader.TakeWord("notin")) {
      term.op = in ? Term::Op::kIn : Term::Op::kNotIn;
      if (!reader.Take("(")) return BadSelector(text, reader.place());
      do {
        term.values.insert(reader.Word());
      } while (reader.Take(","));
      if (!reader.Take(")")) return BadSelector(text, reader.place());
    }
    selector.terms_.push_back(std::move(term));
    if (reader.done()) return selector;
    if (!reader.Take(",")) return BadSelector(text, reader.place());
  }
}

bool LabelSelector::Matches(const AppSpec& app) const {
  return std::all_of(terms_.begin(), terms_.end(), [&](const Term& term) {
    const auto found = app.labels().find(term.key);
    const bool has = found != app.labels().end();
    if (term.op == Term::Op::kExists) return has;
    const bool in = has && term.values.count(found->second) > 0;
    return term.op == Term::Op::kIn ? in : has && !in;
  });
}

}  // namespace meseta::services
