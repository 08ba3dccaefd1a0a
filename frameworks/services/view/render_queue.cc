#include <algorithm>

#include "actors/base/json/json_codec.h"
#include "frameworks/services/model/app_json.h"
#include "frameworks/services/view/json_values.h"
#include "frameworks/services/view/render.h"

namespace meseta::services {
namespace {

using Funnel = std::array<uint64_t, kRejectReasons>;

void WriteFunnel(std::string_view key, const Funnel& declined, const Funnel& processed,
                 JsonWriter& writer) {
  writer.Key(key);
  writer.BeginArray();
  for (size_t i = 0; i < kRejectReasons; ++i) {
    writer.BeginObject();
    WriteText("reason", RejectReasonName(static_cast<RejectReason>(i)), writer);
    writer.Key("declined");
    writer.UInt(declined[i]);
    writer.Key("processed");
    writer.UInt(processed[i]);
    writer.EndObject();
  }
  writer.EndArray();
}

void WriteOffers(const WaitingApp& waiting, JsonWriter& writer) {
  writer.Key("lastUnusedOffers");
  writer.BeginArray();
  for (const WaitingApp::Unused& unused : waiting.unused) {
    writer.BeginObject();
    writer.Key("offer");
    AppendJson(*unused.offer, writer);
    writer.Key("reason");
    writer.BeginArray();
    writer.String(RejectReasonName(unused.refusal.reason));
    writer.EndArray();
    WriteTime("timestamp", unused.at_ms, writer);
    writer.EndObject();
  }
  writer.EndArray();
}

}  // namespace

void RenderQueueItem(const Snapshot&, const WaitingApp& waiting, bool last_unused_offers,
                     int64_t now_ms, JsonWriter& writer) {
  const int64_t left = std::max<int64_t>(0, waiting.delayed_until_ms - now_ms);
  writer.BeginObject();
  WriteInt("count", waiting.count, writer);
  writer.Key("delay");
  writer.BeginObject();
  WriteInt("timeLeftSeconds", (left + 999) / 1000, writer);
  WriteBool("overdue", left == 0, writer);
  writer.EndObject();
  WriteTime("since", waiting.since_ms, writer);
  writer.Key("processedOffersSummary");
  writer.BeginObject();
  writer.Key("processedOffersCount");
  writer.UInt(waiting.offers_processed);
  writer.Key("unusedOffersCount");
  writer.UInt(waiting.offers_unused);
  if (waiting.last_unused_ms != 0) WriteTime("lastUnusedOfferAt", waiting.last_unused_ms, writer);
  if (waiting.last_used_ms != 0) WriteTime("lastUsedOfferAt", waiting.last_used_ms, writer);
  WriteFunnel("rejectSummaryLastOffers", waiting.declined_last, waiting.processed_last, writer);
  WriteFunnel("rejectSummaryLaunchAttempt", waiting.declined_all, waiting.processed_all, writer);
  writer.EndObject();
  if (last_unused_offers) WriteOffers(waiting, writer);
  writer.Key("app");
  writer.BeginObject();
  WriteAppMembers(*waiting.app, writer);
  writer.EndObject();
  writer.EndObject();
}

}  // namespace meseta::services
