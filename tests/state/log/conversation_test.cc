// Goal: each rule of the consensus can be read as a conversation.
// Method: the files in testdata/conversations are scripts (script.h). MESETA_UPDATE_GOLDEN=1 writes
// them anew; read the difference before it is committed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/state/log/script.h"

namespace meseta::log {
namespace {

std::vector<std::string> Files() {
  std::vector<std::string> files;
  const std::string folder =
      std::string(MESETA_SOURCE_DIR) + "/tests/state/log/testdata/conversations";
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    if (file.path().extension() == ".txt") files.push_back(file.path().stem().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

class ConversationTest : public testing::TestWithParam<std::string> {};

TEST_P(ConversationTest, GoesAsWritten) {
  Script script;
  const std::string actual = RunConversation(GetParam(), &script);
  EXPECT_TRUE(script.sound());
  const std::string path = ConversationPath(GetParam());
  if (std::getenv("MESETA_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path) << actual;
    return;
  }
  std::stringstream expected;
  expected << std::ifstream(path).rdbuf();
  EXPECT_EQ(actual, expected.str());
}

INSTANTIATE_TEST_SUITE_P(Testdata, ConversationTest, testing::ValuesIn(Files()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace meseta::log
