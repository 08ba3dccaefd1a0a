#include "frameworks/services/api/answers.h"

#include "frameworks/services/view/json_values.h"

namespace meseta::services {

http::Response ErrorAnswer(const ApiError& error) {
  std::string body;
  JsonWriter writer(&body);
  writer.BeginObject();
  WriteText("message", error.message, writer);
  if (!error.details_text.empty()) {
    WriteText("details", error.details_text, writer);
  } else if (!error.details.empty()) {
    writer.Key("details");
    writer.BeginArray();
    for (const ApiError::Detail& detail : error.details) {
      writer.BeginObject();
      WriteText("path", detail.path, writer);
      writer.Key("errors");
      writer.BeginArray();
      for (const std::string& text : detail.errors) writer.String(text);
      writer.EndArray();
      writer.EndObject();
    }
    writer.EndArray();
  }
  if (!error.deployments.empty()) {
    writer.Key("deployments");
    writer.BeginArray();
    for (const std::string& id : error.deployments) {
      writer.BeginObject();
      WriteText("id", id, writer);
      writer.EndObject();
    }
    writer.EndArray();
  }
  writer.EndObject();
  return http::Response::Json(std::move(body), error.status);
}

http::Response ErrorAnswer(int status, const std::string& message) {
  ApiError error;
  error.status = status;
  error.message = message;
  return ErrorAnswer(error);
}

http::Response DeploymentAnswer(const WriteDone& done, int status) {
  std::string body;
  JsonWriter writer(&body);
  writer.BeginObject();
  WriteTime("version", done.version, writer);
  WriteText("deploymentId", done.deployment_id, writer);
  writer.EndObject();
  http::Response response = http::Response::Json(std::move(body), status);
  response.headers.Set("Marathon-Deployment-Id", done.deployment_id);
  return response;
}

}  // namespace meseta::services
