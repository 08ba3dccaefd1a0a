#include "frameworks/cli/master_commands.h"

#include <chrono>
#include <cstdio>
#include <optional>
#include <thread>
#include <utility>

#include "frameworks/cli/master_list.h"
#include "frameworks/cli/member_rows.h"

namespace meseta::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr char kTarget[] = "/meseta/members";
constexpr char kJson[] = "application/json";
constexpr auto kPause = std::chrono::milliseconds(250);
constexpr auto kHintAfter = std::chrono::seconds(2);  // A daemon that runs already joins sooner.
constexpr auto kChangeLimit = std::chrono::seconds(30);  // For a change while members come and go.

Status Print(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
    return Internal("cannot write to stdout");
  }
  return OkStatus();
}

void Tell(const std::string& sentence) { std::fprintf(stderr, "%s\n", sentence.c_str()); }

struct Answer {
  MemberList list;
  std::string raw;
};

// Of the leader when it can be reached: it alone knows where the others stand.
Result<Answer> Members(ClusterClient& client) {
  ASSIGN_OR_RETURN(http::Response response, client.Get(kTarget));
  ASSIGN_OR_RETURN(MemberList list, ReadMembers(response.body));
  if (!list.from_leader && !list.leader.empty()) {
    const auto base = BaseOfLocation(client.master(), "//" + list.leader + kTarget);
    if (base.ok()) {
      http::ClientRequest request;
      request.url = *base + kTarget;
      const auto better = client.Send(std::move(request));
      if (better.ok() && better->status == 200) {
        auto leaders = ReadMembers(better->body);
        if (leaders.ok() && leaders->from_leader) {
          return Answer{*std::move(leaders), better->body};
        }
      }
    }
  }
  return Answer{std::move(list), std::move(response.body)};
}

bool MayComeBack(const Status& status) {
  return status.code() == StatusCode::kUnavailable || status.code() == StatusCode::kDeadlineExceeded;
}

// A change; while there is no leader, or another change is under way, again until the limit.
Status Change(ClusterClient& client, const std::string& action, const std::string& member) {
  const auto limit = Clock::now() + kChangeLimit;
  for (;;) {
    const auto response = client.Post(kTarget, kJson, MemberRequest(action, member), kJson);
    if (response.ok() || !MayComeBack(response.status()) || Clock::now() > limit) {
      return response.status();
    }
    std::this_thread::sleep_for(kPause);
  }
}

Status Ls(const CommandLine& line, ClusterClient& client) {
  ASSIGN_OR_RETURN(const Answer answer, Members(client));
  return Print(line.options.json ? answer.raw + "\n" : MemberTable(answer.list));
}

// Says each step once.
class Progress {
 public:
  Progress(std::string address, bool quiet) : address_(std::move(address)), quiet_(quiet) {}

  // True when the member is a voter.
  bool Look(const MemberList& list) {
    const MemberRow* row = FindMember(list, address_);
    if (row == nullptr) {
      if (!hinted_ && Clock::now() - begin_ > kHintAfter) {
        hinted_ = true;
        Say("Waiting for the master at " + address_ + ". If it does not run yet, start there:\n  " +
            StartHint(list, address_));
      }
      return false;
    }
    if (row->role != "learner") return true;
    std::string step = address_ + " has joined and catches up";
    if (row->snapshotting) {
      step += " (snapshot)";
    } else if (row->lag) {
      step += ": " + std::to_string(static_cast<uint64_t>(*row->lag)) + " entries behind";
    }
    Say(step);
    return false;
  }

 private:
  void Say(const std::string& step) {
    if (step == said_ || quiet_) return;
    said_ = step;
    Tell(step);
  }

  const std::string address_;
  const bool quiet_;
  const Clock::time_point begin_ = Clock::now();
  bool hinted_ = false;
  std::string said_;
};

Status AwaitVoter(const CommandLine& line, const std::string& address, ClusterClient& client) {
  const std::optional<Duration>& timeout = line.options.timeout;
  const auto begin = Clock::now();
  Progress progress(address, line.options.json);
  Status problem;
  for (;;) {
    const auto answer = Members(client);
    if (answer.ok()) {
      if (progress.Look(answer->list)) {
        return Print(line.options.json ? answer->raw + "\n"
                                       : address + " is a voting member now\n");
      }
    } else if (!MayComeBack(answer.status())) {
      return answer.status();
    }
    if (timeout && Clock::now() - begin > std::chrono::nanoseconds(timeout->nanos())) {
      return FailedPrecondition(address + " has not become a voting member within " +
                                timeout->ToString() + "; the invitation stands, and meseta master "
                                "members remove " + address + " takes it back");
    }
    std::this_thread::sleep_for(kPause);
  }
}

Status Add(const CommandLine& line, ClusterClient& client) {
  const std::string address = WithPort(line.arguments[0]);
  ASSIGN_OR_RETURN(const Answer answer, Members(client));
  const MemberRow* present = FindMember(answer.list, address);
  if (present != nullptr && present->role != "learner") {
    return Print(line.options.json ? answer.raw + "\n" : address + " is a member already\n");
  }
  if (present == nullptr) RETURN_IF_ERROR(Change(client, "add", address));
  return AwaitVoter(line, address, client);
}

Status Remove(const CommandLine& line, ClusterClient& client) {
  ASSIGN_OR_RETURN(const Answer answer, Members(client));
  const std::string address = WithPort(line.arguments[0]);
  const bool invited = FindMember(answer.list, line.arguments[0]) == nullptr &&
                       IsInvited(answer.list, address);
  const Status removed =
      Change(client, invited ? "uninvite" : "remove", invited ? address : line.arguments[0]);
  if (!IsRemoved(answer.list, line.arguments[0], removed)) return removed;
  if (line.options.json) return Print("{}\n");
  return Print(invited ? address + " is not invited any more\n"
                       : line.arguments[0] + " is no member any more; its master may be stopped\n");
}

Status Promote(const CommandLine& line, ClusterClient& client) {
  RETURN_IF_ERROR(Change(client, "promote", line.arguments[0]));
  return Print(line.options.json ? "{}\n" : line.arguments[0] + " is a voting member now\n");
}

Status Transfer(const CommandLine& line, ClusterClient& client) {
  ASSIGN_OR_RETURN(const Answer before, Members(client));
  const std::string to = line.arguments.empty() ? "" : line.arguments[0];
  const MemberRow* chosen = to.empty() ? nullptr : FindMember(before.list, to);
  RETURN_IF_ERROR(Change(client, "transfer", to));
  const auto limit = Clock::now() + kChangeLimit;
  for (;;) {  // Until the new one says so itself.
    const auto answer = Members(client);
    const bool arrived = answer.ok() && answer->list.from_leader &&
                         (chosen != nullptr ? answer->list.leader == chosen->address
                                            : answer->list.leader != before.list.leader);
    if (arrived) {
      return Print(line.options.json ? answer->raw + "\n"
                                     : answer->list.leader + " leads now\n");
    }
    if (Clock::now() > limit) {
      return Unavailable("leadership was handed over, but no master says that it leads");
    }
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace

Status RunMasterCommand(const CommandLine& line, ClusterClient& client) {
  switch (line.id) {
    case CommandId::kMembersLs: return Ls(line, client);
    case CommandId::kMembersAdd: return Add(line, client);
    case CommandId::kMembersRemove: return Remove(line, client);
    case CommandId::kMembersPromote: return Promote(line, client);
    case CommandId::kMasterTransfer: return Transfer(line, client);
    default: return Internal("no command about masters");
  }
}

}  // namespace meseta::cli
