// Golden facts of the resources algebra: texts in and out, views, reservation formats, sentences.
#include "state/model/resources.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "state/model/resource_format.h"

namespace meseta::model {
namespace {

Resources R(const std::string& text, const std::string& role = "*") {
  return Resources::Parse(text, role).value();
}

v1::Resource One(const std::string& text) { return R(text).entries()[0].resource; }

v1::Resource Volume(const std::string& id, double size, const std::string& role = "db") {
  v1::Resource volume = One("disk(" + role + "):" + std::to_string(size));
  volume.mutable_disk()->mutable_persistence()->set_id(id);
  volume.mutable_disk()->mutable_volume()->set_container_path("data");
  volume.mutable_disk()->mutable_volume()->set_mode(v1::Volume::RW);
  return volume;
}

v1::Resource SharedVolume(const std::string& id) {
  v1::Resource volume = Volume(id, 10);
  volume.mutable_shared();
  return volume;
}

Resources Of(const v1::Resource& resource) {
  Resources resources;
  resources.Add(resource);
  return resources;
}

v1::Resource Dynamic(const std::string& name, double value, const std::string& role,
                     const std::string& principal) {
  v1::Resource resource = One(name + ":" + Scalar::FromDouble(value).ToString());
  auto* reservation = resource.add_reservations();
  reservation->set_type(v1::Resource::ReservationInfo::DYNAMIC);
  reservation->set_role(role);
  reservation->set_principal(principal);
  return resource;
}

std::string Why(const v1::Resource& resource) { return Resources::Validate(resource).message(); }

TEST(ResourcesText, IsWhatMesosPrints) {
  EXPECT_EQ(R("ports:[31001-32000];cpus:3.4;mem:3904;disk:10000").AllocatedTo("web").ToString(),
            "ports(allocated: web):[31001-32000]; cpus(allocated: web):3.4; "
            "mem(allocated: web):3904; disk(allocated: web):10000");
  EXPECT_EQ(R("cpus(web):2").ToString(), "cpus(reservations: [(STATIC,web)]):2");
  EXPECT_EQ(Of(Dynamic("disk", 128, "web", "p")).AllocatedTo("web").ToString(),
            "disk(allocated: web)(reservations: [(DYNAMIC,web,p)]):128");
  EXPECT_EQ(R("disks:{b,a};ports:[1-2,9-9]").ToString(), "disks:{a, b}; ports:[1-2, 9-9]");
  EXPECT_EQ(Resources().ToString(), "{}");
  EXPECT_EQ(Of(Volume("v1", 64)).ToString(),
            "disk(reservations: [(STATIC,db)])[v1:data]:64");
  EXPECT_EQ((Of(SharedVolume("s")) + Of(SharedVolume("s"))).ToString(),
            "disk(reservations: [(STATIC,db)])[s:data]<SHARED>:10<2>");
}

TEST(ResourcesText, RevocableDiskSourcesAndLabels) {
  v1::Resource cpus = One("cpus:1");
  cpus.mutable_revocable();
  EXPECT_EQ(ToString(cpus), "cpus{REV}:1");
  v1::Resource disk = One("disk:10");
  auto* source = disk.mutable_disk()->mutable_source();
  source->set_type(v1::Resource::DiskInfo::Source::MOUNT);
  source->mutable_mount()->set_root("/mnt/a");
  EXPECT_EQ(ToString(disk), "disk[MOUNT:/mnt/a]:10");
  source->set_id("i");
  source->set_profile("p");
  EXPECT_EQ(ToString(disk), "disk[MOUNT(,i,p)]:10");
  v1::Resource reserved = Dynamic("cpus", 1, "r", "p");
  auto* label = reserved.mutable_reservations(0)->mutable_labels()->add_labels();
  label->set_key("k");
  label->set_value("v");
  EXPECT_EQ(ToString(reserved), "cpus(reservations: [(DYNAMIC,r,p,{k: v})]):1");
}

TEST(ResourcesParse, RolesAndTypes) {
  const Resources parsed = R("cpus(web):2; mem : 1024 ;ports:[1-3, 5-9];disks:{a,b}", "def");
  EXPECT_EQ(parsed.SumOf("cpus"), Scalar::FromDouble(2));
  EXPECT_EQ(parsed.ReservedByRole().at("web").ToString(), "cpus(reservations: [(STATIC,web)]):2");
  EXPECT_EQ(parsed.ReservedByRole().at("def").size(), 3u);
  EXPECT_TRUE(R("").empty());
  EXPECT_TRUE(R("cpus:0").empty());
  EXPECT_EQ(R("cpus:1;cpus:0.5").ToString(), "cpus:1.5");
}

TEST(ResourcesParse, JsonArray) {
  EXPECT_EQ(R(R"([{"name":"cpus","type":"SCALAR","scalar":{"value":1.5}},
                  {"name":"mem","type":"SCALAR","role":"web","scalar":{"value":8}},
                  {"name":"disk","type":"SCALAR","scalar":{"value":9},
                   "disk":{"source":{"type":"PATH","path":{"root":"/d"}}}}])",
              "def"),
            R("cpus(def):1.5;mem(web):8") + [] {
              v1::Resource disk = One("disk(def):9");
              disk.mutable_disk()->mutable_source()->set_type(v1::Resource::DiskInfo::Source::PATH);
              disk.mutable_disk()->mutable_source()->mutable_path()->set_root("/d");
              return Of(disk);
            }());
  const auto why = [](const std::string& text) { return Resources::Parse(text).status().message(); };
  EXPECT_THAT(why("[{]"), testing::StartsWith("Some JSON resources were not formatted properly: "));
  EXPECT_THAT(why(R"([{"name":"cpus"}])"),
              testing::StartsWith("Some JSON resources were not formatted properly: "));
  EXPECT_THAT(why(R"([{"name":"cpus","type":"SCALAR","scalar":{"value":1},"revocable":{}}])"),
              testing::StartsWith("Revocable resources cannot be specified at the command line"));
}

TEST(ResourcesParse, Refusals) {
  const auto why = [](const std::string& text) { return Resources::Parse(text).status().message(); };
  EXPECT_EQ(why("cpus"), "Bad value for resources, missing or extra ':' in cpus");
  EXPECT_EQ(why("cpus:1:2"), "Bad value for resources, missing or extra ':' in cpus:1:2");
  EXPECT_EQ(why("cpus(web:1"), "Bad value for resources, mismatched parentheses in cpus(web:1");
  EXPECT_EQ(why("cpus:[1-2"), "Failed to parse resource cpus value [1-2 error Mismatched brackets");
  EXPECT_EQ(why("cpus:-1"), "Bad type for resource cpus value -1 type TEXT");
  EXPECT_EQ(why("ports:[1-2-3]"),
            "Failed to parse resource ports value [1-2-3] error Expecting one or more \"ranges\"");
  EXPECT_EQ(why("cpus(a b):1"),
            "Role component 'a b' is invalid because it contains backspace or whitespace");
  EXPECT_EQ(why("cpus:1;cpus:[1-2]"),
            "Resources with the same name ('cpus') but different types are not allowed");
}

TEST(ResourcesValidate, Sentences) {
  v1::Resource r = One("cpus:1");
  r.mutable_scalar()->set_value(-1);
  EXPECT_EQ(Why(r), "Invalid scalar resource: value <= 0");
  r.mutable_scalar()->set_value(0.0001);
  EXPECT_EQ(Why(r), "Invalid scalar resource: value <= 0");
  r.mutable_scalar()->set_value(1e300);
  EXPECT_EQ(Why(r), "Invalid scalar resource: value is too large");
  r.clear_scalar();
  EXPECT_EQ(Why(r), "Invalid scalar resource");
  r = One("ports:[1-5]");
  *r.mutable_ranges()->add_range() = r.ranges().range(0);
  EXPECT_EQ(Why(r), "Invalid ranges resource: overlapping ranges");
  r = One("disks:{a}");
  r.mutable_set()->add_item("a");
  EXPECT_EQ(Why(r), "Invalid set resource: duplicated elements");
  r = One("cpus:1");
  r.mutable_disk();
  EXPECT_EQ(Why(r), "DiskInfo should not be set for cpus resource");
  r = One("cpus:1");
  r.mutable_shared();
  EXPECT_EQ(Why(r), "Resource cpus cannot be shared");
  r = One("disk:1");
  r.mutable_shared();
  EXPECT_EQ(Why(r), "Only persistent volumes can be shared");
  r = One("cpus:1");
  r.mutable_reservation()->set_principal("p");
  EXPECT_EQ(Why(r), "Invalid reservation: role \"*\" cannot be dynamically reserved");
  r = Dynamic("cpus", 1, "a", "p");
  auto* refined = r.add_reservations();
  refined->set_type(v1::Resource::ReservationInfo::DYNAMIC);
  refined->set_role("b");
  EXPECT_EQ(Why(r), "Invalid refined reservation: role 'b' is not a refinement of 'a'");
  refined->set_role("a/b");
  EXPECT_EQ(Why(r), "");
  r.set_role("a");
  EXPECT_EQ(Why(r),
            "Invalid resource format: 'Resource.role' must not be set if there is more than one "
            "reservation in 'Resource.reservations'");
  r.clear_role();
  refined->set_type(v1::Resource::ReservationInfo::STATIC);
  EXPECT_EQ(Why(r), "Invalid refined reservation: A refined reservation cannot be STATIC");
}

TEST(ResourcesValidate, FromProtoNamesTheResource) {
  google::protobuf::RepeatedPtrField<v1::Resource> protos;
  v1::Resource bad = One("cpus:1");
  bad.set_role("a//b");
  *protos.Add() = bad;
  EXPECT_EQ(Resources::FromProto(protos).status().message(),
            "Resource 'cpus:1' is invalid: Role 'a//b' cannot contain two adjacent slashes");
}

TEST(ReservationFormats, Conversions) {
  v1::Resource older = One("cpus:1");
  older.set_role("web");
  older.mutable_reservation()->set_principal("p");
  const Resources upgraded = Of(older);
  EXPECT_EQ(upgraded.ToString(), "cpus(reservations: [(DYNAMIC,web,p)]):1");
  const v1::Resource pre = upgraded.ToProto(ReservationFormat::kPre)[0];
  EXPECT_EQ(pre.DebugString(), older.DebugString());
  const v1::Resource both = upgraded.ToProto(ReservationFormat::kEndpoint)[0];
  EXPECT_EQ(both.role(), "web");
  EXPECT_EQ(both.reservation().principal(), "p");
  EXPECT_EQ(both.reservations_size(), 1);
  EXPECT_EQ(R("cpus:1").ToProto(ReservationFormat::kPre)[0].role(), "*");
  EXPECT_FALSE(R("cpus:1").ToProto()[0].has_role());
}

TEST(ResourcesViews, AllocatableToAncestorsReservations) {
  const Resources all = R("cpus(a):1;cpus(a/b):2;cpus(c):4;cpus:8");
  EXPECT_EQ(all.AllocatableTo("a/b").SumOf("cpus"), Scalar::FromDouble(11));
  EXPECT_EQ(all.AllocatableTo("a").SumOf("cpus"), Scalar::FromDouble(9));
  EXPECT_EQ(all.AllocatableTo("*").SumOf("cpus"), Scalar::FromDouble(8));
  EXPECT_EQ(all.Unreserved() + all.Reserved(), all);
  EXPECT_EQ(all.ToUnreserved(), R("cpus:15"));
}

TEST(ResourcesViews, Allocation) {
  const Resources offered = R("cpus:1").AllocatedTo("a") + R("cpus:2").AllocatedTo("b");
  EXPECT_EQ(offered.size(), 2u);
  EXPECT_EQ(offered.ByAllocationRole().at("b").Unallocated(), R("cpus:2"));
  EXPECT_EQ(offered.Unallocated(), R("cpus:3"));
  EXPECT_FALSE(offered.Contains(R("cpus:1")));
}

TEST(ResourcesAlgebra, VolumesAreWholeOrNotAtAll) {
  const Resources whole = Of(Volume("v", 10));
  EXPECT_FALSE(whole.Contains(Of(Volume("v", 5))));
  EXPECT_EQ(whole - Of(Volume("v", 5)), whole);
  EXPECT_TRUE((whole - whole).empty());
  EXPECT_EQ((whole + Of(Volume("w", 10))).size(), 2u);
  EXPECT_FALSE(whole.Contains(whole + whole));
  EXPECT_TRUE((whole + whole).Contains(whole + whole));
}

TEST(ResourcesAlgebra, SharedAreCounted) {
  const Resources once = Of(SharedVolume("s"));
  const Resources twice = once + once;
  EXPECT_EQ(twice.size(), 1u);
  EXPECT_EQ(twice.entries()[0].shared_count, 2);
  EXPECT_TRUE(twice.Contains(once));
  EXPECT_FALSE(once.Contains(twice));
  EXPECT_EQ(twice - once, once);
  EXPECT_EQ(twice.SumOf("disk"), Scalar::FromDouble(10));
  EXPECT_EQ(Resources::FromProto(twice.ToProto()).value(), twice);
}

TEST(ResourcesAlgebra, VolumeIsTheSameWhereverItIsMounted) {
  v1::Resource moved = Volume("v", 10);
  moved.mutable_disk()->mutable_volume()->set_container_path("elsewhere");
  EXPECT_TRUE(Of(Volume("v", 10)).Contains(Of(moved)));
  EXPECT_EQ(Of(WithoutPersistence(moved)), R("disk(db):10"));
}

TEST(ResourcesFind, PrefersTheRolesReservation) {
  const Resources pool = R("cpus:4;cpus(a):1;cpus(b):8;mem:100");
  EXPECT_EQ(pool.Find(R("cpus:2;mem:50"), "a").value(), R("cpus(a):1;cpus:1;mem:50"));
  EXPECT_FALSE(pool.Find(R("cpus:6"), "a").has_value());
  EXPECT_EQ(pool.Find(R("cpus:12"), "b").value(), R("cpus(b):8;cpus:4"));
}

}  // namespace
}  // namespace meseta::model
