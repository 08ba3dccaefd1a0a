// Names, numbers, types and defaults of every message are a contract with clients and with daemons
// of other versions: they are compared with lists that were reviewed once (testdata/*_fields.txt).
// The public API must match its list exactly. Internal messages may grow, but nothing on their list
// may change or go. To accept a change on purpose: MESETA_UPDATE_GOLDEN=1 and review the difference.
#include <gtest/gtest.h>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

namespace meseta {
namespace {

namespace pb = google::protobuf;

using Lines = std::set<std::string>;

std::string TypeText(const pb::FieldDescriptor& field) {
  if (field.is_map()) {
    const pb::Descriptor& entry = *field.message_type();
    return "map<" + TypeText(*entry.map_key()) + ", " + TypeText(*entry.map_value()) + ">";
  }
  if (field.message_type() != nullptr) return field.message_type()->full_name();
  if (field.enum_type() != nullptr) return field.enum_type()->full_name();
  return field.type_name();
}

std::string LabelText(const pb::FieldDescriptor& field) {
  if (field.is_map()) return "map";
  if (field.is_repeated()) return field.is_packed() ? "repeated packed" : "repeated";
  if (field.containing_oneof() != nullptr) return "oneof " + field.containing_oneof()->name();
  return field.is_required() ? "required" : "optional";
}

std::string FieldLine(const pb::FieldDescriptor& field) {
  std::string line = field.full_name() + " = " + std::to_string(field.number()) + " " +
                     TypeText(field) + " " + LabelText(field);
  pb::FieldDescriptorProto proto;
  field.CopyTo(&proto);
  if (proto.has_default_value()) line += " default '" + proto.default_value() + "'";
  if (field.options().deprecated()) line += " deprecated";
  return line;
}

void AddEnum(const pb::EnumDescriptor& type, Lines* lines) {
  for (int i = 0; i < type.value_count(); ++i) {
    lines->insert(type.full_name() + "." + type.value(i)->name() + " = " +
                  std::to_string(type.value(i)->number()));
  }
}

void AddMessage(const pb::Descriptor& type, Lines* lines) {
  if (type.options().map_entry()) return;
  lines->insert(type.full_name() + " message");
  for (int i = 0; i < type.field_count(); ++i) lines->insert(FieldLine(*type.field(i)));
  for (int i = 0; i < type.enum_type_count(); ++i) AddEnum(*type.enum_type(i), lines);
  for (int i = 0; i < type.nested_type_count(); ++i) AddMessage(*type.nested_type(i), lines);
}

// All that the .proto files of `folder` declare.
Lines ReadProtos(const std::string& folder) {
  std::ifstream file(MESETA_DESCRIPTORS, std::ios::binary);
  pb::FileDescriptorSet files;
  EXPECT_TRUE(files.ParseFromIstream(&file)) << MESETA_DESCRIPTORS;
  pb::DescriptorPool pool;
  Lines lines;
  for (const pb::FileDescriptorProto& proto : files.file()) {  // Imports come first.
    const pb::FileDescriptor* built = pool.BuildFile(proto);
    if (built == nullptr) {
      ADD_FAILURE() << proto.name();
      continue;
    }
    if (proto.name().rfind(folder, 0) != 0) continue;
    for (int i = 0; i < built->message_type_count(); ++i) {
      AddMessage(*built->message_type(i), &lines);
    }
    for (int i = 0; i < built->enum_type_count(); ++i) AddEnum(*built->enum_type(i), &lines);
  }
  return lines;
}

std::string GoldenPath(const std::string& name) {
  return std::string(MESETA_SOURCE_DIR) + "/tests/actors/messages/testdata/" + name;
}

Lines ReadGolden(const std::string& name) {
  std::ifstream file(GoldenPath(name));
  Lines lines;
  for (std::string line; std::getline(file, line);) lines.insert(line);
  return lines;
}

bool UpdateWanted() {
  const char* value = std::getenv("MESETA_UPDATE_GOLDEN");
  return value != nullptr && std::string(value) == "1";
}

void WriteGolden(const std::string& name, const Lines& lines) {
  std::ofstream file(GoldenPath(name));
  for (const std::string& line : lines) file << line << "\n";
}

std::string Minus(const Lines& a, const Lines& b) {
  std::vector<std::string> only;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(only));
  std::string text;
  for (const std::string& line : only) text += "  " + line + "\n";
  return text;
}

enum class Growth { kForbidden, kAllowed };

void ExpectMatches(const std::string& folder, const std::string& golden, Growth growth) {
  const Lines actual = ReadProtos(folder);
  ASSERT_FALSE(actual.empty());
  if (UpdateWanted()) WriteGolden(golden, actual);
  const Lines expected = ReadGolden(golden);
  ASSERT_FALSE(expected.empty()) << GoldenPath(golden);
  EXPECT_EQ(Minus(expected, actual), "") << "changed or removed in " << folder;
  if (growth == Growth::kForbidden) {
    EXPECT_EQ(Minus(actual, expected), "") << "new in " << folder;
  }
}

TEST(FieldListTest, PublicApi) {
  ExpectMatches("actors/messages/v1/", "v1_fields.txt", Growth::kForbidden);
}

TEST(FieldListTest, InternalMessages) {
  ExpectMatches("actors/messages/internal/", "internal_fields.txt", Growth::kAllowed);
}

}  // namespace
}  // namespace meseta
