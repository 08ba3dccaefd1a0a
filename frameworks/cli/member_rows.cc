#include "frameworks/cli/member_rows.h"

#include <algorithm>
#include <boost/json/value.hpp>

#include "actors/base/json/json_parser.h"
#include "actors/base/json/json_writer.h"
#include "actors/base/strings.h"
#include "actors/net/address.h"
#include "frameworks/cli/table.h"

namespace meseta::cli {
namespace {

namespace json = boost::json;

constexpr uint16_t kDefaultPort = 5050;

std::string Text(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

bool Flag(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_bool() && value->get_bool();
}

std::optional<double> Number(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  return value->to_number<double>();
}

MemberRow ReadMember(const json::object& object) {
  MemberRow row;
  row.id = Text(object, "id");
  row.address = Text(object, "address");
  row.role = Text(object, "role");
  row.up = Flag(object, "up");
  row.snapshotting = Flag(object, "snapshotting");
  row.match = Number(object, "match");
  row.lag = Number(object, "lag");
  return row;
}

std::string Shown(const std::optional<double>& number) {
  return number ? ShortNumber(*number) : "-";
}

}  // namespace

Result<MemberList> ReadMembers(std::string_view text) {
  ASSIGN_OR_RETURN(const json::value document, ParseJson(text));
  const json::object* object = document.if_object();
  const json::value* members = object == nullptr ? nullptr : object->if_contains("members");
  if (members == nullptr || !members->is_array()) {
    return Internal("the answer has no list of members; is this a master of Meseta?");
  }
  MemberList list;
  list.cluster_id = Text(*object, "cluster_id");
  list.leader = Text(*object, "leader");
  list.state = Text(*object, "state");
  list.problem = Text(*object, "problem");
  for (const json::value& member : members->get_array()) {
    if (!member.is_object()) continue;
    list.members.push_back(ReadMember(member.get_object()));
    const bool self = Flag(member.get_object(), "self");
    if (self && list.members.back().role == "leader") list.from_leader = true;
  }
  if (const json::value* invited = object->if_contains("invited");
      invited != nullptr && invited->is_array()) {
    for (const json::value& address : invited->get_array()) {
      if (address.is_string()) list.invited.emplace_back(address.get_string());
    }
  }
  return list;
}

std::string MemberTable(const MemberList& list) {
  Table table({"ID", "Address", "Role", "Up", "Entries", "Behind"});
  for (const MemberRow& row : list.members) {
    table.AddRow({row.id, row.address, row.role, row.up ? "yes" : "no", Shown(row.match),
                  row.snapshotting ? "snapshot" : Shown(row.lag)});
  }
  for (const std::string& address : list.invited) {
    table.AddRow({"-", address, "invited", "-", "-", "-"});
  }
  std::string out = table.ToString();
  if (!list.problem.empty()) out += "Problem: " + list.problem + "\n";
  if (list.leader.empty()) out += "There is no leader.\n";
  return out;
}

std::string WithPort(const std::string& typed) {
  const auto parsed = net::ParseHostPort(typed, kDefaultPort);
  return parsed.ok() ? parsed->ToString() : typed;
}

const MemberRow* FindMember(const MemberList& list, const std::string& typed) {
  const std::string address = WithPort(typed);
  for (const MemberRow& row : list.members) {
    if (row.id == typed || row.address == address) return &row;
  }
  return nullptr;
}

bool IsInvited(const MemberList& list, const std::string& address) {
  return std::find(list.invited.begin(), list.invited.end(), address) != list.invited.end();
}

std::string MemberRequest(std::string_view action, std::string_view member) {
  std::string out;
  JsonWriter writer(&out);
  writer.BeginObject();
  writer.Key("action");
  writer.String(action);
  writer.Key("member");
  writer.String(member);
  writer.EndObject();
  return out;
}

bool IsRemoved(const MemberList& before, const std::string& typed, const Status& answer) {
  if (answer.ok()) return true;
  const bool was_there =
      FindMember(before, typed) != nullptr || IsInvited(before, WithPort(typed));
  return answer.code() == StatusCode::kNotFound && was_there;
}

std::string StartHint(const MemberList& list, const std::string& address) {
  std::vector<std::string> peers;
  for (const MemberRow& row : list.members) {
    if (row.address != address) peers.push_back(row.address);
  }
  peers.push_back(address);
  const auto host = net::ParseHostPort(address);
  std::string command = "meseta-master --peers=" + strings::Join(peers, ",");
  if (host.ok()) command += " --ip=" + host->host + " --port=" + std::to_string(host->port);
  return command + " --work_dir=<an empty folder>";
}

}  // namespace meseta::cli
