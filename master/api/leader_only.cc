#include "master/api/leader_only.h"

#include <atomic>
#include <string_view>
#include <utility>

namespace meseta::master {
namespace {

using http::Response;

constexpr std::string_view kNoLeader = "No leader: ";  // As the log's sentences may begin.

Response NoLeader(std::string_view why) {
  if (why.starts_with(kNoLeader)) why.remove_prefix(kNoLeader.size());
  std::string text = "No leader elected";  // Mesos' words.
  if (!why.empty()) text.append(": ").append(why);
  Response response = Response::Text(503, std::move(text));
  response.headers.Set("Retry-After", "1");
  return response;
}

// Answers 503 when the term ends before anybody has answered.
class TermResponder : public http::Responder {
 public:
  TermResponder(TermPtr term, http::ResponderPtr inner)
      : term_(std::move(term)), inner_(std::move(inner)) {}
  ~TermResponder() override {
    // Dropped while the term goes on, it is an overload: the inner one says so.
    if (answered_ || term_->leads()) return;
    inner_->Send(DroppedResponse(*term_));
  }

  void Send(Response response) override {
    answered_ = true;
    inner_->Send(std::move(response));
  }
  std::shared_ptr<http::StreamWriter> Stream(Response head,
                                             std::function<void()> on_closed) override {
    answered_ = true;
    return inner_->Stream(std::move(head), std::move(on_closed));
  }

 private:
  const TermPtr term_;
  const http::ResponderPtr inner_;
  std::atomic<bool> answered_ = false;
};

}  // namespace

Response DroppedResponse(const TermRefs& term) {
  if (term.leads()) return Response::Text(503, "The master is overloaded; try again");
  return Response::Text(503,
                        "This master ceased to lead before the request was answered; "
                        "whether it took effect shows the new leader");
}

Response NotTheLeader(const Leadership& leadership, const http::Request& request) {
  if (leadership.term) return NoLeader("The lease of this master has run out");
  if (!leadership.leader) return NoLeader(leadership.waits_for);
  Response response = Response::Text(307, "");
  // A target in absolute form names a host that is not the leader's.
  const std::string& target = request.target.starts_with('/') ? request.target : request.path;
  response.headers.Set("Location", "//" + *leadership.leader + target);
  return response;
}

http::Handler LeaderOnly(LeadershipSource leadership, TermHandler handler) {
  return [leadership = std::move(leadership), handler = std::move(handler)](
             http::Request request, http::ResponderPtr responder) {
    const LeadershipPtr now = leadership();
    if (!now->term || !now->term->leads()) return responder->Send(NotTheLeader(*now, request));
    auto guarded = std::make_shared<TermResponder>(now->term, std::move(responder));
    handler(now->term, std::move(request), std::move(guarded));
  };
}

}  // namespace meseta::master
