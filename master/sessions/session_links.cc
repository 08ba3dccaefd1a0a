#include "master/sessions/session_links.h"

#include <atomic>
#include <utility>

#include "actors/base/logging.h"
#include "master/api/scheduler_api.h"

namespace meseta::master {
namespace {

using Call = v1::scheduler::Call;

constexpr char kToSchedulerType[] = "meseta.internal.ToScheduler";

// The far end of one session. Thread-safe; outlives the actor.
class Peer {
 public:
  Peer(net::Transport* transport, std::string address, net::LinkId link, std::string to,
       uint64_t session)
      : transport_(transport),
        address_(std::move(address)),
        link_(link),
        to_(std::move(to)),
        session_(session) {}

  [[nodiscard]] bool Send(internal::ToScheduler message) const {
    message.set_session(session_);
    net::Envelope envelope;
    envelope.to = to_;
    envelope.from = address_;
    envelope.type = kToSchedulerType;
    envelope.payload = message.SerializeAsString();
    return transport_->Send(link_, std::move(envelope));
  }
  void Answer(uint64_t number, const http::Response& response) const {
    internal::ToScheduler message;
    internal::SessionAnswer* answer = message.mutable_answer();
    answer->set_number(number);
    answer->set_status(response.status);
    answer->set_text(response.body);
    if (auto location = response.headers.Get("Location")) {
      answer->set_location(*std::move(location));
    }
    // A link that is down or full reports that itself.
    (void)Send(std::move(message));
  }

 private:
  net::Transport* const transport_;
  const std::string address_;
  const net::LinkId link_;
  const std::string to_;
  const uint64_t session_;
};
using PeerPtr = std::shared_ptr<const Peer>;

// Events of a session, as the stream actor writes them: each a serialized Event without a frame.
class LinkWriter final : public http::StreamWriter {
 public:
  explicit LinkWriter(PeerPtr peer) : peer_(std::move(peer)) {}
  bool Write(std::string bytes) override {
    if (closed_) return false;
    internal::ToScheduler message;
    message.set_event(std::move(bytes));
    return peer_->Send(std::move(message));
  }
  void Close() override {
    if (closed_.exchange(true)) return;
    internal::ToScheduler message;
    message.mutable_end();
    (void)peer_->Send(std::move(message));
  }
  [[nodiscard]] bool closed() const override { return closed_; }

 private:
  const PeerPtr peer_;
  std::atomic<bool> closed_ = false;
};

// The calls of one read of a link. Once the last of them is answered, their senders hear of it.
class CallBatch {
 public:
  explicit CallBatch(UnconsumedBatch unconsumed) : unconsumed_(std::move(unconsumed)) {}
  ~CallBatch() {
    for (const auto& [from, last] : last_) {
      internal::ToScheduler message;
      message.set_taken(last.second);
      (void)last.first->Send(std::move(message));
    }
  }
  CallBatch(const CallBatch&) = delete;
  CallBatch& operator=(const CallBatch&) = delete;
  void Add(const std::string& from, PeerPtr peer, uint64_t number) {
    last_[from] = {std::move(peer), number};
  }

 private:
  UnconsumedBatch unconsumed_;
  std::map<std::string, std::pair<PeerPtr, uint64_t>> last_;  // Call of each sender.
};

// Where the answer to one call goes. It holds the batch that the call came in.
class LinkResponder final : public http::Responder {
 public:
  LinkResponder(PeerPtr peer, uint64_t number, bool always, TermPtr term,
                std::shared_ptr<CallBatch> batch)
      : peer_(std::move(peer)),
        number_(number),
        always_(always),
        term_(std::move(term)),
        batch_(std::move(batch)) {}
  ~LinkResponder() override {
    if (answered_) return;
    peer_->Answer(number_, DroppedResponse(*term_));
  }
  void Send(http::Response response) override {
    answered_ = true;
    const bool accepted = response.status >= 200 && response.status < 300;
    if (accepted && !always_) return;
    peer_->Answer(number_, response);
  }
  // Only a SUBSCRIBE has a stream, and that has no responder here.
  std::shared_ptr<http::StreamWriter> Stream(http::Response head, std::function<void()>) override {
    Send(std::move(head));
    return std::make_shared<LinkWriter>(peer_);
  }

 private:
  const PeerPtr peer_;
  const uint64_t number_;
  const bool always_;  // Answer also when it is accepted.
  const TermPtr term_;
  const std::shared_ptr<CallBatch> batch_;
  std::atomic<bool> answered_ = false;
};

}  // namespace

struct SessionLinks::Caller {
  PeerPtr peer;
  std::string from;
  uint64_t session = 0;
  uint64_t number = 0;  // Of the call.
  std::shared_ptr<CallBatch> batch;
};

SessionLinks::SessionLinks(SessionLinksOutlets outlets) : outlets_(std::move(outlets)) {}

void SessionLinks::Turn(std::vector<net::LinkEvent>& events, runtime::TurnContext&) {
  for (net::LinkEvent& event : events) Handle(std::move(event));
}

void SessionLinks::Handle(net::LinkEvent event) {
  std::visit([this](auto& e) { Handle(e); }, event);
}

void SessionLinks::Handle(net::LinkUp& event) {
  if (event.peer.role != net::PeerRole::kFramework) return;
  links_[event.link].peer = std::move(event.peer);
}

void SessionLinks::Handle(net::LinkDown& event) {
  const auto link = links_.find(event.link);
  if (link == links_.end()) return;
  for (const auto& [from, session] : link->second.sessions) Close(session);
  links_.erase(link);
}

void SessionLinks::Close(const Session& session) {
  session.term->post(StreamClosed{session.stream});
}

void SessionLinks::Handle(net::LinkMessages& event) {
  const auto batch =
      std::make_shared<CallBatch>(UnconsumedBatch(outlets_.transport, event.link));
  const auto link = links_.find(event.link);
  if (link == links_.end()) return;
  for (const net::Envelope& envelope : event.messages) {
    internal::FromScheduler message;
    if (envelope.type != message.GetTypeName() || envelope.from.size() > kMaxNameBytes ||
        !message.ParseFromString(envelope.payload)) {
      outlets_.count_dropped();
      continue;
    }
    auto& sessions = link->second.sessions;
    const auto session = sessions.find(envelope.from);
    if (message.has_call()) {
      Caller caller;
      caller.from = envelope.from;
      caller.session = message.session();
      caller.number = message.call().number();
      caller.batch = batch;
      caller.peer = std::make_shared<Peer>(outlets_.transport, outlets_.address, event.link,
                                           envelope.from.substr(0, envelope.from.find('@')),
                                           message.session());
      batch->Add(caller.from, caller.peer, caller.number);
      HandleCall(&link->second, caller, message.call());
    } else if (message.has_close() && session != sessions.end() &&
               session->second.number == message.session()) {
      Close(session->second);
      sessions.erase(session);
    }
  }
}

void SessionLinks::HandleCall(Link* link, const Caller& caller,
                              const internal::SessionCall& message) {
  const LeadershipPtr leadership = outlets_.leadership();
  if (!leadership->term || !leadership->term->leads()) {
    http::Request request;
    request.path = request.target = kSchedulerApiPath;
    return caller.peer->Answer(caller.number, NotTheLeader(*leadership, request));
  }
  Call call;
  if (!call.ParseFromString(message.call())) {
    return caller.peer->Answer(caller.number,
                               http::Response::Text(400, "Failed to parse body into Call protobuf"));
  }
  if (const auto refusal = RefuseSchedulerCall(call, link->peer.principal)) {
    return caller.peer->Answer(caller.number, *refusal);
  }
  if (call.type() == Call::SUBSCRIBE) {
    return Subscribe(link, caller, std::move(call), message.framework_term(), leadership->term);
  }
  const auto session = link->sessions.find(caller.from);
  CallArrived arrived;
  if (session != link->sessions.end() && session->second.number == caller.session) {
    arrived.stream = session->second.stream;
  }
  const bool always = call.type() == Call::TEARDOWN || call.type() == Call::UPDATE_FRAMEWORK;
  arrived.call = std::move(call);
  arrived.principal = link->peer.principal;
  arrived.responder = std::make_shared<LinkResponder>(caller.peer, caller.number, always,
                                                      leadership->term, caller.batch);
  leadership->term->post(std::move(arrived));
}

void SessionLinks::Subscribe(Link* link, const Caller& caller, Call call, uint64_t framework_term,
                             const TermPtr& term) {
  auto session = link->sessions.find(caller.from);
  if (session != link->sessions.end()) {
    Close(session->second);
  } else if (link->sessions.size() >= kMaxSessionsPerLink) {
    return caller.peer->Answer(
        caller.number, http::Response::Text(503, "This link has " +
                                                     std::to_string(kMaxSessionsPerLink) +
                                                     " sessions already; try again on another"));
  } else {
    session = link->sessions.emplace(caller.from, Session()).first;
  }
  const StreamId stream(outlets_.new_uuid());
  session->second = {caller.session, stream, term};
  // First the stream, then the call: the answer must find the stream.
  term->open_stream(stream, http::ContentType::kProtobuf, StreamFraming::kNone,
                    std::make_shared<LinkWriter>(caller.peer));
  term->post(SubscribeArrived{stream, std::move(call), link->peer.principal, framework_term});
}

}  // namespace meseta::master
