#include "agent/recovery/checkpoint.h"

#include <cinttypes>
#include <cstdio>

namespace meseta::agent {
namespace {

std::string Escape(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '/') {
      out += "%2F";
    } else if (c == '%') {
      out += "%25";
    } else {
      out += c;
    }
  }
  return out;
}

std::string TaskPart(const TaskKey& key) {
  return Escape(key.framework.value()) + "/" + Escape(key.task.value());
}

}  // namespace

std::string FrameworkRecordKey(const FrameworkId& framework) {
  return "framework/" + Escape(framework.value());
}

std::string TaskRecordKey(const TaskKey& key) { return "task/" + TaskPart(key); }

std::string UpdateRecordKey(const TaskKey& key, uint64_t sequence) {
  char digits[24];
  std::snprintf(digits, sizeof digits, "%010" PRIu64, sequence);
  return "update/" + TaskPart(key) + "/" + digits;
}

std::string AcknowledgedRecordKey(const TaskKey& key) { return "acked/" + TaskPart(key); }

std::string CompletedRecordKey(const ContainerId& container) {
  return "completed/" + Escape(container.value());
}

std::string KeyOf(const internal::CheckpointRecord& record) {
  using Record = internal::CheckpointRecord;
  switch (record.record_case()) {
    case Record::kAgent:
      return "agent";
    case Record::kTerm:
      return "term";
    case Record::kFramework:
      return FrameworkRecordKey(FrameworkId(record.framework().info().id().value()));
    case Record::kTask:
      return TaskRecordKey({FrameworkId(record.task().framework_id().value()),
                            TaskId(record.task().task().task_id().value())});
    case Record::kUpdate: {
      const internal::StatusUpdate& update = record.update().update();
      return UpdateRecordKey({FrameworkId(update.framework_id().value()),
                              TaskId(update.status().task_id().value())},
                             record.update().sequence());
    }
    case Record::kAcknowledged:
      return AcknowledgedRecordKey({FrameworkId(record.acknowledged().framework_id().value()),
                                    TaskId(record.acknowledged().task_id().value())});
    case Record::kCompleted:
      return CompletedRecordKey(ContainerId(record.completed().container_id()));
    case Record::RECORD_NOT_SET:
      break;
  }
  return "";
}

}  // namespace meseta::agent
