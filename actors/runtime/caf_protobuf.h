// Lets every generated protobuf type be sent between CAF actors of one process.
//
// inspect() is found by argument-dependent lookup through the base class google::protobuf::Message,
// so no code per type is needed. Messages are shared between actors, not serialized; CAF asks for
// bytes only where a message would leave the process, which ours never do (actors/net does).
#pragma once

#include <google/protobuf/message.h>

#include <string>
#include <type_traits>

#include "actors/runtime/caf.h"

namespace google::protobuf {

template <class Inspector, class T>
std::enable_if_t<std::is_base_of_v<Message, T>, typename Inspector::result_type> inspect(
    Inspector& f, T& message) {
  if constexpr (std::is_same_v<Inspector, caf::detail::stringification_inspector>) {
    auto text = message.GetTypeName() + "{" + message.ShortDebugString() + "}";
    return f(text);
  } else {
    std::string bytes;
    if constexpr (Inspector::reads_state) {
      if (!message.SerializePartialToString(&bytes)) {
        return caf::make_error(caf::sec::invalid_argument, "protobuf: cannot serialize");
      }
    }
    auto load = [&]() -> caf::error {
      if constexpr (Inspector::writes_state) {
        if (!message.ParseFromString(bytes)) {
          return caf::make_error(caf::sec::invalid_argument,
                                 "protobuf: malformed " + message.GetTypeName());
        }
      }
      return caf::none;
    };
    return f(bytes, caf::meta::load_callback(load));
  }
}

}  // namespace google::protobuf
