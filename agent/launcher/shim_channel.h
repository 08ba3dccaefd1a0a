// One connection to one shim, on an IoStrand: frames out, events in.
//
// All methods and the handler run on the strand. After ShimGone nothing more is told; ShimGone is
// always the last event, also after ShimExited and after Close(). A shim that is our own child is
// reaped when its connection has ended.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>

#include "agent/launcher/io_strand.h"
#include "agent/launcher/process_posix.h"
#include "agent/launcher/shim_messages.h"

namespace meseta::agent {

class ShimChannel {
 public:
  using Handler = std::function<void(ShimEvent)>;

  // `child`: the shim's pid if it is to be reaped here, else 0.
  static std::shared_ptr<ShimChannel> Create(IoStrand& strand, UniqueFd socket, pid_t child);
  virtual ~ShimChannel() = default;

  // Begins to read. REQUIRES: called once.
  virtual void Start(Handler handler) = 0;
  virtual void Send(std::string frame) = 0;
  // The shim sees the end of the stream: before `go` it exits, later it just goes on.
  virtual void Close() = 0;
};

}  // namespace meseta::agent
