// What a request asks for: its place below a prefix, query parameters, bodies and label selectors, with
// Marathon's tolerance ("force=True", doubled slashes, no Content-Type). Pure.
#pragma once

#include <boost/json/value.hpp>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "actors/http/message.h"
#include "frameworks/services/model/changes.h"
#include "frameworks/services/view/render.h"

namespace meseta::services {

// True for "true" in any case; `absent` when it is not given.
[[nodiscard]] bool FlagOf(const http::Request& request, const std::string& name, bool absent = false);
// All values of a parameter that may be repeated, also as "name[]"; commas separate, too.
[[nodiscard]] std::vector<std::string> ListOf(const http::Request& request, std::string_view name);

// "/v2/apps//shop/web/" below "/v2/apps" -> "/shop/web"; "" when nothing is behind it.
[[nodiscard]] std::string Below(const std::string& path, std::string_view prefix);

// The body as JSON; a 400 with the parser's text.
[[nodiscard]] Answer<boost::json::value> ParseBody(const http::Request& request);
// As an object; 422 for other types.
[[nodiscard]] Answer<JsonObjectPtr> ParseObject(const http::Request& request);

// Values of `embed` with any of the prefixes: "apps.tasks", "app.counts", "failures" ...
[[nodiscard]] AppEmbed AppEmbedOf(const http::Request& request, AppEmbed always);
[[nodiscard]] GroupEmbed GroupEmbedOf(const http::Request& request);

// "tier==web,env in (prod, test),!gone" over an app's labels.
class LabelSelector {
 public:
  static Answer<LabelSelector> Parse(std::string_view text);
  [[nodiscard]] bool Matches(const AppSpec& app) const;

 private:
  struct Term {
    std::string key;
    enum class Op { kExists, kIn, kNotIn } op = Op::kExists;
    std::set<std::string> values;
  };
  std::vector<Term> terms_;
};

}  // namespace meseta::services
