#include "frameworks/cli/file_tail.h"

#include <utility>

#include "frameworks/cli/sandbox_file.h"

namespace meseta::cli {

FileTail::FileTail(net::IoRuntime& runtime, http::Client& client, Source source, OnData on_data,
                   OnEnd on_end)
    : runtime_(runtime),
      client_(client),
      source_(std::move(source)),
      on_data_(std::move(on_data)),
      on_end_(std::move(on_end)) {}

void FileTail::Start() { Read(); }

void FileTail::Finish() { finishing_ = true; }

void FileTail::Read() {
  final_read_ = finishing_;
  auto self = shared_from_this();
  client_.Send(
      ReadFileRequest(source_.agent, source_.path, offset_, source_.authorization),
      [self](Result<http::Response> response) {
        self->runtime_.Post([self, response = std::move(response)] { self->OnAnswer(response); });
      });
}

void FileTail::OnAnswer(const Result<http::Response>& response) {
  const Result<std::string> data = response.ok() ? ReadFileAnswer(source_.agent, *response)
                                                 : Result<std::string>(response.status());
  if (!data.ok()) {
    // A file that is not there when its task has ended never was; before that it may still come.
    const bool missing = data.status().code() == StatusCode::kNotFound;
    if (missing && !finishing_) return Pause();
    if (missing || ++failures_ >= kMaxTailFailures)
      return End(missing ? OkStatus() : data.status());
    return Pause();
  }
  failures_ = 0;
  if (!data->empty()) {
    offset_ += data->size();
    on_data_(*data);
    return Read();
  }
  if (final_read_) return End(OkStatus());
  Pause();
}

void FileTail::Pause() {
  auto self = shared_from_this();
  runtime_.PostAfter(finishing_ && !final_read_ ? Duration::Nanos(0) : kTailPause,
                     [self] { self->Read(); });
}

void FileTail::End(const Status& status) {
  const OnEnd on_end = std::move(on_end_);
  on_end_ = nullptr;
  on_end(status);
}

}  // namespace meseta::cli
