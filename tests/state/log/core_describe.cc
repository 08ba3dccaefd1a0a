// What a trace calls messages, entries and writes.
#include "state/log/configuration.h"
#include "tests/state/log/core_group.h"

namespace meseta::log {
namespace {

std::string At(Index index, Term term) {
  return std::to_string(index) + "/" + std::to_string(term);
}

std::string Content(EntryKind kind, const std::string& payload) {
  if (kind == EntryKind::kNoop) return "noop";
  if (kind == EntryKind::kCommand) return payload;
  const auto configuration = ParseConfiguration(payload);
  return configuration ? "{" + Describe(*configuration) + "}" : "{?}";
}

std::string DescribeAppend(const internal::LogAppend& append) {
  std::string text = " append after " + At(append.previous_index(), append.previous_term());
  std::string separator = ": ";
  for (const auto& entry : append.entries()) {
    text += separator + At(entry.index(), entry.term()) + " " +
            Content(static_cast<EntryKind>(entry.kind()), entry.payload());
    separator = ", ";
  }
  return text + "; commit " + std::to_string(append.commit());
}

std::string DescribeBody(const Message& message) {
  switch (message.message_case()) {
    case Message::kVote: {
      const auto& vote = message.vote();
      return std::string(vote.pre() ? " would you vote" : " vote") +
             (vote.transfer() ? " (handed over)" : "") + "? last " +
             At(vote.last_index(), vote.last_term());
    }
    case Message::kVoteAnswer:
      return std::string(message.vote_answer().pre() ? " would" : " vote") +
             (message.vote_answer().granted() ? " yes" : " no");
    case Message::kAppend:
      return DescribeAppend(message.append());
    case Message::kAppendAnswer: {
      const auto& answer = message.append_answer();
      if (answer.accepted()) return " has up to " + std::to_string(answer.index());
      return " refuses after " + std::to_string(answer.index()) + ", hint " +
             At(answer.hint_index(), answer.hint_term());
    }
    case Message::kSnapshotChunk: {
      const auto& chunk = message.snapshot_chunk();
      return " snapshot " + At(chunk.meta().index(), chunk.meta().term()) + " piece " +
             std::to_string(chunk.number()) + " of " + std::to_string(chunk.meta().chunks()) +
             " \"" + chunk.data() + "\"";
    }
    case Message::kSnapshotAnswer: {
      const auto& answer = message.snapshot_answer();
      return " snapshot " + std::to_string(answer.snapshot_index()) +
             (answer.refused() ? " refused"
                               : " wants piece " + std::to_string(answer.next_chunk()));
    }
    case Message::kTimeoutNow:
      return " take over";
    case Message::MESSAGE_NOT_SET:
      break;
  }
  return " nothing";
}

}  // namespace

std::string Describe(const Configuration& configuration) {
  std::string text;
  for (const auto& member : configuration.members()) {
    if (!text.empty()) text += " ";
    text += std::to_string(member.id()) + "@" + member.address();
    if (member.learner()) text += member.promote() ? "(learner, promote)" : "(learner)";
  }
  for (const auto& invited : configuration.invited()) text += " +" + invited;
  return text;
}

std::string Describe(const Entry& entry) {
  return At(entry.index, entry.term) + " " + Content(entry.kind, entry.payload);
}

std::string Describe(const Message& message) {
  return std::to_string(message.from()) + ">" + std::to_string(message.to()) + " t" +
         std::to_string(message.term()) + DescribeBody(message);
}

std::string Describe(const LogWrite& write) {
  std::string text;
  if (write.hard) {
    text += "; term " + std::to_string(write.hard->term) + " vote " +
            std::to_string(write.hard->voted_for);
  }
  for (const SnapshotPiece& piece : write.pieces) {
    text += "; piece " + std::to_string(piece.number) + " of " + std::to_string(piece.snapshot);
  }
  if (write.snapshot) {
    text += "; snapshot " + At(write.snapshot->index(), write.snapshot->term()) + ", entries to " +
            std::to_string(write.compact_to) + " dropped" + (write.reset_log ? ", log reset" : "");
  }
  if (write.truncate_after) text += "; truncate after " + std::to_string(*write.truncate_after);
  for (const EntryPtr& entry : write.append) text += "; " + Describe(*entry);
  return text;
}

}  // namespace meseta::log
