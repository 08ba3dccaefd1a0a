#include "tests/sim/log/describe.h"

namespace meseta::logsim {
namespace {

std::string Name(log::MemberId id) { return "m" + std::to_string(id); }
std::string Num(uint64_t number) { return std::to_string(number); }

std::string Vote(const internal::LogVote& vote) {
  return std::string(vote.pre() ? "pre-" : "") + "vote?" + (vote.transfer() ? " (transfer)" : "") +
         " log to " + Num(vote.last_index()) + "/" + Num(vote.last_term());
}

std::string Append(const internal::LogAppend& append) {
  return "append behind " + Num(append.previous_index()) + "/" + Num(append.previous_term()) +
         ": " + Num(static_cast<uint64_t>(append.entries_size())) + " entries, commit " +
         Num(append.commit()) + ", probe " + Num(append.probe());
}

std::string Answer(const internal::LogAppendAnswer& answer) {
  if (answer.accepted())
    return "accepted to " + Num(answer.index()) + ", probe " + Num(answer.probe());
  return "refused behind " + Num(answer.index()) + ", hint " + Num(answer.hint_index()) + "/" +
         Num(answer.hint_term());
}

struct DescribeChange {
  std::string operator()(const log::InviteMember& c) const { return "invite " + c.address; }
  std::string operator()(const log::UninviteMember& c) const { return "uninvite " + c.address; }
  std::string operator()(const log::AddMember& c) const {
    return "add " + Name(c.id) + " at " + c.address + (c.promote ? "" : " as learner");
  }
  std::string operator()(const log::PromoteMember& c) const { return "promote " + Name(c.id); }
  std::string operator()(const log::RemoveMember& c) const { return "remove " + Name(c.id); }
  std::string operator()(const log::MoveMember& c) const {
    return "move " + Name(c.id) + " to " + c.address;
  }
};

}  // namespace

std::string Describe(const log::Message& message) {
  std::string text =
      Name(message.from()) + " -> " + Name(message.to()) + " term " + Num(message.term()) + " ";
  if (message.has_vote()) return text + Vote(message.vote());
  if (message.has_vote_answer()) {
    return text + (message.vote_answer().pre() ? "pre-vote " : "vote ") +
           (message.vote_answer().granted() ? "granted" : "refused");
  }
  if (message.has_append()) return text + Append(message.append());
  if (message.has_append_answer()) return text + Answer(message.append_answer());
  if (message.has_snapshot_chunk()) {
    return text + "snapshot " + Num(message.snapshot_chunk().meta().index()) + " piece " +
           Num(message.snapshot_chunk().number()) + " of " +
           Num(message.snapshot_chunk().meta().chunks());
  }
  if (message.has_snapshot_answer()) {
    return text + "snapshot " + Num(message.snapshot_answer().snapshot_index()) + " has " +
           Num(message.snapshot_answer().next_chunk()) +
           (message.snapshot_answer().refused() ? " refused" : "");
  }
  return text + "start an election now";
}

std::string Describe(const log::LogWrite& write) {
  std::string text = "#" + Num(write.number);
  if (write.identity) text += " identity";
  if (write.hard) text += " term " + Num(write.hard->term) + " vote " + Name(write.hard->voted_for);
  for (const auto& piece : write.pieces) {
    text += " piece " + Num(piece.snapshot) + "." + Num(piece.number);
  }
  if (write.snapshot) text += " snapshot " + Num(write.snapshot->index());
  if (write.compact_to > 0) text += " compact to " + Num(write.compact_to);
  if (write.reset_log) text += " reset";
  if (write.truncate_after) text += " truncate after " + Num(*write.truncate_after);
  if (!write.append.empty()) {
    text += " entries " + Num(write.append.front()->index) + "-" + Num(write.append.back()->index) +
            " of term " + Num(write.append.back()->term);
  }
  return text;
}

std::string Describe(const log::MemberChange& change) {
  return std::visit(DescribeChange(), change);
}

std::string Describe(const log::Configuration& configuration) {
  std::string text;
  for (const auto& member : configuration.members()) {
    text += (text.empty() ? "" : " ") + Name(member.id());
    if (member.learner()) text += member.promote() ? "(promote)" : "(learner)";
  }
  return text;
}

}  // namespace meseta::logsim
