// Roles, ids, attributes and states: golden sentences and tables.
#include <gtest/gtest.h>

#include "state/model/attributes.h"
#include "state/model/ids.h"
#include "state/model/resource_format.h"
#include "state/model/roles.h"
#include "state/model/task_state.h"
#include "state/model/validation.h"

namespace meseta::model {
namespace {

std::string Why(const Status& status) { return status.message(); }

TEST(Roles, Sentences) {
  for (const char* good : {"*", "a", "eng/web", "a/b/c", "A-b", ".hidden", "a..b"}) {
    EXPECT_TRUE(ValidateRole(good).ok()) << good;
  }
  EXPECT_EQ(Why(ValidateRole("")), "Role names cannot be the empty string");
  EXPECT_EQ(Why(ValidateRole("/a")), "Role '/a' cannot start with a slash");
  EXPECT_EQ(Why(ValidateRole("a/")), "Role 'a/' cannot end with a slash");
  EXPECT_EQ(Why(ValidateRole("a//b")), "Role 'a//b' cannot contain two adjacent slashes");
  EXPECT_EQ(Why(ValidateRole("bad/../role")), "Role 'bad/../role' cannot include '..' as a component");
  EXPECT_EQ(Why(ValidateRole(".")), "Role '.' cannot include '.' as a component");
  EXPECT_EQ(Why(ValidateRole("a/*")), "Role 'a/*' cannot include '*' as a component");
  EXPECT_EQ(Why(ValidateRole("a/-b")),
            "Role component '-b' is invalid because it starts with a dash");
  EXPECT_EQ(Why(ValidateRole("a b")),
            "Role component 'a b' is invalid because it contains backspace or whitespace");
}

TEST(Roles, Hierarchy) {
  EXPECT_TRUE(IsStrictSubroleOf("a/b", "a"));
  EXPECT_TRUE(IsStrictSubroleOf("a/b/c", "a"));
  EXPECT_FALSE(IsStrictSubroleOf("ab", "a"));
  EXPECT_FALSE(IsStrictSubroleOf("a", "a"));
  EXPECT_TRUE(IsRoleWithin("a", "a"));
  EXPECT_EQ(AncestorsOf("a/b/c"), (std::vector<std::string>{"a/b", "a"}));
  EXPECT_TRUE(AncestorsOf("*").empty());
  EXPECT_EQ(TopLevelRole("a/b/c"), "a");
  EXPECT_EQ(TopLevelRole("a"), "a");
}

TEST(Ids, Sentences) {
  EXPECT_TRUE(ValidateId("task.1_a-b:c").ok());
  EXPECT_TRUE(ValidateId(std::string(255, 'x')).ok());
  EXPECT_TRUE(ValidateId("caf\xc3\xa9").ok());
  EXPECT_EQ(Why(ValidateId("")), "ID must not be empty");
  EXPECT_EQ(Why(ValidateId(std::string(256, 'x'))), "ID must not be greater than 255 characters");
  EXPECT_EQ(Why(ValidateId("..")), "'..' is disallowed");
  EXPECT_EQ(Why(ValidateId("a/b")), "'a/b' contains invalid characters");
  EXPECT_EQ(Why(ValidateId("a\nb")), "'a\nb' contains invalid characters");
}

TEST(Attributes, TypesByText) {
  const AttributeList list = ParseAttributes("rack:r1;ssd:true;gen:3;slots:[1-4];url:a:b").value();
  ASSERT_EQ(list.size(), 5);
  EXPECT_EQ(list[0].type(), v1::Value::TEXT);
  EXPECT_EQ(list[1].text().value(), "true");
  EXPECT_EQ(list[2].scalar().value(), 3);
  EXPECT_EQ(list[3].type(), v1::Value::RANGES);
  EXPECT_EQ(list[4].text().value(), "a:b");
  EXPECT_EQ(AttributesToString(list), "rack:r1;ssd:true;gen:3;slots:[1-4];url:a:b");
  EXPECT_TRUE(SameAttributes(ParseAttributes("a:1;b:2").value(), ParseAttributes("b:2;a:1").value()));
  EXPECT_FALSE(SameAttributes(ParseAttributes("a:1").value(), ParseAttributes("a:2").value()));
}

TEST(Attributes, Refusals) {
  EXPECT_EQ(Why(ParseAttributes("rack").status()), "Invalid attribute key:value pair 'rack'");
  EXPECT_EQ(Why(ParseAttributes("a:[1").status()),
            "Failed to parse attribute a text [1 error Mismatched brackets");
  EXPECT_EQ(Why(ParseAttributes("a:{x}").status()),
            "Bad type for attribute a text {x}: sets are not supported");
}

TEST(TaskStates, Terminal) {
  int terminal = 0;
  for (int s = v1::TaskState_MIN; s <= v1::TaskState_MAX; ++s) {
    terminal += IsTerminal(static_cast<v1::TaskState>(s)) ? 1 : 0;
  }
  EXPECT_EQ(terminal, 8);
  EXPECT_FALSE(IsTerminal(v1::TASK_UNREACHABLE));
  EXPECT_TRUE(IsTerminal(v1::TASK_GONE_BY_OPERATOR));
  EXPECT_TRUE(IsTerminal(v1::OPERATION_FINISHED));
  EXPECT_FALSE(IsTerminal(v1::OPERATION_PENDING));
  EXPECT_LT(RankOf(v1::TASK_STAGING), RankOf(v1::TASK_RUNNING));
  EXPECT_EQ(StateFor(v1::TASK_GONE, false), v1::TASK_LOST);
  EXPECT_EQ(StateFor(v1::TASK_GONE, true), v1::TASK_GONE);
  EXPECT_EQ(StateFor(v1::TASK_FAILED, false), v1::TASK_FAILED);
}

Resources R(const std::string& text) { return Resources::Parse(text).value(); }

TEST(Validation, OfCalls) {
  EXPECT_TRUE(ValidateOneAllocationRole(R("cpus:1;mem:1").AllocatedTo("a")).ok());
  EXPECT_EQ(Why(ValidateOneAllocationRole(R("cpus:1"))), "The resources are not allocated to a role");
  EXPECT_EQ(Why(ValidateOneAllocationRole(R("cpus:1").AllocatedTo("a") + R("mem:1").AllocatedTo("b"))),
            "The resources have multiple allocation roles ('b' and 'a') but only one allocation "
            "role is allowed");
  EXPECT_EQ(Why(ValidateGpus(R("gpus:0.5").ToProto())),
            "The 'gpus' resource must be an unsigned integer");
  auto negative = R("cpus:1").ToProto();
  negative[0].mutable_scalar()->set_value(-1);
  EXPECT_EQ(Why(ValidateResources(negative)),
            "Invalid resources: Resource 'cpus:-1' is invalid: Invalid scalar resource: value <= 0");
  auto both = R("cpus:1").ToProto();
  both[0].mutable_revocable();
  EXPECT_EQ(Why(ValidateRevocableApart(R("cpus:1") + Resources::FromProto(both).value())),
            "Cannot use both revocable and non-revocable 'cpus' at the same time");
}

TEST(Validation, OfVolumes) {
  auto volumes = R("disk(db):10").ToProto();
  EXPECT_EQ(Why(ValidatePersistentVolumes(volumes)),
            "Resource disk(reservations: [(STATIC,db)]):10 does not have DiskInfo");
  volumes[0].mutable_disk();
  EXPECT_EQ(Why(ValidateResources(volumes)), "Invalid DiskInfo: DiskInfo is set but empty");
  volumes[0].mutable_disk()->mutable_persistence()->set_id("a/b");
  EXPECT_EQ(Why(ValidateResources(volumes)),
            "Invalid DiskInfo: Expecting 'volume' to be set for persistent volume");
  volumes[0].mutable_disk()->mutable_volume()->set_container_path("p");
  volumes[0].mutable_disk()->mutable_volume()->set_mode(v1::Volume::RW);
  EXPECT_EQ(Why(ValidateResources(volumes)),
            "Invalid DiskInfo: Invalid persistence ID for persistent volume: 'a/b' contains invalid "
            "characters");
  volumes[0].mutable_disk()->mutable_persistence()->set_id("v");
  EXPECT_TRUE(ValidateResources(volumes).ok());
  *volumes.Add() = volumes[0];
  EXPECT_EQ(Why(ValidateUniquePersistenceIds(Resources::FromProto(volumes).value())),
            "Persistence ID 'v' is not unique");
}

}  // namespace
}  // namespace meseta::model
