#include "agent/launcher/shim_spec.h"

#include "agent/launcher/shim_protocol.h"

namespace meseta::shim {
namespace {

bool ParseNumber(const FieldReader& field, TaskSpec* spec) {
  const int64_t value = field.number();
  switch (field.key()) {
    case Key::kUid:
      spec->switch_user = true;
      spec->uid = static_cast<uid_t>(value);
      return true;
    case Key::kGid: spec->gid = static_cast<gid_t>(value); return true;
    case Key::kKillGraceNs: spec->kill_grace_ns = value; return true;
    case Key::kMaxCompletionNs: spec->max_completion_ns = value; return true;
    case Key::kSync: spec->sync = value != 0; return true;
    case Key::kGroup:
      if (spec->group_count == kMaxGroups) return false;
      spec->groups[spec->group_count++] = static_cast<gid_t>(value);
      return true;
    case Key::kRlimit:
      if (spec->rlimit_count == kMaxRlimits || field.value().size() != 24) return false;
      spec->rlimits[spec->rlimit_count++] = {static_cast<int>(value),
                                             static_cast<uint64_t>(field.number(1)),
                                             static_cast<uint64_t>(field.number(2))};
      return true;
    default: return true;
  }
}

char** StringField(Key key, TaskSpec* spec) {
  switch (key) {
    case Key::kRunDirectory: return &spec->run_directory;
    case Key::kBootId: return &spec->boot_id;
    case Key::kSandbox: return &spec->sandbox;
    case Key::kExecutable: return &spec->executable;
    default: return nullptr;
  }
}

// Each string is followed by the key of the next field, which has been read by now.
void TerminateStrings(char* fields, size_t length) {
  FieldReader reader(std::string_view(fields, length));
  char* last = nullptr;
  while (reader.Next()) {
    if (last != nullptr) *last = 0;
    last = const_cast<char*>(reader.value().data()) + reader.value().size();
  }
  if (last != nullptr) *last = 0;
}

}  // namespace

size_t CountPointers(const char* fields, size_t length) {
  size_t count = 2;
  FieldReader reader(std::string_view(fields, length));
  while (reader.Next()) {
    if (reader.key() == Key::kArgument || reader.key() == Key::kEnvironment) ++count;
  }
  return count;
}

bool ParseSpec(char* fields, size_t length, char** pointers, TaskSpec* spec) {
  size_t next = 0;
  for (const Key list : {Key::kArgument, Key::kEnvironment}) {
    (list == Key::kArgument ? spec->arguments : spec->environment) = pointers + next;
    FieldReader reader(std::string_view(fields, length));
    while (reader.Next()) {
      if (reader.key() == list) pointers[next++] = const_cast<char*>(reader.value().data());
    }
    pointers[next++] = nullptr;
  }
  FieldReader reader(std::string_view(fields, length));
  while (reader.Next()) {
    if (char** field = StringField(reader.key(), spec); field != nullptr) {
      *field = const_cast<char*>(reader.value().data());
    } else if (!ParseNumber(reader, spec)) {
      return false;
    }
  }
  if (!reader.ok()) return false;
  TerminateStrings(fields, length);
  return spec->run_directory != nullptr && spec->boot_id != nullptr && spec->sandbox != nullptr &&
         spec->executable != nullptr && spec->arguments[0] != nullptr;
}

}  // namespace meseta::shim
