#include "actors/metrics/prometheus.h"

#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "actors/base/check.h"
#include "actors/metrics/registry.h"

namespace meseta::metrics {
namespace {

std::string Legal(std::string_view text) {
  std::string legal(text);
  for (char& c : legal) {
    const bool fine =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    if (!fine) c = '_';
  }
  return legal;
}

void AppendEscaped(std::string_view text, std::string* out) {
  for (const char c : text) {
    if (c == '\\' || c == '"') *out += '\\';
    if (c == '\n') {
      *out += "\\n";
    } else {
      *out += c;
    }
  }
}

std::string LabelText(const Labels& labels) {
  if (labels.empty()) return "";
  std::string text = "{";
  for (const auto& [name, value] : labels) {
    if (text.size() > 1) text += ',';
    text += name + "=\"";
    AppendEscaped(value, &text);
    text += '"';
  }
  return text + "}";
}

void AppendLine(const std::string& name, const std::string& labels, double value,
                std::string* out) {
  std::array<char, 32> number;
  const auto [end, error] = std::to_chars(number.data(), number.data() + number.size(), value);
  CHECK(error == std::errc());
  out->append(name).append(labels).append(" ").append(number.data(), end).append("\n");
}

// Splits "<prefix><value><middle><rest>": the label's value may contain slashes, as roles do.
struct Match {
  std::string_view value;
  std::string_view rest;
};
std::optional<Match> Between(std::string_view name, std::string_view prefix,
                             std::string_view middle) {
  if (!name.starts_with(prefix)) return std::nullopt;
  const std::string_view tail = name.substr(prefix.size());
  const size_t end = tail.rfind(middle);
  if (end == std::string_view::npos) return std::nullopt;
  return Match{tail.substr(0, end), tail.substr(end + middle.size())};
}

std::optional<Series> PerFramework(std::string_view name) {
  constexpr std::string_view kPrefix = "master/frameworks/";
  if (!name.starts_with(kPrefix)) return std::nullopt;
  std::string_view tail = name.substr(kPrefix.size());
  const size_t id = tail.find('/');
  const size_t metric = id == std::string_view::npos ? id : tail.find('/', id + 1);
  if (metric == std::string_view::npos) return std::nullopt;
  Labels labels{{"framework", std::string(tail.substr(0, id))},
                {"framework_id", std::string(tail.substr(id + 1, metric - id - 1))}};
  tail.remove_prefix(metric + 1);
  if (const auto role = Between(tail, "roles/", "/suppressed"); role && role->rest.empty()) {
    labels.emplace_back("role", role->value);
    tail = "role_suppressed";
  }
  return Series{"meseta_master_framework_" + Legal(tail), std::move(labels)};
}

std::optional<Series> PerRole(std::string_view name) {
  if (const auto m = Between(name, "allocator/mesos/quota/roles/", "/resources/")) {
    const size_t slash = m->rest.rfind('/');
    if (slash == std::string_view::npos) return std::nullopt;
    return Series{
        "meseta_allocator_mesos_quota_" + Legal(m->rest.substr(slash + 1)),
        {{"role", std::string(m->value)}, {"resource", std::string(m->rest.substr(0, slash))}}};
  }
  if (const auto m = Between(name, "allocator/mesos/offer_filters/roles/", "/active")) {
    return Series{"meseta_allocator_mesos_offer_filters_active", {{"role", std::string(m->value)}}};
  }
  if (const auto m = Between(name, "allocator/mesos/roles/", "/shares/")) {
    return Series{"meseta_allocator_mesos_share_" + Legal(m->rest),
                  {{"role", std::string(m->value)}}};
  }
  return std::nullopt;
}

std::optional<Series> PerPrincipal(std::string_view name) {
  const auto m = Between(name, "frameworks/", "/messages_");
  if (!m) return std::nullopt;
  return Series{"meseta_framework_messages_" + Legal(m->rest),
                {{"principal", std::string(m->value)}}};
}

}  // namespace

Series PrometheusSeries(std::string_view mesos_name) {
  if (auto series = PerFramework(mesos_name)) return *std::move(series);
  if (auto series = PerRole(mesos_name)) return *std::move(series);
  if (auto series = PerPrincipal(mesos_name)) return *std::move(series);
  return {"meseta_" + Legal(mesos_name), {}};
}

PrometheusWriter::Family& PrometheusWriter::Of(const std::string& name, const char* type) {
  Family& family = families_[name];
  if (family.type[0] == '\0') family.type = type;
  return family;
}

void PrometheusWriter::Add(const Sample& sample) {
  if (!std::isfinite(sample.value)) return;
  const bool counter = sample.kind == Kind::kCounter;
  Series series = PrometheusSeries(sample.name);
  if (counter && !series.name.ends_with("_total")) series.name += "_total";
  Family& family = Of(series.name, counter ? "counter" : "gauge");
  std::string labels = LabelText(series.labels);
  if (!family.labels.insert(labels).second) {
    series.labels.emplace_back("mesos_name", sample.name);
    labels = LabelText(series.labels);
    if (!family.labels.insert(labels).second) return;  // The very same metric again.
  }
  AppendLine(series.name, labels, sample.value, &family.lines);
}

void PrometheusWriter::AddTimer(std::string_view mesos_name, const Timer::Statistics& statistics) {
  const Series series = PrometheusSeries(mesos_name);
  const std::string name = series.name + "_seconds";
  Family& family = Of(name, "summary");
  if (statistics.window_count > 0) {
    for (size_t i = 0; i < kPercentiles.size(); ++i) {
      std::array<char, 32> quantile;
      const auto [end, error] = std::to_chars(quantile.data(), quantile.data() + quantile.size(),
                                              kPercentiles[i].quantile);
      CHECK(error == std::errc());
      Labels labels = series.labels;
      labels.emplace_back("quantile", std::string(quantile.data(), end));
      AppendLine(name, LabelText(labels), statistics.percentiles_ms[i] / 1e3, &family.lines);
    }
  }
  const std::string labels = LabelText(series.labels);
  AppendLine(name + "_sum", labels, statistics.total_seconds, &family.lines);
  AppendLine(name + "_count", labels, static_cast<double>(statistics.total_count), &family.lines);
}

std::string PrometheusWriter::Text() const {
  std::string text;
  for (const auto& [name, family] : families_) {
    text += "# TYPE " + name + " " + family.type + "\n";
    text += family.lines;
  }
  return text;
}

}  // namespace meseta::metrics
