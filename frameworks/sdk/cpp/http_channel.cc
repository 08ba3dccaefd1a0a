#include "frameworks/sdk/cpp/http_channel.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "actors/base/json/json_codec.h"
#include "actors/http/negotiation.h"
#include "actors/http/pipeline.h"
#include "actors/http/recordio.h"

namespace meseta::sdk {
namespace {

using Call = v1::scheduler::Call;
using Event = v1::scheduler::Event;

constexpr char kTarget[] = "/api/v1/scheduler";
constexpr char kStreamIdHeader[] = "Mesos-Stream-Id";
constexpr char kTermHeader[] = "Meseta-Framework-Term";
constexpr size_t kMaxRefusalBytes = 4096;
// SchedulerCore has a deadline of its own, which is what users read about.
constexpr Duration kHeadTimeout = SchedulerCore::kSubscribeDeadline * 2;

class HttpChannel final : public Channel, public std::enable_shared_from_this<HttpChannel> {
 public:
  HttpChannel(net::IoRuntime& runtime, HttpChannelOptions options, std::string master,
              Reports reports)
      : runtime_(runtime),
        options_(std::move(options)),
        master_(std::move(master)),
        reports_(std::move(reports)) {}

  void Open(http::Client& client, const Call& subscribe, uint64_t term) {
    http::ClientRequest request;
    request.method = "POST";
    request.url = master_ + kTarget;
    request.headers = CommonHeaders();
    if (term > 0) request.headers.Set(kTermHeader, std::to_string(term));
    request.timeout = kHeadTimeout;
    request.body = Encode(subscribe);
    auto self = shared_from_this();
    // The callbacks come on one thread, in order; so do the posts.
    stream_ = client.Stream(
        std::move(request),
        [self](const http::Response& head) {
          self->Post([self, head] { self->OnHead(head); });
        },
        [self](std::string_view bytes) {
          self->Post([self, data = std::string(bytes)] { self->OnData(data); });
        },
        [self](const Status& status) {
          self->Post([self, status] { self->OnEnd(status); });
        });
  }

  void Send(Call call) override {
    if (closed_ || !calls_) return;
    auto self = shared_from_this();
    const bool kept = call.type() == Call::TEARDOWN || call.type() == Call::UPDATE_FRAMEWORK;
    std::string body = Encode(call);
    auto sent = std::make_shared<Call>(std::move(call));
    calls_->Post(kTarget, std::move(body), [self, sent, kept](Result<http::Response> answer) {
      const bool plain = answer.ok() && answer->status >= 200 && answer->status < 300;
      if (plain && !kept) return;  // Nobody asks.
      self->Post([self, sent, answer = std::move(answer)] { self->OnAnswer(*sent, answer); });
    });
  }

  void Close() override {
    closed_ = true;
    if (stream_) stream_->Close();
    if (calls_) calls_->Close();
    stream_.reset();
    calls_.reset();
  }

 private:
  void Post(std::function<void()> work) {
    runtime_.Post([self = shared_from_this(), work = std::move(work)] {
      if (!self->closed_) work();
    });
  }

  [[nodiscard]] http::Headers CommonHeaders() const {
    const std::string type(options_.json ? http::kJsonType : http::kProtobufType);
    http::Headers headers;
    headers.Set("Content-Type", type);
    headers.Set("Accept", type);
    if (!options_.authorization.empty()) headers.Set("Authorization", options_.authorization);
    return headers;
  }

  [[nodiscard]] std::string Encode(const Call& call) const {
    return options_.json ? ToJson(call) : call.SerializeAsString();
  }

  [[nodiscard]] Status Decode(const std::string& record, Event* event) const {
    if (options_.json) return FromJson(record, event);
    if (event->ParseFromString(record)) return OkStatus();
    return DataLoss("it is no protobuf message of a scheduler's events");
  }

  void OnHead(const http::Response& head) {
    head_ = head;
    head_->body.clear();
    if (head.status != 200) return;
    http::PipelineOptions options;
    options.base = master_;
    options.tls = options_.tls;
    options.headers = CommonHeaders();
    if (auto id = head.headers.Get(kStreamIdHeader)) {
      options.headers.Set(kStreamIdHeader, std::move(*id));
    }
    calls_ = std::make_unique<http::Pipeline>(runtime_, std::move(options));
  }

  void OnData(const std::string& bytes) {
    if (!head_) return;
    if (head_->status != 200) {
      const size_t room = kMaxRefusalBytes - std::min(kMaxRefusalBytes, head_->body.size());
      head_->body += bytes.substr(0, room);
      return;
    }
    const auto records = decoder_.Decode(bytes);
    if (!records.ok()) return End(records.status());
    for (const std::string& record : *records) {
      Event event;
      const Status decoded = Decode(record, &event);
      if (!decoded.ok()) return End(decoded.WithContext("An event of the master cannot be read"));
      reports_.arrived(std::move(event));
      if (closed_) return;
    }
  }

  void OnEnd(const Status& status) {
    if (head_ && head_->status == 200) {
      return End(status.ok() ? Unavailable("the master ended the stream of events") : status);
    }
    SchedulerCore::Refusal refusal;
    if (head_) {
      refusal = RefusalOf(master_, head_->status, head_->body,
                          head_->headers.Get("Location").value_or(""));
    } else {
      refusal.status = status.ok() ? Unavailable("no answer") : status;
    }
    reports_.refused(refusal);
  }

  void OnAnswer(const Call& call, const Result<http::Response>& response) {
    if (!response.ok()) return End(response.status());
    SchedulerCore::Answer answer;
    answer.call = call;
    answer.status = response->status;
    answer.text = response->body;
    reports_.answered(std::move(answer));
  }

  void End(const Status& status) { reports_.ended(status); }

  net::IoRuntime& runtime_;
  const HttpChannelOptions options_;
  const std::string master_;
  const Reports reports_;
  bool closed_ = false;
  std::shared_ptr<http::ClientStream> stream_;
  std::optional<http::Response> head_;  // Its body collects a refusal's text.
  http::RecordDecoder decoder_;
  std::unique_ptr<http::Pipeline> calls_;  // From the head of a 200 on.
};

}  // namespace

std::shared_ptr<Channel> OpenHttpChannel(net::IoRuntime& runtime, http::Client& client,
                                         const HttpChannelOptions& options,
                                         const SchedulerCore::Dial& dial,
                                         Channel::Reports reports) {
  auto channel =
      std::make_shared<HttpChannel>(runtime, options, dial.master, std::move(reports));
  channel->Open(client, dial.subscribe, dial.term);
  return channel;
}

}  // namespace meseta::sdk
