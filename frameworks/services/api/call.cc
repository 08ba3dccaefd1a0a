#include "frameworks/services/api/call.h"

#include <utility>

namespace meseta::services {

void Call::Ask(ServicesCommand command,
               std::function<http::Response(const WriteDone&)> render) const {
  term->ask(std::move(command),
            runtime::Reply<Answer<WriteDone>>(
                [responder = responder, render = std::move(render)](
                    const Result<Answer<WriteDone>>& answer) {
                  if (!answer.ok()) {
                    return responder->Send(ErrorAnswer(
                        503, "This daemon stopped leading before the outcome of the request was "
                             "known; look before you try again"));
                  }
                  if (!answer->ok()) return responder->Send(ErrorAnswer(answer->error()));
                  responder->Send(render(**answer));
                }));
}

void Call::Change(services::Change change, bool force_absent,
                  std::function<http::Response(const WriteDone&)> render) const {
  ChangeCatalog command;
  command.change = std::move(change);
  command.force = FlagOf(request, "force", force_absent);
  command.dry_run = FlagOf(request, "dryRun");
  command.client = request.peer.substr(0, request.peer.rfind(':'));
  command.uri = request.path;
  Ask(std::move(command), std::move(render));
}

}  // namespace meseta::services
