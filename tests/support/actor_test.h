// ActorTest: a fixture for actors under virtual time. Nothing runs until the test says so; no
// threads, no sleeps. Shells of the test must be destroyed before the fixture: make them local
// variables or members of the derived fixture.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "actors/runtime/actor_system.h"

namespace meseta::testing {

class ActorTest : public ::testing::Test {
 protected:
  void Run() { system.RunUntilIdle(); }
  void Advance(Duration by) { system.Advance(by); }

  std::vector<std::string> fatal;  // What the system was told by actors that died.
  runtime::ActorSystem system{Options(&fatal)};

 private:
  static runtime::ActorSystemOptions Options(std::vector<std::string>* fatal) {
    runtime::ActorSystemOptions options;
    options.deterministic = true;
    options.on_fatal = [fatal](const std::string& why) { fatal->push_back(why); };
    return options;
  }
};

}  // namespace meseta::testing
