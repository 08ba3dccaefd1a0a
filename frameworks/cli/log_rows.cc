#include "frameworks/cli/log_rows.h"

#include <boost/json.hpp>

#include <algorithm>
#include <utility>

#include "actors/messages/internal/store.pb.h"
#include "frameworks/cli/table.h"
#include "state/store/batch_codec.h"

namespace meseta::cli {
namespace {

namespace json = boost::json;

constexpr int kMaxDescribedChanges = 3;

std::string IdText(log::MemberId id) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  for (int shift = 60; shift >= 0; shift -= 4) text += kHex[(id >> shift) & 15];
  return text;
}

std::string KindName(log::EntryKind kind) {
  switch (kind) {
    case log::EntryKind::kNoop:
      return "noop";
    case log::EntryKind::kCommand:
      return "command";
    case log::EntryKind::kConfiguration:
      return "configuration";
  }
  return "unknown";
}

std::string MemberText(const internal::LogMember& member) {
  return IdText(member.id()) + " at " + member.address() +
         (!member.learner() ? "" : member.promote() ? " (learner, becomes a voter)" : " (learner)");
}

std::string ConfigurationText(const log::Configuration& configuration) {
  std::string text;
  for (const auto& member : configuration.members()) {
    text += (text.empty() ? "" : ", ") + MemberText(member);
  }
  for (const std::string& address : configuration.invited()) {
    text += (text.empty() ? "" : ", ") + address + " (invited)";
  }
  return text.empty() ? "none" : text;
}

std::string BatchText(const internal::StoreBatch& batch) {
  std::string text;
  int shown = 0;
  for (const internal::StoreChange& change : batch.changes()) {
    if (++shown > kMaxDescribedChanges) {
      text += " and " + std::to_string(batch.changes_size() - kMaxDescribedChanges) + " more";
      break;
    }
    text += (shown > 1 ? ", " : "") + std::string(change.deleted() ? "delete " : "put ") +
            store::KeyText(change.key());
  }
  return text;
}

std::string CommandText(const log::Entry& entry) {
  internal::StoreCommand command;
  if (!command.ParseFromString(entry.payload)) return "not a command of this version";
  std::string text;
  if (command.batches_size() > 1) text = std::to_string(command.batches_size()) + " batches: ";
  int shown = 0;
  for (const internal::StoreBatch& batch : command.batches()) {
    if (++shown > kMaxDescribedChanges) {
      text += " ...";
      break;
    }
    text += (shown > 1 ? "; " : "") + BatchText(batch);
  }
  if (command.has_piece()) {
    text += "piece " + std::to_string(command.piece().number()) + " of upload " +
            IdText(command.piece().upload());
  }
  if (command.has_uploaded_batch()) text += "batch of upload " + IdText(command.uploaded_batch());
  for (const uint64_t id : command.dropped_uploads()) text += "drop upload " + IdText(id);
  return text;
}

using Row = std::pair<const char*, std::string>;

std::vector<Row> SummaryRows(const LogView& view) {
  const log::LogSummary& s = view.summary;
  std::vector<Row> rows;
  const auto number = [](uint64_t value) { return std::to_string(value); };
  rows.emplace_back("directory", view.directory);
  rows.emplace_back("group", s.identity.group());
  rows.emplace_back("member", IdText(s.identity.member_id()));
  rows.emplace_back("cluster", s.identity.cluster_id().empty() ? "none yet" : s.identity.cluster_id());
  rows.emplace_back("term", number(s.hard.term));
  rows.emplace_back("vote", s.hard.voted_for == 0 ? "none" : IdText(s.hard.voted_for));
  rows.emplace_back("members", ConfigurationText(s.configuration));
  rows.emplace_back("members since", "entry " + number(s.configuration_index));
  rows.emplace_back("snapshot", !s.snapshot ? "none"
                                            : "at " + number(s.snapshot->index()) + " of term " +
                                                  number(s.snapshot->term()) + ", " +
                                                  number(s.snapshot->bytes()) + " bytes in " +
                                                  number(s.snapshot->chunks()) + " pieces");
  rows.emplace_back("entries", s.last < s.first ? "none"
                                                : number(s.first) + " to " + number(s.last) + ", " +
                                                      number(s.entry_bytes) + " bytes");
  rows.emplace_back("last term", number(s.last_term));
  rows.emplace_back("synced writes", number(s.sequence));
  rows.emplace_back("torn bytes", number(s.torn_bytes));
  rows.emplace_back("keys", number(view.keys));
  rows.emplace_back("bytes", number(view.bytes));
  return rows;
}

json::array MembersJson(const log::Configuration& configuration) {
  json::array members;
  for (const auto& member : configuration.members()) {
    json::object out;
    out["id"] = IdText(member.id());
    out["address"] = member.address();
    out["learner"] = member.learner();
    members.push_back(std::move(out));
  }
  return members;
}

json::array EntriesJson(const LogView& view) {
  json::array entries;
  for (const log::EntryPtr& entry : view.entries) {
    json::object out;
    out["index"] = entry->index;
    out["term"] = entry->term;
    out["kind"] = KindName(entry->kind);
    out["bytes"] = entry->payload.size();
    out["text"] = DescribeEntry(*entry);
    entries.push_back(std::move(out));
  }
  return entries;
}

json::array KeysJson(const store::Snapshot& state) {
  json::array keys;
  state.Scan("", "", [&](const store::Item& item) {
    json::object out;
    out["key"] = store::KeyText(item.key);
    out["version"] = item.version;
    out["bytes"] = item.value.size();
    keys.push_back(std::move(out));
    return true;
  });
  return keys;
}

}  // namespace

std::string DescribeEntry(const log::Entry& entry) {
  switch (entry.kind) {
    case log::EntryKind::kNoop:
      return "begins its term";
    case log::EntryKind::kCommand:
      return CommandText(entry);
    case log::EntryKind::kConfiguration: {
      log::Configuration configuration;
      if (!configuration.ParseFromString(entry.payload)) return "not a configuration";
      return ConfigurationText(configuration);
    }
  }
  return "of an unknown kind";
}

std::string LogText(const LogView& view) {
  std::string text;
  size_t width = 0;
  const std::vector<Row> rows = SummaryRows(view);
  for (const Row& row : rows) width = std::max(width, std::string(row.first).size());
  for (const Row& row : rows) {
    std::string name = row.first;
    name.resize(width + 2, ' ');
    text += name + row.second + "\n";
  }
  if (view.with_entries) {
    Table table({"INDEX", "TERM", "KIND", "BYTES", "WHAT"});
    for (const log::EntryPtr& entry : view.entries) {
      table.AddRow({std::to_string(entry->index), std::to_string(entry->term),
                    KindName(entry->kind), std::to_string(entry->payload.size()),
                    DescribeEntry(*entry)});
    }
    text += "\n" + table.ToString();
  }
  if (view.with_keys && view.state != nullptr) {
    Table table({"KEY", "VERSION", "BYTES"});
    view.state->Scan("", "", [&](const store::Item& item) {
      table.AddRow({store::KeyText(item.key), std::to_string(item.version),
                    std::to_string(item.value.size())});
      return true;
    });
    text += "\n" + table.ToString();
  }
  return text;
}

std::string LogJson(const LogView& view) {
  const log::LogSummary& s = view.summary;
  json::object out;
  out["directory"] = view.directory;
  out["group"] = s.identity.group();
  out["member_id"] = IdText(s.identity.member_id());
  out["cluster_id"] = s.identity.cluster_id();
  out["term"] = s.hard.term;
  out["voted_for"] = s.hard.voted_for == 0 ? "" : IdText(s.hard.voted_for);
  out["members"] = MembersJson(s.configuration);
  out["configuration_index"] = s.configuration_index;
  if (s.snapshot) {
    json::object snapshot;
    snapshot["index"] = s.snapshot->index();
    snapshot["term"] = s.snapshot->term();
    snapshot["pieces"] = s.snapshot->chunks();
    snapshot["bytes"] = s.snapshot->bytes();
    out["snapshot"] = std::move(snapshot);
  }
  out["first_index"] = s.first;
  out["last_index"] = s.last;
  out["last_term"] = s.last_term;
  out["entry_bytes"] = s.entry_bytes;
  out["synced_writes"] = s.sequence;
  out["torn_bytes"] = s.torn_bytes;
  out["keys"] = view.keys;
  out["bytes"] = view.bytes;
  if (view.with_entries) out["entries"] = EntriesJson(view);
  if (view.with_keys && view.state != nullptr) out["key_list"] = KeysJson(*view.state);
  return json::serialize(out) + "\n";
}

}  // namespace meseta::cli
