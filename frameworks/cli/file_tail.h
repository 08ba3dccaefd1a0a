// FileTail: follows one growing file of a sandbox: polls the agent and passes on what is new.
//
// Asynchronous; all calls and callbacks on the first network thread of the runtime. on_end comes
// exactly once, after Finish(): when the end of the file is reached, or with a failure once reading
// has failed kMaxTailFailures times in a row. Keeps itself alive until then.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "actors/http/client.h"
#include "actors/net/io_runtime.h"

namespace meseta::cli {

inline constexpr Duration kTailPause = Duration::Millis(200);
inline constexpr int kMaxTailFailures = 25;  // 5 s.

class FileTail : public std::enable_shared_from_this<FileTail> {
 public:
  struct Source {
    std::string agent;  // Base URL.
    std::string path;   // Virtual.
    std::string authorization;
  };
  using OnData = std::function<void(std::string_view)>;
  using OnEnd = std::function<void(const Status&)>;

  FileTail(net::IoRuntime& runtime, http::Client& client, Source source, OnData on_data,
           OnEnd on_end);

  void Start();
  // The file grows no more: read to its end and stop.
  void Finish();

 private:
  void Read();
  void OnAnswer(const Result<http::Response>& response);
  void Pause();
  void End(const Status& status);

  net::IoRuntime& runtime_;
  http::Client& client_;
  const Source source_;
  OnData on_data_;
  OnEnd on_end_;
  uint64_t offset_ = 0;
  int failures_ = 0;  // In a row.
  bool finishing_ = false;
  bool final_read_ = false;  // The read under way was begun after Finish().
};

}  // namespace meseta::cli
