// ViewActor: applies MasterCore's changes on its own thread, publishes snapshots, and answers the
// requests that waited for them: who changed something sees it in whatever he reads next.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "actors/http/message.h"
#include "actors/runtime/core_shell.h"
#include "actors/runtime/published.h"
#include "master/view/view_core.h"

namespace meseta::master {

struct ViewAnswer {
  http::ResponderPtr responder;
  http::Response response;
};

// What one turn of MasterCore changed. Changes are numbered from `first`.
struct ViewBatch {
  uint64_t first = 0;
  std::vector<ViewChange> changes;
  std::vector<ViewAnswer> answers;  // Sent once the changes are published.
};

using PublishedView = runtime::Published<Snapshot>;

class ViewActor : public runtime::Core<ViewBatch> {
 public:
  ViewActor(MasterRecord master, ViewCore::Options options, std::shared_ptr<PublishedView> published);
  void Turn(std::vector<ViewBatch>& batches, runtime::TurnContext& turn) override;

 private:
  ViewCore core_;
  const std::shared_ptr<PublishedView> published_;
};

}  // namespace meseta::master
