// Goal: what each kind of change makes of the catalog can be read as a conversation (testdata).
// Method: conversation.h. MESETA_UPDATE_GOLDEN=1 writes them anew; read the difference.
#include "tests/frameworks/services/deploy/conversation.h"

#include <gtest/gtest.h>

namespace meseta::services {
namespace {

constexpr char kFolder[] = "tests/frameworks/services/model/testdata";

class ChangesTest : public testing::TestWithParam<std::string> {};

TEST_P(ChangesTest, GoesAsWritten) { ExpectConversation(kFolder, GetParam()); }

INSTANTIATE_TEST_SUITE_P(Testdata, ChangesTest, testing::ValuesIn(ConversationsIn(kFolder)),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace meseta::services
