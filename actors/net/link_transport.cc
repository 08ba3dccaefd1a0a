#include "actors/net/link_transport.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <atomic>
#include <chrono>
#include <map>
#include <random>
#include <shared_mutex>
#include <span>
#include <unordered_map>
#include <utility>

#include "actors/base/logging.h"
#include "actors/net/address.h"
#include "actors/net/dial_core.h"
#include "actors/net/envelope_codec.h"
#include "actors/net/link_connection.h"
#include "actors/net/link_upgrade.h"

namespace meseta::net {
namespace {

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
constexpr int64_t kNoTurn = INT64_MIN;

Time SteadyNow() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return Time::FromNanos(std::chrono::duration_cast<std::chrono::nanoseconds>(since).count());
}

uint64_t RandomSeed() {
  std::random_device device;
  return static_cast<uint64_t>(device()) << 32 | device();
}

std::vector<std::string> CertificateNames(const AnyStream& stream) {
  const PeerCertificate* certificate = stream.peer_certificate();
  if (certificate == nullptr) return {};
  std::vector<std::string> names = certificate->dns_names;
  names.insert(names.end(), certificate->ips.begin(), certificate->ips.end());
  if (!certificate->common_name.empty()) names.push_back(certificate->common_name);
  return names;
}

asio::awaitable<bool> WriteText(AnyStream* stream, std::string text) {
  const asio::const_buffer buffers[1] = {asio::buffer(text)};
  const std::span<const asio::const_buffer> all(buffers);
  const auto [error, n] = co_await stream->Write(all, kUpgradeDeadline);
  co_return !error;
}

}  // namespace

// What the transport, its connections and its dialers share.
class LinkTransport::Shared : public LinkHost {
 public:
  Shared(IoRuntime& io, LinkTransportOptions opts)
      : runtime(io), options(std::move(opts)), seeds_(RandomSeed()) {
    if (options.incarnation.empty()) options.incarnation = seeds_.Uuid();
  }

  LinkCore::Context Context() const override {
    LinkCore::Context context;
    context.now = SteadyNow();
    const int64_t turned = last_turn.load(std::memory_order_relaxed);
    if (turned != kNoTurn) {
      context.core_age = std::max(context.now - Time::FromNanos(turned), Duration());
    }
    context.links = static_cast<size_t>(
        std::max<int64_t>(counters_.links_up.load(std::memory_order_relaxed), 0));
    return context;
  }

  Result<LinkId> Opened(const PeerClaim& peer, std::shared_ptr<LinkOutbox> outbox) override {
    const std::unique_lock<std::shared_mutex> lock(mutex_);
    if (closed_) return Unavailable("the daemon is stopping");
    if (links_.size() >= options.max_links) {
      return ResourceExhausted("this daemon has all the links that it allows, " +
                               std::to_string(options.max_links));
    }
    size_t& of_peer = per_peer_[peer.incarnation];
    if (of_peer >= options.max_links_per_peer) {
      return ResourceExhausted("the peer has " + std::to_string(of_peer) +
                               " links already, and more are not allowed");
    }
    ++of_peer;
    const LinkId link = NextLinkId();
    links_.emplace(link, std::move(outbox));
    counters_.links_up.fetch_add(1, std::memory_order_relaxed);
    counters_.links_opened.fetch_add(1, std::memory_order_relaxed);
    return link;
  }

  void Ended(LinkId link, const PeerClaim& peer) override {
    const std::unique_lock<std::shared_mutex> lock(mutex_);
    if (links_.erase(link) == 0) return;
    counters_.links_up.fetch_sub(1, std::memory_order_relaxed);
    const auto found = per_peer_.find(peer.incarnation);
    if (found != per_peer_.end() && --found->second == 0) per_peer_.erase(found);
  }

  const LinkRegistry& registry() const override { return actors; }
  LinkCounters& counters() override { return counters_; }

  std::shared_ptr<LinkOutbox> Find(LinkId link) const {
    const std::shared_lock<std::shared_mutex> lock(mutex_);
    const auto found = links_.find(link);
    return found == links_.end() ? nullptr : found->second;
  }

  std::vector<std::shared_ptr<LinkOutbox>> All() const {
    const std::shared_lock<std::shared_mutex> lock(mutex_);
    std::vector<std::shared_ptr<LinkOutbox>> all;
    for (const auto& entry : links_) all.push_back(entry.second);
    return all;
  }

  // No link opens any more.
  void Stop() {
    const std::unique_lock<std::shared_mutex> lock(mutex_);
    closed_ = true;
  }

  uint64_t Seed() {
    const std::lock_guard<std::mutex> lock(seeds_mutex_);
    return seeds_.Next();
  }

  LinkConnection::Options ConnectionOptions(const AnyStream& stream, bool dialed,
                                            std::string principal) {
    LinkConnection::Options result;
    result.core.self = {options.role, options.address, options.daemon_version,
                        options.incarnation};
    result.core.proof.principal = std::move(principal);
    result.core.proof.certificate_names = CertificateNames(stream);
    result.core.proof.dialed = dialed;
    result.core.policy = options.policy;
    result.core.profile = options.profile;
    result.core.handshake_deadline = options.handshake_deadline;
    result.core.max_unconsumed = options.max_unconsumed;
    result.queue = options.queue;
    result.write_stall = options.write_stall;
    result.seed = Seed();
    return result;
  }

  // The principal of an upgrade request, or why it is refused.
  Result<std::string> CheckAuthorization(const std::string& authorization) const {
    if (options.credentials == nullptr || authorization.empty()) return std::string();
    ASSIGN_OR_RETURN(Credential credential, ParseBasicAuthorization(authorization));
    if (!options.credentials->Check(credential)) {
      return Unauthenticated("principal '" + credential.principal +
                             "' is unknown here or its secret is wrong");
    }
    return std::move(credential.principal);
  }

  asio::awaitable<void> Serve(std::shared_ptr<Shared> self, std::unique_ptr<AnyStream> stream,
                              std::string authorization, std::string unread) {
    auto principal = CheckAuthorization(authorization);
    if (!principal.ok()) {
      counters_.links_refused.fetch_add(1, std::memory_order_relaxed);
      const std::string body = principal.status().message() + "\n";
      co_await WriteText(stream.get(),
                         "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"link\"\r\n"
                         "Connection: close\r\nContent-Type: text/plain; charset=utf-8\r\n"
                         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
      co_await stream->ShutdownWrite(kUpgradeDeadline);
      co_return;
    }
    const bool written = co_await WriteText(stream.get(), UpgradeAccepted());
    if (!written) co_return;
    auto connection_options = ConnectionOptions(*stream, false, *principal);
    const auto connection = std::make_shared<LinkConnection>(self, std::move(stream),
                                                             std::move(connection_options));
    co_await connection->Run(std::move(unread));
  }

  IoRuntime& runtime;
  LinkTransportOptions options;
  LinkRegistry actors;
  std::atomic<int64_t> last_turn{kNoTurn};  // Monotonic nanoseconds of CoreTurned().
  std::mutex dialers_mutex;
  std::map<std::string, std::shared_ptr<Dialer>> dialers;  // Guarded by dialers_mutex.

 private:
  // Unique in the process, over all transports.
  static LinkId NextLinkId() {
    static std::atomic<LinkId> next{1};
    return next.fetch_add(1);
  }

  mutable std::shared_mutex mutex_;  // Guards the next three.
  std::unordered_map<LinkId, std::shared_ptr<LinkOutbox>> links_;
  std::unordered_map<std::string, size_t> per_peer_;  // Links by incarnation of the peer.
  bool closed_ = false;
  LinkCounters counters_;
  std::mutex seeds_mutex_;
  Rng seeds_;  // Guarded by seeds_mutex_.
};

// Keeps one link to the first of several addresses. Lives on one network thread.
class LinkTransport::Dialer : public std::enable_shared_from_this<LinkTransport::Dialer> {
 public:
  Dialer(std::shared_ptr<Shared> shared, std::string name, std::vector<std::string> addresses)
      : shared_(std::move(shared)),
        executor_(shared_->runtime.Next().get_executor()),
        pause_(executor_),
        name_(std::move(name)),
        core_(std::move(addresses), Rng(shared_->Seed())) {}

  void Start() { Spawn(executor_, Run(shared_from_this())); }

  void Stop() {
    asio::post(executor_, [self = shared_from_this()] {
      self->stopped_ = true;
      self->pause_.cancel();
      if (self->connection_) self->connection_->Close(Unavailable("the link is not needed any more"));
    });
  }

  Status problem() {
    const std::lock_guard<std::mutex> lock(problem_mutex_);
    return problem_;
  }

 private:
  asio::awaitable<void> Run([[maybe_unused]] std::shared_ptr<Dialer> self) {
    while (!stopped_) {
      const auto address = core_.Poll(SteadyNow());
      if (!address) {
        pause_.expires_at(std::chrono::steady_clock::time_point(
            std::chrono::nanoseconds(core_.wake_at().nanos())));
        co_await pause_.async_wait(kTuple);
        continue;
      }
      Status failure = co_await Try(*address);
      connection_.reset();
      core_.Failed(SteadyNow());
      SetProblem(failure.WithContext("no link to " + *address));
    }
  }

  // Links to one address and stays until the link's end; why it ended.
  asio::awaitable<Status> Try(std::string address) {
    const auto where = ParseHostPort(address);
    if (!where.ok()) co_return where.status();
    ConnectTarget target;
    target.host = where->host;
    target.port = where->port;
    target.tls = shared_->options.tls;
    auto stream = co_await Connect(std::move(target), kConnectDeadline);
    if (!stream.ok()) co_return stream.status();
    auto first = co_await Upgrade(stream->get(), address);
    if (!first.ok()) co_return first.status();
    if (stopped_) co_return Unavailable("the link is not needed any more");
    auto options = shared_->ConnectionOptions(**stream, true, "");
    connection_ = std::make_shared<LinkConnection>(shared_, std::move(*stream), std::move(options));
    connection_->OnUp([this] {
      core_.Up(SteadyNow());
      SetProblem(OkStatus());
    });
    co_await connection_->Run(*std::move(first));
    co_return connection_->reason();
  }

  // The bytes that came behind the answer's head.
  asio::awaitable<Result<std::string>> Upgrade(AnyStream* stream, std::string address) {
    const bool written =
        co_await WriteText(stream, UpgradeRequest(address, shared_->options.credential));
    if (!written) co_return Unavailable("the peer closed the connection");
    std::string answer;
    char data[4096];
    const std::span<char> into(data);
    for (;;) {
      const auto [error, n] = co_await stream->ReadSome(into, kUpgradeDeadline);
      if (error) co_return IoStatus(error, "the peer did not answer the request for a link");
      answer.append(data, n);
      const auto parsed = ParseUpgradeAnswer(answer);
      if (!parsed) continue;
      if (!parsed->status.ok()) co_return parsed->status;
      co_return answer.substr(parsed->head_bytes);
    }
  }

  // Logs a problem when it is another than the last.
  void SetProblem(Status problem) {
    const std::lock_guard<std::mutex> lock(problem_mutex_);
    if (!problem.ok() && !stopped_ && problem != problem_ && problem != logged_) {
      LOG(WARNING) << "Link " << name_ << ": " << problem.message() << "; trying again.";
      logged_ = problem;
    }
    problem_ = std::move(problem);
  }

  std::shared_ptr<Shared> shared_;
  asio::any_io_executor executor_;
  asio::steady_timer pause_;
  const std::string name_;
  DialCore core_;
  bool stopped_ = false;
  std::shared_ptr<LinkConnection> connection_;
  std::mutex problem_mutex_;
  Status problem_;  // Guarded by problem_mutex_, as is the next.
  Status logged_;
};

LinkTransport::LinkTransport(IoRuntime& runtime, LinkTransportOptions options)
    : shared_(std::make_shared<Shared>(runtime, std::move(options))) {}

LinkTransport::~LinkTransport() {
  shared_->Stop();
  shared_->actors.Clear();
  std::map<std::string, std::shared_ptr<Dialer>> dialers;
  {
    const std::lock_guard<std::mutex> lock(shared_->dialers_mutex);
    dialers.swap(shared_->dialers);
  }
  for (const auto& entry : dialers) entry.second->Stop();
  for (const auto& link : shared_->All()) link->Close(Unavailable("the daemon is stopping"));
}

void LinkTransport::Accept(std::unique_ptr<AnyStream> stream, const std::string& authorization,
                           std::string unread) {
  const asio::any_io_executor executor = stream->executor();
  Spawn(executor, shared_->Serve(shared_, std::move(stream), authorization, std::move(unread)));
}

void LinkTransport::Register(std::string actor, std::vector<PeerRole> allowed, LinkSink sink) {
  shared_->actors.Register(std::move(actor), std::move(allowed), std::move(sink));
  for (const auto& link : shared_->All()) link->Sync();
}

void LinkTransport::Unregister(const std::string& actor) { shared_->actors.Unregister(actor); }

void LinkTransport::Dial(const std::string& name, std::vector<std::string> addresses) {
  if (addresses.empty()) return StopDialing(name);
  auto dialer = std::make_shared<Dialer>(shared_, name, std::move(addresses));
  std::shared_ptr<Dialer> before;
  {
    const std::lock_guard<std::mutex> lock(shared_->dialers_mutex);
    if (shared_->dialers.size() >= kMaxDials && shared_->dialers.count(name) == 0) {
      LOG(ERROR) << "Cannot dial " << name << ": " << kMaxDials << " peers are dialed already.";
      return;
    }
    before = std::exchange(shared_->dialers[name], dialer);
  }
  if (before) before->Stop();
  dialer->Start();
}

void LinkTransport::StopDialing(const std::string& name) {
  std::shared_ptr<Dialer> dialer;
  {
    const std::lock_guard<std::mutex> lock(shared_->dialers_mutex);
    const auto found = shared_->dialers.find(name);
    if (found == shared_->dialers.end()) return;
    dialer = std::move(found->second);
    shared_->dialers.erase(found);
  }
  dialer->Stop();
}

bool LinkTransport::Send(LinkId link, Envelope envelope) {
  LinkCounters& counters = shared_->counters();
  const auto outbox = shared_->Find(link);
  if (outbox == nullptr) {
    counters.dropped_link_down.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  const bool urgent = envelope.to.rfind(shared_->options.urgent_prefix, 0) == 0;
  switch (outbox->Send(urgent ? Lane::kUrgent : Lane::kBulk, EncodeEnvelope(envelope))) {
    case LinkOutbox::Sent::kQueued:
      counters.messages_out.fetch_add(1, std::memory_order_relaxed);
      return true;
    case LinkOutbox::Sent::kFull:
      counters.cut_queue_full.fetch_add(1, std::memory_order_relaxed);
      return false;
    case LinkOutbox::Sent::kDown: break;
  }
  counters.dropped_link_down.fetch_add(1, std::memory_order_relaxed);
  return false;
}

void LinkTransport::Consumed(LinkId link) {
  if (const auto outbox = shared_->Find(link)) outbox->Consumed();
}

void LinkTransport::Close(LinkId link, Status reason) {
  if (const auto outbox = shared_->Find(link)) outbox->Close(std::move(reason));
}

void LinkTransport::CoreTurned() {
  shared_->last_turn.store(SteadyNow().nanos(), std::memory_order_relaxed);
}

const LinkCounters& LinkTransport::counters() const { return shared_->counters(); }

Status LinkTransport::DialProblem(const std::string& name) const {
  const std::lock_guard<std::mutex> lock(shared_->dialers_mutex);
  const auto found = shared_->dialers.find(name);
  return found == shared_->dialers.end() ? OkStatus() : found->second->problem();
}

}  // namespace meseta::net
