#include "frameworks/sdk/cpp/link_channel.h"

#include <iterator>
#include <map>
#include <utility>

#include "actors/base/version.h"
#include "actors/messages/internal/scheduler.pb.h"
#include "actors/net/link_transport.h"
#include "actors/net/tls_context.h"
#include "frameworks/sdk/cpp/masters.h"

namespace meseta::sdk {
namespace {

using Call = v1::scheduler::Call;

constexpr char kSchedulerActor[] = "scheduler";  // Of both ends.
constexpr char kDialName[] = "the master";
// How often a link that is not up is asked why.
constexpr Duration kProblemPoll = Duration::Millis(20);
constexpr size_t kMaxQueuedCalls = 200'000;

class LinkChannel final : public Channel, public std::enable_shared_from_this<LinkChannel> {
 public:
  LinkChannel(net::IoRuntime& runtime, std::string master, Reports reports)
      : runtime_(runtime), master_(std::move(master)), reports_(std::move(reports)) {}

  void Open(const LinkChannelOptions& options, const SchedulerCore::Dial& dial) {
    session_ = dial.session;
    term_ = dial.term;
    subscribe_ = dial.subscribe;
    net::LinkTransportOptions link;
    link.role = net::PeerRole::kFramework;
    link.daemon_version = kMesetaVersion;
    link.credential = options.credential;
    link.queue.max_messages = kMaxQueuedCalls;
    if (master_.starts_with("https://")) {
      const Status tls = UseTls(options, &link);
      if (!tls.ok()) {
        return Post([self = shared_from_this(), tls] { self->Refuse(tls); });
      }
    }
    transport_ = std::make_shared<net::LinkTransport>(runtime_, std::move(link));
    // On a network thread; the transport's destructor waits for it.
    transport_->Register(kSchedulerActor, {net::PeerRole::kMaster},
                         [weak = weak_from_this()](net::LinkEvent event) {
                           const auto self = weak.lock();
                           if (!self) return;
                           auto shared = std::make_shared<net::LinkEvent>(std::move(event));
                           self->Post([self, shared] { self->Handle(std::move(*shared)); });
                         });
    transport_->Dial(kDialName, {AddressOf(master_)});
    AskProblem();
  }

  void Send(Call call) override {
    if (closed_ || link_ == 0) return;
    internal::FromScheduler message;
    message.mutable_call()->set_number(++numbered_);
    call.SerializeToString(message.mutable_call()->mutable_call());
    if (call.type() == Call::SUBSCRIBE && term_ > 0) message.mutable_call()->set_framework_term(term_);
    message.set_session(session_);
    // Kept until the master has taken it: a refusal names it by its number only.
    sent_.emplace(numbered_, std::move(call));
    if (sent_.size() > kMaxQueuedCalls) {
      return Post([self = shared_from_this()] {
        self->reports_.ended(ResourceExhausted("it leaves too many calls without an answer"));
      });
    }
    net::Envelope envelope;
    envelope.to = kSchedulerActor;
    envelope.from = kSchedulerActor + std::string("@");
    envelope.type = message.GetTypeName();
    envelope.payload = message.SerializeAsString();
    // A link that is full is cut, and LinkDown follows.
    (void)transport_->Send(link_, std::move(envelope));
  }

  void Close() override {
    closed_ = true;
    transport_.reset();
    sent_.clear();
  }

 private:
  static Status UseTls(const LinkChannelOptions& options, net::LinkTransportOptions* link) {
    link->tls = options.tls;
    if (link->tls) return OkStatus();
    const net::TlsFiles system;
    ASSIGN_OR_RETURN(link->tls, net::TlsContext::Client(system, true));
    return OkStatus();
  }

  void Post(std::function<void()> work) {
    runtime_.Post([self = shared_from_this(), work = std::move(work)] {
      if (!self->closed_) work();
    });
  }

  // Until the link is up: whether it can be.
  void AskProblem() {
    runtime_.PostAfter(kProblemPoll, [self = shared_from_this()] {
      if (self->closed_ || self->link_ != 0) return;
      const Status problem = self->transport_->DialProblem(kDialName);
      if (problem.ok()) return self->AskProblem();
      self->Refuse(problem);
    });
  }

  void Refuse(const Status& problem) {
    SchedulerCore::Refusal refusal;
    const bool for_good = problem.code() == StatusCode::kUnauthenticated ||
                          problem.code() == StatusCode::kPermissionDenied;
    refusal.kind = for_good ? SchedulerCore::Refusal::Kind::kForGood
                            : SchedulerCore::Refusal::Kind::kUnreachable;
    refusal.status = problem;
    reports_.refused(refusal);
  }

  void Handle(net::LinkEvent event) {
    if (auto* up = std::get_if<net::LinkUp>(&event)) {
      if (link_ != 0) return;  // The dialer has made another, which is not ours.
      link_ = up->link;
      Send(std::move(subscribe_));
    } else if (auto* batch = std::get_if<net::LinkMessages>(&event)) {
      const auto transport = transport_;  // A report may close us.
      if (batch->link == link_) HandleMessages(*batch);
      transport->Consumed(batch->link);
    } else if (auto* down = std::get_if<net::LinkDown>(&event)) {
      if (down->link == link_) reports_.ended(down->reason);
    }
  }

  void HandleMessages(const net::LinkMessages& batch) {
    for (const net::Envelope& envelope : batch.messages) {
      if (closed_) return;
      internal::ToScheduler message;
      if (envelope.type != message.GetTypeName() || !message.ParseFromString(envelope.payload)) {
        return reports_.ended(DataLoss("A message of the master cannot be read"));
      }
      if (message.session() != session_) continue;
      if (message.has_event()) {
        v1::scheduler::Event event;
        if (!event.ParseFromString(message.event())) {
          return reports_.ended(DataLoss("An event of the master cannot be read"));
        }
        reports_.arrived(std::move(event));
      } else if (message.has_answer()) {
        OnAnswer(message.answer());
      } else if (message.has_end()) {
        reports_.ended(Unavailable("the master ended the session"));
      } else if (message.has_taken()) {
        OnTaken(message.taken());
      }
    }
  }

  void OnAnswer(const internal::SessionAnswer& message) {
    if (message.number() == 1) {  // SUBSCRIBE: only a refusal is said.
      return reports_.refused(
          RefusalOf(master_, message.status(), message.text(), message.location()));
    }
    const auto sent = sent_.find(message.number());
    if (sent == sent_.end()) return;
    SchedulerCore::Answer answer;
    answer.call = std::move(sent->second);
    sent_.erase(sent);
    answer.status = message.status();
    answer.text = message.text();
    reports_.answered(std::move(answer));
  }

  void OnTaken(uint64_t number) {
    for (auto sent = sent_.begin(); sent != sent_.end() && sent->first <= number;) {
      const Call::Type type = sent->second.type();
      const bool waits = type == Call::TEARDOWN || type == Call::UPDATE_FRAMEWORK;
      sent = waits ? std::next(sent) : sent_.erase(sent);
    }
  }

  net::IoRuntime& runtime_;
  const std::string master_;
  const Reports reports_;
  uint64_t session_ = 0;
  uint64_t term_ = 0;
  Call subscribe_;  // Until the link is up.
  bool closed_ = false;
  std::shared_ptr<net::LinkTransport> transport_;
  net::LinkId link_ = 0;    // 0: not up yet.
  uint64_t numbered_ = 0;   // Calls so far.
  std::map<uint64_t, Call> sent_;  // By number, not yet taken.
};

}  // namespace

std::shared_ptr<Channel> OpenLinkChannel(net::IoRuntime& runtime, const LinkChannelOptions& options,
                                         const SchedulerCore::Dial& dial,
                                         Channel::Reports reports) {
  auto channel = std::make_shared<LinkChannel>(runtime, dial.master, std::move(reports));
  channel->Open(options, dial);
  return channel;
}

}  // namespace meseta::sdk
