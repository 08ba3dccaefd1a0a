// Leadership: what requests and messages from outside go by, as of now. Immutable; published by the
// leadership actor, read on any thread.
//
// A request takes it once and keeps to it, so that it never meets two terms: what it posts to a term
// that has ended meanwhile is refused, and its responder answers 503.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "actors/base/ids.h"
#include "actors/http/message.h"
#include "actors/http/negotiation.h"
#include "actors/runtime/published.h"
#include "master/master_events.h"
#include "master/sessions/stream_actor.h"
#include "master/view/snapshot.h"

namespace meseta::master {

// The way into the actors of one term of leadership. All of it may be called after the term's end.
struct TermRefs {
  uint64_t term = 0;
  std::shared_ptr<const runtime::Published<Snapshot>> view;
  // To the master's actor. False: refused, as its inbox is full or the term has ended.
  std::function<bool(MasterEvent)> post;
  // Registers an open stream with the actor that writes events.
  std::function<void(StreamId, http::ContentType, StreamFraming,
                     std::shared_ptr<http::StreamWriter>)>
      open_stream;
  // False once the lease is over: nothing may be answered from this term.
  std::function<bool()> leads;
};
using TermPtr = std::shared_ptr<const TermRefs>;

struct Leadership {
  TermPtr term;                       // Set while this master leads.
  std::optional<std::string> leader;  // host:port of another master that does.
  std::string waits_for;              // Neither: a sentence why.
};
using LeadershipPtr = std::shared_ptr<const Leadership>;
using PublishedLeadership = runtime::Published<Leadership>;

}  // namespace meseta::master
