#include "tests/sim/sim_framework.h"

#include <algorithm>
#include <utility>

#include "agent/updates/update_stream.h"
#include "state/model/resources.h"
#include "tests/sim/sim_container.h"

namespace meseta::sim {

using Call = v1::scheduler::Call;
using Event = v1::scheduler::Event;

namespace {

constexpr Duration kTick = Duration::Seconds(3);
constexpr Duration kAskAgain = Duration::Seconds(10);

double ScalarOf(const v1::Offer& offer, const std::string& name) {
  double sum = 0;
  for (const v1::Resource& resource : offer.resources()) {
    if (resource.name() == name) sum += resource.scalar().value();
  }
  return sum;
}

std::vector<uint64_t> PortsOf(const v1::Offer& offer) {
  std::vector<uint64_t> ports;
  for (const v1::Resource& resource : offer.resources()) {
    for (const auto& range : resource.ranges().range()) {
      for (uint64_t port = range.begin(); port <= range.end(); ++port) ports.push_back(port);
    }
  }
  return ports;
}

v1::FrameworkInfo InfoOf(const std::string& name, const std::string& id) {
  v1::FrameworkInfo info;
  info.set_user("alice");
  info.set_name(name);
  if (!id.empty()) info.mutable_id()->set_value(id);
  info.add_roles(name);
  using Capability = v1::FrameworkInfo::Capability;
  for (const auto type : {Capability::MULTI_ROLE, Capability::RESERVATION_REFINEMENT,
                          Capability::PARTITION_AWARE, Capability::TASK_KILLING_STATE}) {
    info.add_capabilities()->set_type(type);
  }
  info.set_failover_timeout(1e6);
  return info;
}

}  // namespace

SimFramework::SimFramework(World* world, SimHttp* http, int index, std::function<bool()> all_done,
                           RegisteredSince registered_since)
    : world_(world),
      http_(http),
      name_("f" + std::to_string(index)),
      all_done_(std::move(all_done)),
      registered_since_(std::move(registered_since)),
      pending_(world->options.tasks) {}

void SimFramework::Start() {
  Connect();
  Tick();
}

bool SimFramework::done() const {
  if (pending_ > 0) return false;
  for (const auto& [id, task] : tasks_) {
    if (!task.over) return false;
  }
  return true;
}

std::string SimFramework::Describe() const {
  std::string text = name_ + " (" + id_ + "): " + std::to_string(pending_) +
                     " pending, connected " + std::to_string(connected_) + ", " +
                     std::to_string(offers_.size()) + " offers, waits for";
  for (const auto& [id, task] : tasks_) {
    if (!task.over) text += " " + id + "@" + task.agent;
  }
  return text;
}

Call SimFramework::NewCall(Call::Type type) const {
  Call call;
  call.set_type(type);
  if (!id_.empty()) call.mutable_framework_id()->set_value(id_);
  return call;
}

void SimFramework::Connect() {
  Call call = NewCall(Call::SUBSCRIBE);
  *call.mutable_subscribe()->mutable_framework_info() = InfoOf(name_, id_);
  stream_ = http_->Subscribe(this, call);
  world_->Note(name_ + " subscribes on " + stream_);
}

void SimFramework::BreakStream() {
  if (!stream_.empty()) http_->Break(stream_);
}

void SimFramework::OnStreamEnd(const std::string& stream) {
  if (stream != stream_) return;
  connected_ = false;
  stream_.clear();
  offers_.clear();
  world_->heap.After(world_->Between(Duration::Millis(50), Duration::Seconds(3)),
                     [this] { Connect(); });
}

void SimFramework::OnEvent(const std::string& stream, const std::string& bytes) {
  if (stream != stream_) return;
  Event event;
  if (!event.ParseFromString(bytes)) return world_->checkers.Fail("An event cannot be parsed");
  world_->Note(name_ + " gets " + Event::Type_Name(event.type()));
  switch (event.type()) {
    case Event::SUBSCRIBED:
      connected_ = true;
      id_ = event.subscribed().framework_id().value();
      AskAfterAll();
      break;
    case Event::OFFERS:
      for (const v1::Offer& offer : event.offers().offers()) OnOffer(offer);
      break;
    case Event::RESCIND:
      offers_.erase(event.rescind().offer_id().value());
      break;
    case Event::UPDATE:
      OnUpdate(event.update().status());
      break;
    case Event::ERROR:
      // A subscription that was overtaken by a later one of ours.
      if (event.error().message() != "Framework failed over") {
        world_->checkers.Fail(name_ + " was refused: " + event.error().message());
      }
      break;
    default:
      break;
  }
}

// What it launched on its old stream has arrived by now, or never will.
void SimFramework::AskAfterAll() {
  Call call = NewCall(Call::RECONCILE);
  for (const auto& [id, task] : tasks_) {
    if (task.over) continue;
    auto* entry = call.mutable_reconcile()->add_tasks();
    entry->mutable_task_id()->set_value(id);
    // Some frameworks do not know where a task is.
    if (world_->Chance(0.8)) entry->mutable_agent_id()->set_value(task.agent);
  }
  if (!call.has_reconcile()) return;
  const bool arrives = http_->Call(stream_, call);
  for (auto& [id, task] : tasks_) task.asked.reset();
  if (!arrives) return;
  for (const auto& entry : call.reconcile().tasks()) {
    // Without agent the answer may wait for all of them.
    if (entry.has_agent_id()) tasks_[entry.task_id().value()].asked = world_->heap.now();
  }
}

void SimFramework::CheckAnswers() {
  for (const auto& [id, task] : tasks_) {
    const std::optional<Time> registered = registered_since_(task.agent);
    if (!task.asked || !registered) continue;
    const Time since = std::max(*task.asked, *registered);
    if (world_->heap.now() <= since + kAnswerTime + world_->options.delay_max * 2) continue;
    world_->checkers.Fail("Nobody answered " + name_ + "'s question about " + id +
                          ", whose agent " + task.agent + " is registered");
  }
}

void SimFramework::OnOffer(const v1::Offer& offer) {
  offers_[offer.id().value()] = offer;
  const bool thinks = world_->Chance(0.3);
  const Duration pause = thinks ? world_->Between(Duration(), Duration::Seconds(8)) : Duration();
  world_->heap.After(pause, [this, offer] {
    if (connected_ && offers_.count(offer.id().value())) UseOffer(offer);
  });
}

void SimFramework::UseKeptOffers() {
  const std::map<std::string, v1::Offer> kept = offers_;
  for (const auto& [id, offer] : kept) UseOffer(offer);
}

void SimFramework::Decline(const std::string& offer) {
  Call call = NewCall(Call::DECLINE);
  call.mutable_decline()->add_offer_ids()->set_value(offer);
  call.mutable_decline()->mutable_filters()->set_refuse_seconds(world_->rng.Uniform() * 3);
  offers_.erase(offer);
  if (!http_->Call(stream_, call)) DeclineLater(offer);
}

// Whether the master has heard of what was done with the offer is unknown; if it has, this changes
// nothing.
void SimFramework::DeclineLater(const std::string& offer) {
  world_->heap.After(kTick, [this, offer, stream = stream_] {
    if (stream == stream_) Decline(offer);
  });
}

void SimFramework::UseOffer(const v1::Offer& offer) {
  if (all_done_()) return;  // Kept: all that is free is to end up in offers.
  if (pending_ == 0 || world_->Fault(0.1)) return Decline(offer.id().value());
  Call call = NewCall(Call::ACCEPT);
  call.mutable_accept()->add_offer_ids()->set_value(offer.id().value());
  call.mutable_accept()->mutable_filters()->set_refuse_seconds(world_->rng.Uniform() * 2);
  v1::Offer::Operation* launch = call.mutable_accept()->add_operations();
  launch->set_type(v1::Offer::Operation::LAUNCH);
  Left left{ScalarOf(offer, "cpus"), ScalarOf(offer, "mem"), PortsOf(offer)};
  const uint64_t wanted = 1 + world_->rng.Below(4);
  for (uint64_t i = 0; i < wanted && pending_ > 0; ++i) {
    v1::TaskInfo task = NewTask(offer, &left);
    if (left.cpus < 0 || left.mem < 0) break;
    --pending_;
    const std::string id = task.task_id().value();
    world_->checkers.LaunchSent(id, *model::Resources::FromProto(task.resources()));
    Task& entry = tasks_[id];
    entry.agent = offer.agent_id().value();
    entry.launched = world_->heap.now();
    entry.kill = world_->Chance(0.25);
    entry.next_question = entry.launched + kSettled;
    entry.next_kill =
        entry.launched + kSettled + world_->Between(Duration(), world_->options.task_max);
    world_->Note(name_ + " launches " + id);
    *launch->mutable_launch()->add_task_infos() = std::move(task);
  }
  offers_.erase(offer.id().value());
  if (!http_->Call(stream_, call)) DeclineLater(offer.id().value());
}

v1::TaskInfo SimFramework::NewTask(const v1::Offer& offer, Left* left) {
  const double task_cpus = 0.5 * static_cast<double>(1 + world_->rng.Below(5));
  const double task_mem = 64 * static_cast<double>(1 + world_->rng.Below(4));
  left->cpus -= task_cpus;
  left->mem -= task_mem;
  v1::TaskInfo task;
  const std::string id = name_ + "-t" + std::to_string(++last_task_);
  task.set_name(id);
  task.mutable_task_id()->set_value(id);
  *task.mutable_agent_id() = offer.agent_id();
  std::string resources = "cpus:" + std::to_string(task_cpus) + ";mem:" + std::to_string(task_mem);
  if (!left->ports.empty() && world_->Chance(0.7)) {
    const std::string port = std::to_string(left->ports.back());
    left->ports.pop_back();
    resources += ";ports:[" + port + "-" + port + "]";
  }
  *task.mutable_resources() = model::Resources::Parse(resources)->ToProto();
  TaskScript script;
  script.lasts = world_->Between(Duration::Millis(1), world_->options.task_max);
  script.code = world_->Chance(0.7) ? 0 : 1;
  task.mutable_command()->set_value(script.ToCommand());
  return task;
}

void SimFramework::OnUpdate(const v1::TaskStatus& status) {
  const std::string& id = status.task_id().value();
  const auto it = tasks_.find(id);
  world_->Note(name_ + " hears " + id + " " + v1::TaskState_Name(status.state()) +
               (status.has_uuid() ? "" : " by the master: " + status.message()));
  if (it == tasks_.end()) return world_->checkers.Fail("An update of an unknown task, " + id);
  if (it->second.asked) {
    const std::optional<Time> registered = registered_since_(it->second.agent);
    if (registered && *registered > *it->second.asked && !status.has_uuid()) {
      ++world_->checkers.probes["question waited for its agent"];
    }
    it->second.asked.reset();
  }
  world_->checkers.UpdateSeen(status);
  // What ran is over with its agent's word, which is owed an acknowledgement.
  const bool over =
      NeverRuns(status.state()) || (status.has_uuid() && agent::IsTerminal(status.state()));
  if (over && !it->second.over) {
    it->second.over = true;
    if (NeverRuns(status.state()) && relaunches_ < kMaxRelaunches) {
      ++relaunches_;
      ++pending_;
    }
    if (status.state() == v1::TASK_ERROR) {
      world_->checkers.Fail("Task " + id + " was refused: " + status.message());
    }
  }
  if (!status.has_uuid() || world_->Fault(world_->options.ack_skip)) return;
  const bool late = world_->Fault(world_->options.ack_late);
  const Duration pause = late ? world_->Between(Duration(), Duration::Seconds(25)) : Duration();
  world_->heap.After(pause, [this, status] { Acknowledge(status); });
}

void SimFramework::Acknowledge(const v1::TaskStatus& status) {
  if (!connected_) return;
  Call call = NewCall(Call::ACKNOWLEDGE);
  *call.mutable_acknowledge()->mutable_agent_id() = status.agent_id();
  *call.mutable_acknowledge()->mutable_task_id() = status.task_id();
  call.mutable_acknowledge()->set_uuid(status.uuid());
  world_->checkers.AcknowledgeSent(status.task_id().value(), status.uuid());
  http_->Call(stream_, call);
}

void SimFramework::Tick() {
  world_->heap.After(kTick, [this] { Tick(); });
  if (!connected_) return;
  CheckAnswers();
  if (!all_done_()) UseKeptOffers();  // Somebody needs them again.
  const Time now = world_->heap.now();
  for (auto& [id, task] : tasks_) {
    if (task.over) continue;
    if (task.next_question <= now) {
      task.next_question = now + kAskAgain;
      Call call = NewCall(Call::RECONCILE);
      auto* entry = call.mutable_reconcile()->add_tasks();
      entry->mutable_task_id()->set_value(id);
      entry->mutable_agent_id()->set_value(task.agent);
      http_->Call(stream_, call);
    }
    if (task.kill && task.next_kill <= now) {
      task.next_kill = now + kAskAgain;
      Call call = NewCall(Call::KILL);
      call.mutable_kill()->mutable_task_id()->set_value(id);
      call.mutable_kill()->mutable_agent_id()->set_value(task.agent);
      world_->Note(name_ + " kills " + id);
      world_->checkers.KillSent(id);
      http_->Call(stream_, call);
    }
  }
}

}  // namespace meseta::sim
