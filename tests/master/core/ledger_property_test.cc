// Goal: whatever happens in whatever order, no resource is held twice, and the allocator's replica,
// fed by the deltas alone, agrees with the ledger. Method: random events from a seed against one
// MasterCore, with a toy allocator that proposes from its replica, sometimes from an old one.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>

#include "actors/base/rng.h"
#include "tests/master/core/harness.h"

namespace meseta::master {
namespace {

using Call = v1::scheduler::Call;

// The ledger rebuilt from its deltas.
struct Replica {
  struct Agent {
    uint64_t version = 0;
    bool active = false;
    model::Resources total;
    model::Resources held;
  };
  std::map<AgentId, Agent> agents;
  std::set<FrameworkId> frameworks;
  uint64_t next = 1;

  void Apply(const LedgerDelta& delta) {
    RC_ASSERT(delta.number == next++);
    if (const auto* changed = std::get_if<AgentChanged>(&delta.change)) {
      Agent& agent = agents[changed->agent];
      RC_ASSERT(changed->version > agent.version);
      agent.version = changed->version;
      agent.active = changed->active;
      agent.total = changed->total;
    } else if (const auto* removed = std::get_if<AgentRemoved>(&delta.change)) {
      RC_ASSERT(agents.at(removed->agent).held.empty());
      agents.erase(removed->agent);
    } else if (const auto* framework = std::get_if<FrameworkChanged>(&delta.change)) {
      frameworks.insert(framework->framework);
    } else if (const auto* gone = std::get_if<FrameworkRemoved>(&delta.change)) {
      RC_ASSERT(frameworks.erase(gone->framework) == 1u);
    } else if (const auto* allocated = std::get_if<Allocated>(&delta.change)) {
      Agent& agent = agents.at(allocated->agent);
      RC_ASSERT(frameworks.count(allocated->framework) == 1u);
      RC_ASSERT(allocated->version == agent.version + 1);
      agent.version = allocated->version;
      agent.held += allocated->resources.Unallocated();
      RC_ASSERT(agent.total.Contains(agent.held));
    } else if (const auto* recovered = std::get_if<Recovered>(&delta.change)) {
      Agent& agent = agents.at(recovered->agent);
      RC_ASSERT(recovered->version == agent.version + 1);
      agent.version = recovered->version;
      RC_ASSERT(agent.held.Contains(recovered->resources.Unallocated()));
      agent.held -= recovered->resources.Unallocated();
    }
  }
};

// One run: every step is a random event that real peers could cause.
class World {
 public:
  explicit World(uint64_t seed) : rng_(seed) {}

  void Run(int steps) {
    for (int i = 0; i < steps; ++i) {
      Step();
      Check();
    }
  }

 private:
  static constexpr int kAgents = 3;
  static constexpr int kFrameworks = 3;

  void Step() {
    switch (rng_.Below(10)) {
      case 0:
        return ConnectAgent();
      case 1:
        return Subscribe();
      case 2:
      case 3:
      case 4:
        return Propose();
      case 5:
      case 6:
        return Answer();
      case 7:
      case 8:
        return UpdateTask();
      default:
        return Trouble();
    }
  }

  void ConnectAgent() {
    const int index = static_cast<int>(rng_.Below(kAgents));
    const std::string key = std::to_string(index);
    if (links_.count(index)) return;
    const LinkId link = ++last_link_;
    links_[index] = link;
    if (ids_.count(index)) {
      std::vector<v1::Task> tasks;
      std::vector<v1::FrameworkInfo> frameworks;
      for (const v1::Task& task : running_[index]) {
        tasks.push_back(task);
        frameworks.push_back(Info(task.framework_id().value()));
      }
      master_.Reregister(link, "host" + key, "r" + key, ids_[index], tasks, frameworks);
    } else {
      master_.Register(link, "host" + key, "r" + key);
    }
    ReadAgents();
  }

  v1::FrameworkInfo Info(const std::string& id) {
    v1::FrameworkInfo info = Harness::FrameworkInfo(id);
    info.set_failover_timeout(100);
    return info;
  }

  void Subscribe() {
    const std::string id =
        "f" + std::to_string(rng_.Below(kFrameworks)) + "." + std::to_string(generation_);
    const std::string session = "s" + std::to_string(++last_session_);
    master_.Subscribe(session, Info(id));
    if (!master_.closed(session)) sessions_[id] = session;
  }

  void Propose() {
    std::vector<Proposal> batch;
    for (uint64_t i = rng_.Below(3); i < 3; ++i) {
      const Replica& replica = rng_.Below(4) == 0 ? old_replica_ : replica_;
      if (replica.agents.empty() || sessions_.empty()) continue;
      auto agent = replica.agents.begin();
      std::advance(agent, rng_.Below(replica.agents.size()));
      auto session = sessions_.begin();
      std::advance(session, rng_.Below(sessions_.size()));
      Proposal proposal;
      proposal.agent = agent->first;
      proposal.framework = FrameworkId(session->first);
      proposal.role = "web";
      proposal.agent_version = agent->second.version;
      proposal.resources = agent->second.total - agent->second.held;
      if (rng_.Below(2)) proposal.resources = model::Resources::Parse("cpus:1;mem:100").value();
      batch.push_back(std::move(proposal));
    }
    master_.core.HandleProposals(batch, master_.now);
    master_.Settle();
  }

  void Answer() {
    const auto& offers = master_.core.state().offers.all();
    if (offers.empty()) return;
    auto it = offers.begin();
    std::advance(it, rng_.Below(offers.size()));
    const std::string framework = it->second.framework.value();
    const std::string agent = it->second.agent.value();
    const std::string offer = it->first.value();
    if (rng_.Below(3) == 0) {
      Call call = Harness::CallOf(framework, Call::DECLINE);
      call.mutable_decline()->add_offer_ids()->set_value(offer);
      master_.Call(sessions_[framework], call);
      return;
    }
    std::vector<v1::TaskInfo> tasks;
    for (uint64_t i = rng_.Below(3); i < 3; ++i) {
      tasks.push_back(Harness::Task("t" + std::to_string(++last_task_), agent,
                                    rng_.Below(4) ? "cpus:0.5;mem:64" : "cpus:100"));
    }
    master_.Call(sessions_[framework], Harness::Launch(framework, {offer}, tasks));
    ReadAgents();
  }

  void UpdateTask() {
    const int index = static_cast<int>(rng_.Below(kAgents));
    if (!links_.count(index) || running_[index].empty()) return;
    auto& tasks = running_[index];
    const size_t at = rng_.Below(tasks.size());
    const v1::Task task = tasks[at];
    const bool end = rng_.Below(2) == 0;
    const std::string uuid = std::to_string(++last_uuid_);
    master_.Update(links_[index], ids_[index], task.framework_id().value(), task.task_id().value(),
                   end ? v1::TASK_FINISHED : v1::TASK_RUNNING, uuid);
    if (end) tasks.erase(tasks.begin() + static_cast<long>(at));
    if (rng_.Below(4) == 0) return;
    Call call = Harness::CallOf(task.framework_id().value(), Call::ACKNOWLEDGE);
    call.mutable_acknowledge()->mutable_agent_id()->set_value(ids_[index]);
    *call.mutable_acknowledge()->mutable_task_id() = task.task_id();
    call.mutable_acknowledge()->set_uuid(uuid);
    master_.Call(sessions_[task.framework_id().value()], call);
    ReadAgents();
  }

  void Trouble() {
    const int index = static_cast<int>(rng_.Below(kAgents));
    switch (rng_.Below(5)) {
      case 0:
        if (!links_.count(index)) return;
        master_.LinkDown(links_[index]);
        links_.erase(index);
        return;
      case 1:
        master_.Advance(Duration::Seconds(static_cast<int64_t>(rng_.Below(90))));
        return;
      case 2:
        if (sessions_.empty()) return;
        master_.CloseSession(sessions_.begin()->second);
        return;
      case 3: {
        if (sessions_.empty()) return;
        const std::string framework = sessions_.begin()->first;
        master_.Call(sessions_.begin()->second, Harness::CallOf(framework, Call::TEARDOWN));
        sessions_.erase(framework);
        ++generation_;
        return;
      }
      default:
        old_replica_ = replica_;
    }
  }

  // What the agents do with what they were told.
  void ReadAgents() {
    for (const auto& [index, link] : links_) {
      for (const internal::ToAgent& message : master_.TakeToAgent(link)) {
        auto& tasks = running_[index];
        if (message.has_registered()) ids_[index] = message.registered().agent_id().value();
        if (message.has_run_task()) {
          v1::Task task;
          task.set_name("t");
          *task.mutable_task_id() = message.run_task().task().task_id();
          *task.mutable_framework_id() = message.run_task().framework().id();
          task.mutable_agent_id()->set_value(ids_[index]);
          task.set_state(v1::TASK_RUNNING);
          *task.mutable_resources() = message.run_task().task().resources();
          tasks.push_back(task);
        }
        if (message.has_shutdown_framework()) {
          const std::string& id = message.shutdown_framework().framework_id().value();
          std::erase_if(tasks, [&](const v1::Task& t) { return t.framework_id().value() == id; });
        }
      }
    }
  }

  void Check() {
    ReadAgents();
    for (; applied_ < master_.ledger.size(); ++applied_) replica_.Apply(master_.ledger[applied_]);
    for (const auto& [id, agent] : replica_.agents) {
      const Ledger::AgentAccount* account = master_.core.state().ledger.FindAgent(id);
      RC_ASSERT(account != nullptr);
      RC_ASSERT(account->version == agent.version);
      RC_ASSERT(account->held.Total() == agent.held);
      RC_ASSERT(account->total.Contains(account->held.Total()));
    }
    CheckTasks();
  }

  // Used is exactly what the live tasks of the table take.
  void CheckTasks() {
    std::map<AgentId, model::Resources> used;
    for (const auto& [id, framework] : master_.core.state().frameworks.all()) {
      for (const auto& [task_id, task] : master_.core.state().tasks.OfFramework(id)) {
        if (task->state() != v1::TASK_STAGING && task->state() != v1::TASK_RUNNING) continue;
        used[AgentId(task->agent_id().value())] +=
            model::Resources::FromProto(task->resources()).value().Unallocated();
      }
    }
    for (const auto& [id, agent] : replica_.agents) {
      model::Resources sum;
      for (const auto& [framework, resources] : master_.core.state().ledger.FindAgent(id)->used) {
        sum += resources.Total().Unallocated();
      }
      RC_ASSERT(sum == used[id]);
    }
  }

  Rng rng_;
  Harness master_;
  Replica replica_;
  Replica old_replica_;
  size_t applied_ = 0;
  std::map<int, LinkId> links_;
  std::map<int, std::string> ids_;
  std::map<int, std::vector<v1::Task>> running_;
  std::map<std::string, std::string> sessions_;  // Framework -> newest session, open or not.
  LinkId last_link_ = 0;
  int last_session_ = 0;
  int last_task_ = 0;
  int last_uuid_ = 0;
  int generation_ = 0;
};

RC_GTEST_PROP(LedgerProperty, NothingIsHeldTwice, ()) {
  const auto seed = *rc::gen::arbitrary<uint64_t>();
  World(seed).Run(150);
}

}  // namespace
}  // namespace meseta::master
