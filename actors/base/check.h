// CHECK: our own broken invariants, always on. Never reachable from peer, user or disk input.
//
//   CHECK(x > 0) << "context";
//
// A failed CHECK writes file, line and text to stderr and aborts, so that a supervisor restarts the
// daemon from what is on disk. Independent of glog, so that pure cores may include it.
#pragma once

#include <sstream>

namespace meseta::internal {

class CheckFailure {
 public:
  CheckFailure(const char* file, int line, const char* condition);
  [[noreturn]] ~CheckFailure();
  std::ostream& stream() { return stream_; }

 private:
  std::ostringstream stream_;
};

struct CheckVoidify {
  void operator&(std::ostream&) const {}
};

}  // namespace meseta::internal

// glog defines CHECK too; ours wins where both are included (see actors/base/logging.h).
#undef CHECK
#define CHECK(condition)                      \
  (condition) ? (void)0                       \
              : ::meseta::internal::CheckVoidify() & \
                    ::meseta::internal::CheckFailure(__FILE__, __LINE__, #condition).stream()
