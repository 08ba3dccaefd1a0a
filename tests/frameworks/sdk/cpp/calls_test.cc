#include "frameworks/sdk/cpp/calls.h"

#include <gtest/gtest.h>

namespace meseta::sdk {
namespace {

using Call = v1::scheduler::Call;

TEST(CallsTest, OnlyUpdatesWithAUuidAreAcknowledged) {
  v1::TaskStatus status;
  status.mutable_task_id()->set_value("t");
  status.mutable_agent_id()->set_value("a");
  EXPECT_FALSE(AcknowledgeCall(status).has_value());
  status.set_uuid("0123456789abcdef");
  const auto call = AcknowledgeCall(status);
  ASSERT_TRUE(call.has_value());
  EXPECT_EQ(call->type(), Call::ACKNOWLEDGE);
  EXPECT_EQ(call->acknowledge().task_id().value(), "t");
  EXPECT_EQ(call->acknowledge().agent_id().value(), "a");
  EXPECT_EQ(call->acknowledge().uuid(), "0123456789abcdef");
}

TEST(CallsTest, OperationUpdatesWantAUuidAndAnId) {
  v1::OperationStatus status;
  status.mutable_uuid()->set_value("0123456789abcdef");
  EXPECT_FALSE(AcknowledgeCall(status).has_value());
  status.mutable_operation_id()->set_value("o");
  status.mutable_agent_id()->set_value("a");
  const auto call = AcknowledgeCall(status);
  ASSERT_TRUE(call.has_value());
  EXPECT_EQ(call->acknowledge_operation_status().operation_id().value(), "o");
  EXPECT_EQ(call->acknowledge_operation_status().agent_id().value(), "a");
}

TEST(CallsTest, FreeIsWhatAnyTaskMayUse) {
  v1::Offer offer;
  offer.mutable_allocation_info()->set_role("r");
  for (int kind = 0; kind < 4; ++kind) {
    v1::Resource* resource = offer.add_resources();
    *resource = ScalarOf(offer, "cpus", 1 << kind);
    if (kind == 1) resource->add_reservations()->set_role("r");
    if (kind == 2) resource->mutable_revocable();
    if (kind == 3) resource->set_name("mem");
  }
  EXPECT_EQ(FreeScalar(offer, "cpus"), 1);
  EXPECT_EQ(FreeScalar(offer, "mem"), 8);
  EXPECT_EQ(FreeScalar(offer, "disk"), 0);
  EXPECT_EQ(offer.resources(0).allocation_info().role(), "r");
}

TEST(CallsTest, ReconcileNamesTheAgentsThatAreKnown) {
  const Call call = ReconcileCall({{"t1", "a1"}, {"t2", ""}});
  ASSERT_EQ(call.reconcile().tasks_size(), 2);
  EXPECT_EQ(call.reconcile().tasks(0).agent_id().value(), "a1");
  EXPECT_FALSE(call.reconcile().tasks(1).has_agent_id());
}

}  // namespace
}  // namespace meseta::sdk
