// Roles, constraints, and the strategies that govern instances over time.
#include <algorithm>
#include <array>
#include <set>

#include "actors/base/strings.h"
#include "frameworks/services/model/app_reader.h"
#include "frameworks/services/model/paths.h"

namespace meseta::services {
namespace {

using internal::AppConstraint;

constexpr char kBadOperator[] =
    "operator must be one of the following UNIQUE, CLUSTER, GROUP_BY, LIKE, MAX_PER, UNLIKE or IS";

// The texts of one constraint; values may be numbers, as some clients send them.
std::optional<std::vector<std::string>> ConstraintTexts(const boost::json::value& json,
                                                        const std::string& path,
                                                        ReadErrors* errors) {
  if (!json.is_array()) {
    errors->types.Add(path, "error.expected.jsarray");
    return std::nullopt;
  }
  std::vector<std::string> texts;
  const boost::json::array& array = json.get_array();
  for (size_t i = 0; i < array.size(); ++i) {
    if (array[i].is_string()) {
      texts.emplace_back(array[i].get_string());
    } else if (i == 2 && array[i].is_number()) {
      texts.push_back(ShowValue(array[i]));
    } else {
      errors->types.Add(Indexed(path, i), "error.expected.jsstring");
      return std::nullopt;
    }
  }
  return texts;
}

void ReadConstraint(const boost::json::value& json, const std::string& path, ReadErrors* errors,
                    AppSpec* app) {
  const auto texts = ConstraintTexts(json, path, errors);
  if (!texts) return;
  if (texts->size() < 2 || texts->size() > 3) {
    return errors->rules.Add(path, "Each constraint must have either 2 or 3 fields");
  }
  AppConstraint constraint;
  AppConstraint::Operator op = AppConstraint::UNIQUE;
  if (!AppConstraint::Operator_Parse(strings::ToUpper((*texts)[1]), &op)) {
    return errors->rules.Add(path, kBadOperator);
  }
  constraint.set_field((*texts)[0]);
  constraint.set_op(op);
  if (texts->size() == 3) constraint.set_value((*texts)[2]);
  const std::string bytes = constraint.SerializeAsString();
  for (const AppConstraint& other : app->constraints()) {
    if (other.SerializeAsString() == bytes) return;
  }
  *app->add_constraints() = std::move(constraint);
}

// The operator's, as far as this app's role may have them.
void DefaultAcceptedRoles(const Defaults& defaults, AppSpec* app) {
  for (const std::string& role : defaults.accepted_resource_roles) {
    if (role == "*" || role == app->role()) app->add_accepted_resource_roles(role);
  }
  if (app->accepted_resource_roles_size() == 0) app->add_accepted_resource_roles(std::string("*"));
}

void ReadUpgrade(const Fields& fields, AppSpec* app) {
  internal::AppUpgradeStrategy* strategy = app->mutable_upgrade_strategy();
  const bool single = IsSingleInstance(*app);
  const bool resident = IsResident(*app);
  strategy->set_minimum_health_capacity(single ? 0 : resident ? 0.5 : 1);
  strategy->set_maximum_over_capacity(single || resident ? 0 : 1);
  const boost::json::object* given = fields.Object("upgradeStrategy");
  if (given == nullptr) return;
  const Fields members(*given, fields.PathOf("upgradeStrategy"), fields.errors());
  if (const auto capacity = members.Number("minimumHealthCapacity")) {
    strategy->set_minimum_health_capacity(*capacity);
  }
  if (const auto capacity = members.Number("maximumOverCapacity")) {
    strategy->set_maximum_over_capacity(*capacity);
  }
}

void ReadUnreachable(const Fields& fields, AppSpec* app) {
  internal::AppUnreachableStrategy* strategy = app->mutable_unreachable_strategy();
  const boost::json::value* given = fields.Find("unreachableStrategy");
  const bool disabled = given != nullptr && given->is_string();
  if (disabled && given->get_string() != "disabled") {
    fields.TypeError("unreachableStrategy", "error.unknown.enum.literal");
  }
  strategy->set_disabled(disabled || (given == nullptr && IsResident(*app)));
  if (strategy->disabled()) return;
  strategy->set_inactive_after_seconds(0);
  strategy->set_expunge_after_seconds(0);
  const boost::json::object* times = fields.Object("unreachableStrategy");
  if (times == nullptr) return;
  const Fields members(*times, fields.PathOf("unreachableStrategy"), fields.errors());
  constexpr int64_t kMax = int64_t{1} << 40;  // Marathon's are int64.
  strategy->set_inactive_after_seconds(
      static_cast<double>(members.IntIn("inactiveAfterSeconds", 0, kMax).value_or(0)));
  strategy->set_expunge_after_seconds(
      static_cast<double>(members.IntIn("expungeAfterSeconds", 0, kMax).value_or(0)));
}

// Our own members: here a name that we do not know is a mistake, not another client's field.
void ReadDeadline(const Fields& fields, AppSpec* app) {
  const boost::json::object* ours = fields.Object("x-meseta");
  if (ours == nullptr) return;
  const Fields members(*ours, fields.PathOf("x-meseta"), fields.errors());
  for (const auto& member : *ours) {
    const std::string_view name(member.key().data(), member.key().size());
    if (name == "progressDeadlineSeconds" || name == "rollbackOnDeadline") continue;
    members.Broken(name, "is unknown; there are progressDeadlineSeconds and rollbackOnDeadline");
  }
  if (const auto seconds = members.NumberIn("progressDeadlineSeconds", 0, kMaxSeconds)) {
    if (*seconds > 0) app->set_progress_deadline_seconds(*seconds);
  }
  if (members.Bool("rollbackOnDeadline").value_or(false)) app->set_rollback_on_deadline(true);
}

}  // namespace

void ReadPlacement(const Fields& fields, const Defaults& defaults, AppSpec* app) {
  app->set_role(fields.String("role").value_or(defaults.role));
  if (const auto roles = fields.StringList("acceptedResourceRoles")) {
    std::set<std::string> seen;
    for (const std::string& role : *roles) {
      if (seen.insert(role).second) app->add_accepted_resource_roles(role);
    }
    if (roles->empty()) fields.Broken("acceptedResourceRoles", "must not be empty");
  } else {
    DefaultAcceptedRoles(defaults, app);
  }
  const boost::json::array* constraints = fields.Array("constraints");
  for (size_t i = 0; constraints != nullptr && i < constraints->size(); ++i) {
    ReadConstraint((*constraints)[i], Indexed(fields.PathOf("constraints"), i), fields.errors(),
                   app);
  }
}

void ReadStrategies(const Fields& fields, const Defaults& defaults, AppSpec* app) {
  app->set_backoff_seconds(
      static_cast<double>(fields.IntIn("backoffSeconds", 0, kMaxSeconds).value_or(1)));
  app->set_backoff_factor(fields.NumberIn("backoffFactor", 1, kMaxAmount).value_or(1.15));
  app->set_max_launch_delay_seconds(
      static_cast<double>(fields.IntIn("maxLaunchDelaySeconds", 0, kMaxSeconds).value_or(300)));
  const std::string selection =
      fields.Word("killSelection", {"YOUNGEST_FIRST", "OLDEST_FIRST"}).value_or("YOUNGEST_FIRST");
  app->set_kill_selection(selection == "OLDEST_FIRST" ? AppSpec::OLDEST_FIRST
                                                      : AppSpec::YOUNGEST_FIRST);
  ReadUpgrade(fields, app);
  ReadUnreachable(fields, app);
  ReadDeadline(fields, app);
  if (!app->has_task_kill_grace_period_seconds() && defaults.task_kill_grace_seconds > 0) {
    app->set_task_kill_grace_period_seconds(defaults.task_kill_grace_seconds);
  }
}

}  // namespace meseta::services
