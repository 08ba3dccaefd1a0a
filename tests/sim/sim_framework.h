// SimFramework: a scripted scheduler. Launches its tasks as offers come, kills some, acknowledges
// what it hears (late, twice or, while faults are on, not at all), subscribes again under its id
// after each break, asks after all of its tasks then, and after what it has not heard of for a while.
// It forgets nothing. A question has to be answered kAnswerTime after the task's agent is registered.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/sim_http.h"
#include "tests/sim/world.h"

namespace meseta::sim {

class SimFramework : public HttpClient {
 public:
  // Calls may still be on their way for this long; only then may the master be asked what became of
  // a launch.
  static constexpr Duration kSettled = Duration::Seconds(10);
  static constexpr int kMaxRelaunches = 20;
  static constexpr Duration kAnswerTime = Duration::Seconds(5);

  // Since when the leader has had the agent on a link.
  using RegisteredSince = std::function<std::optional<Time>(const std::string& agent)>;
  // `all_done`: no framework has anything left to launch, so offers may be kept.
  SimFramework(World* world, SimHttp* http, int index, std::function<bool()> all_done,
               RegisteredSince registered_since);

  void Start();
  void BreakStream();
  [[nodiscard]] bool connected() const { return connected_; }
  [[nodiscard]] bool nothing_pending() const { return pending_ == 0; }
  // Everything launched, and over.
  [[nodiscard]] bool done() const;
  [[nodiscard]] std::string Describe() const;

  void OnEvent(const std::string& stream, const std::string& event) override;
  void OnStreamEnd(const std::string& stream) override;

 private:
  struct Task {
    std::string agent;
    Time launched;
    Time next_question;
    Time next_kill;
    std::optional<Time> asked;  // When it subscribed; none: it was answered.
    bool kill = false;
    bool over = false;
  };

  void Connect();
  void Tick();
  void AskAfterAll();
  void CheckAnswers();
  void OnOffer(const v1::Offer& offer);
  void UseOffer(const v1::Offer& offer);
  void UseKeptOffers();
  struct Left {  // Of an offer, while tasks are made of it.
    double cpus = 0;
    double mem = 0;
    std::vector<uint64_t> ports;
  };
  v1::TaskInfo NewTask(const v1::Offer& offer, Left* left);
  void OnUpdate(const v1::TaskStatus& status);
  void Acknowledge(const v1::TaskStatus& status);
  void Decline(const std::string& offer);
  void DeclineLater(const std::string& offer);
  [[nodiscard]] v1::scheduler::Call NewCall(v1::scheduler::Call::Type type) const;

  World* world_;
  SimHttp* http_;
  const std::string name_;
  const std::function<bool()> all_done_;
  const RegisteredSince registered_since_;
  std::string id_;
  std::string stream_;
  bool connected_ = false;
  int pending_;
  int relaunches_ = 0;
  int last_task_ = 0;
  std::map<std::string, v1::Offer> offers_;  // Kept, or thought about.
  std::map<std::string, Task> tasks_;
};

}  // namespace meseta::sim
