// Goal: registry operations as pure deltas, batching and durability of the registrar. Method: values.
#include "state/registry/registry.h"

#include <gtest/gtest.h>

#include "state/registry/registrar_core.h"

namespace meseta::registry {
namespace {

v1::AgentInfo Info(const std::string& id, const std::string& hostname = "host") {
  v1::AgentInfo info;
  info.mutable_id()->set_value(id);
  info.set_hostname(hostname);
  return info;
}

const WallTime kNow = WallTime::FromNanos(42);

// Performs the operation; its refusal otherwise.
std::string Do(RegistryState* state, const RegistryOp& op) {
  const Result<RegistryDelta> delta = Evaluate(*state, op);
  if (!delta.ok()) return delta.status().message();
  const Status applied = Apply(*delta, state);
  return applied.ok() ? "" : applied.message();
}

TEST(RegistryTest, LifeOfAnAgent) {
  RegistryState state;
  EXPECT_EQ(Do(&state, AdmitAgent{Info("a"), "r", kNow}), "");
  EXPECT_EQ(state.admitted.at(AgentId("a")).registration_id(), "r");
  EXPECT_EQ(Do(&state, AdmitAgent{Info("a"), "r", kNow}), "Agent a is in the registry already");
  EXPECT_EQ(Do(&state, UpdateAgent{Info("a", "new")}), "");
  EXPECT_EQ(state.admitted.at(AgentId("a")).info().hostname(), "new");
  EXPECT_EQ(state.admitted.at(AgentId("a")).registration_id(), "r");
  EXPECT_EQ(Do(&state, MarkAgentUnreachable{AgentId("a"), kNow}), "");
  EXPECT_TRUE(state.admitted.empty());
  EXPECT_EQ(state.unreachable.at(AgentId("a")).since_ns(), 42);
  EXPECT_EQ(Do(&state, MarkAgentUnreachable{AgentId("a"), kNow}),
            "Agent a is not in the list of admitted agents");
  EXPECT_EQ(Do(&state, MarkAgentReachable{Info("a"), "r", kNow}), "");
  EXPECT_TRUE(state.unreachable.empty());
  EXPECT_EQ(Do(&state, MarkAgentGone{AgentId("a"), kNow}), "");
  EXPECT_TRUE(state.admitted.empty());
  EXPECT_EQ(Do(&state, MarkAgentReachable{Info("a"), "r", kNow}), "Agent a has been marked gone");
  EXPECT_EQ(Do(&state, MarkAgentGone{AgentId("b"), kNow}), "Agent 'b' not found");
  EXPECT_EQ(Do(&state, Prune{{AgentId("a"), AgentId("x")}}), "");
  EXPECT_TRUE(state.gone.empty());
  // A pruned agent may come back, and leave for good.
  EXPECT_EQ(Do(&state, MarkAgentReachable{Info("a"), "r", kNow}), "");
  EXPECT_EQ(Do(&state, RemoveAgent{AgentId("a")}), "");
  EXPECT_EQ(Do(&state, RemoveAgent{AgentId("a")}), "Agent a is not in the list of admitted agents");
}

TEST(RegistryTest, TermsGrowAndTheClusterStays) {
  RegistryState state;
  EXPECT_EQ(Do(&state, StartTerm{3, "c"}), "");
  EXPECT_EQ(Do(&state, StartTerm{3, "c"}), "Term 3 is not newer than term 3 of the registry");
  EXPECT_EQ(Do(&state, StartTerm{4, "d"}), "The registry belongs to cluster c, not to d");
}

TEST(RegistryTest, ForeignRecordsAreRefused) {
  RegistryState state;
  RegistryChange change;
  change.key = "agent/a";
  change.value = "\xff\xff";
  EXPECT_EQ(Apply({change}, &state).message(), "The registry record 'agent/a' cannot be decoded");
  change.key = "strange";
  EXPECT_EQ(Apply({change}, &state).message(),
            "The registry holds a record of unknown kind: 'strange'");
}

TEST(RegistrarTest, OperationsShareAWriteWhileOneIsOut) {
  RegistrarCore registrar{RegistryState()};
  EXPECT_FALSE(registrar.TakeBatch().has_value());
  EXPECT_EQ(*registrar.Submit(AdmitAgent{Info("a"), "r1", kNow}), 1u);
  const std::optional<RegistryBatch> first = registrar.TakeBatch();
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->number, 1u);
  EXPECT_EQ(*registrar.Submit(AdmitAgent{Info("b"), "r2", kNow}), 2u);
  EXPECT_EQ(*registrar.Submit(AdmitAgent{Info("c"), "r3", kNow}), 3u);
  EXPECT_FALSE(registrar.Submit(AdmitAgent{Info("c"), "r3", kNow}).ok());
  EXPECT_FALSE(registrar.TakeBatch().has_value());
  EXPECT_EQ(registrar.durable(), 0u);
  EXPECT_FALSE(registrar.Persisted(7).ok());
  EXPECT_TRUE(registrar.Persisted(1).ok());
  EXPECT_EQ(registrar.durable(), 1u);
  const std::optional<RegistryBatch> second = registrar.TakeBatch();
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(second->number, 3u);
  EXPECT_EQ(second->changes.size(), 2u);
}

TEST(RegistrarTest, LargeOperationsGoInBatchesThatTheStoreTakes) {
  const RegistrarLimits limits{.batch_bytes = 30'000, .queued_bytes = 300'000};
  RegistrarCore registrar{RegistryState(), limits};
  const auto submit = [&](int n) {
    v1::AgentInfo info = Info("agent" + std::to_string(n));
    info.set_hostname(std::string(limits.batch_bytes / 3, 'h'));
    return registrar.Submit(AdmitAgent{info, "r", kNow});
  };
  int submitted = 0;
  Status refused;
  while (refused.ok() && submitted < 1000) {
    const Result<uint64_t> number = submit(submitted);
    number.ok() ? void(++submitted) : void(refused = number.status());
  }
  EXPECT_EQ(refused.code(), StatusCode::kResourceExhausted);
  uint64_t done = 0;
  while (const auto batch = registrar.TakeBatch()) {
    size_t bytes = 0;
    for (const RegistryChange& change : batch->changes) bytes += change.value->size();
    EXPECT_LE(bytes, limits.batch_bytes);
    EXPECT_GE(batch->number, std::min<uint64_t>(done + 2, submitted));  // As many as fit.
    done = batch->number;
    ASSERT_TRUE(registrar.Persisted(done).ok());
  }
  EXPECT_EQ(done, static_cast<uint64_t>(submitted));
  EXPECT_TRUE(submit(submitted).ok());  // There is room again.
}

TEST(RegistrarTest, FailureEndsIt) {
  RegistrarCore registrar{RegistryState()};
  ASSERT_TRUE(registrar.Submit(AdmitAgent{Info("a"), "r1", kNow}).ok());
  ASSERT_TRUE(registrar.TakeBatch().has_value());
  registrar.Failed(Unavailable("disk full"));
  EXPECT_EQ(registrar.Submit(AdmitAgent{Info("b"), "r2", kNow}).status().message(), "disk full");
  EXPECT_FALSE(registrar.Persisted(1).ok());
  EXPECT_FALSE(registrar.TakeBatch().has_value());
}

}  // namespace
}  // namespace meseta::registry
