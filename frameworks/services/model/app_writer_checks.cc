#include "frameworks/services/model/app_reader.h"

namespace meseta::services {
namespace {

void WriteText(const char* name, const std::string& text, JsonWriter& writer) {
  writer.Key(name);
  writer.String(text);
}

void WriteAmount(const char* name, double value, JsonWriter& writer) {
  writer.Key(name);
  WriteNumber(value, writer);
}

template <class Check>
void WritePort(const Check& check, JsonWriter& writer) {
  if (check.has_port()) WriteAmount("port", check.port(), writer);
  if (check.has_port_index()) WriteAmount("portIndex", check.port_index(), writer);
}

}  // namespace

void WriteHealthCheck(const internal::AppHealthCheck& check, JsonWriter& writer) {
  writer.BeginObject();
  if (check.has_command()) {
    writer.Key("command");
    writer.BeginObject();
    WriteText("value", check.command(), writer);
    writer.EndObject();
  }
  WriteAmount("gracePeriodSeconds", check.grace_period_seconds(), writer);
  if (check.has_ignore_http_1xx()) {
    writer.Key("ignoreHttp1xx");
    writer.Bool(check.ignore_http_1xx());
  }
  WriteAmount("intervalSeconds", check.interval_seconds(), writer);
  WriteAmount("maxConsecutiveFailures", check.max_consecutive_failures(), writer);
  if (check.has_path()) WriteText("path", check.path(), writer);
  WritePort(check, writer);
  WriteText("protocol", internal::AppHealthCheck::Protocol_Name(check.protocol()), writer);
  WriteText("ipProtocol", check.ipv6() ? "IPv6" : "IPv4", writer);
  WriteAmount("timeoutSeconds", check.timeout_seconds(), writer);
  WriteAmount("delaySeconds", check.delay_seconds(), writer);
  writer.EndObject();
}

namespace {

void WriteCheck(const internal::AppCheck& check, JsonWriter& writer) {
  writer.Key("check");
  writer.BeginObject();
  if (check.has_exec_command()) {
    writer.Key("exec");
    writer.BeginObject();
    writer.Key("command");
    writer.BeginObject();
    WriteText("shell", check.exec_command(), writer);
    writer.EndObject();
    writer.EndObject();
  } else {
    writer.Key(check.tcp() ? "tcp" : "http");
    writer.BeginObject();
    WritePort(check, writer);
    if (!check.tcp()) {
      WriteText("path", check.http_path(), writer);
      WriteText("scheme", check.http_scheme(), writer);
    }
    writer.EndObject();
  }
  WriteAmount("intervalSeconds", check.interval_seconds(), writer);
  WriteAmount("timeoutSeconds", check.timeout_seconds(), writer);
  WriteAmount("delaySeconds", check.delay_seconds(), writer);
  writer.EndObject();
}

void WriteReadinessCheck(const internal::AppReadinessCheck& check, JsonWriter& writer) {
  writer.BeginObject();
  WriteText("name", check.name(), writer);
  WriteText("protocol", check.https() ? "HTTPS" : "HTTP", writer);
  WriteText("path", check.path(), writer);
  WriteText("portName", check.port_name(), writer);
  WriteAmount("intervalSeconds", check.interval_seconds(), writer);
  WriteAmount("timeoutSeconds", check.timeout_seconds(), writer);
  writer.Key("httpStatusCodesForReady");
  writer.BeginArray();
  for (const uint32_t code : check.http_status_codes_for_ready()) writer.UInt(code);
  writer.EndArray();
  writer.Key("preserveLastResponse");
  writer.Bool(check.preserve_last_response());
  writer.EndObject();
}

}  // namespace

void WriteChecks(const AppSpec& app, JsonWriter& writer) {
  if (app.health_checks_size() > 0) {
    writer.Key("healthChecks");
    writer.BeginArray();
    for (const auto& check : app.health_checks()) WriteHealthCheck(check, writer);
    writer.EndArray();
  }
  if (app.has_check()) WriteCheck(app.check(), writer);
  if (app.readiness_checks_size() == 0) return;
  writer.Key("readinessChecks");
  writer.BeginArray();
  for (const auto& check : app.readiness_checks()) WriteReadinessCheck(check, writer);
  writer.EndArray();
}

}  // namespace meseta::services
