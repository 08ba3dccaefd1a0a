// One running meseta-fetcher. Started on a worker thread, then watched on an IoStrand.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "actors/base/status.h"
#include "agent/fetcher/fetch_protocol.h"
#include "agent/launcher/io_strand.h"

namespace meseta::agent {

class FetchProcess {
 public:
  using Done = std::function<void(Status)>;

  // Blocks for about a millisecond. `program`: absolute path of meseta-fetcher.
  static Result<std::shared_ptr<FetchProcess>> Start(IoStrand& strand, const std::string& program,
                                                     const FetchSpec& spec);
  virtual ~FetchProcess() = default;

  // On the strand, once. `done` is called on the strand when the helper has ended, however.
  virtual void Await(Done done) = 0;
  // On the strand. The helper and what it started are killed; `done` follows.
  virtual void Kill() = 0;
};

}  // namespace meseta::agent
