#include "frameworks/services/launch/explain.h"

#include <algorithm>

#include "frameworks/services/launch/explain_text.h"

namespace meseta::services {
namespace {

constexpr size_t kMaxCauseBytes = 200;

struct Counts {
  uint64_t starting = 0;   // Not running yet.
  uint64_t unhealthy = 0;  // Known to be.
  uint64_t unknown = 0;    // Running, health not known yet.
  uint64_t not_ready = 0;
  uint64_t unreachable = 0;
  uint64_t killing = 0;
  int64_t unreachable_since = 0;  // Of the longest one.
};

bool HasKind(Condition condition, std::initializer_list<Condition> kinds) {
  return std::find(kinds.begin(), kinds.end(), condition) != kinds.end();
}

Counts CountInstances(const ExplainInput& input) {
  Counts counts;
  for (const InstancePtr& instance : input.instances) {
    const Condition condition = instance->condition();
    if (instance->kill_wanted() || condition == Instance::KILLING) {
      ++counts.killing;
    } else if (HasKind(condition, {Instance::UNREACHABLE, Instance::UNREACHABLE_INACTIVE})) {
      ++counts.unreachable;
      const int64_t since = instance->unreachable_since();
      if (counts.unreachable_since == 0 || since < counts.unreachable_since) {
        counts.unreachable_since = since;
      }
    } else if (condition != Instance::RUNNING) {
      ++counts.starting;
    } else if (input.app->health_checks_size() > 0 && !instance->has_healthy()) {
      ++counts.unknown;
    } else if (input.app->health_checks_size() > 0 && !instance->healthy()) {
      ++counts.unhealthy;
    } else if (input.app->readiness_checks_size() > 0 && !instance->ready()) {
      ++counts.not_ready;
    }
  }
  return counts;
}

std::string OfAll(uint64_t count, uint64_t all, const std::string& singular,
                  const std::string& plural) {
  return std::to_string(count) + " of " + Counted(all, "instance") + " " +
         (count == 1 ? singular : plural);
}

// What keeps instances from being counted as good; empty: nothing.
std::string ExplainInstances(const Counts& counts, uint64_t all, int64_t now_ms) {
  if (counts.unreachable > 0) {
    std::string text = OfAll(counts.unreachable, all, "is", "are") + " unreachable";
    if (counts.unreachable_since > 0) {
      text += " for " + ShowMillis(now_ms - counts.unreachable_since);
    }
    return text;
  }
  if (counts.starting > 0) return OfAll(counts.starting, all, "is", "are") + " not running yet";
  if (counts.unhealthy > 0) return OfAll(counts.unhealthy, all, "is", "are") + " unhealthy";
  if (counts.unknown > 0) {
    return OfAll(counts.unknown, all, "has", "have") + " not passed the health checks yet";
  }
  if (counts.not_ready > 0) {
    return OfAll(counts.not_ready, all, "has", "have") + " not passed the readiness check yet";
  }
  if (counts.killing > 0) return OfAll(counts.killing, all, "is", "are") + " being killed";
  return "";
}

std::string LastFailure(const ExplainInput& input) {
  if (input.failure == nullptr) return "";
  std::string text = input.failure->state();
  if (!input.failure->message().empty()) text += ", " + input.failure->message();
  if (text.size() > kMaxCauseBytes) text = text.substr(0, kMaxCauseBytes) + "...";
  return text.empty() ? "" : " (last: " + text + ")";
}

std::string ExplainWaiting(const ExplainInput& input, std::vector<Explanation::Number>* numbers) {
  const WaitingApp& waiting = *input.waiting;
  if (!input.connected) return "the framework is not connected to a master";
  if (waiting.delayed_until_ms > input.now_ms) {
    const int64_t left = waiting.delayed_until_ms - input.now_ms;
    numbers->push_back({"delay_seconds_left", static_cast<double>(left) / 1000, ""});
    numbers->push_back({"failures", static_cast<double>(waiting.failures), ""});
    return "the app waits " + ShowMillis(left) + " more after " +
           (waiting.failures == 0 ? "failures" : Counted(waiting.failures, "failure")) +
           LastFailure(input);
  }
  if (waiting.offers_processed == 0) {
    numbers->push_back({"agents_seen", 0, ""});
    return "no agent has offered anything to role '" + waiting.app->role() + "' for " +
           ShowMillis(input.now_ms - std::max(waiting.since_ms, waiting.delayed_until_ms));
  }
  const std::string offers = ExplainOffers(waiting, numbers);
  return offers.empty() ? "launches are under way, the next offers will be used" : offers;
}

}  // namespace

Explanation Explain(const ExplainInput& input) {
  Explanation explanation;
  if (input.app == nullptr) return explanation;
  auto& numbers = explanation.numbers;
  const Counts counts = CountInstances(input);
  const uint64_t waiting = input.waiting == nullptr ? 0 : input.waiting->count;
  const uint64_t wanted = input.app->instances();
  numbers.push_back({"instances_wanted", static_cast<double>(wanted), ""});
  numbers.push_back({"instances_waiting", static_cast<double>(waiting), ""});
  numbers.push_back({"instances_unhealthy", static_cast<double>(counts.unhealthy), ""});
  numbers.push_back({"instances_unreachable", static_cast<double>(counts.unreachable), ""});
  if (waiting > 0) {
    explanation.sentence = OfAll(waiting, std::max(wanted, waiting), "waits", "wait") + ": " +
                           ExplainWaiting(input, &numbers);
    return explanation;
  }
  const uint64_t all = std::max<uint64_t>(wanted, input.instances.size());
  const std::string state = ExplainInstances(counts, all, input.now_ms);
  if (input.deployment == nullptr) {
    explanation.sentence = state;
    return explanation;
  }
  const auto steps = static_cast<uint32_t>(input.deployment->steps_size());
  const uint32_t step = std::min(input.deployment->current_step() + 1, steps);
  numbers.push_back({"deployment_step", static_cast<double>(step), ""});
  numbers.push_back({"deployment_steps", static_cast<double>(steps), ""});
  explanation.sentence = "the app is locked by deployment " + input.deployment->id() + " in step " +
                         std::to_string(step) + " of " + std::to_string(steps) +
                         (state.empty() ? "" : ": " + state);
  return explanation;
}

}  // namespace meseta::services
