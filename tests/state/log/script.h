// Script: a conversation between cores, as the files in testdata/conversations tell it.
//
// Lines at the margin are commands (see script.cc), "#" begins a comment, and what follows a
// command, indented, is all that came of it: what was said, written, committed.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/state/log/core_group.h"

namespace meseta::log {

class Script {
 public:
  using Words = std::vector<std::string>;

  explicit Script(const Rules* rules = nullptr);
  // What came of a command, as lines.
  std::vector<std::string> Do(const std::string& line);
  // Whether no checker has spoken up.
  [[nodiscard]] bool sound() const { return group_ == nullptr || group_->violations.empty(); }

 private:
  CoreGroup& group();
  RaftCore& core(const Words& words);
  void Tell(const meseta::Status& status);
  void AddTimeAndNetwork();
  void AddMembersAndDisks();
  void AddRequests();
  void Options(const Words& words);
  void Found(const Words& words);
  void Links(const Words& words,
             void (CoreGroup::*action)(std::optional<MemberId>, std::optional<MemberId>));
  void Cut(const Words& words);
  void Propose(const Words& words);
  void Change(const Words& words);
  void Step(const Words& words);
  void Status(const Words& words);
  std::string StatusLine(const RaftCore& core);
  void State();

  const Rules* rules_;
  std::map<std::string, std::function<void(const Words&)>> commands_;
  RaftOptions options_;
  std::unique_ptr<CoreGroup> group_;
  std::vector<std::string> lines_;
};

// The path of a file in testdata, by its name without ".txt".
std::string ConversationPath(const std::string& name);
// The file as it should be: its commands and comments, each followed by what came of it. Empty when
// it cannot be read.
std::string RunConversation(const std::string& name, Script* script);

}  // namespace meseta::log
