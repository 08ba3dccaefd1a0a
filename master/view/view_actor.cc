#include "master/view/view_actor.h"

#include <utility>

namespace meseta::master {

ViewActor::ViewActor(MasterRecord master, ViewCore::Options options,
                     std::shared_ptr<PublishedView> published)
    : core_(std::move(master), options), published_(std::move(published)) {
  published_->Set(core_.Publish());
}

void ViewActor::Turn(std::vector<ViewBatch>& batches, runtime::TurnContext&) {
  bool changed = false;
  for (const ViewBatch& batch : batches) {
    changed = changed || !batch.changes.empty();
    core_.Apply(batch.first, batch.changes);
  }
  if (changed) published_->Set(core_.Publish());
  for (ViewBatch& batch : batches) {
    for (ViewAnswer& answer : batch.answers) answer.responder->Send(std::move(answer.response));
  }
}

}  // namespace meseta::master
