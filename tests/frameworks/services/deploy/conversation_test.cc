// Goal: each row of the deployment semantics can be read as a conversation (testdata).
// Method: conversation.h. MESETA_UPDATE_GOLDEN=1 writes them anew; read the difference.
#include "tests/frameworks/services/deploy/conversation.h"

#include <gtest/gtest.h>

namespace meseta::services {
namespace {

constexpr char kFolder[] = "tests/frameworks/services/deploy/testdata";

class DeployConversationTest : public testing::TestWithParam<std::string> {};

TEST_P(DeployConversationTest, GoesAsWritten) { ExpectConversation(kFolder, GetParam()); }

INSTANTIATE_TEST_SUITE_P(Testdata, DeployConversationTest, testing::ValuesIn(ConversationsIn(kFolder)),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace meseta::services
