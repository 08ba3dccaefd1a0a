#include "agent/recovery/recovery_plan.h"

#include <algorithm>
#include <map>
#include <utility>

#include "agent/recovery/checkpoint.h"
#include "state/model/resources.h"

namespace meseta::agent {
namespace {

std::string WayOut(const std::string& store) {
  return ". Restore " + store +
         " from a copy, or remove it to start as a new agent (the tasks that still run are then "
         "killed and reported as lost)";
}

// "name:value" of an attribute, for comparison and for people.
std::string AttributeText(const v1::Attribute& attribute) {
  std::string text = attribute.name() + ":";
  if (attribute.has_text()) {
    text += attribute.text().value();
  } else if (attribute.has_scalar()) {
    text += std::to_string(attribute.scalar().value());
  } else {
    text += attribute.ranges().ShortDebugString() + attribute.set().ShortDebugString();
  }
  return text;
}

std::vector<std::string> Attributes(const v1::AgentInfo& info) {
  std::vector<std::string> texts;
  for (const v1::Attribute& attribute : info.attributes()) texts.push_back(AttributeText(attribute));
  std::sort(texts.begin(), texts.end());
  return texts;
}

std::string Join(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : ";") + text;
  return all.empty() ? "none" : all;
}

}  // namespace

Result<RecoveredAgent> PlanRecovery(const std::vector<internal::CheckpointRecord>& records,
                                    const std::string& store) {
  using Record = internal::CheckpointRecord;
  RecoveredAgent plan;
  std::map<std::string, bool> frameworks;
  std::map<TaskKey, RecoveredTask> tasks;
  std::map<TaskKey, std::map<uint64_t, internal::StatusUpdate>> updates;
  std::map<TaskKey, uint64_t> acknowledged;
  for (const Record& record : records) {
    if (record.version() > kCheckpointVersion) {
      return DataLoss("The checkpoint " + store + " was written by a newer agent (format " +
                      std::to_string(record.version()) + ", this one knows " +
                      std::to_string(kCheckpointVersion) + "): start that version again");
    }
    switch (record.record_case()) {
      case Record::kAgent: plan.agent = record.agent(); break;
      case Record::kTerm: plan.term = record.term().term(); break;
      case Record::kFramework:
        frameworks[record.framework().info().id().value()] = true;
        plan.frameworks.push_back(record.framework());
        break;
      case Record::kTask:
        tasks[{FrameworkId(record.task().framework_id().value()),
               TaskId(record.task().task().task_id().value())}]
            .task = record.task();
        break;
      case Record::kUpdate: {
        const internal::StatusUpdate& update = record.update().update();
        updates[{FrameworkId(update.framework_id().value()),
                 TaskId(update.status().task_id().value())}][record.update().sequence()] = update;
        break;
      }
      case Record::kAcknowledged:
        acknowledged[{FrameworkId(record.acknowledged().framework_id().value()),
                      TaskId(record.acknowledged().task_id().value())}] =
            record.acknowledged().count();
        break;
      case Record::kCompleted: plan.completed.push_back(record.completed()); break;
      case Record::RECORD_NOT_SET:
        return DataLoss("The checkpoint " + store + " holds a record of no known kind" +
                        WayOut(store));
    }
  }
  if (!plan.agent && !records.empty()) {
    return DataLoss("The checkpoint " + store + " does not say which agent it is of" +
                    WayOut(store));
  }
  for (auto& [key, task] : tasks) {
    if (!frameworks.count(key.framework.value())) {
      return DataLoss("The checkpoint " + store + " holds task '" + key.task.value() +
                      "' of framework " + key.framework.value() + ", but not the framework" +
                      WayOut(store));
    }
    uint64_t next = 0;
    for (auto& [sequence, update] : updates[key]) {
      if (sequence != next++) {
        return DataLoss("The checkpoint " + store + " lacks update " + std::to_string(next - 1) +
                        " of task '" + key.task.value() + "'" + WayOut(store));
      }
      task.updates.push_back(std::move(update));
    }
    task.acknowledged = std::min<uint64_t>(acknowledged[key], task.updates.size());
    plan.tasks.push_back(std::move(task));
  }
  return plan;
}

Status CheckReconfiguration(const v1::AgentInfo& before, const v1::AgentInfo& now,
                            const std::string& policy, const std::string& work_dir) {
  const bool additive = policy == "additive";
  std::string change;
  ASSIGN_OR_RETURN(const model::Resources old_resources,
                   model::Resources::FromProto(before.resources()));
  ASSIGN_OR_RETURN(const model::Resources new_resources,
                   model::Resources::FromProto(now.resources()));
  const std::vector<std::string> old_attributes = Attributes(before);
  const std::vector<std::string> new_attributes = Attributes(now);
  if (before.hostname() != now.hostname()) {
    change = "hostname changed from '" + before.hostname() + "' to '" + now.hostname() + "'";
  } else if (before.domain().SerializeAsString() != now.domain().SerializeAsString() &&
             (!additive || before.has_domain())) {
    change = "domain changed";
  } else if (additive ? !new_resources.Contains(old_resources)
                      : !(new_resources == old_resources)) {
    change = "resources changed from '" + old_resources.ToString() + "' to '" +
             new_resources.ToString() + "'";
  } else if (additive ? !std::includes(new_attributes.begin(), new_attributes.end(),
                                       old_attributes.begin(), old_attributes.end())
                      : old_attributes != new_attributes) {
    change = "attributes changed from '" + Join(old_attributes) + "' to '" + Join(new_attributes) +
             "'";
  }
  if (change.empty()) return OkStatus();
  return FailedPrecondition(
      "The agent's " + change + " since it registered as " + before.id().value() +
      ", which --reconfiguration_policy=" + policy + " does not allow: start it with the old values" +
      (additive ? "" : ", with --reconfiguration_policy=additive if they only grew") +
      ", or remove " + work_dir +
      "/meta to start as a new agent (the tasks that still run are then killed)");
}

}  // namespace meseta::agent
