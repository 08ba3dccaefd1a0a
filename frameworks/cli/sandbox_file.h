// Reading a task's stdout and stderr from its agent: the READ_FILE call of the agent's /api/v1,
// which carries bytes as they are. Pure: makes requests, reads answers.
#pragma once

#include <cstdint>
#include <string>

#include "actors/http/client.h"

namespace meseta::cli {

inline constexpr uint64_t kReadFileBytes =
    64 * 1024;  // More than this an agent does not give at once.

// "/frameworks/<f>/executors/<e>/runs/latest/stdout"; a command task's executor has the task's id.
[[nodiscard]] std::string SandboxPath(const std::string& framework, const std::string& executor,
                                      const std::string& task, const std::string& file);

// `agent`: base URL.
[[nodiscard]] http::ClientRequest ReadFileRequest(const std::string& agent, const std::string& path,
                                                  uint64_t offset,
                                                  const std::string& authorization);

// The bytes, none at the end of the file. NotFound when there is no such file (yet).
[[nodiscard]] Result<std::string> ReadFileAnswer(const std::string& agent,
                                                 const http::Response& response);

}  // namespace meseta::cli
