#include "master/api/log_api.h"

#include <algorithm>
#include <atomic>
#include <boost/json/value.hpp>
#include <charconv>
#include <cstdio>
#include <utility>

#include "actors/base/json/json_parser.h"
#include "actors/base/json/json_writer.h"
#include "actors/net/address.h"
#include "state/store/backup.h"

namespace meseta::master {
namespace {

namespace json = boost::json;
using http::Request;
using http::ResponderPtr;
using http::Response;

constexpr uint16_t kDefaultPort = 5050;

const char* RoleName(log::Role role) {
  switch (role) {
    case log::Role::kFollower: return "follower";
    case log::Role::kPreCandidate: return "pre-candidate";
    case log::Role::kCandidate: return "candidate";
    case log::Role::kLeader: return "leader";
  }
  return "";
}

void Field(JsonWriter* writer, std::string_view key, std::string_view text) {
  writer->Key(key);
  writer->String(text);
}
void Field(JsonWriter* writer, std::string_view key, uint64_t number) {
  writer->Key(key);
  writer->UInt(number);
}
void Flag(JsonWriter* writer, std::string_view key, bool value) {
  writer->Key(key);
  writer->Bool(value);
}

std::string AddressOf(const log::RaftStatus& raft, std::optional<log::MemberId> id) {
  for (const internal::LogMember& member : raft.configuration.members()) {
    if (id && member.id() == *id) return member.address();
  }
  return "";
}

void AppendMember(const log::ReplicaStatus& status, const internal::LogMember& member,
                  JsonWriter* writer) {
  const log::RaftStatus& raft = status.raft;
  const bool self = member.id() == raft.self;
  const auto& up = status.addresses_up;
  const bool leads = raft.leader == member.id();
  writer->BeginObject();
  Field(writer, "id", ShowMemberId(member.id()));
  Field(writer, "address", member.address());
  Field(writer, "role", leads ? "leader" : member.learner() ? "learner" : "voter");
  Flag(writer, "self", self);
  Flag(writer, "up", self || std::find(up.begin(), up.end(), member.address()) != up.end());
  if (member.learner()) Flag(writer, "promote", member.promote());
  // Only the leader knows where the others stand.
  if (raft.role == log::Role::kLeader) {
    log::Index match = self ? raft.last : 0;
    for (const log::FollowerStatus& follower : raft.followers) {
      if (follower.member.id() != member.id()) continue;
      match = follower.match;
      Flag(writer, "snapshotting", follower.snapshotting);
    }
    Field(writer, "match", match);
    Field(writer, "lag", raft.last - std::min(match, raft.last));
  } else if (self) {
    Field(writer, "match", raft.last);
  }
  writer->EndObject();
}

Result<log::MemberId> FindMember(const std::string& typed, const log::Configuration& members) {
  log::MemberId id = 0;
  const auto [end, error] =
      std::from_chars(typed.data(), typed.data() + typed.size(), id, /*base=*/16);
  const bool is_id = error == std::errc() && end == typed.data() + typed.size();
  const auto address = net::ParseHostPort(typed, kDefaultPort);
  for (const internal::LogMember& member : members.members()) {
    if (is_id && member.id() == id) return id;
    if (member.address() == typed) return member.id();
    if (address.ok() && member.address() == address->ToString()) return member.id();
  }
  return NotFound("No member of this cluster has the address or id '" + typed +
                  "'; meseta master members ls shows them");
}

Result<std::string> TextField(const json::object& fields, std::string_view name) {
  const json::value* value = fields.if_contains(name);
  if (value == nullptr || value->is_null()) return std::string();
  if (!value->is_string()) {
    return InvalidArgument("'" + std::string(name) + "' is not a string");
  }
  return std::string(value->get_string());
}

http::RouteOptions Members() {
  http::RouteOptions options;
  options.realm = http::Realm::kReadWrite;
  options.methods = {"GET", "POST"};
  options.max_body_bytes = 64 * 1024;
  options.exact = true;
  return options;
}

runtime::Reply<runtime::Done> Answer(const ResponderPtr& responder) {
  return runtime::Reply<runtime::Done>([responder](const Result<runtime::Done>& done) {
    responder->Send(done.ok() ? Response::Json("{}") : Response::Error(done.status()));
  });
}

void ChangeMembers(const LogApiContext& context, const Request& request,
                   const ResponderPtr& responder) {
  const auto status = context.status();
  if (status->raft.role != log::Role::kLeader) {
    return responder->Send(NotTheLeader(*context.leadership(), request));
  }
  auto asked = ParseMembersRequest(request.body, status->raft.configuration);
  if (!asked.ok()) return responder->Send(Response::Error(asked.status()));
  if (asked->change) {
    context.change(*std::move(asked->change), Answer(responder));
  } else {
    context.transfer(asked->transfer_to, Answer(responder));
  }
}

// A backup, and the right to have one in memory.
struct HeldBackup {
  explicit HeldBackup(std::shared_ptr<std::atomic<bool>> busy) : busy(std::move(busy)) {}
  ~HeldBackup() { busy->store(false); }
  HeldBackup(const HeldBackup&) = delete;
  HeldBackup& operator=(const HeldBackup&) = delete;

  const std::shared_ptr<std::atomic<bool>> busy;
  std::string file;
};

// Whole in memory: tens of megabytes at most, and the answer has a length to be checked by. One at a
// time, until it is sent.
void SendBackup(const LogApiContext& context, const std::shared_ptr<std::atomic<bool>>& busy,
                const ResponderPtr& responder) {
  if (busy->exchange(true)) {
    Response response = Response::Text(
        503, "Another backup of this master is being made or sent; try again when it is done");
    response.headers.Set("Retry-After", "1");
    return responder->Send(std::move(response));
  }
  auto held = std::make_shared<HeldBackup>(busy);
  context.read(runtime::Reply<store::SnapshotPtr>(
      [pool = context.pool, backup = context.backup, held,
       responder](const Result<store::SnapshotPtr>& snapshot) {
        if (!snapshot.ok()) return responder->Send(Response::Error(snapshot.status()));
        endpoints::AnswerOnPool(pool, responder, [backup, held, snapshot = *snapshot] {
          Response response;
          response.headers.Set("Content-Type", store::kBackupContentType);
          held->file = backup(snapshot);
          response.shared_body = std::shared_ptr<const std::string>(held, &held->file);
          return response;
        });
      }));
}

}  // namespace

std::string ShowMemberId(log::MemberId id) {
  return log::ShowMember(id);
}

std::string MembersJson(const log::ReplicaStatus& status,
                        const std::optional<std::string>& leader) {
  std::string out;
  JsonWriter writer(&out);
  writer.BeginObject();
  Field(&writer, "cluster_id", status.cluster_id);
  Field(&writer, "term", status.raft.term);
  std::string leads = AddressOf(status.raft, status.raft.leader);
  if (leads.empty()) leads = leader.value_or("");
  Field(&writer, "leader", leads);
  Field(&writer, "state", status.state);
  if (!status.problem.empty()) Field(&writer, "problem", status.problem);
  writer.Key("members");
  writer.BeginArray();
  for (const internal::LogMember& member : status.raft.configuration.members()) {
    AppendMember(status, member, &writer);
  }
  writer.EndArray();
  writer.Key("invited");
  writer.BeginArray();
  for (const std::string& address : status.raft.configuration.invited()) writer.String(address);
  writer.EndArray();
  writer.EndObject();
  return out;
}

std::string LogJson(const log::ReplicaStatus& status) {
  const log::RaftStatus& raft = status.raft;
  std::string out;
  JsonWriter writer(&out);
  writer.BeginObject();
  Field(&writer, "group", status.group);
  Field(&writer, "cluster_id", status.cluster_id);
  Field(&writer, "member", ShowMemberId(status.member));
  Field(&writer, "state", status.state);
  Field(&writer, "problem", status.problem);
  Field(&writer, "role", RoleName(raft.role));
  Field(&writer, "term", raft.term);
  Field(&writer, "leader", AddressOf(raft, raft.leader));
  Field(&writer, "first", raft.first);
  Field(&writer, "last", raft.last);
  Field(&writer, "snapshot", raft.snapshot);
  Field(&writer, "commit", raft.commit);
  Field(&writer, "applied", status.applied);
  Field(&writer, "dropped_messages", raft.dropped_messages);
  writer.EndObject();
  return out;
}

Result<MembersRequest> ParseMembersRequest(const std::string& body,
                                           const log::Configuration& members) {
  auto document = ParseJson(body);
  if (!document.ok()) return document.status();
  const json::object* fields = document->if_object();
  if (fields == nullptr) return InvalidArgument("expecting an object with 'action' and 'member'");
  ASSIGN_OR_RETURN(const std::string action, TextField(*fields, "action"));
  ASSIGN_OR_RETURN(const std::string member, TextField(*fields, "member"));
  MembersRequest request;
  if (action == "transfer" && member.empty()) return request;
  if (member.empty()) return InvalidArgument("'member' is missing: the address or id of a master");
  if (action == "add" || action == "uninvite") {
    auto address = net::ParseHostPort(member, kDefaultPort);
    if (!address.ok()) return address.status().WithContext("'member'");
    if (action == "add" && address->port == 0) {
      return InvalidArgument("'member': '" + member + "' has port 0, where nobody can be reached");
    }
    if (action == "add") {
      request.change = log::InviteMember{address->ToString()};
    } else {
      request.change = log::UninviteMember{address->ToString()};
    }
    return request;
  }
  if (action != "transfer" && action != "remove" && action != "promote") {
    return InvalidArgument("unknown action '" + action +
                           "'; expecting add, remove, promote, transfer or uninvite");
  }
  ASSIGN_OR_RETURN(const log::MemberId id, FindMember(member, members));
  if (action == "transfer") request.transfer_to = id;
  if (action == "remove") request.change = log::RemoveMember{id};
  if (action == "promote") request.change = log::PromoteMember{id};
  return request;
}

void AddLogRoutes(const LogApiContext& context, http::Router* router) {
  router->Add("/meseta/members", Members(), [context](const Request& request,
                                                      const ResponderPtr& responder) {
    if (request.method == "POST") return ChangeMembers(context, request, responder);
    const auto leadership = context.leadership();
    responder->Send(Response::Json(MembersJson(
        *context.status(), leadership->term ? std::nullopt : leadership->leader)));
  });
  http::RouteOptions reads;
  reads.realm = http::Realm::kReadOnly;
  reads.exact = true;
  router->Add("/meseta/log", reads, [context](const Request&, const ResponderPtr& responder) {
    responder->Send(Response::Json(LogJson(*context.status())));
  });
  http::RouteOptions whole = reads;
  whole.realm = http::Realm::kReadWrite;  // Everything at once.
  whole.methods = {"GET"};
  router->Add(store::kBackupPath, whole,
              LeaderOnly(context.leadership,
                         [context, busy = std::make_shared<std::atomic<bool>>(false)](
                             const TermPtr&, const Request&, const ResponderPtr& responder) {
                           SendBackup(context, busy, responder);
                         }));
}

}  // namespace meseta::master
