// The registry's records as hostile input: decoding ends with a state or with a Status. A state
// that was decoded is encoded as it was read, shown, and operated on.
//
// Input: {kind u8, size of the key u8, size of the value u16, key, value}*. The kind names the
// prefix of the key (the last one: none); its highest bit: the record is removed.
#include <google/protobuf/stubs/logging.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/base/check.h"
#include "state/registry/records.h"
#include "state/registry/registry.h"
#include "state/registry/registry_json.h"
#include "tests/fuzz/fuzz_input.h"

namespace meseta::registry {
namespace {

constexpr std::array<std::string_view, 12> kPrefixes = {
    kHeaderKey,       kAgentPrefix,   kUnreachablePrefix, kGonePrefix,
    kFrameworkPrefix, kRemovedPrefix, kQuotaPrefix,       kWeightPrefix,
    kMachinePrefix,   kWindowPrefix,  kCapabilityPrefix,  ""};

bool Load(fuzz::Input* input, RegistryState* state) {
  while (!input->empty()) {
    const uint8_t kind = input->Byte();
    const size_t key_size = input->Byte();
    const size_t value_size = input->Short();
    std::string key(kPrefixes[(kind & 0x7f) % kPrefixes.size()]);
    key += input->Take(key_size);
    std::optional<std::string_view> value = input->Take(value_size);
    if ((kind & 0x80) != 0) value.reset();
    if (!ApplyRecord(key, value, state).ok()) return false;
  }
  return true;
}

// What a master does with what it has loaded; each operation may be refused.
void Operate(RegistryState* state) {
  const WallTime now = WallTime::FromNanos(1'700'000'000'000'000'000);
  std::vector<RegistryOp> ops = {StartTerm{state->header.term() + 1, state->header.cluster_id()}};
  for (const auto& [id, agent] : state->admitted) {
    if (agent.has_info()) ops.push_back(UpdateAgent{agent.info()});
    ops.push_back(DrainAgent{id, v1::DrainConfig(), now});
    ops.push_back(MarkAgentUnreachable{id, now});
  }
  for (const auto& [id, agent] : state->unreachable) {
    v1::AgentInfo info;
    info.mutable_id()->set_value(id.value());
    info.set_hostname("host");
    ops.push_back(MarkAgentReachable{info, agent.registration_id(), now});
    ops.push_back(MarkAgentGone{id, now});
  }
  for (const auto& [id, framework] : state->frameworks) {
    if (framework.has_info()) ops.push_back(UpdateFramework{framework.info()});
    ops.push_back(RemoveFramework{id, now});
  }
  if (const auto schedule = ScheduleOf(*state)) {
    ops.push_back(UpdateSchedule{*schedule});
    ops.push_back(UpdateSchedule{v1::maintenance::Schedule()});
  }
  for (const RegistryOp& op : ops) {
    const Result<RegistryDelta> delta = Evaluate(*state, op);
    if (!delta.ok()) continue;
    const Status applied = Apply(*delta, state);
    CHECK(applied.ok()) << applied;
  }
}

void CheckRoundTrip(const RegistryState& state) {
  const RegistryDelta records = Encode(state);
  RegistryState again;
  const Status applied = Apply(records, &again);
  CHECK(applied.ok()) << applied;
  CHECK(Encode(again) == records);
}

}  // namespace
}  // namespace meseta::registry

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace meseta::registry;
  static const google::protobuf::LogSilencer silencer;  // Of complaints about texts.
  meseta::fuzz::Input input(data, size);
  RegistryState state;
  if (!Load(&input, &state)) return 0;
  CheckRoundTrip(state);
  CHECK(!RegistryJson(state, nullptr).empty());
  (void)CheckMinimumCapabilities(state).ok();
  Operate(&state);
  CheckRoundTrip(state);
  return 0;
}
