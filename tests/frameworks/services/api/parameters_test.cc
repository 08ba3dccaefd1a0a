#include "frameworks/services/api/parameters.h"

#include <gtest/gtest.h>

namespace meseta::services {
namespace {

AppSpec Labelled(const std::map<std::string, std::string>& labels) {
  AppSpec app;
  for (const auto& [key, value] : labels) (*app.mutable_labels())[key] = value;
  return app;
}

bool Selects(const std::string& selector, const std::map<std::string, std::string>& labels) {
  const Answer<LabelSelector> parsed = LabelSelector::Parse(selector);
  EXPECT_TRUE(parsed.ok()) << selector;
  return parsed.ok() && parsed->Matches(Labelled(labels));
}

http::Request Asking(const std::string& query) {
  http::Request request;
  request.path = "/v2/apps";
  request.target = request.path + "?" + query;
  return request;
}

TEST(LabelSelectorTest, Operators) {
  EXPECT_TRUE(Selects("tier", {{"tier", "web"}}));
  EXPECT_FALSE(Selects("tier", {{"env", "web"}}));
  EXPECT_TRUE(Selects("tier==web", {{"tier", "web"}}));
  EXPECT_FALSE(Selects("tier == web", {{"tier", "db"}}));
  EXPECT_TRUE(Selects("tier != web", {{"tier", "db"}}));
  EXPECT_TRUE(Selects("env in (prod, test)", {{"env", "test"}}));
  EXPECT_FALSE(Selects("env in (prod, test)", {{"env", "dev"}}));
  EXPECT_TRUE(Selects("env notin (prod, test)", {{"env", "dev"}}));
  EXPECT_FALSE(Selects("env notin (prod, test)", {{"env", "prod"}}));
}

// As Marathon: an app without the label is matched by none of the operators.
TEST(LabelSelectorTest, NegationsNeedTheLabel) {
  EXPECT_FALSE(Selects("tier!=web", {}));
  EXPECT_FALSE(Selects("env notin (prod)", {{"tier", "web"}}));
}

TEST(LabelSelectorTest, CommaIsAnd) {
  EXPECT_TRUE(Selects("tier==web,env in (a,b)", {{"tier", "web"}, {"env", "b"}}));
  EXPECT_FALSE(Selects("tier==web,env in (a,b)", {{"tier", "web"}, {"env", "c"}}));
}

TEST(LabelSelectorTest, BackslashTakesTheNextCharacterAsItIs) {
  EXPECT_TRUE(Selects("a\\ b==c\\,d", {{"a b", "c,d"}}));
}

TEST(LabelSelectorTest, KeysThatBeginLikeAnOperator) {
  EXPECT_TRUE(Selects("inner,index==1", {{"inner", ""}, {"index", "1"}}));
}

TEST(LabelSelectorTest, MalformedOnesAreRefusedWithTheirPlace) {
  for (const char* text : {"", "==a", "a in b", "a in (b", "a,", "a b"}) {
    const Answer<LabelSelector> parsed = LabelSelector::Parse(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(422, parsed.error().status);
    EXPECT_NE(std::string::npos, parsed.error().message.find("at character")) << text;
  }
}

TEST(EmbedTest, AllPrefixesMeanTheSame) {
  for (const char* value : {"tasks", "app.tasks", "apps.tasks", "group.apps.tasks"}) {
    const AppEmbed embed =
        AppEmbedOf(Asking(std::string("embed=") + value), {false, false, false, false, false, false});
    EXPECT_TRUE(embed.tasks && embed.deployments) << value;
    EXPECT_FALSE(embed.counts || embed.readiness || embed.last_task_failure || embed.task_stats);
  }
}

TEST(EmbedTest, RepeatsAddUpAndUnknownOnesAreIgnored) {
  const AppEmbed embed = AppEmbedOf(Asking("embed=apps.taskStats&embed=nonsense&embed=apps.failures"),
                                    {false, false, false, false, false, false});
  EXPECT_TRUE(embed.task_stats && embed.last_task_failure && embed.tasks && embed.deployments);
  EXPECT_FALSE(embed.counts || embed.readiness);
}

TEST(EmbedTest, GroupsWithoutEmbedShowGroupsAndApps) {
  const GroupEmbed whole = GroupEmbedOf(Asking(""));
  EXPECT_TRUE(whole.groups && whole.apps);
  const GroupEmbed apps = GroupEmbedOf(Asking("embed=group.apps.tasks"));
  EXPECT_TRUE(apps.apps && apps.app.tasks);
  EXPECT_FALSE(apps.groups);
}

TEST(FlagTest, AnyCaseAndAbsent) {
  http::Request request;
  EXPECT_TRUE(FlagOf(request, "force", true));
  EXPECT_FALSE(FlagOf(request, "force"));
  request.query = {{"force", "True"}, {"wipe", "0"}};
  EXPECT_TRUE(FlagOf(request, "force"));
  EXPECT_FALSE(FlagOf(request, "wipe", true));
}

TEST(ListTest, RepeatedBracketedAndEncoded) {
  EXPECT_EQ((std::vector<std::string>{"running", "staging"}),
            ListOf(Asking("status%5B%5D=running&status=staging&other=x"), "status"));
}

TEST(BelowTest, ToleratesDoubledAndTrailingSlashes) {
  EXPECT_EQ("/shop/web", Below("/v2/apps//shop/web/", "/v2/apps"));
  EXPECT_EQ("", Below("/v2/apps/", "/v2/apps"));
  EXPECT_EQ("", Below("/v2/apps", "/v2/apps"));
}

TEST(BodyTest, SyntaxIs400AndTypeIs422) {
  http::Request request;
  request.body = "{\"id\":";
  EXPECT_EQ(400, ParseBody(request).error().status);
  EXPECT_EQ("Invalid JSON", ParseBody(request).error().message);
  request.body = "[1]";
  EXPECT_EQ(422, ParseObject(request).error().status);
  request.body = "{\"id\":\"/a\"}";
  EXPECT_TRUE(ParseObject(request).ok());
}

}  // namespace
}  // namespace meseta::services
