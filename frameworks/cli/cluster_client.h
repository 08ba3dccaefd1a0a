// ClusterClient: one request at a time to a cluster, for commands that ask and print.
//
// Tries the masters of --master in turn, follows redirects to the leader, and says in a sentence
// what is wrong and what to do. Blocks; used on the main thread only.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/http/client.h"
#include "frameworks/cli/cluster_rows.h"
#include "frameworks/cli/options.h"

namespace meseta::cli {

// Of `task ls` and all that look for a task.
inline constexpr size_t kMaxListedTasks = 100'000;
inline constexpr int kMaxRedirects = 3;
// While masters elect a leader, and while one of several does not answer, requests are repeated; when
// none can be connected to, that is said at once.
inline constexpr Duration kLeaderPatience = Duration::Seconds(15);
// Of several masters, one that does not say so much as its version within this is passed over.
inline constexpr Duration kProbeTimeout = Duration::Seconds(2);
// Of a request to one of several masters, which may redirect to one that hangs.
inline constexpr Duration kSeveralTimeout = Duration::Seconds(10);

// How to reach the cluster, out of the options.
struct Access {
  std::vector<std::string> masters;      // Base URLs; never empty.
  std::string authorization;             // Of HTTP basic authentication; empty: none.
  std::shared_ptr<net::TlsContext> tls;  // Null: the system's authorities.
};
[[nodiscard]] Result<Access> MakeAccess(const Options& options);

// A failure to reach a master, as users should read it.
[[nodiscard]] Status Unreachable(const std::vector<std::string>& masters, const Status& problem);
// OK for 2xx, else what the answer means. `who`: "The master at 127.0.0.1:5050".
[[nodiscard]] Status StatusOf(const std::string& who, const http::Response& response);

class ClusterClient {
 public:
  explicit ClusterClient(Access access) : access_(std::move(access)) {}

  // `deadline`: of the whole answer.
  Result<http::Response> Get(const std::string& target,
                             Duration deadline = http::kDefaultRequestTimeout);
  Result<http::Response> Post(const std::string& target, const std::string& content_type,
                              std::string body, const std::string& accept);
  // A request to an agent; `url` is whole.
  Result<http::Response> Send(http::ClientRequest request);

  // Newest first.
  Result<std::vector<TaskRow>> Tasks();
  Result<std::vector<AgentRow>> Agents();
  Result<std::vector<FrameworkRow>> Frameworks(bool all);

  // The base URL of the master that answered last.
  [[nodiscard]] const std::string& master() const { return access_.masters.front(); }
  [[nodiscard]] const Access& access() const { return access_; }

 private:
  Result<http::Response> ToMaster(http::ClientRequest request, const std::string& target);
  // One round over all masters. None: no answer that counts, for the reason in `problem`; `again` says
  // whether another round may find one.
  std::optional<Result<http::Response>> OneRound(http::ClientRequest request,
                                                 const std::string& target, Status* problem,
                                                 bool* again);
  bool Answers(const std::string& master);

  Access access_;  // The master that answered last stands first.
};

}  // namespace meseta::cli
