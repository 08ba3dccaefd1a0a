// Goal: random sequences of operations agree with a model that was written without deltas; replayed
// deltas and decoded records give the same state; an agent and a framework are in one place.
// Method: seeded sequences over few ids, so that operations meet; the model says what must come out
// and whether the operation is refused.
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <set>

#include "actors/base/rng.h"
#include "state/registry/registry.h"

namespace meseta::registry {
namespace {

enum class Place { kAdmitted, kUnreachable, kGone };
enum class Drain { kNone, kDraining, kDrained };

struct ModelAgent {
  Place place = Place::kAdmitted;
  Drain drain = Drain::kNone;
  bool deactivated = false;
  int info = 0;
  friend bool operator==(const ModelAgent&, const ModelAgent&) = default;
};

// Plain maps, changed in place.
struct Model {
  std::map<std::string, ModelAgent> agents;
  std::map<std::string, int> frameworks;  // Their timeouts.
  std::set<std::string> removed;
  std::map<std::string, bool> machines;  // Down?
  std::vector<std::set<std::string>> windows;
  std::map<std::string, int> weights;
  std::map<std::string, int> limits;
  bool needs_draining = false;
  bool needs_quota = false;
  friend bool operator==(const Model&, const Model&) = default;
};

Model Project(const RegistryState& state) {
  Model model;
  const auto drain = [](const auto& record) {
    if (!record.has_drain_info()) return Drain::kNone;
    return record.drain_info().state() == v1::DRAINED ? Drain::kDrained : Drain::kDraining;
  };
  for (const auto& [id, r] : state.admitted) {
    model.agents[id.value()] =
        ModelAgent{Place::kAdmitted, drain(r), r.deactivated(), r.info().port()};
  }
  for (const auto& [id, r] : state.unreachable) {
    EXPECT_FALSE(model.agents.count(id.value())) << id << " in two places";
    model.agents[id.value()] = ModelAgent{Place::kUnreachable, drain(r), r.deactivated(), 0};
  }
  for (const auto& [id, r] : state.gone) {
    EXPECT_FALSE(model.agents.count(id.value())) << id << " in two places";
    model.agents[id.value()] = ModelAgent{Place::kGone, Drain::kNone, false, 0};
  }
  for (const auto& [id, r] : state.frameworks) {
    model.frameworks[id.value()] = static_cast<int>(r.info().failover_timeout());
  }
  for (const auto& [id, r] : state.removed) {
    EXPECT_FALSE(model.frameworks.count(id.value())) << id << " in two places";
    model.removed.insert(id.value());
  }
  for (const auto& [key, r] : state.machines) {
    model.machines[r.info().id().hostname()] = r.info().mode() == v1::MachineInfo::DOWN;
  }
  for (const auto& [key, r] : state.windows) {
    std::set<std::string> hosts;
    for (const v1::MachineID& id : r.window().machine_ids()) hosts.insert(id.hostname());
    model.windows.push_back(hosts);
  }
  for (const auto& [role, r] : state.weights) {
    model.weights[role] = static_cast<int>(r.info().weight());
  }
  for (const auto& [role, r] : state.quotas) {
    model.limits[role] = static_cast<int>(r.config().limits().at("cpus").value());
  }
  model.needs_draining = state.minimum_capabilities.count("AGENT_DRAINING") > 0;
  model.needs_quota = state.minimum_capabilities.count("QUOTA_V2") > 0;
  return model;
}

// One random operation and what the model makes of it (false: refused, nothing changes).
struct Step {
  RegistryOp op;
  std::function<bool(Model*)> expect;
};

class Steps {
 public:
  explicit Steps(uint64_t seed) : rng_(seed) {}

  Step Next() {
    switch (rng_.Below(4)) {
      case 0:
        return FrameworkStep();
      case 1:
        return RoleOrMachineStep();
      default:
        return AgentStep();
    }
  }

 private:
  static bool Present(const Model& m, const std::string& id) {
    auto it = m.agents.find(id);
    return it != m.agents.end() && it->second.place != Place::kGone;
  }
  static bool IsAt(const Model& m, const std::string& id, Place place) {
    auto it = m.agents.find(id);
    return it != m.agents.end() && it->second.place == place;
  }

  v1::AgentInfo Info(const std::string& id, int port) {
    v1::AgentInfo info;
    info.set_hostname("h");
    info.set_port(port);
    info.mutable_id()->set_value(id);
    return info;
  }

  Step AgentStep() {
    const std::string id(1, static_cast<char>('a' + rng_.Below(4)));
    const AgentId agent(id);
    const int port = static_cast<int>(1 + rng_.Below(3));
    switch (rng_.Below(10)) {
      case 0:
        return {AdmitAgent{Info(id, port), "r", at_}, [=](Model* m) {
                  if (m->agents.count(id)) return false;
                  m->agents[id].info = port;
                  return true;
                }};
      case 1:
        return {UpdateAgent{Info(id, port)}, [=](Model* m) {
                  if (!IsAt(*m, id, Place::kAdmitted)) return false;
                  m->agents[id].info = port;
                  return true;
                }};
      case 2:
        return {RemoveAgent{agent}, [=](Model* m) {
                  return IsAt(*m, id, Place::kAdmitted) && m->agents.erase(id) > 0;
                }};
      case 3:
        return {MarkAgentUnreachable{agent, at_}, [=](Model* m) {
                  if (!IsAt(*m, id, Place::kAdmitted)) return false;
                  m->agents[id].place = Place::kUnreachable;
                  m->agents[id].info = 0;
                  return true;
                }};
      case 4:
        return {MarkAgentReachable{Info(id, port), "r", at_}, [=](Model* m) {
                  if (IsAt(*m, id, Place::kGone)) return false;
                  m->agents[id].place = Place::kAdmitted;
                  m->agents[id].info = port;
                  return true;
                }};
      case 5:
        return {MarkAgentGone{agent, at_}, [=](Model* m) {
                  if (!Present(*m, id)) return false;
                  m->agents[id] = ModelAgent{Place::kGone, Drain::kNone, false, 0};
                  return true;
                }};
      case 6:
        return {DrainAgent{agent, v1::DrainConfig(), at_}, [=](Model* m) {
                  if (!Present(*m, id)) return false;
                  m->agents[id].drain = Drain::kDraining;
                  m->agents[id].deactivated = true;
                  m->needs_draining = true;
                  return true;
                }};
      case 7:
        return {MarkAgentDrained{agent}, [=](Model* m) {
                  if (!Present(*m, id) || m->agents[id].drain != Drain::kDraining) return false;
                  m->agents[id].drain = Drain::kDrained;
                  return true;
                }};
      case 8:
        return {DeactivateAgent{agent}, [=](Model* m) {
                  if (!Present(*m, id)) return false;
                  m->agents[id].deactivated = true;
                  m->needs_draining = true;
                  return true;
                }};
      default:
        return Reactivate(id);
    }
  }

  static Step Reactivate(const std::string& id) {
    return {ReactivateAgent{AgentId(id)}, [=](Model* m) {
              if (!Present(*m, id) || !m->agents[id].deactivated ||
                  m->agents[id].drain == Drain::kDraining) {
                return false;
              }
              m->agents[id].drain = Drain::kNone;
              m->agents[id].deactivated = false;
              m->needs_draining = false;
              for (const auto& [other, agent] : m->agents) {
                m->needs_draining = m->needs_draining || agent.deactivated;
              }
              return true;
            }};
  }

  Step FrameworkStep() {
    const std::string id(1, static_cast<char>('f' + rng_.Below(3)));
    const int timeout = static_cast<int>(rng_.Below(3));
    v1::FrameworkInfo info;
    info.set_user("u");
    info.set_name("n");
    info.mutable_id()->set_value(id);
    info.set_failover_timeout(timeout);
    switch (rng_.Below(4)) {
      case 0:
        return {AddFramework{info, at_}, [=](Model* m) {
                  if (m->removed.count(id)) return false;
                  return m->frameworks.emplace(id, timeout).second;
                }};
      case 1:
        return {UpdateFramework{info}, [=](Model* m) {
                  if (!m->frameworks.count(id)) return false;
                  m->frameworks[id] = timeout;
                  return true;
                }};
      case 2:
        return {RemoveFramework{FrameworkId(id), at_}, [=](Model* m) {
                  if (m->frameworks.erase(id) == 0) return false;
                  m->removed.insert(id);
                  return true;
                }};
      default: {
        const std::string agent(1, static_cast<char>('a' + rng_.Below(4)));
        return {Prune{{AgentId(agent)}, {FrameworkId(id)}}, [=](Model* m) {
                  m->removed.erase(id);
                  auto it = m->agents.find(agent);
                  if (it != m->agents.end() && it->second.place != Place::kAdmitted) {
                    m->agents.erase(it);
                  }
                  return true;
                }};
      }
    }
  }

  Step RoleOrMachineStep() {
    const std::string name(1, static_cast<char>('x' + rng_.Below(3)));
    const int number = static_cast<int>(rng_.Below(3));
    v1::MachineID machine;
    machine.set_hostname(name);
    switch (rng_.Below(5)) {
      case 0: {
        v1::WeightInfo info;
        info.set_role(name);
        info.set_weight(number);
        return {UpdateWeights{{info}}, [=](Model* m) {
                  if (number == 0) return false;
                  m->weights[name] = number;
                  return true;
                }};
      }
      case 1: {
        v1::quota::QuotaConfig config;
        config.set_role(name);
        if (number > 0) (*config.mutable_limits())["cpus"].set_value(number);
        return {UpdateQuota{{config}}, [=](Model* m) {
                  m->limits.erase(name);
                  if (number > 0) m->limits[name] = number;
                  m->needs_quota = !m->limits.empty();
                  return true;
                }};
      }
      case 2:
        return {StartMaintenance{{machine}}, [=](Model* m) {
                  if (!m->machines.count(name) || m->machines[name]) return false;
                  m->machines[name] = true;
                  return true;
                }};
      case 3:
        return {StopMaintenance{{machine}}, [=](Model* m) {
                  if (!m->machines.count(name) || !m->machines[name]) return false;
                  m->machines.erase(name);
                  std::vector<std::set<std::string>> left;
                  for (std::set<std::string>& window : m->windows) {
                    window.erase(name);
                    if (!window.empty()) left.push_back(window);
                  }
                  m->windows = left;
                  return true;
                }};
      default:
        return ScheduleStep();
    }
  }

  Step ScheduleStep() {
    std::vector<std::set<std::string>> windows(rng_.Below(3));
    v1::maintenance::Schedule schedule;
    std::set<std::string> all;
    bool twice = false;
    for (std::set<std::string>& window : windows) {
      auto* out = schedule.add_windows();
      out->mutable_unavailability()->mutable_start()->set_nanoseconds(5);
      for (const char* host : {"x", "y", "z"}) {
        if (rng_.Below(3) != 0) continue;
        twice = twice || !all.insert(host).second;
        window.insert(host);
        out->add_machine_ids()->set_hostname(host);
      }
    }
    return {UpdateSchedule{schedule}, [=](Model* m) {
              if (twice) return false;
              for (const auto& window : windows) {
                if (window.empty()) return false;
              }
              for (const auto& [host, down] : m->machines) {
                if (down && !all.count(host)) return false;
              }
              std::map<std::string, bool> machines;
              for (const std::string& host : all) {
                machines[host] = m->machines.count(host) && m->machines[host];
              }
              m->machines = machines;
              m->windows = windows;
              return true;
            }};
  }

  Rng rng_;
  const WallTime at_ = WallTime::FromNanos(1);
};

TEST(RegistryPropertyTest, OperationsAgreeWithTheModel) {
  constexpr int kSequences = 400;
  constexpr int kSteps = 80;
  size_t accepted = 0;
  size_t refused = 0;
  for (uint64_t seed = 1; seed <= kSequences; ++seed) {
    Steps steps(seed);
    RegistryState state;
    RegistryState follower;
    Model model;
    for (int i = 0; i < kSteps; ++i) {
      const Step step = steps.Next();
      const Result<RegistryDelta> delta = Evaluate(state, step.op);
      Model next = model;
      const bool expected = step.expect(&next);
      ASSERT_EQ(delta.ok(), expected)
          << "seed " << seed << " step " << i << " operation " << step.op.index();
      if (!delta.ok()) {
        ++refused;
        continue;
      }
      ++accepted;
      model = next;
      ASSERT_TRUE(Apply(*delta, &state).ok());
      ASSERT_TRUE(Apply(*delta, &follower).ok());
      ASSERT_EQ(Project(state), model) << "seed " << seed << " step " << i << " operation "
                                       << step.op.index();
    }
    const RegistryDelta records = Encode(state);
    ASSERT_EQ(records, Encode(follower));
    RegistryState decoded;
    ASSERT_TRUE(Apply(records, &decoded).ok());
    ASSERT_EQ(Encode(decoded), records);
  }
  // The sequences do something.
  EXPECT_GT(accepted, 10'000u);
  EXPECT_GT(refused, 5'000u);
}

}  // namespace
}  // namespace meseta::registry
