#include "frameworks/cli/yaml_reader.h"

#include <yaml.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

namespace meseta::cli {
namespace {

namespace json = boost::json;

constexpr std::string_view kTagPrefix = "tag:yaml.org,2002:";

bool AllOf(std::string_view text, std::string_view allowed) {
  return !text.empty() && text.find_first_not_of(allowed) == std::string_view::npos;
}

constexpr std::string_view kDigits = "0123456789";

// [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
bool IsFloat(std::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  if (const size_t e = text.find_first_of("eE"); e != std::string_view::npos) {
    std::string_view exponent = text.substr(e + 1);
    if (!exponent.empty() && (exponent[0] == '-' || exponent[0] == '+')) exponent.remove_prefix(1);
    if (!AllOf(exponent, kDigits)) return false;
    text = text.substr(0, e);
  }
  const size_t dot = text.find('.');
  if (dot == std::string_view::npos) return AllOf(text, kDigits);
  const std::string_view before = text.substr(0, dot);
  const std::string_view after = text.substr(dot + 1);
  if (before.empty()) return AllOf(after, kDigits);
  return AllOf(before, kDigits) && (after.empty() || AllOf(after, kDigits));
}

Result<json::value> Float(const std::string& text) {
  const double value = std::strtod(text.c_str(), nullptr);
  if (!std::isfinite(value)) return InvalidArgument("the number " + text + " is out of range");
  return json::value(value);
}

std::optional<json::value> Integer(std::string_view text, int base) {
  int64_t value = 0;
  if (text.starts_with("+")) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return json::value(value);
}

bool IsOneOf(std::string_view text, std::initializer_list<std::string_view> words) {
  for (const std::string_view word : words) {
    if (text == word) return true;
  }
  return false;
}

}  // namespace

Result<json::value> CoreSchemaScalar(const std::string& text) {
  if (IsOneOf(text, {"", "~", "null", "Null", "NULL"})) return json::value(nullptr);
  if (IsOneOf(text, {"true", "True", "TRUE"})) return json::value(true);
  if (IsOneOf(text, {"false", "False", "FALSE"})) return json::value(false);
  const std::string_view view = text;
  for (const auto& [prefix, digits, base] :
       {std::tuple<std::string_view, std::string_view, int>{"0x", "0123456789abcdefABCDEF", 16},
        std::tuple<std::string_view, std::string_view, int>{"0o", "01234567", 8}}) {
    if (!view.starts_with(prefix) || !AllOf(view.substr(2), digits)) continue;
    if (auto value = Integer(view.substr(2), base)) return *value;
    return InvalidArgument("the number " + text + " is out of range");
  }
  const std::string_view unsigned_part =
      view[0] == '-' || view[0] == '+' ? view.substr(1) : view;
  if (AllOf(unsigned_part, kDigits)) {
    if (auto value = Integer(view, 10)) return *value;
    return Float(text);
  }
  if (IsFloat(view)) return Float(text);
  if (IsOneOf(unsigned_part, {".inf", ".Inf", ".INF"}) || IsOneOf(text, {".nan", ".NaN", ".NAN"})) {
    return InvalidArgument(text + " is a number that JSON does not have");
  }
  return json::value(text);
}

namespace {

// One event of libyaml, freed at the end.
struct Event {
  Event() = default;
  ~Event() { yaml_event_delete(&event); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  yaml_event_t event{};
};

std::string TextOf(const yaml_char_t* text) {
  return text == nullptr ? "" : reinterpret_cast<const char*>(text);
}

class Reader {
 public:
  explicit Reader(std::string_view text) {
    ready_ = yaml_parser_initialize(&parser_) != 0;
    if (!ready_) return;
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()),
                                 text.size());
  }
  ~Reader() {
    if (ready_) yaml_parser_delete(&parser_);
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  Result<std::vector<json::value>> Documents() {
    if (!ready_) return ResourceExhausted("no memory for reading YAML");
    std::vector<json::value> documents;
    for (;;) {
      Event next;
      RETURN_IF_ERROR(Next(&next));
      if (next.event.type == YAML_STREAM_END_EVENT) return documents;
      if (next.event.type != YAML_DOCUMENT_START_EVENT) continue;
      anchors_.clear();
      Event root;
      RETURN_IF_ERROR(Next(&root));
      ASSIGN_OR_RETURN(json::value document, Value(root.event, 0));
      documents.push_back(std::move(document));
    }
  }

 private:
  struct Anchor {
    json::value value;
    size_t values = 0;
    size_t depth = 0;  // Of what it holds.
  };

  Status At(const yaml_mark_t& mark, const std::string& what) const {
    return InvalidArgument("line " + std::to_string(mark.line + 1) + ": " + what);
  }

  Status Next(Event* out) {
    if (yaml_parser_parse(&parser_, &out->event) != 0) return OkStatus();
    const std::string problem = parser_.problem == nullptr ? "not YAML" : parser_.problem;
    return At(parser_.problem_mark, problem);
  }

  // Counts what was read; `deepest_` is the depth reached since it was last reset.
  Result<json::value> Value(const yaml_event_t& event, size_t depth) {
    deepest_ = std::max(deepest_, depth);
    if (depth > kMaxYamlDepth) {
      return At(event.start_mark,
                "nested deeper than " + std::to_string(kMaxYamlDepth) + " levels");
    }
    if (++values_ > kMaxYamlValues) return TooMany(event);
    if (event.type == YAML_ALIAS_EVENT) return Alias(event, depth);
    const std::string anchor = AnchorOf(event);
    const size_t values_before = values_ - 1;
    const size_t deepest_before = std::exchange(deepest_, depth);
    Result<json::value> value = event.type == YAML_SCALAR_EVENT ? Scalar(event)
                                : event.type == YAML_SEQUENCE_START_EVENT
                                    ? Sequence(event, depth)
                                    : Mapping(event, depth);
    if (value.ok() && !anchor.empty()) {
      anchors_[anchor] = {*value, values_ - values_before, deepest_ - depth};
    }
    deepest_ = std::max(deepest_, deepest_before);
    return value;
  }

  Status TooMany(const yaml_event_t& event) const {
    return At(event.start_mark,
              "more than " + std::to_string(kMaxYamlValues) + " values, aliases counted");
  }

  Result<json::value> Alias(const yaml_event_t& event, size_t depth) {
    const std::string name = TextOf(event.data.alias.anchor);
    const auto found = anchors_.find(name);
    if (found == anchors_.end()) return At(event.start_mark, "*" + name + " names no anchor");
    values_ += found->second.values;
    if (values_ > kMaxYamlValues) return TooMany(event);
    deepest_ = std::max(deepest_, depth + found->second.depth);
    if (deepest_ > kMaxYamlDepth) {
      return At(event.start_mark,
                "nested deeper than " + std::to_string(kMaxYamlDepth) + " levels");
    }
    return found->second.value;
  }

  static std::string AnchorOf(const yaml_event_t& event) {
    switch (event.type) {
      case YAML_SCALAR_EVENT:
        return TextOf(event.data.scalar.anchor);
      case YAML_SEQUENCE_START_EVENT:
        return TextOf(event.data.sequence_start.anchor);
      case YAML_MAPPING_START_EVENT:
        return TextOf(event.data.mapping_start.anchor);
      default:
        return "";
    }
  }

  Result<json::value> Scalar(const yaml_event_t& event) const {
    const auto& scalar = event.data.scalar;
    const std::string text(reinterpret_cast<const char*>(scalar.value), scalar.length);
    const std::string tag = TextOf(scalar.tag);
    const bool typed = tag.empty() ? scalar.style == YAML_PLAIN_SCALAR_STYLE : false;
    if (!typed && (tag.empty() || tag == "!" || tag == std::string(kTagPrefix) + "str")) {
      return json::value(text);
    }
    auto value = CoreSchemaScalar(text);
    if (!value.ok()) return At(event.start_mark, value.status().message());
    if (typed) return value;
    const bool fits = (tag == std::string(kTagPrefix) + "int" && value->is_int64()) ||
                      (tag == std::string(kTagPrefix) + "float" && value->is_number()) ||
                      (tag == std::string(kTagPrefix) + "bool" && value->is_bool()) ||
                      (tag == std::string(kTagPrefix) + "null" && value->is_null());
    if (!fits) return At(event.start_mark, "'" + text + "' is not what its tag " + tag + " says");
    return value;
  }

  Status CheckTag(const yaml_event_t& event, const yaml_char_t* tag, const char* expected) const {
    const std::string text = TextOf(tag);
    if (text.empty() || text == "!" || text == std::string(kTagPrefix) + expected) {
      return OkStatus();
    }
    return At(event.start_mark, "the tag " + text + " is not known here; leave it out");
  }

  Result<json::value> Sequence(const yaml_event_t& start, size_t depth) {
    RETURN_IF_ERROR(CheckTag(start, start.data.sequence_start.tag, "seq"));
    json::array array;
    for (;;) {
      Event next;
      RETURN_IF_ERROR(Next(&next));
      if (next.event.type == YAML_SEQUENCE_END_EVENT) return json::value(std::move(array));
      ASSIGN_OR_RETURN(json::value item, Value(next.event, depth + 1));
      array.push_back(std::move(item));
    }
  }

  // Keys are text as it stands: 8080: and "8080": are one.
  Result<std::string> Key(const yaml_event_t& event, const json::object& object) {
    if (event.type == YAML_ALIAS_EVENT) {
      ASSIGN_OR_RETURN(const json::value value, Alias(event, 0));
      if (value.is_string()) return std::string(value.get_string());
    }
    if (event.type != YAML_SCALAR_EVENT) {
      return At(event.start_mark, "a key must be text, not a list or a map");
    }
    const std::string key(reinterpret_cast<const char*>(event.data.scalar.value),
                          event.data.scalar.length);
    if (key == "<<" && event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE) {
      return At(event.start_mark, "merge keys (<<) are not part of YAML 1.2; write the fields out");
    }
    if (object.contains(key)) return At(event.start_mark, "the key '" + key + "' is there twice");
    if (const std::string anchor = TextOf(event.data.scalar.anchor); !anchor.empty()) {
      anchors_[anchor] = {json::value(key), 1, 0};
    }
    return key;
  }

  Result<json::value> Mapping(const yaml_event_t& start, size_t depth) {
    RETURN_IF_ERROR(CheckTag(start, start.data.mapping_start.tag, "map"));
    json::object object;
    for (;;) {
      Event first;
      RETURN_IF_ERROR(Next(&first));
      if (first.event.type == YAML_MAPPING_END_EVENT) return json::value(std::move(object));
      ASSIGN_OR_RETURN(const std::string key, Key(first.event, object));
      Event second;
      RETURN_IF_ERROR(Next(&second));
      ASSIGN_OR_RETURN(json::value value, Value(second.event, depth + 1));
      object[key] = std::move(value);
    }
  }

  yaml_parser_t parser_{};
  bool ready_ = false;
  size_t values_ = 0;
  size_t deepest_ = 0;
  std::map<std::string, Anchor> anchors_;
};

}  // namespace

Result<std::vector<json::value>> ParseYaml(std::string_view text) {
  Reader reader(text);
  return reader.Documents();
}

}  // namespace meseta::cli
