// /meseta/members: what is shown of a replica, and what a POST may ask for.
#include "master/api/log_api.h"

#include <gtest/gtest.h>

#include <utility>

#include "actors/base/json/json_parser.h"
#include "state/store/backup.h"

namespace meseta::master {
namespace {

log::ReplicaStatus Three() {
  log::ReplicaStatus status;
  status.cluster_id = "c1";
  status.state = "member";
  status.raft.self = 0xa1;
  status.raft.leader = 0xa1;
  status.raft.role = log::Role::kLeader;
  status.raft.term = 7;
  status.raft.last = 100;
  for (const auto& [id, address] : {std::pair(0xa1, "h1:1"), {0xb2, "h2:2"}, {0xc3, "h3:3"}}) {
    auto* member = status.raft.configuration.add_members();
    member->set_id(id);
    member->set_address(address);
    if (id == 0xa1) continue;
    log::FollowerStatus follower;
    follower.member = *member;
    follower.match = id == 0xb2 ? 90 : 0;
    follower.snapshotting = id == 0xc3;
    status.raft.followers.push_back(follower);
  }
  status.raft.configuration.mutable_members(2)->set_learner(true);
  status.raft.configuration.add_invited("h4:4");
  status.addresses_up = {"h2:2"};
  return status;
}

TEST(MembersJsonTest, TheLeaderTellsWhereTheOthersStand) {
  const auto document = ParseJson(MembersJson(Three(), std::nullopt));
  ASSERT_TRUE(document.ok()) << document.status();
  const auto& object = document->as_object();
  EXPECT_EQ(object.at("leader").as_string(), "h1:1");
  EXPECT_EQ(object.at("invited").as_array().at(0).as_string(), "h4:4");
  const auto& members = object.at("members").as_array();
  ASSERT_EQ(members.size(), 3u);
  EXPECT_EQ(members[0].at("id").as_string(), "00000000000000a1");
  EXPECT_EQ(members[0].at("role").as_string(), "leader");
  EXPECT_EQ(members[0].at("lag").to_number<int>(), 0);
  EXPECT_EQ(members[1].at("role").as_string(), "voter");
  EXPECT_EQ(members[1].at("lag").to_number<int>(), 10);
  EXPECT_TRUE(members[1].at("up").as_bool());
  EXPECT_EQ(members[2].at("role").as_string(), "learner");
  EXPECT_TRUE(members[2].at("snapshotting").as_bool());
  EXPECT_FALSE(members[2].at("up").as_bool());
}

TEST(MembersJsonTest, AStandbyKnowsNoLags) {
  log::ReplicaStatus status = Three();
  status.raft.role = log::Role::kFollower;
  status.raft.self = 0xb2;
  const auto document = ParseJson(MembersJson(status, std::nullopt));
  const auto& members = document->at("members").as_array();
  EXPECT_FALSE(members[0].as_object().contains("lag"));
  EXPECT_EQ(members[1].at("match").to_number<int>(), 100);
}

struct Kept : http::Responder {
  void Send(http::Response response) override { sent.push_back(std::move(response)); }
  std::shared_ptr<http::StreamWriter> Stream(http::Response, std::function<void()>) override {
    return nullptr;
  }
  std::vector<http::Response> sent;
};

TEST(BackupTest, OneAtATimeUntilItIsSent) {
  auto term = std::make_shared<TermRefs>();
  term->leads = [] { return true; };
  auto leadership = std::make_shared<Leadership>();
  leadership->term = term;
  std::vector<runtime::Reply<store::SnapshotPtr>> reads;
  LogApiContext context;
  context.leadership = [&] { return leadership; };
  context.read = [&](runtime::Reply<store::SnapshotPtr> reply) {
    reads.push_back(std::move(reply));
  };
  context.backup = [](const store::SnapshotPtr&) { return std::string("all of it"); };
  context.pool = [](std::function<void()> job) {
    job();
    return OkStatus();
  };
  http::Router router;
  AddLogRoutes(context, &router);
  const auto ask = [&] {
    auto responder = std::make_shared<Kept>();
    http::Request request;
    request.method = "GET";
    request.target = request.path = store::kBackupPath;
    router.Match(store::kBackupPath)->handler(std::move(request), responder);
    return responder;
  };
  auto first = ask();
  EXPECT_TRUE(first->sent.empty());
  const auto second = ask();
  ASSERT_EQ(second->sent.size(), 1u);
  EXPECT_EQ(second->sent[0].status, 503);
  EXPECT_NE(second->sent[0].body.find("Another backup"), std::string::npos);
  ASSERT_EQ(reads.size(), 1u);
  std::exchange(reads, {})[0].Send(store::SnapshotPtr());
  ASSERT_EQ(first->sent.size(), 1u);
  EXPECT_EQ(*first->sent[0].shared_body, "all of it");
  EXPECT_EQ(ask()->sent.size(), 1u);  // The file is still there, as for a slow reader.
  first.reset();
  const auto third = ask();
  ASSERT_EQ(reads.size(), 1u);
  std::exchange(reads, {})[0].Send(Unavailable("it leads no more"));
  ASSERT_EQ(third->sent.size(), 1u);
  EXPECT_EQ(third->sent[0].status, 503);
  EXPECT_TRUE(ask()->sent.empty());  // A failure gives the right back, too.
}

TEST(MembersRequestTest, EachAction) {
  const log::Configuration members = Three().raft.configuration;
  const auto ask = [&](const std::string& body) { return ParseMembersRequest(body, members); };
  auto request = ask(R"({"action":"add","member":"h9:5051"})");
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_EQ(std::get<log::InviteMember>(*request->change).address, "h9:5051");
  request = ask(R"({"action":"add","member":"h9"})");
  EXPECT_EQ(std::get<log::InviteMember>(*request->change).address, "h9:5050");
  request = ask(R"({"action":"uninvite","member":"h4:4"})");
  EXPECT_EQ(std::get<log::UninviteMember>(*request->change).address, "h4:4");
  request = ask(R"({"action":"remove","member":"h2:2"})");
  EXPECT_EQ(std::get<log::RemoveMember>(*request->change).id, 0xb2u);
  request = ask(R"({"action":"promote","member":"00000000000000c3"})");
  EXPECT_EQ(std::get<log::PromoteMember>(*request->change).id, 0xc3u);
  request = ask(R"({"action":"transfer","member":"h3:3"})");
  EXPECT_FALSE(request->change);
  EXPECT_EQ(request->transfer_to, 0xc3u);
  request = ask(R"({"action":"transfer"})");
  ASSERT_TRUE(request.ok());
  EXPECT_FALSE(request->transfer_to);
}

TEST(MembersRequestTest, WhatMakesNoSenseIsNamed) {
  const log::Configuration members = Three().raft.configuration;
  const auto says = [&](const std::string& body) {
    const auto request = ParseMembersRequest(body, members);
    return request.ok() ? "OK" : request.status().message();
  };
  EXPECT_NE(says("[").find("syntax"), std::string::npos);
  EXPECT_NE(says("[]").find("object"), std::string::npos);
  EXPECT_NE(says("{}").find("'member'"), std::string::npos);
  EXPECT_NE(says(R"({"action":1,"member":"x"})").find("'action'"), std::string::npos);
  EXPECT_NE(says(R"({"action":"eat","member":"h2:2"})").find("eat"), std::string::npos);
  EXPECT_NE(says(R"({"action":"remove","member":"h7:7"})").find("h7:7"), std::string::npos);
  EXPECT_NE(says(R"({"action":"add","member":"a:b:c"})"), "OK");
  EXPECT_NE(says(R"({"action":"add","member":"h:0"})").find("port 0"), std::string::npos);
}

}  // namespace
}  // namespace meseta::master
