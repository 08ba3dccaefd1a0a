// App files: YAML's types, the shapes of a file, and what is refused with its line or name.
#include "frameworks/cli/app_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include "actors/base/json/json_parser.h"
#include "frameworks/cli/yaml_reader.h"

namespace meseta::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string Json(const std::string& yaml) {
  const auto documents = ParseYaml(yaml);
  if (!documents.ok()) return documents.status().message();
  return documents->size() == 1 ? boost::json::serialize(documents->front()) : "several";
}

TEST(Yaml, PlainScalarsHaveTheTypesOfTheCoreSchema) {
  EXPECT_EQ(Json("[8080, '8080', \"8080\", !!str 8080]"), R"([8080,"8080","8080","8080"])");
  EXPECT_EQ(Json("[true, True, yes, on, null, ~, no]"), R"([true,true,"yes","on",null,null,"no"])");
  EXPECT_EQ(Json("[0x1F, 0o17, 017, -3, +4, 1_000]"), R"([31,15,17,-3,4,"1_000"])");
  EXPECT_EQ(Json("[1.5, 1e3, .5, 1., 1.2.3, '']"), R"([1.5E0,1E3,5E-1,1E0,"1.2.3",""])");
  EXPECT_EQ(Json("a:\nb: |\n  8\n"), R"({"a":null,"b":"8\n"})");
  EXPECT_EQ(Json("a: 12:30:45"), R"({"a":"12:30:45"})");
}

TEST(Yaml, AliasesAreCopied) {
  EXPECT_EQ(Json("a: &x {p: 1}\nb: *x"), R"({"a":{"p":1},"b":{"p":1}})");
}

TEST(Yaml, WhatJsonDoesNotHaveIsRefusedWithItsLine) {
  EXPECT_EQ(Json("a: 1\nb: .inf"), "line 2: .inf is a number that JSON does not have");
  EXPECT_EQ(Json("a: 1\na: 2"), "line 2: the key 'a' is there twice");
  EXPECT_THAT(Json("a: &x {p: 1}\nb:\n  <<: *x"), HasSubstr("line 3: merge keys"));
  EXPECT_THAT(Json("? [1]\n: 2"), HasSubstr("a key must be text"));
  EXPECT_THAT(Json("a: *nothing"), HasSubstr("*nothing names no anchor"));
  EXPECT_THAT(Json("a: !!binary aGk="), HasSubstr("is not what its tag"));
  EXPECT_THAT(Json("a: [1, 2"), HasSubstr("line "));
}

TEST(Yaml, IsBounded) {
  EXPECT_THAT(Json(std::string(300, '[')), HasSubstr("nested deeper than 100"));
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int j = 1; j < 10; ++j) bomb += ", " + before;
    bomb += "]\n";
  }
  EXPECT_THAT(Json(bomb), HasSubstr("more than 200000 values"));
}

std::string Problem(const std::string& name, const std::string& text) {
  const auto file = ReadAppFile(name, text);
  return file.ok() ? "" : file.status().message();
}

TEST(AppFile, HoldsAnAppOrSeveral) {
  const auto one = ReadAppFile("-", "id: web\ncmd: sleep 1\nports: [8080]");
  ASSERT_TRUE(one.ok()) << one.status();
  EXPECT_FALSE(one->group);
  EXPECT_EQ(one->id, "/web");
  for (const char* text : {"- {id: a}\n- {id: /b/c}", "id: a\n---\nid: /b/c\n---\n",
                           R"([{"id": "a"}, {"id": "/b/c"}])",
                           R"({"apps": [{"id": "a"}, {"id": "/b/c"}]})"}) {
    const auto several = ReadAppFile("-", text);
    ASSERT_TRUE(several.ok()) << several.status();
    EXPECT_EQ(several->id, "");
    EXPECT_THAT(several->app_ids, ElementsAre("/a", "/b/c"));
  }
}

TEST(AppFile, HoldsAGroup) {
  const auto group = ReadAppFile(
      "shop.json", R"({"id":"shop","apps":[{"id":"web"}],"groups":[{"id":"db","apps":[{"id":"/shop/db/m"}]}]})");
  ASSERT_TRUE(group.ok()) << group.status();
  EXPECT_TRUE(group->group);
  EXPECT_EQ(group->id, "/shop");
  EXPECT_THAT(group->app_ids, ElementsAre("/shop/web", "/shop/db/m"));
}

TEST(AppFile, SaysWhatIsWrong) {
  EXPECT_THAT(Problem("a.yaml", "cmd: x"), HasSubstr("a.yaml: the app has no \"id\""));
  EXPECT_THAT(Problem("a.yaml", "id: 7"), HasSubstr("must be text"));
  EXPECT_THAT(Problem("a.yaml", "[{id: a}, {id: /a}]"), HasSubstr("/a is there twice"));
  EXPECT_THAT(Problem("a.yaml", "[{id: a, apps: []}, {id: b}]"), HasSubstr("is a group"));
  EXPECT_THAT(Problem("a.yaml", "groups: []"), HasSubstr("the group has no \"id\""));
  EXPECT_THAT(Problem("a.yaml", ""), HasSubstr("there is no app in it"));
  EXPECT_THAT(Problem("a.yaml", "hello"), HasSubstr("neither an app"));
  EXPECT_THAT(Problem("a.json", "{"), HasSubstr("a.json: syntax error"));
}

TEST(AppFile, DryRunOfAppsKeepsTheOthers) {
  const auto root = ParseJson(R"({"id":"/","apps":[{"id":"/a","cmd":"old"},{"id":"/b"}],"groups":[]})");
  const auto apps = ParseJson(R"([{"id":"a","cmd":"new"},{"id":"/x/y/z"}])");
  ASSERT_TRUE(root.ok() && apps.ok());
  EXPECT_EQ(boost::json::serialize(WithApps(*root, apps->get_array())),
            R"({"id":"/","apps":[{"id":"/a","cmd":"new"},{"id":"/b"}],"groups":[{"id":"/x","groups":)"
            R"([{"id":"/x/y","apps":[{"id":"/x/y/z"}]}]}]})");
}

TEST(AppFile, Paths) {
  EXPECT_EQ(AppPath("web"), "/web");
  EXPECT_EQ(AppPath("//shop/web/"), "/shop/web");
  EXPECT_EQ(UrlPath("/shop/a b?"), "/shop/a%20b%3F");
}

}  // namespace
}  // namespace meseta::cli
