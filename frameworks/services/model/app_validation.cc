#include "frameworks/services/model/app_validation.h"

#include <algorithm>
#include <cmath>
#include <regex>
#include <set>

#include "actors/base/strings.h"
#include "frameworks/services/model/app_reader.h"
#include "frameworks/services/model/paths.h"

namespace meseta::services {
namespace {

using internal::AppConstraint;

constexpr size_t kMaxPattern = 1'000;  // Bytes: deeply nested ones cost stack.

bool IsInteger(const std::string& text) {
  const size_t from = text.empty() || (text[0] != '-' && text[0] != '+') ? 0 : 1;
  return text.size() > from && text.size() - from <= 10 &&
         std::all_of(text.begin() + static_cast<std::ptrdiff_t>(from), text.end(),
                     [](char c) { return c >= '0' && c <= '9'; });
}

bool IsRegex(const std::string& text) {
  if (text.size() > kMaxPattern) return false;
  try {
    const std::regex pattern(text, std::regex::ECMAScript);
    return true;
  } catch (const std::regex_error&) {
    return false;
  }
}

bool IsPlainValue(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return (c < 0x80 && std::isalnum(c) != 0) ||
           std::string_view("_/.-").find(static_cast<char>(c)) != std::string_view::npos;
  });
}

void CheckId(const AppSpec& app, ErrorList* errors) {
  if (app.id() == "/") return errors->Add("/id", "Path must contain at least one path element");
  if (const std::string why = WhyBadPath(app.id(), false); !why.empty()) errors->Add("/id", why);
  if (IsReservedAppName(app.id())) {
    errors->Add(
        "/id",
        "must not end with any of the following reserved keywords: restart, tasks, versions, "
        "., ..");
  }
  for (int i = 0; i < app.dependencies_size(); ++i) {
    const std::string path = Indexed("/dependencies", static_cast<size_t>(i));
    const std::string why = WhyBadPath(app.dependencies(i), false);
    if (!why.empty()) errors->Add(path, why);
  }
}

void CheckCommand(const AppSpec& app, ErrorList* errors) {
  const bool cmd = !app.cmd().empty();
  const bool args = app.args_size() > 0;
  const auto& container = app.container();
  const bool runs_itself =
      app.has_container() &&
      (container.has_docker() || container.type() == internal::AppContainer::MESOS);
  if (cmd != args || (!cmd && !args && runs_itself)) return;
  errors->Add("/",
              "AppDefinition must either contain one of 'cmd' or 'args', and/or a 'container'.");
}

// Good enough to tell a mistake from a URI: what no URI may have.
bool IsUri(const std::string& uri) {
  const auto hex = [](char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; };
  for (size_t i = 0; i < uri.size(); ++i) {
    const auto c = static_cast<unsigned char>(uri[i]);
    if (c <= ' ' || c == 0x7f ||
        std::string_view("\"<>\\^`{|}").find(uri[i]) != std::string_view::npos) {
      return false;
    }
    if (c == '%' && (i + 2 >= uri.size() || !hex(uri[i + 1]) || !hex(uri[i + 2]))) return false;
  }
  return !uri.empty() && uri.size() <= kMaxUri;
}

void CheckFetch(const AppSpec& app, ErrorList* errors) {
  for (int i = 0; i < app.fetch_size(); ++i) {
    if (IsUri(app.fetch(i).uri())) continue;
    errors->Add(Indexed("/fetch", static_cast<size_t>(i)) + "/uri", "URI has invalid syntax.");
  }
}

// What is wrong with the name of a role; empty: nothing.
std::string WhyBadRole(const std::string& role) {
  if (role.empty() || role == "." || role == "..")
    return "A role name must not be \"" + role + "\".";
  if (role[0] == '-') return "A role name must not start with a '-'.";
  for (const char c : role) {
    const bool bad = std::string_view("\t\n\v\f\r /\x7f").find(c) != std::string_view::npos;
    if (bad) return "A role name must not include a space, slash, backspace or control character.";
  }
  return "";
}

void CheckRoles(const AppSpec& app, ErrorList* errors) {
  if (app.role() != "*") {
    if (const std::string why = WhyBadRole(app.role()); !why.empty()) errors->Add("/role", why);
  }
  if (app.accepted_resource_roles_size() == 0)
    errors->Add("/acceptedResourceRoles", "must not be empty");
  for (const std::string& role : app.accepted_resource_roles()) {
    if (const std::string why = WhyBadRole(role); !why.empty()) {
      errors->Add("/acceptedResourceRoles", why);
    } else if (role != "*" && role != app.role()) {
      errors->Add("/acceptedResourceRoles",
                  app.role() == "*" ? "acceptedResourceRoles can only contain *"
                                    : "acceptedResourceRoles can only contain * and " + app.role());
    }
  }
}

void CheckEnv(const AppSpec& app, const Defaults& defaults, ErrorList* errors) {
  if (app.env().count("") > 0 || app.env_secrets().count("") > 0) {
    errors->Add("/env", "names must not be empty");
  }
  if (defaults.secrets) {
    for (const auto& [variable, secret] : app.env_secrets()) {
      if (app.secrets().count(secret) > 0) continue;
      errors->Add("/env/" + variable + "/secret", "references an undefined secret");
    }
    for (const auto& [name, source] : app.secrets()) {
      if (source.empty()) errors->Add("/secrets/" + name + "/source", "must not be empty");
    }
    return;
  }
  if (!app.env_secrets().empty()) {
    errors->Add(
        "/env",
        "use of secret-references in the environment requires the secrets feature to be enabled");
  }
  if (!app.secrets().empty()) {
    errors->Add("/secrets",
                "Feature secrets is not enabled. Enable with --enable_features secrets)");
  }
}

void CheckCapacity(double capacity, const std::string& name, bool must_be_zero, ErrorList* errors) {
  const std::string path = "/upgradeStrategy/" + name;
  if (!(capacity >= 0 && capacity <= 1)) {
    errors->Add(path, "got " + ShowNumber(capacity) + ", expected between 0 and 1");
  } else if (must_be_zero && capacity != 0) {
    errors->Add(path, "got " + ShowNumber(capacity) + ", expected 0");
  }
}

void CheckStrategies(const AppSpec& app, ErrorList* errors) {
  const bool single = IsSingleInstance(app);
  if (single && app.instances() > 1) {
    errors->Add("/", "Single instance app may only have one instance");
  }
  CheckCapacity(app.upgrade_strategy().minimum_health_capacity(), "minimumHealthCapacity", single,
                errors);
  CheckCapacity(app.upgrade_strategy().maximum_over_capacity(), "maximumOverCapacity",
                single || IsResident(app), errors);
  const auto& unreachable = app.unreachable_strategy();
  const double inactive = unreachable.inactive_after_seconds();
  const double expunge = unreachable.expunge_after_seconds();
  if (!unreachable.disabled() && inactive > expunge) {
    errors->Add("/unreachableStrategy",
                "inactiveAfterSeconds (" + ShowNumber(inactive) +
                    ") must be less or equal to expungeAfterSeconds, which is " +
                    ShowNumber(expunge));
  }
  if (!unreachable.disabled() && IsResident(app)) {
    errors->Add("/", "unreachableStrategy must be disabled for resident tasks");
  }
  if (app.rollback_on_deadline() && !(app.progress_deadline_seconds() > 0)) {
    errors->Add("/x-meseta/rollbackOnDeadline", "needs progressDeadlineSeconds");
  }
}

void CheckLimits(const AppSpec& app, ErrorList* errors) {
  for (const auto& [name, wanted] :
       {std::pair<std::string, double>("cpus", app.resources().cpus()),
        std::pair<std::string, double>("mem", app.resources().mem())}) {
    const auto limit = app.resource_limits().find(name);
    if (limit == app.resource_limits().end() || limit->second >= wanted) continue;
    errors->Add("/resourceLimits/" + name,
                "resource limit must be greater than or equal to requested resource (" +
                    ShowNumber(wanted) + ")");
  }
}

// Of DC/OS packages, which clients of Marathon may rely on.
void CheckMigrationLabels(const AppSpec& app, ErrorList* errors) {
  const auto label = [&](const char* name) {
    const auto it = app.labels().find(name);
    return it == app.labels().end() ? std::string() : it->second;
  };
  const std::string version = label("DCOS_MIGRATION_API_VERSION");
  if (version.empty()) return;
  if (version == "v1" && !label("DCOS_PACKAGE_FRAMEWORK_NAME").empty() &&
      !label("DCOS_MIGRATION_API_PATH").empty()) {
    return;
  }
  errors->Add("/",
              "DCOS_PACKAGE_FRAMEWORK_NAME and DCOS_MIGRATION_API_PATH must be defined when using "
              "DCOS_MIGRATION_API_VERSION");
}

}  // namespace

std::string WhyBadAppConstraint(const AppConstraint& constraint) {
  const std::string& value = constraint.value();
  if (constraint.field().empty()) return "missing field for constraint declaration";
  switch (constraint.op()) {
    case AppConstraint::UNIQUE:
      return constraint.has_value() ? "UNIQUE does not accept a value" : "";
    case AppConstraint::CLUSTER:
      return "";
    case AppConstraint::GROUP_BY:
      if (!constraint.has_value()) return "";
      if (!IsInteger(value)) return "GROUP BY must define an integer value or else no value at all";
      return "";
    case AppConstraint::MAX_PER:
      return IsInteger(value) ? "" : "MAX_PER requires an integer value";
    case AppConstraint::LIKE:
    case AppConstraint::UNLIKE:
      if (!constraint.has_value()) {
        return "LIKE and UNLIKE require a non-empty, regular expression value";
      }
      return IsRegex(value) ? "" : "is not a valid regular expression";
    case AppConstraint::IS:
      if (IsPlainValue(value)) return "";
      return "IS only supports Mesos text and float values (see "
             "http://mesos.apache.org/documentation/latest/attributes-resources/)";
  }
  return "";
}

std::vector<ApiError::Detail> ValidateApp(const AppSpec& app, const Defaults& defaults) {
  ErrorList errors;
  CheckId(app, &errors);
  CheckCommand(app, &errors);
  CheckFetch(app, &errors);
  CheckRoles(app, &errors);
  CheckEnv(app, defaults, &errors);
  CheckStrategies(app, &errors);
  CheckLimits(app, &errors);
  CheckMigrationLabels(app, &errors);
  for (int i = 0; i < app.constraints_size(); ++i) {
    const std::string why = WhyBadAppConstraint(app.constraints(i));
    if (!why.empty()) errors.Add(Indexed("/constraints", static_cast<size_t>(i)), why);
  }
  CheckNetworks(app, &errors);
  CheckPorts(app, &errors);
  CheckContainer(app, defaults, &errors);
  CheckHealth(app, &errors);
  CheckAbilities(app, defaults, &errors);
  return errors.details();
}

}  // namespace meseta::services
