#include "frameworks/cli/sandbox_file.h"

#include "actors/messages/v1.h"
#include "frameworks/cli/cluster_client.h"
#include "frameworks/cli/master_list.h"

namespace meseta::cli {
namespace {

constexpr char kProtobuf[] = "application/x-protobuf";

}  // namespace

std::string SandboxPath(const std::string& framework, const std::string& executor,
                        const std::string& task, const std::string& file) {
  return "/frameworks/" + framework + "/executors/" + (executor.empty() ? task : executor) +
         "/runs/latest/" + file;
}

http::ClientRequest ReadFileRequest(const std::string& agent, const std::string& path,
                                    uint64_t offset, const std::string& authorization) {
  v1::agent::Call call;
  call.set_type(v1::agent::Call::READ_FILE);
  call.mutable_read_file()->set_path(path);
  call.mutable_read_file()->set_offset(offset);
  call.mutable_read_file()->set_length(kReadFileBytes);
  http::ClientRequest request;
  request.method = "POST";
  request.url = agent + "/api/v1";
  request.headers.Set("Content-Type", kProtobuf);
  request.headers.Set("Accept", kProtobuf);
  if (!authorization.empty()) request.headers.Set("Authorization", authorization);
  request.body = call.SerializeAsString();
  return request;
}

Result<std::string> ReadFileAnswer(const std::string& agent, const http::Response& response) {
  RETURN_IF_ERROR(StatusOf("The agent at " + ShownAddress(agent), response));
  v1::agent::Response answer;
  if (!answer.ParseFromString(response.body) || !answer.has_read_file()) {
    return DataLoss("The agent at " + ShownAddress(agent) + " gave an answer that is no READ_FILE");
  }
  return answer.read_file().data();
}

}  // namespace meseta::cli
