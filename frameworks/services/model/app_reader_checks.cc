#include <utility>

#include "frameworks/services/model/app_reader.h"

namespace meseta::services {
namespace {

using internal::AppCheck;
using internal::AppHealthCheck;
using internal::AppReadinessCheck;

double Seconds(const Fields& fields, std::string_view name, int64_t otherwise, int64_t min = 0) {
  return static_cast<double>(fields.IntIn(name, min, kMaxSeconds).value_or(otherwise));
}

// A fixed port, the index of one, or else the first of the app's.
template <class Check>
void ReadPort(const Fields& fields, Check* check) {
  if (const auto port = fields.IntIn("port", 0, kMaxPort)) {
    check->set_port(static_cast<uint32_t>(*port));
  }
  if (const auto index = fields.IntIn("portIndex", 0, kMaxPort)) {
    check->set_port_index(static_cast<uint32_t>(*index));
  } else if (!check->has_port()) {
    check->set_port_index(0);
  }
}

void ReadHealthCheck(const Fields& fields, AppHealthCheck* check) {
  AppHealthCheck::Protocol protocol = AppHealthCheck::HTTP;
  const std::string name = fields
                               .Word("protocol", {"HTTP", "HTTPS", "TCP", "COMMAND", "MESOS_HTTP",
                                                  "MESOS_HTTPS", "MESOS_TCP"})
                               .value_or("HTTP");
  (void)AppHealthCheck::Protocol_Parse(name, &protocol);
  check->set_protocol(protocol);
  const bool http = name.find("HTTP") != std::string::npos;
  if (http) check->set_path(fields.String("path").value_or("/"));
  if (protocol == AppHealthCheck::HTTP || protocol == AppHealthCheck::HTTPS) {
    check->set_ignore_http_1xx(fields.Bool("ignoreHttp1xx").value_or(false));
  }
  if (protocol == AppHealthCheck::COMMAND) {
    if (const boost::json::object* command = fields.Object("command")) {
      const Fields members(*command, fields.PathOf("command"), fields.errors());
      check->set_command(members.RequiredString("value"));
    }
  } else {
    ReadPort(fields, check);
  }
  check->set_ipv6(fields.Word("ipProtocol", {"IPv4", "IPv6"}).value_or("IPv4") == "IPv6");
  check->set_delay_seconds(Seconds(fields, "delaySeconds", 15));
  check->set_grace_period_seconds(Seconds(fields, "gracePeriodSeconds", 300));
  check->set_interval_seconds(Seconds(fields, "intervalSeconds", 60));
  check->set_timeout_seconds(Seconds(fields, "timeoutSeconds", 20));
  check->set_max_consecutive_failures(
      static_cast<uint32_t>(Seconds(fields, "maxConsecutiveFailures", 3)));
}

// One word of a shell command that means exactly `text`.
std::string Quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted.push_back(c);
    }
  }
  return quoted + "'";
}

// {"command": {"shell": text}} or {"command": {"argv": [words]}}.
void ReadExec(const Fields& exec, AppCheck* check) {
  const boost::json::object* command = exec.Object("command");
  if (command == nullptr) return exec.TypeError("command", "error.path.missing");
  const Fields members(*command, exec.PathOf("command"), exec.errors());
  const auto argv = members.StringList("argv");
  const auto shell = members.String("shell");
  if ((argv && !argv->empty()) == (shell && !shell->empty())) {
    return exec.Broken("command", "specify either shell or argv, never both");
  }
  std::string text = shell.value_or("");
  if (argv && !argv->empty()) {
    text = "exec";
    for (const std::string& word : *argv) text += " " + Quoted(word);
  }
  check->set_exec_command(text);
}

void ReadCheck(const Fields& fields, AppCheck* check) {
  const boost::json::object* http = fields.Object("http");
  const boost::json::object* tcp = fields.Object("tcp");
  const boost::json::object* exec = fields.Object("exec");
  if ((http != nullptr) + (tcp != nullptr) + (exec != nullptr) != 1) {
    fields.errors()->rules.Add(fields.path(), "must define exactly one of http, tcp and exec");
  } else if (http != nullptr) {
    const Fields members(*http, fields.PathOf("http"), fields.errors());
    check->set_http_path(members.String("path").value_or("/"));
    check->set_http_scheme(members.Word("scheme", {"HTTP", "HTTPS"}).value_or("HTTP"));
    ReadPort(members, check);
  } else if (tcp != nullptr) {
    check->set_tcp(true);
    ReadPort(Fields(*tcp, fields.PathOf("tcp"), fields.errors()), check);
  } else {
    ReadExec(Fields(*exec, fields.PathOf("exec"), fields.errors()), check);
  }
  check->set_interval_seconds(Seconds(fields, "intervalSeconds", 60));
  check->set_timeout_seconds(Seconds(fields, "timeoutSeconds", 20));
  check->set_delay_seconds(Seconds(fields, "delaySeconds", 15));
}

void ReadStatusCodes(const Fields& fields, AppReadinessCheck* check) {
  const boost::json::array* codes = fields.Array("httpStatusCodesForReady");
  for (size_t i = 0; codes != nullptr && i < codes->size(); ++i) {
    const std::string path = Indexed(fields.PathOf("httpStatusCodesForReady"), i);
    const boost::json::value& code = (*codes)[i];
    if (!code.is_int64()) {
      fields.errors()->types.Add(
          path, code.is_number() ? "error.expected.int" : "error.expected.jsnumber");
    } else if (code.get_int64() < 100 || code.get_int64() > 999) {
      fields.errors()->rules.Add(
          path, "got " + std::to_string(code.get_int64()) + ", expected between 100 and 999");
    } else {
      check->add_http_status_codes_for_ready(static_cast<uint32_t>(code.get_int64()));
    }
  }
  if (check->http_status_codes_for_ready_size() == 0) check->add_http_status_codes_for_ready(200);
}

void ReadReadinessCheck(const Fields& fields, AppReadinessCheck* check) {
  check->set_name(fields.String("name").value_or("readinessCheck"));
  check->set_https(fields.Word("protocol", {"HTTP", "HTTPS"}).value_or("HTTP") == "HTTPS");
  check->set_path(fields.String("path").value_or("/"));
  check->set_port_name(fields.String("portName").value_or("http-api"));
  check->set_interval_seconds(Seconds(fields, "intervalSeconds", 30));
  check->set_timeout_seconds(Seconds(fields, "timeoutSeconds", 10, 1));
  check->set_preserve_last_response(fields.Bool("preserveLastResponse").value_or(false));
  ReadStatusCodes(fields, check);
}

}  // namespace

void ReadChecks(const Fields& fields, AppSpec* app) {
  fields.ForEachObject("healthChecks", [&](const Fields& check) {
    ReadHealthCheck(check, app->add_health_checks());
  });
  if (const boost::json::object* check = fields.Object("check")) {
    ReadCheck(Fields(*check, fields.PathOf("check"), fields.errors()), app->mutable_check());
  }
  fields.ForEachObject("readinessChecks", [&](const Fields& check) {
    ReadReadinessCheck(check, app->add_readiness_checks());
  });
}

}  // namespace meseta::services
