// Goal: protobuf messages travel between CAF actors unchanged.
#include "actors/runtime/caf_protobuf.h"

#include <gtest/gtest.h>

#include "actors/messages/v1.h"
#include "actors/runtime/actor_system.h"

namespace meseta::runtime {
namespace {

TEST(CafProtobufTest, AMessageIsSharedAndItsCopyPrivate) {
  ActorSystem system({.deterministic = true});
  std::string seen;
  const caf::actor actor = system.caf().spawn([&](caf::event_based_actor* self) -> caf::behavior {
    return {[&seen, self](v1::TaskID& id) {
      id.set_value(id.value() + "!");
      seen = id.value();
      self->quit();
    }};
  });
  v1::TaskID id;
  id.set_value("t1");
  caf::anon_send(actor, id);
  system.RunUntilIdle();
  EXPECT_EQ(seen, "t1!");
  EXPECT_EQ(id.value(), "t1");
}

}  // namespace
}  // namespace meseta::runtime
